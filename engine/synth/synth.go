package synth

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/assaynet/assay/engine/gguf"
)

// ErrOptions says that there is no such model.
var ErrOptions = errors.New("no such random model")

// DefaultContext is the context of a model whose Options ask for none, in
// tokens.
const DefaultContext = 8192

// Options say which model it is. Equal options give equal bytes.
type Options struct {
	Shape   string // one of Shapes
	Type    string // of the matrices, one of Types; embedding and output have a larger one, as in real files
	Seed    uint64 // decides the weights
	Context uint32 // tokens that the model says it takes; DefaultContext when 0
}

// shape is the size of a model of the llama family.
type shape struct {
	width, layers, heads, kvHeads, ffn, vocab uint32
	ropeBase                                  float32
	untied                                    bool // it has an output of its own
}

// shapes are those of real models: SmolLM2-135M, Llama 3.2 1B and 3B, Llama 3.1
// 8B and 70B, as their files' metadata have them. The last is for tests.
var shapes = map[string]shape{
	"smollm-135m": {576, 30, 9, 3, 1536, 49152, 100000, false},
	"llama-1b":    {2048, 16, 32, 8, 8192, 128256, 500000, false},
	"llama-3b":    {3072, 28, 24, 8, 8192, 128256, 500000, false},
	"llama-8b":    {4096, 32, 32, 8, 14336, 128256, 500000, true},
	"llama-70b":   {8192, 80, 64, 8, 28672, 128256, 500000, true},
	"tiny":        {256, 2, 4, 2, 512, 512, 10000, true},
}

// Shapes returns the names of the shapes, in order.
func Shapes() []string { return slices.Sorted(maps.Keys(shapes)) }

// Model is a model that can be written.
type Model struct {
	file    gguf.Writer
	rings   rings
	size    int64
	weights uint64
	written atomic.Int64
}

// New prepares the model; it fails with ErrOptions where a name is unknown or
// the shape has no rows of that type. It takes some megabytes of memory,
// however large the model is.
func New(o Options) (*Model, error) {
	s, ok := shapes[o.Shape]
	if !ok {
		return nil, fmt.Errorf("%w: no shape is called %q; there are %s", ErrOptions, o.Shape, strings.Join(Shapes(), ", "))
	}
	kind, ok := kinds[o.Type]
	if !ok {
		return nil, fmt.Errorf("%w: no type is called %q; there are %s", ErrOptions, o.Type, strings.Join(Types(), ", "))
	}
	if n := kind.elements(); s.width%n != 0 || s.ffn%n != 0 {
		return nil, fmt.Errorf("%w: rows of %s, which have %d and %d weights, are no multiples of %d as %s has them", ErrOptions, o.Shape, s.width, s.ffn, n, o.Type)
	}
	m := &Model{rings: rings{seed: o.Seed}}
	m.addMetadata(s, o)
	addVocabulary(&m.file, int(s.vocab))
	m.addWeights(s, kind)
	var err error
	m.size, err = m.file.Size()
	return m, err
}

// Size returns how many bytes the file has or will have.
func (m *Model) Size() int64 { return m.size }

// Weights returns how many weights the model has.
func (m *Model) Weights() uint64 { return m.weights }

// Written returns how many bytes of weights were written so far; it may be
// called while WriteFile runs.
func (m *Model) Written() int64 { return m.written.Load() }

// WriteFile writes the file to path as a whole, beside it first.
func (m *Model) WriteFile(path string) error { return m.file.WriteFile(path) }

func (m *Model) addMetadata(s shape, o Options) {
	w := &m.file
	context := o.Context
	if context == 0 {
		context = DefaultContext
	}
	w.AddString("general.architecture", "llama")
	w.AddString("general.name", fmt.Sprintf("random-%s-%s-%d", o.Shape, o.Type, o.Seed))
	w.AddUint32("general.quantization_version", 2)
	w.AddUint32("llama.block_count", s.layers)
	w.AddUint32("llama.context_length", context)
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
	types := slices.Repeat([]int32{normal}, n)
	for i := range special {
		types[i] = control
	}
	w.AddString("tokenizer.ggml.model", "gpt2")
	w.AddString("tokenizer.ggml.pre", "smollm")
	w.AddStrings("tokenizer.ggml.tokens", tokens)
	w.AddInt32s("tokenizer.ggml.token_type", types)
	w.AddStrings("tokenizer.ggml.merges", []string{"t 1"})
	w.AddUint32("tokenizer.ggml.bos_token_id", 1)
	w.AddUint32("tokenizer.ggml.eos_token_id", 2)
	w.AddBool("tokenizer.ggml.add_bos_token", false)
}

// addWeights adds tensors whose weights keep the size of what they multiply:
// their standard deviation is one over the root of a row's length.
func (m *Model) addWeights(s shape, kind blockKind) {
	outer := kinds[kind.outer]
	m.matrix("token_embd.weight", outer, s.width, s.vocab)
	kv := s.width / s.heads * s.kvHeads
	for i := range s.layers {
		layer := func(part string, in, out uint32) { m.matrix(fmt.Sprintf("blk.%d.%s.weight", i, part), kind, in, out) }
		m.norm(fmt.Sprintf("blk.%d.attn_norm.weight", i), s.width)
		layer("attn_q", s.width, s.width)
		layer("attn_k", s.width, kv)
		layer("attn_v", s.width, kv)
		layer("attn_output", s.width, s.width)
		m.norm(fmt.Sprintf("blk.%d.ffn_norm.weight", i), s.width)
		layer("ffn_gate", s.width, s.ffn)
		layer("ffn_up", s.width, s.ffn)
		layer("ffn_down", s.ffn, s.width)
	}
	m.norm("output_norm.weight", s.width)
	if s.untied {
		m.matrix("output.weight", outer, s.width, s.vocab)
	}
}

func (m *Model) norm(name string, width uint32) {
	one := binary.LittleEndian.AppendUint32(nil, math.Float32bits(1))
	m.weights += uint64(width)
	m.file.AddTensor(gguf.Tensor{Name: name, Dims: []uint64{uint64(width)}, Type: gguf.F32, Data: slices.Repeat(one, int(width))})
}

func (m *Model) matrix(name string, kind blockKind, in, out uint32) {
	n := uint64(in) * uint64(out)
	m.weights += n
	write := m.rings.next(kind, 1/math.Sqrt(float64(in)), n/uint64(kind.elements()))
	m.file.AddTensorFunc(gguf.Tensor{Name: name, Dims: []uint64{uint64(in), uint64(out)}, Type: kind.encoding}, func(w io.Writer) error {
		return write(&watched{w, &m.written})
	})
}

// watched counts what is written.
type watched struct {
	to io.Writer
	n  *atomic.Int64
}

func (w *watched) Write(b []byte) (int, error) {
	n, err := w.to.Write(b)
	w.n.Add(int64(n))
	return n, err
}
