//go:build cgo

package native_test

import (
	"strconv"
	"testing"

	"github.com/assaynet/assay/engine/native"
)

func prompt(n int) []int32 {
	p := make([]int32, n)
	for i := range p {
		p[i] = int32(1000 + 37*i%4000)
	}
	return p
}

func forward(b *testing.B, n *native.Model, pieces ...*native.Piece) {
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

func BenchmarkPrefill(b *testing.B) {
	m := load(b, realModel(b))
	for _, l := range native.Levels() {
		b.Run(l.String(), func(b *testing.B) {
			n := open(b, m, l, 2)
			tokens := prompt(512)
			for b.Loop() {
				forward(b, n, &native.Piece{Cache: n.NewCache(), Tokens: tokens, Keep: 1})
			}
			b.ReportMetric(512*float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	m := load(b, realModel(b))
	for _, l := range native.Levels() {
		for _, batch := range []int{1, 8, 32} {
			b.Run(l.String()+"/batch="+strconv.Itoa(batch), func(b *testing.B) {
				n := open(b, m, l, 2)
				pieces := make([]*native.Piece, batch)
				for i := range pieces {
					pieces[i] = &native.Piece{Cache: n.NewCache(), Keep: 1}
				}
				var logits []float32
				for b.Loop() {
					if pieces[0].Cache.Len() >= 128 {
						for _, p := range pieces {
							p.Cache = n.NewCache()
						}
					}
					states := make([][]float32, batch)
					for _, p := range pieces {
						p.Tokens = []int32{int32(1000 + p.Cache.Len())}
					}
					forward(b, n, pieces...)
					for i, p := range pieces {
						states[i] = p.States[0]
					}
					if _, _, err := n.Logits(states, &logits); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(batch*b.N)/b.Elapsed().Seconds(), "tokens/s")
			})
		}
	}
}
