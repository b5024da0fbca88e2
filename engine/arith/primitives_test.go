package arith_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/assaynet/assay/engine/arith"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/half"
	"github.com/assaynet/assay/engine/rope"
)

// The vectors of testdata/primitives.json are what a stranger's backend is
// compared with, one list for each primitive; their names and shapes are in
// testdata/README.md.

const primitivesFile = "testdata/primitives.json"

// vectors collects lists of cases; floats are hexadecimal, exact, "NaN" and
// "+Inf" where they are not finite.
type vectors map[string][]map[string]any

func (v vectors) add(primitive string, c map[string]any) { v[primitive] = append(v[primitive], c) }

func hex32(x float32) string { return strconv.FormatFloat(float64(x), 'x', -1, 32) }

func hexes(x []float32) []string {
	s := make([]string, len(x))
	for i, f := range x {
		s[i] = hex32(f)
	}
	return s
}

func TestPrimitivesEqualTheirVectors(t *testing.T) {
	v := vectors{}
	r := rand.New(rand.NewPCG(2026, 11))
	scalarVectors(v, r)
	sumVectors(v, r)
	layerVectors(t, v, r)
	attentionVectors(v, r)
	chooseVectors(v, r)
	// What came later has a source of its own, so that the earlier vectors stay
	// as they are.
	r = rand.New(rand.NewPCG(2026, 12))
	blockVectors(t, v, r)
	windowVectors(v, r)
	factorVectors(v)
	var got bytes.Buffer
	e := json.NewEncoder(&got)
	e.SetIndent("", " ")
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		if err := os.WriteFile(primitivesFile, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(primitivesFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("the primitives differ from %s: %s", primitivesFile, firstDifference(got.Bytes(), want))
	}
}

func firstDifference(got, want []byte) string {
	g, w := bytes.Split(got, []byte("\n")), bytes.Split(want, []byte("\n"))
	for i := range min(len(g), len(w)) {
		if !bytes.Equal(g[i], w[i]) {
			return "line " + strconv.Itoa(i+1) + ": got " + string(g[i]) + ", want " + string(w[i])
		}
	}
	return "one ends before the other"
}

func scalarVectors(v vectors, r *rand.Rand) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for range 40 {
		z := math.Float32frombits(uint32(100+r.IntN(50))<<23 | r.Uint32()&0x807fffff)
		x, y := 1+float32(r.IntN(1<<12))*0x1p-23, z*0x1p-24
		v.add("fma", map[string]any{"x": hex32(x), "y": hex32(y), "z": hex32(z), "out": hex32(arith.FMA(x, y, z))})
	}
	for range 20 {
		x, y, z := math.Float32frombits(r.Uint32()>>2), math.Float32frombits(r.Uint32()>>2), math.Float32frombits(r.Uint32()>>3)
		v.add("fma", map[string]any{"x": hex32(x), "y": hex32(y), "z": hex32(-z), "out": hex32(arith.FMA(x, y, -z))})
	}
	inputs := []float32{0, 88, 88.5, 100, inf, -inf, nan, -0x1.5d51ecp+6, -0x1.5d51eap+6, -0x1.5d51eep+6, -1000, -0x1p-30}
	for range 40 {
		inputs = append(inputs, float32(normal(r))*float32(math.Ldexp(1, r.IntN(8)-1)))
	}
	for _, x := range inputs {
		v.add("exp", map[string]any{"x": hex32(x), "out": hex32(arith.Exp(x))})
		v.add("silu", map[string]any{"x": hex32(x), "out": hex32(arith.SiLU(x))})
		v.add("gelu", map[string]any{"x": hex32(x), "out": hex32(arith.GELU(x))})
		v.add("soft_cap", map[string]any{"x": hex32(x), "c": hex32(30), "out": hex32(arith.SoftCap(x, 30))})
		v.add("narrow", map[string]any{"x": hex32(x), "out": int(half.Narrow(x))})
	}
	for _, c := range []rope.Config{
		{Base: 10000, Rot: 8}, {Base: 500000, Rot: 8, Factors: []float32{1, 2.5, 8, 32}}, {Base: 10000, Rot: 8, Scale: 4, Halves: true},
	} {
		tables := rope.New(c)
		for _, pos := range []int{0, 1, 63, 64, 8191, 131071, 1<<20 - 1} {
			head := make([]float32, 8)
			for i := range head {
				head[i] = float32(normal(r))
			}
			in := hexes(head)
			table := tables.At(pos)
			arith.Turn(head, table, c.Halves)
			v.add("rope", map[string]any{
				"base": hex32(c.Base), "rot": c.Rot, "factors": hexes(c.Factors), "scale": hex32(c.Scale), "halves": c.Halves,
				"pos": pos, "table": hexes(table), "head": in, "out": hexes(head),
			})
		}
	}
}

// factorVectors are rows of tables that a factor multiplies, as rope has them.
func factorVectors(v vectors) {
	c := rope.Config{Base: 10000, Rot: 8, Halves: true, Factors: []float32{1, 1.25, 2, 3}, Attention: 1.1902380714238083}
	for _, pos := range []int{0, 1, 4095} {
		v.add("rope_attention", map[string]any{
			"base": hex32(c.Base), "rot": c.Rot, "factors": hexes(c.Factors), "attention": hex32(c.Attention),
			"pos": pos, "table": hexes(rope.New(c).At(pos)),
		})
	}
}

func sumVectors(v vectors, r *rand.Rand) {
	for _, n := range []int{1, 16, 17, 255, 256, 257, 300} {
		x, w := make([]float32, n), make([]float32, n)
		for i := range x {
			x[i], w[i] = float32(normal(r)), float32(normal(r))
		}
		y := make([]float32, n)
		arith.RMSNorm(y, x, w, 1e-5)
		v.add("norm", map[string]any{
			"x": hexes(x), "w": hexes(w), "eps": hex32(1e-5), "sum_squares": hex32(arith.SumSquares(x)), "out": hexes(y),
		})
	}
	for range 2 {
		var p [arith.PageLen]float32
		for i := range p {
			p[i] = r.Float32()
		}
		v.add("sum_page", map[string]any{"p": hexes(p[:]), "out": hex32(arith.SumPage(&p))})
	}
}

func layerVectors(t *testing.T, v vectors, r *rand.Rand) {
	t.Helper()
	for _, kind := range []gguf.Type{gguf.Q8_0, gguf.Q4_0, gguf.Q4_1, gguf.F32, gguf.F16, gguf.BF16} {
		linearVectors(t, v, r, kind, 32, 288)
	}
}

// blockVectors are those of the types that came after the first ones.
func blockVectors(t *testing.T, v vectors, r *rand.Rand) {
	t.Helper()
	for _, kind := range []gguf.Type{gguf.Q5_0, gguf.Q5_1, gguf.IQ4_NL, gguf.MXFP4} {
		linearVectors(t, v, r, kind, 288)
	}
	for _, kind := range []gguf.Type{gguf.Q4_K, gguf.Q5_K, gguf.Q6_K} {
		linearVectors(t, v, r, kind, 512)
	}
}

func linearVectors(t *testing.T, v vectors, r *rand.Rand, kind gguf.Type, widths ...int) {
	t.Helper()
	for _, cols := range widths {
		w := tensor(r, kind, cols, 2)
		m := matrix(t, w)
		x := activations(r, 1, cols, false)
		out, row := [][]float32{make([]float32, 2)}, make([]float32, cols)
		var b arith.Batch
		b.Reset(1, cols, m.Packing())
		b.Quantize(0, x[0])
		arith.Multiply(arith.Serial, &b, arith.Product{Matrix: m, Out: out})
		m.Embed(row, 1)
		v.add("linear", map[string]any{
			"type": kind.String(), "cols": cols, "rows": 2, "weights": hex.EncodeToString(w.Data), "x": hexes(x[0]),
			"q": b.Vec(0).Q, "dx": hexes(b.Vec(0).DX), "out": hexes(out[0]), "embed_row_1": hexes(row),
		})
	}
}

func attentionVectors(v vectors, r *rand.Rand) {
	const d = 4
	for _, n := range []int{1, 63, 64, 65, 130} {
		q, k, val := make([]float32, d), make([]float32, n*d), make([]float32, n*d)
		for i := range q {
			q[i] = float32(normal(r))
		}
		for i := range k {
			k[i] = half.Widen(half.Narrow(float32(2 * normal(r))))
			val[i] = half.Widen(half.Narrow(float32(normal(r))))
		}
		out := make([]float32, d)
		arith.Attend(out, q, k, val, arith.Sight{})
		v.add("attention", map[string]any{"q": hexes(q), "k": hexes(k), "v": hexes(val), "out": hexes(out)})
	}
}

// windowVectors are attention over a window, and with a soft cap; names as in
// attention, where window and cap are 0.
func windowVectors(v vectors, r *rand.Rand) {
	const d, n = 4, 150
	q, k, val := make([]float32, d), make([]float32, n*d), make([]float32, n*d)
	for i := range q {
		q[i] = float32(normal(r))
	}
	for i := range k {
		k[i] = half.Widen(half.Narrow(float32(2 * normal(r))))
		val[i] = half.Widen(half.Narrow(float32(normal(r))))
	}
	for _, see := range []arith.Sight{{Window: 1}, {Window: 22}, {Window: 64}, {Window: 100}, {Cap: 1.5}} {
		out := make([]float32, d)
		arith.Attend(out, q, k, val, see)
		v.add("window", map[string]any{
			"q": hexes(q), "k": hexes(k), "v": hexes(val), "window": see.Window, "cap": hex32(see.Cap), "out": hexes(out),
		})
	}
}

func chooseVectors(v vectors, r *rand.Rand) {
	for i := range 12 {
		logits := make([]float32, 40)
		for j := range logits {
			logits[j] = float32(math.Round(normal(r)*12) / 4)
		}
		s := arith.Sampling{Temperature: float32(i) / 4, TopK: uint32(1 + r.IntN(60)), TopP: uint32(1 + r.IntN(65536))}
		for j := range s.Seed {
			s.Seed[j] = byte(r.Uint32())
		}
		v.add("choose", map[string]any{
			"logits": hexes(logits), "temperature": hex32(s.Temperature), "top_k": s.TopK, "top_p": s.TopP,
			"seed": hex.EncodeToString(s.Seed[:]), "pos": i * 1000, "out": arith.Choose(logits, s, i*1000),
		})
	}
}
