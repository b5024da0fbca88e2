package logtest_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/assaynet/assay/protocol/logtest"
)

// passing is a test that remembers its log and its end.
type passing struct {
	testing.TB
	lines []string
	ends  []func()
}

func (p *passing) Helper() {}

func (p *passing) Log(args ...any) { p.lines = append(p.lines, fmt.Sprint(args...)) }

func (p *passing) Logf(format string, args ...any) {
	p.lines = append(p.lines, fmt.Sprintf(format, args...))
}

func (p *passing) Cleanup(f func()) { p.ends = append(p.ends, f) }

func TestNothingIsWrittenToATestThatIsOver(t *testing.T) {
	var p passing
	log := logtest.New(&p)
	log.Info().Msg("of no interest")
	log.Warn().Msg("in time")
	for _, end := range p.ends {
		end()
	}
	log.Warn().Msg("late")
	if want := []string{`{"level":"warn","message":"in time"}`}; !slices.Equal(p.lines, want) {
		t.Errorf("got %q, want %q", p.lines, want)
	}
}
