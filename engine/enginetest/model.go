package enginetest

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/assaynet/assay/engine/gguf"
)

// Options choose a model. The zero value is the usual one: Q4_1, width 64, two
// layers, four heads on two key-value heads, context 512.
type Options struct {
	// Seed decides the weights; two seeds give two models with equal metadata.
	Seed uint64
	// Type of all matrices: Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K, Q6_K,
	// F32, F16 or BF16. The zero value means [DefaultType]; F32, whose number
	// is 0, is asked for by Float32.
	Type    gguf.Type
	Float32 bool

	// Arch is general.architecture: llama (when empty), qwen2, qwen3, gemma3
	// or phi3, each with the tensors and numbers that real files of it have.
	Arch string

	Width   uint32 // a multiple of 32 and of Heads; 64 when 0
	Layers  uint32 // 2 when 0
	Heads   uint32 // 4 when 0
	KVHeads uint32 // divides Heads; 2 when 0
	FFN     uint32 // a multiple of 32; 96 when 0
	Context uint32 // 512 when 0
	Head    uint32 // elements of a head, even; Width/Heads when 0
	Rot     uint32 // elements of a head that RoPE turns, even; Head when 0
	Window  uint32 // gemma3: positions that most layers see; 32 when 0

	// Factors adds divisors of RoPE's frequencies: llama's for all positions,
	// phi3's for short and long ones and a factor for attention.
	Factors bool
	// Scale, when not 0, is the linear scale of RoPE's positions.
	Scale float32
	// Biases adds one to each linear layer, but the output; llama only. qwen2
	// always has those of q, k and v.
	Biases bool
	// LogitCap, when not 0, is gemma3's soft cap of logits.
	LogitCap float32
	// Untied adds an output matrix of its own; otherwise the embedding serves.
	Untied bool
	// FailToken, when not 0, makes every run fail at each position that holds
	// this token: its first layer's values exceed f16.
	FailToken int32
}

// DefaultType is the type of matrices that [Options] leaves open.
const DefaultType = gguf.Q4_1

func (o Options) withDefaults() Options {
	set := func(field *uint32, value uint32) {
		if *field == 0 {
			*field = value
		}
	}
	set(&o.Width, 64)
	set(&o.Layers, 2)
	set(&o.Heads, 4)
	set(&o.KVHeads, 2)
	set(&o.FFN, 96)
	set(&o.Context, 512)
	set(&o.Head, o.Width/o.Heads)
	set(&o.Rot, o.Head)
	set(&o.Window, 32)
	if o.Type == 0 && !o.Float32 {
		o.Type = DefaultType
	}
	if o.Arch == "" {
		o.Arch = "llama"
	}
	return o
}

func (o Options) check() error {
	if _, ok := graphs[o.Arch]; !ok {
		return fmt.Errorf("enginetest: no architecture %q", o.Arch)
	}
	elements := blockElements(o.Type)
	if o.Width%elements != 0 || o.FFN%elements != 0 || o.Heads*o.Head%elements != 0 {
		return fmt.Errorf("enginetest: width %d, ffn %d and %d heads of %d must be multiples of %d", o.Width, o.FFN, o.Heads, o.Head, elements)
	}
	if o.Head%2 != 0 || o.Rot%2 != 0 || o.Rot > o.Head || o.Heads%o.KVHeads != 0 {
		return fmt.Errorf("enginetest: %d heads of %d on %d do not fit", o.Heads, o.Head, o.KVHeads)
	}
	if g := graphs[o.Arch]; o.Head*o.Heads != o.Width && !g.head {
		return fmt.Errorf("enginetest: %d heads of %d do not fit a width of %d", o.Heads, o.Head, o.Width)
	}
	if int(o.FailToken) >= len(vocabulary()) {
		return fmt.Errorf("enginetest: there is no token %d", o.FailToken)
	}
	_, err := appendBlocks(nil, o.Type, make([]levels, elements/32))
	return err
}

// Write writes a model to path, which it replaces as a whole.
func Write(path string, o Options) error {
	w, err := Build(o)
	if err != nil {
		return err
	}
	return w.WriteFile(path)
}

// Build returns the model before it is written, for tests that change it.
func Build(o Options) (*gguf.Writer, error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	w := &gguf.Writer{}
	addMetadata(w, o)
	addTokenizer(w)
	addTensors(w, o)
	return w, nil
}

func addMetadata(w *gguf.Writer, o Options) {
	key := func(name string) string { return o.Arch + "." + name }
	w.AddString("general.architecture", o.Arch)
	w.AddString("general.name", "tiny")
	w.AddUint32(key("block_count"), o.Layers)
	w.AddUint32(key("context_length"), o.Context)
	w.AddUint32(key("embedding_length"), o.Width)
	w.AddUint32(key("feed_forward_length"), o.FFN)
	w.AddUint32(key("attention.head_count"), o.Heads)
	w.AddUint32(key("attention.head_count_kv"), o.KVHeads)
	w.AddFloat32(key("attention.layer_norm_rms_epsilon"), 1e-5)
	w.AddFloat32(key("rope.freq_base"), graphs[o.Arch].base)
	w.AddUint32(key("rope.dimension_count"), o.Rot)
	w.AddUint32(key("vocab_size"), uint32(len(vocabulary())))
	if graphs[o.Arch].head {
		w.AddUint32(key("attention.key_length"), o.Head)
		w.AddUint32(key("attention.value_length"), o.Head)
	}
	if o.Arch == "gemma3" {
		w.AddUint32(key("attention.sliding_window"), o.Window)
	}
	if o.LogitCap != 0 {
		w.AddFloat32(key("final_logit_softcapping"), o.LogitCap)
	}
	if o.Scale != 0 {
		w.AddString(key("rope.scaling.type"), "linear")
		w.AddFloat32(key("rope.scaling.factor"), o.Scale)
	}
	if o.Factors && o.Arch == "phi3" {
		w.AddUint32(key("rope.scaling.original_context_length"), o.Context)
		w.AddFloat32(key("rope.scaling.attn_factor"), 1.25)
	}
}

// source draws the weights.
type source struct {
	rng *rand.Rand
	o   Options
}

// levels are a block's 32 weights: q · d, -8 <= q <= 7, d = 2^exp · (1 +
// eighths/8).
type levels struct {
	exp, eighths int
	q            [32]int8
}

// block draws the levels of a block and the exponent and the eighths of its
// step. width is that of the input: the weights' variance is about 1/width, so
// that sums stay near 1.
func (s source) block(width uint32) (l levels) {
	l.exp = -2 // levels have a deviation of about 4
	for n := uint32(1); n < width; n *= 4 {
		l.exp--
	}
	for i := range l.q {
		l.q[i] = int8(s.rng.IntN(16) - 8)
	}
	l.eighths = s.rng.IntN(8)
	return l
}

// matrix adds rows × width random weights.
func (s source) matrix(w *gguf.Writer, name string, width, rows uint32) {
	blocks := make([]levels, rows*width/32)
	for i := range blocks {
		blocks[i] = s.block(width)
	}
	data := mustAppend(nil, s.o.Type, blocks)
	w.AddTensor(gguf.Tensor{Name: name, Dims: []uint64{uint64(width), uint64(rows)}, Type: s.o.Type, Data: data})
}

// embedding adds the embedding matrix. With a failing token, the first element
// is the failing token's alone, and that token has nothing else.
func (s source) embedding(w *gguf.Writer) {
	var blocks []levels
	rows := len(vocabulary())
	for row := range rows {
		for b := range s.o.Width / 32 {
			l := s.block(s.o.Width)
			if s.o.FailToken != 0 {
				if int32(row) == s.o.FailToken {
					l.q = [32]int8{}
				}
				if b == 0 {
					l.q[0] = 0
					if int32(row) == s.o.FailToken {
						l.q[0] = 7
					}
				}
			}
			blocks = append(blocks, l)
		}
	}
	data := mustAppend(nil, s.o.Type, blocks)
	w.AddTensor(gguf.Tensor{Name: "token_embd.weight", Dims: []uint64{uint64(s.o.Width), uint64(rows)}, Type: s.o.Type, Data: data})
}

// norm adds the n weights of a norm, from 0.75 to 1.25. With fail, the first is
// so large that what passes it exceeds f16.
func (s source) norm(w *gguf.Writer, name string, n uint32, fail bool) {
	x := make([]float32, n)
	for i := range x {
		x[i] = 0.75 + float32(s.rng.IntN(65))/128
	}
	if fail {
		x[0] = 1 << 24
	}
	addVector(w, name, x)
}

// bias adds n biases, from -0.25 to 0.25.
func (s source) bias(w *gguf.Writer, name string, n uint32) {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(s.rng.IntN(65)-32) / 128
	}
	addVector(w, name, x)
}

// addVector adds a vector of F32.
func addVector(w *gguf.Writer, name string, x []float32) {
	var data []byte
	for _, f := range x {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(f))
	}
	w.AddTensor(gguf.Tensor{Name: name, Dims: []uint64{uint64(len(x))}, Type: gguf.F32, Data: data})
}

// mustAppend is appendBlocks for a type that check has accepted.
func mustAppend(b []byte, t gguf.Type, l []levels) []byte {
	b, err := appendBlocks(b, t, l)
	if err != nil {
		panic(err)
	}
	return b
}
