package enginetest_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/tokenizer"
)

var options = map[string]enginetest.Options{
	"usual":   {},
	"Q8_0":    {Type: gguf.Q8_0},
	"Q4_0":    {Type: gguf.Q4_0},
	"F32":     {Float32: true},
	"F16":     {Type: gguf.F16},
	"BF16":    {Type: gguf.BF16},
	"Q5_0":    {Type: gguf.Q5_0},
	"Q5_1":    {Type: gguf.Q5_1},
	"F32 256": {Float32: true, Width: 256, FFN: 256},
	"Q4_K":    {Type: gguf.Q4_K, Width: 256, FFN: 256},
	"Q5_K":    {Type: gguf.Q5_K, Width: 256, FFN: 256},
	"Q6_K":    {Type: gguf.Q6_K, Width: 256, FFN: 256},
	"qwen2":   {Arch: "qwen2"},
	"qwen3":   {Arch: "qwen3", Head: 32},
	"gemma3":  {Arch: "gemma3", Head: 32, Layers: 7, Window: 16},
	"phi3":    {Arch: "phi3", Factors: true},
	"untied":  {Untied: true},
	"wide":    {Width: 288, Heads: 6, KVHeads: 3, FFN: 320, Layers: 1},
	"failing": {FailToken: enginetest.ByteToken + '!'},
}

func TestEveryModelIsAValidFile(t *testing.T) {
	for name, o := range options {
		f := enginetest.Open(t, enginetest.Tiny(t, o))
		tok, err := tokenizer.New(f)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		embedding, ok := f.Tensor("token_embd.weight")
		if !ok || embedding.Rows() != uint64(tok.VocabSize()) {
			t.Errorf("%s: %d rows of embedding for %d tokens", name, embedding.Rows(), tok.VocabSize())
		}
		if _, ok := f.Tensor("output.weight"); ok != o.Untied {
			t.Errorf("%s: output matrix: %v", name, ok)
		}
	}
}

func TestTheFileIsTheSameEverywhere(t *testing.T) {
	data, err := os.ReadFile(enginetest.Tiny(t, enginetest.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	const want = "7d9e557a3df2f731cfbdb2323fd0d315817b8789dcdd2eae29db4686ff80eac3"
	sum := sha256.Sum256(data)
	if got := hex.EncodeToString(sum[:]); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSeedsDifferInWeightsOnly(t *testing.T) {
	a := enginetest.Open(t, enginetest.Tiny(t, enginetest.Options{Seed: 1}))
	b := enginetest.Open(t, enginetest.Tiny(t, enginetest.Options{Seed: 2}))
	if gguf.ModelID(a) == gguf.ModelID(b) {
		t.Error("two seeds give one model id")
	}
	for i, kv := range a.Metadata() {
		if other := b.Metadata()[i]; kv.Key != other.Key || !bytes.Equal(kv.Raw, other.Raw) {
			t.Errorf("%s differs", kv.Key)
		}
	}
}

func TestAllTypesHoldTheSameWeights(t *testing.T) {
	want := map[uint32][]float32{}
	for _, width := range []uint32{0, 256} {
		want[width] = weights(t, enginetest.Options{Float32: true, Width: width, FFN: width})
	}
	if len(want[0]) == 0 || slices.Max(want[0]) > 1 || slices.Max(want[0]) <= 0 {
		t.Fatalf("implausible weights, the largest is %g", slices.Max(want[0]))
	}
	for name, o := range options {
		if o.Untied || o.Heads != 0 || o.FailToken != 0 || o.Arch != "" {
			continue
		}
		if got := weights(t, o); !slices.Equal(got, want[o.Width]) {
			t.Errorf("%s: other weights than F32", name)
		}
	}
}

// weights decodes a matrix by the plainest reading of ggml's layouts.
func weights(t *testing.T, o enginetest.Options) []float32 {
	t.Helper()
	x, _ := enginetest.Open(t, enginetest.Tiny(t, o)).Tensor("blk.1.ffn_down.weight")
	_, size := x.Type.Block()
	var out []float32
	for b := range slices.Chunk(x.Data, int(size)) {
		switch x.Type {
		case gguf.F32:
			out = append(out, math.Float32frombits(binary.LittleEndian.Uint32(b)))
		case gguf.BF16:
			out = append(out, math.Float32frombits(uint32(binary.LittleEndian.Uint16(b))<<16))
		case gguf.F16:
			out = append(out, half(b))
		case gguf.Q8_0:
			for _, q := range b[2:] {
				out = append(out, half(b)*float32(int8(q)))
			}
		case gguf.Q4_K, gguf.Q5_K, gguf.Q6_K, gguf.Q5_0, gguf.Q5_1:
			out = append(out, spread(x.Type, b)...)
		case gguf.Q4_0, gguf.Q4_1:
			offset, quants := half(b)*-8, b[2:]
			if x.Type == gguf.Q4_1 {
				offset, quants = half(b[2:]), b[4:]
			}
			for i := range 32 {
				out = append(out, half(b)*float32(quants[i%16]>>(i/16*4)&15)+offset)
			}
		}
	}
	return out
}

// spread decodes a block of the types that real files mix.
func spread(kind gguf.Type, b []byte) (out []float32) {
	fifth := func(bits []byte, i int) int { return int(bits[i/8]>>(i%8)&1) << 4 }
	for i := range map[gguf.Type]int{gguf.Q5_0: 32, gguf.Q5_1: 32, gguf.Q4_K: 256, gguf.Q5_K: 256, gguf.Q6_K: 256}[kind] {
		sub, at := i/32, i%32
		switch kind {
		case gguf.Q5_0:
			u := int(b[6+at%16]>>(at/16*4)&15) + fifth(b[2:], at)
			out = append(out, half(b)*float32(u-16))
		case gguf.Q5_1:
			u := int(b[8+at%16]>>(at/16*4)&15) + fifth(b[4:], at)
			out = append(out, half(b)*float32(u)+half(b[2:]))
		case gguf.Q4_K, gguf.Q5_K:
			q := b[4:16]
			sc, mn := int(q[sub%4]&63), int(q[sub%4+4]&63)
			if sub > 3 {
				sc, mn = int(q[sub+4]&15|q[sub-4]>>6<<4), int(q[sub+4]>>4|q[sub]>>6<<4)
			}
			u := int(b[len(b)-128+sub/2*32+at] >> (sub % 2 * 4) & 15)
			if kind == gguf.Q5_K {
				u += int(b[16+at]>>sub&1) << 4
			}
			out = append(out, half(b)*float32(sc)*float32(u)-half(b[2:])*float32(mn))
		case gguf.Q6_K:
			part, r := i/128, i%128
			u := int(b[part*64+r%64]>>(r/64*4)&15) | int(b[128+part*32+r%32]>>(r/32*2)&3)<<4
			out = append(out, half(b[208:])*float32(int8(b[192+i/16]))*float32(u-32))
		}
	}
	return out
}

// half reads a finite f16.
func half(b []byte) float32 {
	h := binary.LittleEndian.Uint16(b)
	x := math.Ldexp(1+float64(h&1023)/1024, int(h>>10&31)-15)
	if h&0x7fff == 0 {
		x = 0
	}
	return float32(math.Copysign(x, -float64(h>>15)+0.5))
}

func TestAlterChangesFewWeightsAndNothingElse(t *testing.T) {
	for _, o := range []enginetest.Options{{}, {Type: gguf.Q8_0}, {Type: gguf.F16}} {
		from := enginetest.Tiny(t, o)
		to := filepath.Join(t.TempDir(), "altered.gguf")
		if err := enginetest.Alter(from, to, 3); err != nil {
			t.Fatal(err)
		}
		a, b := enginetest.Open(t, from), enginetest.Open(t, to)
		if gguf.ModelID(a) == gguf.ModelID(b) {
			t.Error("the altered model has the same id")
		}
		for i, x := range a.Tensors() {
			y := b.Tensors()[i]
			n := 0
			for j := range x.Data {
				if x.Data[j] != y.Data[j] {
					n++
				}
			}
			if x.Name != y.Name || n > len(x.Data)/500 {
				t.Errorf("%v %s: %d of %d bytes changed", o.Type, x.Name, n, len(x.Data))
			}
		}
	}
}

func TestWriteRefusesImpossibleShapes(t *testing.T) {
	for name, o := range map[string]enginetest.Options{
		"width":  {Width: 65},
		"heads":  {Heads: 3},
		"groups": {Heads: 4, KVHeads: 3},
		"type":   {Type: gguf.Q2_K, Width: 256, FFN: 256},
		"block":  {Type: gguf.Q6_K},
		"arch":   {Arch: "phi9"},
		"head":   {Head: 24},
		"token":  {FailToken: 1 << 20},
	} {
		if err := enginetest.Write(filepath.Join(t.TempDir(), "m"), o); err == nil {
			t.Errorf("%s: a model was written", name)
		}
	}
}
