package main

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/assaynet/assay/engine/gguf"
)

// shape is the size of a model of the llama family with tied embeddings.
type shape struct {
	width, layers, heads, kvHeads, ffn, vocab, context uint32
	ropeBase                                           float32
}

// shapes are those of real models: SmolLM2-135M and Llama 3.2 1B. The third is
// for tests.
var shapes = map[string]shape{
	"smollm-135m": {width: 576, layers: 30, heads: 9, kvHeads: 3, ffn: 1536, vocab: 49152, context: 8192, ropeBase: 100000},
	"llama-1b":    {width: 2048, layers: 16, heads: 32, kvHeads: 8, ffn: 8192, vocab: 128256, context: 8192, ropeBase: 500000},
	"tiny":        {width: 64, layers: 2, heads: 4, kvHeads: 2, ffn: 96, vocab: 512, context: 1024, ropeBase: 10000},
}

func shapeNames() []string { return slices.Sorted(maps.Keys(shapes)) }

// blockKind is how 32 weights are stored: the scale, for Q4_1 the least weight,
// then the levels.
type blockKind struct {
	encoding gguf.Type
	spread   float64 // standard deviation of the levels when their bytes are random
	least    float64 // level that the bits 0 stand for, where the block stores it; else 0
}

// size returns the bytes of a block.
func (k blockKind) size() int {
	_, bytes := k.encoding.Block()
	return int(bytes)
}

var kinds = map[string]blockKind{
	"q8_0": {gguf.Q8_0, 73.9, 0},
	"q4_0": {gguf.Q4_0, 4.61, 0},
	"q4_1": {gguf.Q4_1, 4.61, -7.5},
}

// writeRandom writes a model whose weights are random bits, scaled so that a
// matrix keeps the size of what it multiplies. Every layer has other weights,
// though all are drawn from one pool: what matters is that they are other
// memory.
func writeRandom(path, shapeName, kindName string) error {
	s, ok := shapes[shapeName]
	if !ok {
		return fmt.Errorf("no shape is called %q; there are %s", shapeName, strings.Join(shapeNames(), ", "))
	}
	kind, ok := kinds[kindName]
	if !ok {
		return fmt.Errorf("no type is called %q; there are %s", kindName, strings.Join(slices.Sorted(maps.Keys(kinds)), ", "))
	}
	w := &gguf.Writer{}
	addMetadata(w, s, "random-"+shapeName+"-"+kindName)
	addVocabulary(w, int(s.vocab))
	addWeights(w, s, kind)
	return w.WriteFile(path)
}

func addMetadata(w *gguf.Writer, s shape, name string) {
	w.AddString("general.architecture", "llama")
	w.AddString("general.name", name)
	w.AddUint32("general.quantization_version", 2)
	w.AddUint32("llama.block_count", s.layers)
	w.AddUint32("llama.context_length", s.context)
	w.AddUint32("llama.embedding_length", s.width)
	w.AddUint32("llama.feed_forward_length", s.ffn)
	w.AddUint32("llama.attention.head_count", s.heads)
	w.AddUint32("llama.attention.head_count_kv", s.kvHeads)
	w.AddUint32("llama.rope.dimension_count", s.width/s.heads)
	w.AddFloat32("llama.rope.freq_base", s.ropeBase)
	w.AddFloat32("llama.attention.layer_norm_rms_epsilon", 1e-5)
	w.AddUint32("llama.vocab_size", s.vocab)
}

// addVocabulary adds three special tokens, the 256 bytes as byte-level BPE
// spells them, and words that no text has.
func addVocabulary(w *gguf.Writer, n int) {
	tokens := []string{"<|endoftext|>", "<|im_start|>", "<|im_end|>"}
	special := len(tokens)
	spare := rune(256) // spells the bytes that Latin-1 does not print
	for b := range rune(256) {
		if (b > ' ' && b < 127) || (b > 160 && b != 173) {
			tokens = append(tokens, string(b))
			continue
		}
		tokens = append(tokens, string(spare))
		spare++
	}
	for i := 0; len(tokens) < n; i++ {
		tokens = append(tokens, fmt.Sprintf("t%d", i))
	}
	const normal, control = 1, 3 // llama.cpp's kinds of tokens
	kinds := slices.Repeat([]int32{normal}, n)
	for i := range special {
		kinds[i] = control
	}
	w.AddString("tokenizer.ggml.model", "gpt2")
	w.AddString("tokenizer.ggml.pre", "smollm")
	w.AddStrings("tokenizer.ggml.tokens", tokens)
	w.AddInt32s("tokenizer.ggml.token_type", kinds)
	w.AddStrings("tokenizer.ggml.merges", []string{"t 1"})
	w.AddUint32("tokenizer.ggml.bos_token_id", 1)
	w.AddUint32("tokenizer.ggml.eos_token_id", 2)
	w.AddBool("tokenizer.ggml.add_bos_token", false)
}

func addWeights(w *gguf.Writer, s shape, kind blockKind) {
	const embeddingSize = 0.05 // standard deviation; of no consequence, as a norm follows
	p := newPool()
	matrix := func(name string, kind blockKind, deviation float64, in, out uint32) {
		w.AddTensor(gguf.Tensor{
			Name: name, Dims: []uint64{uint64(in), uint64(out)}, Type: kind.encoding,
			Data: p.blocks(kind, deviation, int(in)/32*int(out)),
		})
	}
	norm := func(name string) {
		one := binary.LittleEndian.AppendUint32(nil, math.Float32bits(1))
		w.AddTensor(gguf.Tensor{Name: name, Dims: []uint64{uint64(s.width)}, Type: gguf.F32, Data: slices.Repeat(one, int(s.width))})
	}
	matrix("token_embd.weight", kinds["q8_0"], embeddingSize, s.width, s.vocab)
	keeping := func(in uint32) float64 { return 1 / math.Sqrt(float64(in)) }
	kv := s.width / s.heads * s.kvHeads
	for i := range s.layers {
		layer := func(part string, in, out uint32) {
			matrix(fmt.Sprintf("blk.%d.%s.weight", i, part), kind, keeping(in), in, out)
		}
		norm(fmt.Sprintf("blk.%d.attn_norm.weight", i))
		layer("attn_q", s.width, s.width)
		layer("attn_k", s.width, kv)
		layer("attn_v", s.width, kv)
		layer("attn_output", s.width, s.width)
		norm(fmt.Sprintf("blk.%d.ffn_norm.weight", i))
		layer("ffn_gate", s.width, s.ffn)
		layer("ffn_up", s.width, s.ffn)
		layer("ffn_down", s.ffn, s.width)
	}
	norm("output_norm.weight")
}

// pool makes random blocks and gives parts of them away again and again, so
// that a model of a gigabyte takes less to make.
type pool struct {
	rng  *rand.ChaCha8
	made map[poolKey][]byte
	next int // block at which the next part begins
}

type poolKey struct {
	encoding  gguf.Type
	deviation float64
}

func newPool() *pool { return &pool{rng: rand.NewChaCha8([32]byte{1}), made: map[poolKey][]byte{}} }

// shift is how far the parts of two matrices lie apart: a prime, so that rows
// never fall on rows.
const shift = 977

// blocks returns n blocks whose weights have that standard deviation.
func (p *pool) blocks(kind blockKind, deviation float64, n int) []byte {
	const starts = 256 // different parts before the first comes again
	key := poolKey{kind.encoding, deviation}
	at := p.next % starts * shift
	p.next++
	end := (at + n) * kind.size()
	if missing := end - len(p.made[key]); missing > 0 {
		fresh := make([]byte, missing)
		_, _ = p.rng.Read(fresh) // never fails
		scale := deviation / kind.spread
		for b := 0; b < len(fresh); b += kind.size() {
			binary.LittleEndian.PutUint16(fresh[b:], f16(scale))
			if kind.least != 0 {
				binary.LittleEndian.PutUint16(fresh[b+2:], f16(kind.least*scale))
			}
		}
		p.made[key] = append(p.made[key], fresh...)
	}
	return p.made[key][at*kind.size() : end : end]
}

// f16 returns the bits of the binary16 number nearest to x, whose size must be
// within 2⁻¹⁴ … 2¹⁵.
func f16(x float64) uint16 {
	sign := uint16(0)
	if x < 0 {
		sign, x = 1<<15, -x
	}
	fraction, exponent := math.Frexp(x) // 0.5 <= fraction < 1
	mantissa := uint16(math.RoundToEven((2*fraction - 1) * 1024))
	return sign | (uint16(exponent-1+15)<<10 + mantissa) // a mantissa of 1024 carries
}
