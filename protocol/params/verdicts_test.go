package params_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol/params"
)

// Whoever makes up one answer in a hundred, or all, loses more than that saves,
// with all that an epoch pays to miners as the prize.
func TestLyingInAFewAnswersCostsMoreThanItGains(t *testing.T) {
	p := params.Local().WithVerdicts()
	if err := p.Check(); err != nil {
		t.Fatal(err)
	}
	pay, err := p.Emission.PerBlock.MulDiv(p.Schedule.Tempo, 2)
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	fmt.Fprintf(&table, "of the answers made up, slots a round: caught in an epoch, gain, expected loss\n")
	for _, percent := range []uint64{1, 2, 5, 10, 25, 50, 100} {
		for _, slots := range []uint32{1, 4, 10} {
			gain, loss, caught := p.Lying(params.One*percent/100, slots, pay)
			fmt.Fprintf(&table, "%3d %%, %2d: %5.1f %%, %s, %s\n", percent, slots, float64(caught)*100/params.One, gain, loss)
			if loss <= gain {
				t.Errorf("%d %% of %d slots gain %s and cost %s", percent, slots, gain, loss)
			}
		}
	}
	t.Log(table.String())
}

// What would let a liar leave in time, or burn what nobody can show any more, is
// refused.
func TestVerdictsThatLeaveAGapAreRefused(t *testing.T) {
	for what, change := range map[string]func(*params.Params){
		"stake leaves before it is decided": func(p *params.Params) { p.Seats.Unbonding = 3 * p.Schedule.Tempo },
		"who said what is forgotten":        func(p *params.Params) { p.Tasks.Retention = 8 },
		"one block to seal":                 func(p *params.Params) { p.Verdicts.SealBlocks = 1 },
		"one block to open":                 func(p *params.Params) { p.Verdicts.OpenBlocks = 1 },
		"no time to appeal":                 func(p *params.Params) { p.Verdicts.Appeal = 0 },
		"nobody votes":                      func(p *params.Params) { p.Verdicts.Electors = 0 },
		"free challenges":                   func(p *params.Params) { p.Verdicts.Fee = 0 },
		"challenges without end":            func(p *params.Params) { p.Verdicts.PerEpoch = 257 },
		"nothing is lost":                   func(p *params.Params) { p.Verdicts.Slash = 0 },
		"one guilty is too many":            func(p *params.Params) { p.Verdicts.Breaker = 1 },
		"nothing to lose":                   func(p *params.Params) { p.Seats.Collateral = 0 },
		"times that overflow":               func(p *params.Params) { p.Verdicts.Appeal = 1 << 62 },
	} {
		p := params.Local().WithVerdicts()
		change(&p)
		if err := p.Check(); !errors.Is(err, params.ErrInvalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
