//go:build cgo

package native_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/native"
)

func prompt(n int) []int32 {
	p := make([]int32, n)
	for i := range p {
		p[i] = int32(1000 + 37*i%4000)
	}
	return p
}

func forward(b testing.TB, n *native.Model, pieces ...*native.Piece) {
	b.Helper()
	if err := n.Forward(pieces); err != nil {
		b.Fatal(err)
	}
	for _, p := range pieces {
		if p.Err != nil {
			b.Fatal(p.Err)
		}
	}
}

// stopwatch reports the mean speed and that of the quickest round, which tells
// of the code where a machine is busy.
type stopwatch struct {
	tokens int
	best   time.Duration
}

func (s *stopwatch) round(f func()) {
	began := time.Now()
	f()
	if d := time.Since(began); s.best == 0 || d < s.best {
		s.best = d
	}
}

func (s *stopwatch) report(b *testing.B) {
	b.ReportMetric(float64(s.tokens*b.N)/b.Elapsed().Seconds(), "tokens/s")
	b.ReportMetric(float64(s.tokens)/s.best.Seconds(), "best-tokens/s")
	b.ReportMetric(math.Round(float64(b.Elapsed().Microseconds())/float64(b.N)), "µs/op")
	b.ReportMetric(0, "ns/op")
}

func BenchmarkPrefill(b *testing.B) {
	m := load(b, enginetest.Real(b))
	tokens := prompt(512)
	for _, l := range native.Levels() {
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("%v/threads=%d", l, threads), func(b *testing.B) {
				n := open(b, m, l, threads)
				s := stopwatch{tokens: len(tokens)}
				for b.Loop() {
					c := n.NewCache()
					s.round(func() { forward(b, n, &native.Piece{Cache: c, Tokens: tokens, Keep: 1}) })
					c.Release() // so that the next round need not ask the system for memory
				}
				s.report(b)
			})
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	m := load(b, enginetest.Real(b))
	for _, l := range native.Levels() {
		for _, batch := range []int{1, 8, 32} {
			for _, threads := range []int{1, 2} {
				b.Run(fmt.Sprintf("%v/batch=%d/threads=%d", l, batch, threads), func(b *testing.B) {
					n := open(b, m, l, threads)
					pieces := make([]*native.Piece, batch)
					for i := range pieces {
						pieces[i] = &native.Piece{Cache: n.NewCache(), Keep: 1}
					}
					var logits []float32
					s := stopwatch{tokens: batch}
					for b.Loop() {
						if pieces[0].Cache.Len() >= 128 {
							for _, p := range pieces {
								p.Cache = n.NewCache()
							}
						}
						for _, p := range pieces {
							p.Tokens = []int32{int32(1000 + p.Cache.Len())}
						}
						s.round(func() {
							states := make([][]float32, batch)
							forward(b, n, pieces...)
							for i, p := range pieces {
								states[i] = p.States[0]
							}
							if _, _, err := n.Logits(states, &logits); err != nil {
								b.Fatal(err)
							}
						})
					}
					s.report(b)
				})
			}
		}
	}
}

// BenchmarkRows is a step of one sequence that tries several tokens at once,
// their logits included: what drafts cost.
func BenchmarkRows(b *testing.B) {
	const past, most = 256, 16
	m := load(b, enginetest.Real(b))
	levels := native.Levels()
	n := open(b, m, levels[len(levels)-1], 2)
	c := n.NewCache()
	forward(b, n, &native.Piece{Cache: c, Tokens: prompt(past), Keep: 1})
	for _, rows := range []int{1, 2, 3, 4, 5, 6, 8, 12, most} {
		b.Run(fmt.Sprintf("rows=%d", rows), func(b *testing.B) {
			s := stopwatch{tokens: rows}
			for b.Loop() {
				f := c.Fork(past)
				p := &native.Piece{Cache: f, Tokens: prompt(rows), Keep: rows, Choose: true}
				s.round(func() { forward(b, n, p) })
				f.Release()
			}
			s.report(b)
		})
	}
}
