package cuda

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"math"
	"slices"
	"time"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/rope"
	"github.com/assaynet/assay/engine/weights"
)

// A device that is overclocked or has broken memory gives wrong bits, and wrong
// bits cost a miner its stake. So each device runs two tiny models, which are
// made here of numbers from a formula, before it runs a model of others and
// every hour after: their states, choices and logits have one hash, which the
// reference in Go gives, too. Between them they have every type of weights and
// every kernel but embeddings of most types. They stay on the device, so that
// a later test needs no memory.

// checkEvery is how often the self-test runs while a backend is in use.
const checkEvery = time.Hour

// golden is the hash of what the reference makes of the probes.
const golden = "3eb2c35dffdf034a11a372053da30b9cb8016d134edce3afed58e0fd293aa951"

// probeTokens is how many tokens a probe reads, more than a page; probeMany of
// them at first.
const (
	probeTokens = 67
	probeMany   = 58
)

// numbers is a sequence of numbers without pattern (SplitMix64).
type numbers uint64

func (n *numbers) next() uint64 {
	*n += 0x9e3779b97f4a7c15
	z := uint64(*n)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// vector has n numbers around 1.
func (n *numbers) vector(count int) []float32 {
	x := make([]float32, count)
	for i := range x {
		x[i] = 0.75 + float32(n.next()>>41)*0x1p-24
	}
	return x
}

// probeScales are the high bytes of a type's binary16 scales, and of its
// minima: such that a row's products are about as large as what it multiplies.
// MXFP4 has its exponent.
var probeScales = map[gguf.Type][]byte{
	gguf.Q8_0: {0x14}, gguf.Q4_0: {0x24}, gguf.Q4_1: {0x24, 0xb0}, gguf.Q5_0: {0x20}, gguf.Q5_1: {0x20, 0xb0},
	gguf.IQ4_NL: {0x14}, gguf.MXFP4: {121}, gguf.Q4_K: {0x10, 0x10}, gguf.Q5_K: {0x0c, 0x10}, gguf.Q6_K: {0x0c},
}

// matrix has blocks of any bytes with scales of probeScales.
func (n *numbers) matrix(kind gguf.Type, rows, cols int) weights.Linear {
	elements, size := kind.Block()
	data := make([]byte, rows*cols/int(elements)*int(size))
	for i := range data {
		data[i] = byte(n.next())
	}
	for at := layouts[kind].from; at < len(data); at += int(size) {
		for i, high := range probeScales[kind] {
			if kind == gguf.MXFP4 {
				data[at] = high
			} else {
				data[at+2*i+1] = high
			}
		}
	}
	return weights.Linear{Matrix: &weights.Matrix{Rows: rows, Cols: cols, Type: kind, Data: data}}
}

// probes are the models of the self-test: one as Llama's family has it, one as
// Gemma's.
func probes() []*weights.Model {
	return []*weights.Model{plainProbe(), cappedProbe()}
}

// A probe's sizes; blocks of 256 need such a width.
const (
	probeWidth = 256
	probeHead  = 64
	probeVocab = 160
)

func plainProbe() *weights.Model {
	n := numbers(1)
	m := &weights.Model{
		Dims: weights.Dims{
			Arch: "llama", Layers: 2, Width: probeWidth, Heads: 4, KVHeads: 1, Head: probeHead, FFN: probeWidth,
			Vocab: probeVocab, Context: 128, Eps: 1e-5,
		},
		Embed: n.matrix(gguf.Q8_0, probeVocab, probeWidth).Matrix, Norm: n.vector(probeWidth), Output: n.matrix(gguf.Q6_K, probeVocab, probeWidth),
		Rope: rope.New(rope.Config{Base: 10000, Rot: probeHead}), QueryScale: 0.125,
	}
	for _, t := range [][7]gguf.Type{
		{gguf.Q4_0, gguf.Q4_1, gguf.Q5_0, gguf.Q5_1, gguf.Q4_K, gguf.Q5_K, gguf.Q6_K},
		{gguf.IQ4_NL, gguf.MXFP4, gguf.Q8_0, gguf.Q4_K, gguf.Q8_0, gguf.Q4_0, gguf.Q4_1},
	} {
		m.Stack = append(m.Stack, weights.Layer{
			AttnNorm: n.vector(probeWidth), FFNNorm: n.vector(probeWidth), Rope: m.Rope,
			Q: n.matrix(t[0], 4*probeHead, probeWidth), K: n.matrix(t[1], probeHead, probeWidth), V: n.matrix(t[2], probeHead, probeWidth),
			O: n.matrix(t[3], probeWidth, 4*probeHead), Gate: n.matrix(t[4], probeWidth, probeWidth), Up: n.matrix(t[5], probeWidth, probeWidth),
			Down: n.matrix(t[6], probeWidth, probeWidth),
		})
	}
	m.Stack[0].Q.Bias = n.vector(4 * probeHead)
	return m
}

func cappedProbe() *weights.Model {
	n := numbers(2)
	m := &weights.Model{
		Dims: weights.Dims{
			Arch: "gemma2", Layers: 1, Width: probeWidth, Heads: 2, KVHeads: 1, Head: probeHead, FFN: probeWidth,
			Vocab: probeVocab, Context: 128, Eps: 1e-6,
		},
		Embed: n.matrix(gguf.Q4_K, probeVocab, probeWidth).Matrix, Norm: n.vector(probeWidth),
		Rope: rope.New(rope.Config{Base: 1e6, Rot: probeHead, Halves: true}), QueryScale: 0.125,
		GELU: true, EmbedScale: 16, ScoreCap: 50, LogitCap: 30,
	}
	m.Output = weights.Linear{Matrix: m.Embed}
	m.Stack = []weights.Layer{{
		AttnNorm: n.vector(probeWidth), FFNNorm: n.vector(probeWidth), AttnPost: n.vector(probeWidth), FFNPost: n.vector(probeWidth),
		QNorm: n.vector(probeHead), KNorm: n.vector(probeHead), Rope: m.Rope, Window: 33,
		Q: n.matrix(gguf.Q5_K, 2*probeHead, probeWidth), K: n.matrix(gguf.Q6_K, probeHead, probeWidth), V: n.matrix(gguf.Q8_0, probeHead, probeWidth),
		O: n.matrix(gguf.Q8_0, probeWidth, 2*probeHead), Gate: n.matrix(gguf.Q5_0, probeWidth, probeWidth), Up: n.matrix(gguf.Q5_1, probeWidth, probeWidth),
		Down: n.matrix(gguf.IQ4_NL, probeWidth, probeWidth),
	}}
	return m
}

// probeText is what a probe reads.
func probeText() []backend.Token {
	list := make([]backend.Token, probeTokens)
	for i := range list {
		list[i] = backend.Token(i * i * 7 % probeVocab)
	}
	return list
}

// probeSum hashes what comes of positions, in their order.
type probeSum struct{ hash.Hash }

func newProbeSum() probeSum { return probeSum{sha256.New()} }

func (s probeSum) add(likeliest backend.Token, state, logits []float32) {
	data := binary.LittleEndian.AppendUint32(nil, uint32(likeliest))
	for _, x := range slices.Concat(state, logits) {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(x))
	}
	_, _ = s.Write(data) // a hash takes everything
}

func (s probeSum) String() string { return hex.EncodeToString(s.Sum(nil)) }

// errWrongBits means a device that computes something else.
var errWrongBits = fmt.Errorf("%w: it gives wrong bits", backend.ErrDevice)

// examine runs the probes, and returns an error where they are not what they
// must be. Errors: backend.ErrDevice, backend.ErrMemory.
func examine(probes []*Backend) error {
	// Many tokens by matrix_… where there is one, and by attention_wide; and by
	// chunks_… and attention_many, whatever the device's size.
	for _, way := range []struct{ full, busy int }{{1, 0}, {math.MaxInt, math.MaxInt}} {
		sum := newProbeSum()
		for _, b := range probes {
			b.full, b.busy = way.full, way.busy
			if err := b.recite(sum); err != nil {
				return err
			}
		}
		if got := sum.String(); got != golden {
			return fmt.Errorf("%w: the self-test has %.16s…, not %.16s…; is it overclocked, or its memory broken?", errWrongBits, got, golden)
		}
	}
	return nil
}

// recite adds what the model makes of probeText: many tokens at once, some, and
// one, which are the ways of linear layers, and of each a position or two.
func (b *Backend) recite(sum probeSum) error {
	c, text := b.NewCache(), probeText()
	defer c.Release()
	for c.Len() < len(text) {
		part := text[c.Len():]
		switch c.Len() {
		case 0:
			part = part[:probeMany]
		case probeMany:
			part = part[:len(part)-1]
		}
		var each [2]backend.Result // which come in any order
		p := &backend.Piece{
			Cache: c, Tokens: part, Keep: min(len(each), len(part)), Want: backend.State | backend.Likeliest | backend.Logits,
			Each: func(i int, r backend.Result) {
				r.State, r.Logits = slices.Clone(r.State), slices.Clone(r.Logits)
				each[i] = r
			},
		}
		if err := b.compute([]*backend.Piece{p}); err != nil {
			return err
		}
		if p.Err != nil {
			return fmt.Errorf("%w: the self-test: %w", errWrongBits, p.Err)
		}
		for _, r := range each[:p.Keep] {
			sum.add(r.Likeliest, r.State, r.Logits)
		}
	}
	return nil
}
