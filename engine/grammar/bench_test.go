package grammar_test

import (
	"slices"
	"testing"
	"time"

	"github.com/assaynet/assay/engine/grammar"
)

// timed returns the nanoseconds of each mask along an answer.
func timed(b *testing.B, a *grammar.Automaton, v *grammar.Vocabulary, answer string) (times []int64) {
	b.Helper()
	p, err := grammar.NewProgram(a, v)
	if err != nil {
		b.Fatal(err)
	}
	at := p.Start()
	for i := range len(answer) {
		began := time.Now()
		mask, err := p.Allowed(at)
		times = append(times, time.Since(began).Nanoseconds())
		id := int32(answer[i]) + 1
		if err != nil || !mask.Has(id) {
			b.Fatalf("after %q: %v", answer[:i], err)
		}
		at, _ = p.Advance(at, id)
	}
	return times
}

func report(b *testing.B, times []int64) {
	b.Helper()
	slices.Sort(times)
	sum := int64(0)
	for _, t := range times {
		sum += t
	}
	b.ReportMetric(float64(times[len(times)/2])/1e3, "µs-median")
	b.ReportMetric(float64(sum)/float64(len(times))/1e3, "µs-mean")
	b.ReportMetric(float64(times[len(times)-1])/1e3, "µs-most")
}
