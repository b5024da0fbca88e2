//go:build cgo

package native_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/native"
)

// familyModel is a model of one architecture with random weights, of which only
// the graph matters.
type familyModel struct {
	arch                                    string
	t                                       storedType
	layers, width, heads, kvHeads, head, ff int
	bias, headNorms, postNorms, fused       bool
	set                                     func(w *gguf.Writer, arch string) // further keys
}

func familyModels() []familyModel {
	q80, q41, q50, q4k, q5k, q6k := storedTypes[4], storedTypes[1], storedTypes[2], storedTypes[5], storedTypes[6], storedTypes[7]
	gemma := func(w *gguf.Writer, arch string) {
		w.AddUint32(arch+".attention.sliding_window", 70)
		w.AddFloat32(arch+".attn_logit_softcapping", 20)
		w.AddFloat32(arch+".final_logit_softcapping", 30)
	}
	partly := func(w *gguf.Writer, arch string) {
		w.AddUint32(arch+".rope.dimension_count", 24)
		w.AddTensor(gguf.Tensor{Name: "rope_freqs.weight", Dims: []uint64{12}, Type: gguf.F32, Data: floats(12, func(i int) float32 { return 1 + float32(i) })})
	}
	none := func(*gguf.Writer, string) {}
	return []familyModel{
		{arch: "llama", t: q80, layers: 2, width: 128, heads: 4, kvHeads: 1, head: 32, ff: 96, bias: true, set: partly},
		{arch: "qwen2", t: q41, layers: 2, width: 192, heads: 6, kvHeads: 2, head: 32, ff: 160, bias: true, set: none},
		{arch: "qwen3", t: q4k, layers: 2, width: 256, heads: 2, kvHeads: 1, head: 128, ff: 512, headNorms: true, set: none},
		{arch: "gemma3", t: q50, layers: 7, width: 160, heads: 4, kvHeads: 1, head: 64, ff: 96, headNorms: true, postNorms: true, set: gemma},
		{arch: "gemma3", t: q6k, layers: 6, width: 256, heads: 2, kvHeads: 2, head: 128, ff: 256, headNorms: true, postNorms: true, set: gemma},
		{arch: "phi3", t: q5k, layers: 2, width: 256, heads: 4, kvHeads: 2, head: 64, ff: 256, fused: true, set: none},
	}
}

func floats(n int, f func(i int) float32) []byte {
	var b []byte
	for i := range n {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f(i)))
	}
	return b
}

// write makes the file. Scales are small, so that nothing overflows.
func (f familyModel) write(t *testing.T) string {
	t.Helper()
	r := rand.New(rand.NewPCG(7, uint64(len(f.arch))))
	w := &gguf.Writer{}
	vector := func(name string, n int) {
		data := floats(n, func(int) float32 { return 0.5 + r.Float32() })
		w.AddTensor(gguf.Tensor{Name: name, Dims: []uint64{uint64(n)}, Type: gguf.F32, Data: data})
	}
	matrix := func(name string, rows, cols int) {
		data := randomWeights(r, f.t, rows, cols)
		_, bytes := f.t.block()
		for at := 0; at < len(data); at += bytes {
			for _, h := range f.t.halves {
				binary.LittleEndian.PutUint16(data[at+h:], uint16(r.Uint32())&0x83ff|4<<10) // about 2^-11
			}
		}
		w.AddTensor(gguf.Tensor{Name: name, Dims: []uint64{uint64(cols), uint64(rows)}, Type: f.t.t, Data: data})
	}
	w.AddString("general.architecture", f.arch)
	for key, n := range map[string]int{
		"block_count": f.layers, "context_length": 512, "embedding_length": f.width, "feed_forward_length": f.ff,
		"attention.head_count": f.heads, "attention.head_count_kv": f.kvHeads, "attention.key_length": f.head, "attention.value_length": f.head,
	} {
		w.AddUint32(f.arch+"."+key, uint32(n))
	}
	w.AddFloat32(f.arch+".attention.layer_norm_rms_epsilon", 1e-6)
	f.set(w, f.arch)
	matrix("token_embd.weight", 261, f.width)
	vector("output_norm.weight", f.width)
	for i := range f.layers {
		f.layer(fmt.Sprintf("blk.%d.", i), vector, matrix)
	}
	path := filepath.Join(t.TempDir(), "m.gguf")
	if err := w.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func (f familyModel) layer(at string, vector func(string, int), matrix func(string, int, int)) {
	q, kv := f.heads*f.head, f.kvHeads*f.head
	vector(at+"attn_norm.weight", f.width)
	vector(at+"ffn_norm.weight", f.width)
	if f.fused {
		matrix(at+"attn_qkv.weight", q+2*kv, f.width)
		matrix(at+"ffn_up.weight", 2*f.ff, f.width)
	} else {
		matrix(at+"attn_q.weight", q, f.width)
		matrix(at+"attn_k.weight", kv, f.width)
		matrix(at+"attn_v.weight", kv, f.width)
		matrix(at+"ffn_gate.weight", f.ff, f.width)
		matrix(at+"ffn_up.weight", f.ff, f.width)
	}
	matrix(at+"attn_output.weight", f.width, q)
	matrix(at+"ffn_down.weight", f.width, f.ff)
	if f.bias {
		vector(at+"attn_q.bias", q)
		vector(at+"attn_k.bias", kv)
		vector(at+"attn_v.bias", kv)
	}
	if f.headNorms {
		vector(at+"attn_q_norm.weight", f.head)
		vector(at+"attn_k_norm.weight", f.head)
	}
	if f.postNorms {
		vector(at+"post_attention_norm.weight", f.width)
		vector(at+"post_ffw_norm.weight", f.width)
	}
}

func TestFamiliesEqualTheReference(t *testing.T) {
	for _, f := range familyModels() {
		m := load(t, f.write(t))
		tokens := tinyTokens(160, 2)
		states, logits := reference(t, m, tokens)
		for _, l := range native.Levels() {
			for _, weights := range []string{native.Mapped, native.Interleaved} {
				t.Run(fmt.Sprintf("%v %s %s %s", l, f.arch, f.t.t, weights), func(t *testing.T) {
					n := openWith(t, m, native.Config{Threads: 2, Level: l.String(), Weights: weights})
					for _, size := range []int{1, 7, 160} {
						inPieces(t, n, tokens, size, states, logits)
					}
				})
			}
		}
	}
}
