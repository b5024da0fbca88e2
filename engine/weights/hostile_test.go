package weights_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/assaynet/assay/engine/arith"
	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/weights"
)

// wire returns the bytes of a tiny model.
func wire(t testing.TB, o enginetest.Options) []byte {
	t.Helper()
	w, err := enginetest.Build(o)
	if err != nil {
		t.Fatal(err)
	}
	return render(t, w)
}

func render(t testing.TB, w *gguf.Writer) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := w.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func parse(t testing.TB, data []byte) *gguf.File {
	t.Helper()
	f, err := gguf.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// edit is what a hostile hand does to a model.
type edit struct {
	tensor func(x *gguf.Tensor) (keep bool)
	key    func(w *gguf.Writer, kv gguf.KV) (handled bool)
	add    func(w *gguf.Writer)
}

// edited writes f again with an edit.
func edited(t testing.TB, f *gguf.File, e edit) []byte {
	t.Helper()
	w := &gguf.Writer{}
	for _, kv := range f.Metadata() {
		if e.key == nil || !e.key(w, kv) {
			w.AddRaw(kv.Key, kv.Type, kv.Raw)
		}
	}
	for _, x := range f.Tensors() {
		if e.tensor == nil || e.tensor(&x) {
			w.AddTensor(x)
		}
	}
	if e.add != nil {
		e.add(w)
	}
	return render(t, w)
}

func drop(name string) edit {
	return edit{tensor: func(x *gguf.Tensor) bool { return x.Name != name }}
}

func number(key string, n uint32) edit {
	return edit{key: func(w *gguf.Writer, kv gguf.KV) bool {
		if kv.Key == key {
			w.AddUint32(key, n)
		}
		return kv.Key == key
	}}
}

func newNumber(key string, n uint32) edit {
	return edit{add: func(w *gguf.Writer) { w.AddUint32(key, n) }}
}

// swapped exchanges the two dimensions of a matrix.
func swapped(name string) edit {
	return edit{tensor: func(x *gguf.Tensor) bool {
		if x.Name == name {
			x.Dims = []uint64{x.Dims[1], x.Dims[0]}
		}
		return true
	}}
}

func withVector(name string, n int, value float32) edit {
	return edit{
		tensor: func(x *gguf.Tensor) bool { return x.Name != name },
		add: func(w *gguf.Writer) {
			data := make([]byte, 0, 4*n)
			for range n {
				data = binary.LittleEndian.AppendUint32(data, math.Float32bits(value))
			}
			w.AddTensor(gguf.Tensor{Name: name, Dims: []uint64{uint64(n)}, Type: gguf.F32, Data: data})
		},
	}
}

func TestHostileModelsOfEachArchitectureAreRefused(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	gemma := enginetest.Options{Arch: "gemma3", Layers: 1}
	phi := enginetest.Options{Arch: "phi3", Factors: true}
	for name, c := range map[string]struct {
		options enginetest.Options
		edit    edit
		want    error
	}{
		"qwen2 without a norm":              {enginetest.Options{Arch: "qwen2"}, drop("blk.1.ffn_norm.weight"), weights.ErrWeights},
		"qwen2 with a bias of the output":   {enginetest.Options{Arch: "qwen2"}, withVector("blk.0.attn_output.bias", 64, 1), weights.ErrUnsupported},
		"qwen2 with an endless bias":        {enginetest.Options{Arch: "qwen2"}, withVector("blk.0.attn_q.bias", 64, inf), weights.ErrWeights},
		"qwen2 with a short bias":           {enginetest.Options{Arch: "qwen2"}, withVector("blk.0.attn_k.bias", 31, 1), weights.ErrWeights},
		"qwen3 without a norm of heads":     {enginetest.Options{Arch: "qwen3"}, drop("blk.0.attn_q_norm.weight"), weights.ErrWeights},
		"qwen3 with norms of a layer":       {enginetest.Options{Arch: "qwen3"}, withVector("blk.0.attn_k_norm.weight", 64, 1), weights.ErrWeights},
		"qwen3 with a bias":                 {enginetest.Options{Arch: "qwen3"}, withVector("blk.0.attn_q.bias", 64, 1), weights.ErrUnsupported},
		"qwen3 with YaRN":                   {enginetest.Options{Arch: "qwen3"}, edit{add: func(w *gguf.Writer) { w.AddString("qwen3.rope.scaling.type", "yarn") }}, weights.ErrUnsupported},
		"qwen3 as a mixture":                {enginetest.Options{Arch: "qwen3"}, newNumber("qwen3.expert_count", 64), weights.ErrUnsupported},
		"qwen3 with values of another size": {enginetest.Options{Arch: "qwen3"}, number("qwen3.attention.value_length", 32), weights.ErrUnsupported},
		"gemma3 without post norms":         {gemma, drop("blk.0.post_ffw_norm.weight"), weights.ErrWeights},
		"gemma3 with NaN after attention":   {gemma, withVector("blk.0.post_attention_norm.weight", 64, nan), weights.ErrWeights},
		"gemma3 with a window of nothing":   {gemma, number("gemma3.attention.sliding_window", 0), weights.ErrWeights},
		"gemma3 with an endless window":     {gemma, number("gemma3.attention.sliding_window", 1<<31), weights.ErrWeights},
		"gemma3 with a pattern of nothing":  {gemma, newNumber("gemma3.attention.sliding_window_pattern", 0), weights.ErrWeights},
		"gemma3 with a cap below nothing":   {gemma, edit{add: func(w *gguf.Writer) { w.AddFloat32("gemma3.final_logit_softcapping", -1) }}, weights.ErrWeights},
		"gemma3 with heads of a billion":    {gemma, number("gemma3.attention.key_length", 1<<30), weights.ErrWeights},
		"gemma3 with an eye":                {gemma, withVector("mm.input_projection.weight", 64, 1), weights.ErrUnsupported},
		"phi3 with its parts apart":         {enginetest.Options{Arch: "phi3"}, drop("blk.0.attn_qkv.weight"), weights.ErrWeights},
		"phi3 with a narrow gate":           {enginetest.Options{Arch: "phi3"}, number("phi3.feed_forward_length", 64), weights.ErrWeights},
		"phi3 on its side":                  {enginetest.Options{Arch: "phi3"}, swapped("blk.1.attn_qkv.weight"), weights.ErrWeights},
		"phi3 without short factors":        {phi, drop("rope_factors_short.weight"), weights.ErrWeights},
		"phi3 with a factor of zero":        {phi, withVector("rope_factors_short.weight", 8, 0), weights.ErrWeights},
		"phi3 with too many factors":        {phi, withVector("rope_factors_long.weight", 9, 1), weights.ErrWeights},
		"phi3 with attention times NaN":     {phi, edit{key: func(_ *gguf.Writer, kv gguf.KV) bool { return kv.Key == "phi3.rope.scaling.attn_factor" }, add: func(w *gguf.Writer) { w.AddFloat32("phi3.rope.scaling.attn_factor", nan) }}, weights.ErrWeights},
		"llama that turns odd heads":        {enginetest.Options{}, number("llama.rope.dimension_count", 15), weights.ErrWeights},
		"llama that turns more than heads":  {enginetest.Options{}, number("llama.rope.dimension_count", 32), weights.ErrWeights},
		"llama of more heads than width":    {enginetest.Options{}, number("llama.attention.head_count", 1000), weights.ErrWeights},
		"llama with norms of heads":         {enginetest.Options{}, withVector("blk.0.attn_q_norm.weight", 16, 1), weights.ErrUnsupported},
		"an architecture that nobody has":   {enginetest.Options{}, edit{key: func(_ *gguf.Writer, kv gguf.KV) bool { return kv.Key == "general.architecture" }, add: func(w *gguf.Writer) { w.AddString("general.architecture", "mamba") }}, weights.ErrUnsupported},
		"an embedding of three dimensions": {enginetest.Options{}, edit{tensor: func(x *gguf.Tensor) bool {
			if x.Name == "token_embd.weight" {
				x.Dims = append(slices.Clone(x.Dims), 1)
			}
			return true
		}}, weights.ErrWeights},
	} {
		data := edited(t, parse(t, wire(t, c.options)), c.edit)
		_, err := weights.Load(parse(t, data))
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

// TestScalesThatAreNotFiniteAreRefusedInEveryType puts an infinity or NaN into
// each place of a block that holds a scale.
func TestScalesThatAreNotFiniteAreRefusedInEveryType(t *testing.T) {
	places := map[gguf.Type][]int{
		gguf.Q8_0: {0}, gguf.Q4_0: {0}, gguf.Q4_1: {0, 2}, gguf.Q5_0: {0}, gguf.Q5_1: {0, 2},
		gguf.Q4_K: {0, 2}, gguf.Q5_K: {0, 2}, gguf.Q6_K: {208}, gguf.IQ4_NL: {0},
	}
	for _, kind := range weights.Types() {
		elements, size := kind.Block()
		block := func(change func([]byte)) gguf.Tensor {
			data := make([]byte, 3*size)
			change(data[2*size:])
			return gguf.Tensor{Name: "w", Dims: []uint64{elements, 3}, Type: kind, Data: data}
		}
		if _, err := weights.NewMatrix(block(func([]byte) {})); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		if kind == gguf.MXFP4 {
			if _, err := weights.NewMatrix(block(func(b []byte) { b[0] = 0xff })); !errors.Is(err, weights.ErrWeights) {
				t.Errorf("%s: got %v", kind, err)
			}
		}
		for _, at := range places[kind] {
			for _, bad := range []uint16{0x7c00, 0xfc00, 0x7e00, 0xfc01} {
				_, err := weights.NewMatrix(block(func(b []byte) { binary.LittleEndian.PutUint16(b[at:], bad) }))
				if !errors.Is(err, weights.ErrWeights) {
					t.Errorf("%s, %x at %d: got %v, want %v", kind, bad, at, err, weights.ErrWeights)
				}
			}
		}
		if _, err := weights.NewMatrix(gguf.Tensor{Name: "w", Dims: []uint64{elements + 16, 1}, Type: kind, Data: make([]byte, size)}); !errors.Is(err, weights.ErrWeights) {
			t.Errorf("%s of a width that is no multiple of %d: got %v", kind, elements, err)
		}
	}
}

// FuzzLoad makes models of any bytes: an error, or a model that runs.
func FuzzLoad(f *testing.F) {
	for _, o := range []enginetest.Options{
		{Width: 32, Heads: 2, KVHeads: 1, Layers: 1, FFN: 32},
		{Arch: "gemma3", Width: 32, Heads: 2, KVHeads: 1, Layers: 1, FFN: 32},
		{Arch: "phi3", Width: 32, Heads: 2, KVHeads: 1, Layers: 1, FFN: 32, Factors: true},
		{Arch: "qwen2", Width: 32, Heads: 2, KVHeads: 1, Layers: 1, FFN: 32},
	} {
		f.Add(wire(f, o))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := gguf.Parse(data)
		if err != nil {
			return
		}
		loaded, err := weights.Load(file)
		if err != nil {
			if !errors.Is(err, weights.ErrWeights) && !errors.Is(err, weights.ErrUnsupported) {
				t.Fatal(err)
			}
			return
		}
		m := arith.New(loaded)
		var w arith.Workspace
		states, err := m.Forward(arith.Serial, &w, m.NewCache(), []int32{0, int32(m.Vocab - 1)}, 1)
		if err == nil {
			_, err = m.Logits(arith.Serial, &w, states)
		}
		if err != nil && !errors.Is(err, backend.ErrNotFinite) && !errors.Is(err, backend.ErrContext) {
			t.Fatal(err)
		}
	})
}
