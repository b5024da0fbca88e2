package enginetest

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"

	"github.com/assaynet/assay/engine/gguf"
)

// Options choose a model. The zero value is the usual one: Q4_1, width 64, two
// layers, four heads on two key-value heads, context 512.
type Options struct {
	// Seed decides the weights; two seeds give two models with equal metadata.
	Seed uint64
	// Type of all matrices: Q8_0, Q4_0, Q4_1, F32, F16 or BF16. The zero value
	// means [DefaultType]; F32, whose number is 0, is asked for by Float32.
	Type    gguf.Type
	Float32 bool

	Width   uint32 // a multiple of 32 and of Heads; 64 when 0
	Layers  uint32 // 2 when 0
	Heads   uint32 // 4 when 0
	KVHeads uint32 // divides Heads; 2 when 0
	FFN     uint32 // a multiple of 32; 96 when 0
	Context uint32 // 512 when 0

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
	if o.Type == 0 && !o.Float32 {
		o.Type = DefaultType
	}
	return o
}

func (o Options) check() error {
	if o.Width%32 != 0 || o.FFN%32 != 0 {
		return fmt.Errorf("enginetest: width %d and ffn %d must be multiples of 32", o.Width, o.FFN)
	}
	if o.Width%(2*o.Heads) != 0 || o.Heads%o.KVHeads != 0 {
		return fmt.Errorf("enginetest: %d heads on %d do not fit a width of %d", o.Heads, o.KVHeads, o.Width)
	}
	if int(o.FailToken) >= len(vocabulary()) {
		return fmt.Errorf("enginetest: there is no token %d", o.FailToken)
	}
	if _, err := appendBlock(nil, o.Type, 0, [32]int8{}); err != nil {
		return err
	}
	return nil
}

// TB is what [Tiny] needs of a testing.TB.
type TB interface {
	Helper()
	TempDir() string
	Fatal(args ...any)
}

// Tiny writes a model into a directory that goes with the test and returns its path.
func Tiny(t TB, o Options) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tiny.gguf")
	if err := Write(path, o); err != nil {
		t.Fatal(err)
	}
	return path
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
	w.AddString("general.architecture", "llama")
	w.AddString("general.name", "tiny")
	w.AddUint32("llama.block_count", o.Layers)
	w.AddUint32("llama.context_length", o.Context)
	w.AddUint32("llama.embedding_length", o.Width)
	w.AddUint32("llama.feed_forward_length", o.FFN)
	w.AddUint32("llama.attention.head_count", o.Heads)
	w.AddUint32("llama.attention.head_count_kv", o.KVHeads)
	w.AddFloat32("llama.attention.layer_norm_rms_epsilon", 1e-5)
	w.AddFloat32("llama.rope.freq_base", 10000)
	w.AddUint32("llama.rope.dimension_count", o.Width/o.Heads)
	w.AddUint32("llama.vocab_size", uint32(len(vocabulary())))
}

func addTensors(w *gguf.Writer, o Options) {
	s := source{rng: rand.New(rand.NewPCG(o.Seed, 0)), o: o}
	kv := o.Width / o.Heads * o.KVHeads
	s.embedding(w)
	for i := range o.Layers {
		name := func(part string) string { return fmt.Sprintf("blk.%d.%s.weight", i, part) }
		s.norm(w, name("attn_norm"), i == 0 && o.FailToken != 0)
		s.matrix(w, name("attn_q"), o.Width, o.Width)
		s.matrix(w, name("attn_k"), o.Width, kv)
		s.matrix(w, name("attn_v"), o.Width, kv)
		s.matrix(w, name("attn_output"), o.Width, o.Width)
		s.norm(w, name("ffn_norm"), false)
		s.matrix(w, name("ffn_gate"), o.Width, o.FFN)
		s.matrix(w, name("ffn_up"), o.Width, o.FFN)
		s.matrix(w, name("ffn_down"), o.FFN, o.Width)
	}
	s.norm(w, "output_norm.weight", false)
	if o.Untied {
		s.matrix(w, "output.weight", o.Width, uint32(len(vocabulary())))
	}
}

// source draws the weights.
type source struct {
	rng *rand.Rand
	o   Options
}

// block draws the 32 levels of a block, -8 … 7, and the exponent and the
// eighths of its step d = 2^exp · (1 + eighths/8). width is that of the input:
// the weights' variance is about 1/width, so that sums stay near 1.
func (s source) block(width uint32) (step uint16, q [32]int8) {
	exp := -2 // levels have a deviation of about 4
	for n := uint32(1); n < width; n *= 4 {
		exp--
	}
	for i := range q {
		q[i] = int8(s.rng.IntN(16) - 8)
	}
	return f16Step(exp, s.rng.IntN(8)), q
}

// f16Step returns the f16 bits of 2^exp · (1 + eighths/8), -14 <= exp <= 15.
func f16Step(exp, eighths int) uint16 { return uint16((exp+15)<<10 | eighths<<7) }

// matrix adds rows × width random weights.
func (s source) matrix(w *gguf.Writer, name string, width, rows uint32) {
	var data []byte
	for range rows * width / 32 {
		step, q := s.block(width)
		data = mustAppend(data, s.o.Type, step, q)
	}
	w.AddTensor(gguf.Tensor{Name: name, Dims: []uint64{uint64(width), uint64(rows)}, Type: s.o.Type, Data: data})
}

// embedding adds the embedding matrix. With a failing token, the first element
// is the failing token's alone, and that token has nothing else.
func (s source) embedding(w *gguf.Writer) {
	var data []byte
	rows := len(vocabulary())
	for row := range rows {
		for b := range s.o.Width / 32 {
			step, q := s.block(s.o.Width)
			if s.o.FailToken != 0 {
				if int32(row) == s.o.FailToken {
					q = [32]int8{}
				}
				if b == 0 {
					q[0] = 0
					if int32(row) == s.o.FailToken {
						q[0] = 7
					}
				}
			}
			data = mustAppend(data, s.o.Type, step, q)
		}
	}
	w.AddTensor(gguf.Tensor{Name: "token_embd.weight", Dims: []uint64{uint64(s.o.Width), uint64(rows)}, Type: s.o.Type, Data: data})
}

// norm adds the weights of a norm, from 0.75 to 1.25. With fail, the first is
// so large that what passes it exceeds f16.
func (s source) norm(w *gguf.Writer, name string, fail bool) {
	var data []byte
	for i := range s.o.Width {
		x := 0.75 + float32(s.rng.IntN(65))/128
		if fail && i == 0 {
			x = 1 << 24
		}
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(x))
	}
	w.AddTensor(gguf.Tensor{Name: name, Dims: []uint64{uint64(s.o.Width)}, Type: gguf.F32, Data: data})
}

// mustAppend is appendBlock for a type that check has accepted.
func mustAppend(b []byte, t gguf.Type, step uint16, q [32]int8) []byte {
	b, err := appendBlock(b, t, step, q)
	if err != nil {
		panic(err)
	}
	return b
}
