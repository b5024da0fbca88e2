package bridge_test

import (
	"context"
	"encoding/binary"
	"syscall"
	"testing"
	"time"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task/preference/pair"
)

// timed is an engine whose three questions are timed apart, and counted.
type timed struct {
	pair.Engine
	took  [3]time.Duration
	asked [3]int
}

func (e *timed) of(i, n int, f func()) {
	began := processor()
	f()
	e.took[i], e.asked[i] = e.took[i]+processor()-began, e.asked[i]+n
}

func (e *timed) Continue(ctx context.Context, a []pair.Answer) (ends []string, err error) {
	e.of(0, len(a), func() { ends, err = e.Engine.Continue(ctx, a) })
	return ends, err
}

func (e *timed) Choose(ctx context.Context, p []pair.Pair) (sides []int8, err error) {
	e.of(1, len(p), func() { sides, err = e.Engine.Choose(ctx, p) })
	return sides, err
}

func (e *timed) Expect(ctx context.Context, p []pair.Pair) (x []pair.Expected, err error) {
	e.of(2, len(p), func() { x, err = e.Engine.Expect(ctx, p) })
	return x, err
}

// processor is how long this process's threads worked.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkSet is what a set of pairs costs whom it is made by, its setter or a
// checker, in seconds of processors, and what a round of four setters then costs
// all of them together: where each makes the sets of all, as long as nobody was
// drawn, and where checkers are. Seeds are the same at each run.
func BenchmarkSet(b *testing.B) {
	m, err := engine.Open(b.Context(), enginetest.Real(b), engine.Config{Threads: 2})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = m.Close() }()
	for _, p := range []params.Params{params.Demo(), params.Local()} {
		b.Run(p.Name, func(b *testing.B) {
			e, sets := &timed{Engine: bridge.Rater{Model: bridge.Model{Model: m}}}, 0
			began := processor()
			for b.Loop() {
				var seed protocol.Hash
				binary.BigEndian.PutUint64(seed[:], uint64(sets))
				if _, _, err := pair.Make(b.Context(), seed, int(p.Preference.Pairs), e); err != nil {
					b.Fatal(err)
				}
				sets++
			}
			each := func(d time.Duration) float64 { return d.Seconds() / float64(sets) }
			set := each(processor() - began)
			b.ReportMetric(set, "cpu-s/set")
			for i, name := range []string{"continue", "choose", "expect"} {
				b.ReportMetric(each(e.took[i]), name+"-cpu-s/set")
				b.ReportMetric(float64(e.asked[i])/float64(sets), name+"/set")
			}
			b.ReportMetric(16*set, "cpu-s/round-all-check")
			b.ReportMetric(4*float64(1+p.Preference.Checkers)*set, "cpu-s/round")
		})
	}
}
