package arith_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/assaynet/assay/engine/arith"
	"github.com/assaynet/assay/engine/gguf"
)

func BenchmarkExp(b *testing.B) {
	var sum float32
	x := float32(0)
	for b.Loop() {
		x -= 0.37
		if x < -80 {
			x = 0
		}
		sum += arith.Exp(x)
	}
	_ = sum
}

// BenchmarkMultiply reports the time of one block of 32 weights for one token, with
// vectors, where the processor has them, and without.
func BenchmarkMultiply(b *testing.B) {
	for _, kind := range blockTypes {
		for _, tokens := range []int{1, 4, 32} {
			for name, without := range map[string]arith.Packing{"vectors": 0, "plain": arith.PackLanes} {
				b.Run(fmt.Sprintf("%s/tokens=%d/%s", kind, tokens, name), func(b *testing.B) { multiply(b, kind, tokens, without) })
			}
		}
	}
}

func multiply(b *testing.B, kind gguf.Type, tokens int, without arith.Packing) {
	r := rand.New(rand.NewPCG(1, 2))
	const cols, rows = 768, 64
	w := tensor(r, kind, cols, rows)
	_, size := kind.Block()
	for at := 0; at < len(w.Data); at += int(size) {
		likelyScales(kind, w.Data[at:at+int(size)])
	}
	m := matrix(b, w)
	var batch arith.Batch
	batch.Reset(tokens, cols, m.Packing()&^without)
	out := make([][]float32, tokens)
	for t := range out {
		x := make([]float32, cols)
		for i := range x {
			x[i] = float32(normal(r))
		}
		batch.Quantize(t, x)
		out[t] = make([]float32, rows)
	}
	for b.Loop() {
		arith.Multiply(arith.Serial, &batch, arith.Product{Matrix: m, Out: out})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(tokens*rows*cols/32), "ns/block")
}

// likelyScales gives a block scales of one magnitude, as real ones have.
func likelyScales(kind gguf.Type, block []byte) {
	switch kind {
	case gguf.MXFP4:
		block[0] = 120
	case gguf.Q6_K:
		block[209] = block[209]&3 | 0x10
	case gguf.Q4_1, gguf.Q5_1, gguf.Q4_K, gguf.Q5_K:
		block[1], block[3] = block[1]&3|0x24, block[3]&3|0xb0
	default:
		block[1] = block[1]&3 | 0x24
	}
}
