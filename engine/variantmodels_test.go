package engine_test

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/half"
)

// variantModel is a small llama model, made of integers alone so that its bytes
// are the same everywhere.
type variantModel struct {
	vocab, width, heads, kv, head, ffn, layers int
	context                                    int
	numbers                                    map[string]uint32  // further keys of the architecture
	floats                                     map[string]float32 // further keys of the architecture
	text                                       map[string]string  // further keys of the architecture
	types                                      []gguf.Type        // of the matrices, in turn
	bias                                       bool
	untied                                     bool
	change                                     func(name string, x []float32) // of the weights before they are stored
	vectors                                    map[string][]float32           // further vectors
	vectorType                                 gguf.Type
	runs                                       []variantRun
}

// builder writes a variantModel.
type builder struct {
	variantModel
	w    gguf.Writer
	rng  *rand.Rand
	next int // matrices so far
}

func (v variantModel) write(t *testing.T, path string) {
	t.Helper()
	b := &builder{variantModel: v, rng: rand.New(rand.NewPCG(1, 2))}
	b.metadata()
	b.tensors()
	if err := b.w.WriteFile(path); err != nil {
		t.Fatal(err)
	}
}

func (b *builder) metadata() {
	w := &b.w
	w.AddString("general.architecture", "llama")
	w.AddUint32("llama.block_count", uint32(b.layers))
	w.AddUint32("llama.context_length", uint32(b.context))
	w.AddUint32("llama.embedding_length", uint32(b.width))
	w.AddUint32("llama.feed_forward_length", uint32(b.ffn))
	w.AddUint32("llama.attention.head_count", uint32(b.heads))
	if b.kv != b.heads {
		w.AddUint32("llama.attention.head_count_kv", uint32(b.kv))
	}
	w.AddFloat32("llama.attention.layer_norm_rms_epsilon", 0x1p-17)
	for _, key := range slices.Sorted(maps.Keys(b.numbers)) {
		w.AddUint32("llama."+key, b.numbers[key])
	}
	for _, key := range slices.Sorted(maps.Keys(b.floats)) {
		w.AddFloat32("llama."+key, b.floats[key])
	}
	for _, key := range slices.Sorted(maps.Keys(b.text)) {
		w.AddString("llama."+key, b.text[key])
	}
	// The tokens are three controls and one letter after another.
	tokens, kinds := []string{"<eos>", "<eot>", "<eom>"}, []int32{3, 3, 3}
	for len(tokens) < min(b.vocab, 60) {
		tokens, kinds = append(tokens, string(rune('A'+len(tokens)))), append(kinds, 1)
	}
	w.AddString("tokenizer.ggml.model", "gpt2")
	w.AddString("tokenizer.ggml.pre", "smollm")
	w.AddStrings("tokenizer.ggml.tokens", tokens)
	w.AddInt32s("tokenizer.ggml.token_type", kinds)
	w.AddStrings("tokenizer.ggml.merges", nil)
	w.AddUint32("tokenizer.ggml.eos_token_id", 0)
	w.AddUint32("tokenizer.ggml.eot_token_id", 1)
	w.AddUint32("tokenizer.ggml.eom_token_id", 2)
}

func (b *builder) tensors() {
	q, kv := b.heads*b.head, b.kv*b.head
	b.matrix("token_embd", b.vocab, b.width)
	for i := range b.layers {
		at := fmt.Sprintf("blk.%d.", i)
		b.norm(at + "attn_norm.weight")
		b.matrix(at+"attn_q", q, b.width)
		b.matrix(at+"attn_k", kv, b.width)
		b.matrix(at+"attn_v", kv, b.width)
		b.matrix(at+"attn_output", b.width, q)
		b.norm(at + "ffn_norm.weight")
		b.matrix(at+"ffn_gate", b.ffn, b.width)
		b.matrix(at+"ffn_up", b.ffn, b.width)
		b.matrix(at+"ffn_down", b.width, b.ffn)
	}
	b.norm("output_norm.weight")
	if b.untied {
		b.matrix("output", b.vocab, b.width)
	}
	for _, name := range slices.Sorted(maps.Keys(b.vectors)) {
		b.vector(name, gguf.F32, b.vectors[name])
	}
}

// draw returns about normal numbers with a deviation of about size, of 24 bits:
// sums of integers, scaled by a power of two.
func (b *builder) draw(n int, size float32) []float32 {
	x := make([]float32, n)
	for i := range x {
		sum := int32(0)
		for range 4 {
			sum += int32(b.rng.Uint32()>>11) - 1<<20
		}
		x[i] = float32(sum) * 0x1p-20 * size
	}
	return x
}

func (b *builder) matrix(name string, rows, cols int) {
	size := float32(0.5)
	for n := 1; n < cols; n *= 4 {
		size /= 2
	}
	x := b.draw(rows*cols, 2*size)
	if b.change != nil {
		b.change(name, x)
	}
	kind := b.types[b.next%len(b.types)]
	b.next++
	b.w.AddTensor(gguf.Tensor{Name: name + ".weight", Dims: []uint64{uint64(cols), uint64(rows)}, Type: kind, Data: b.encode(kind, x)})
	if b.bias && name != "token_embd" {
		b.vector(name+".bias", b.vectorType, b.draw(rows, 0.25))
	}
}

func (b *builder) norm(name string) {
	x := b.draw(b.width, 0.25)
	for i := range x {
		x[i]++
	}
	if b.change != nil {
		b.change(name, x)
	}
	b.vector(name, b.vectorType, x)
}

func (b *builder) vector(name string, kind gguf.Type, x []float32) {
	b.w.AddTensor(gguf.Tensor{Name: name, Dims: []uint64{uint64(len(x))}, Type: kind, Data: b.encode(kind, x)})
}

// encode stores x in any way that has the type's layout; how well it fits does
// not matter.
func (b *builder) encode(kind gguf.Type, x []float32) (data []byte) {
	for i, v := range x {
		switch kind {
		case gguf.F32:
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
		case gguf.F16:
			data = binary.LittleEndian.AppendUint16(data, half.Narrow(v))
		case gguf.BF16:
			data = binary.LittleEndian.AppendUint16(data, uint16(math.Float32bits(v)>>16))
		default:
			if i%32 == 0 {
				data = b.block(data, kind, x[i:i+32])
			}
		}
	}
	return data
}

// block stores 32 weights with a scale that may be negative, as ggml's Q4_0 has
// them.
func (b *builder) block(data []byte, kind gguf.Type, x []float32) []byte {
	low, high := slices.Min(x), slices.Max(x)
	d, m, least, most := max(high, -low)/127, float32(0), float32(-128), float32(127)
	switch kind {
	case gguf.Q4_0:
		d, least, most = max(high, -low)/-8, -8, 7
	case gguf.Q4_1:
		d, m, least, most = (high-low)/15, low, 0, 15
	}
	data = binary.LittleEndian.AppendUint16(data, half.Narrow(d))
	if kind == gguf.Q4_1 {
		data = binary.LittleEndian.AppendUint16(data, half.Narrow(m))
	}
	var w [32]int
	for i, v := range x {
		if d != 0 {
			w[i] = int(min(most, max(least, float32(math.RoundToEven(float64((v-m)/d))))))
		}
	}
	if kind == gguf.Q8_0 {
		for _, k := range w {
			data = append(data, byte(k))
		}
		return data
	}
	for i := range 16 {
		data = append(data, byte(w[i]-int(least))|byte(w[i+16]-int(least))<<4)
	}
	return data
}

// letters is a prompt of n ordinary tokens.
func letters(n, seed, vocab int) []engine.Token {
	p := make([]engine.Token, n)
	for i := range p {
		p[i] = engine.Token(3 + (i*i*7+i*5+seed*11)%(vocab-3))
	}
	return p
}
