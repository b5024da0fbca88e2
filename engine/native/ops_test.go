//go:build cgo

package native_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/assaynet/assay/engine/arith"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/half"
	"github.com/assaynet/assay/engine/native"
	"github.com/assaynet/assay/engine/weights"
)

// storedType is a type of weights, and where a stored block has its binary16
// scales.
type storedType struct {
	t      gguf.Type
	halves []int
}

var storedTypes = []storedType{
	{gguf.Q4_0, []int{0}},
	{gguf.Q4_1, []int{0, 2}},
	{gguf.Q5_0, []int{0}},
	{gguf.Q5_1, []int{0, 2}},
	{gguf.Q8_0, []int{0}},
	{gguf.Q4_K, []int{0, 2}},
	{gguf.Q5_K, []int{0, 2}},
	{gguf.Q6_K, []int{208}},
	{gguf.IQ4_NL, []int{0}},
	{gguf.MXFP4, nil},
}

// block returns the weights of a stored block and its bytes.
func (s storedType) block() (elements, bytes int) {
	e, b := s.t.Block()
	return int(e), int(b)
}

// randomWeights are blocks of random bytes; the scales are of every finite
// kind: ordinary, subnormal, ±0, the largest.
func randomWeights(r *rand.Rand, s storedType, rows, cols int) []byte {
	elements, bytes := s.block()
	data := make([]byte, rows*cols/elements*bytes)
	for i := range data {
		data[i] = byte(r.Uint32())
	}
	for at := 0; at < len(data); at += bytes {
		if s.t == gguf.MXFP4 && data[at] == 0xff { // NaN, which a file may not hold
			data[at] = byte(r.IntN(3))
		}
		for _, h := range s.halves {
			d := uint16(r.Uint32()) & 0x83ff
			switch r.IntN(12) {
			case 0: // subnormal or zero
			case 1:
				d = d&0x8000 | 0x7bff
			case 2:
				d &= 0x8000
			default:
				d |= uint16(8+r.IntN(12)) << 10
			}
			binary.LittleEndian.PutUint16(data[at+h:], d)
		}
	}
	return data
}

// awkward fills x with values that break careless code: blocks of zeros,
// subnormals, huge and tiny ones, infinities, NaN, and numbers whose quotients
// fall halfway between two integers.
func awkward(r *rand.Rand, x []float32, finite bool) {
	for at := 0; at < len(x); at += 32 {
		b := x[at:min(at+32, len(x))]
		kind := r.IntN(14)
		if finite && kind >= 10 && kind <= 12 {
			kind = 0
		}
		for i := range b {
			v := float32(r.NormFloat64())
			switch kind {
			case 1:
				v = 0
			case 2:
				v = math.Float32frombits(r.Uint32() & 0x807fffff)
			case 3:
				v *= 0x1p-100
			case 4:
				v *= 0x1p-99
			case 5: // ties: 127/127 is 1, so k + ½ rounds to even
				v = float32(r.IntN(253)-126) + 0.5
			case 6:
				v *= 0x1p60
			case 7:
				v = float32(math.Copysign(0, float64(v)))
			case 8:
				v *= 0x1p-126
			}
			b[i] = v
		}
		switch kind {
		case 5:
			b[0] = 127
		case 9:
			clear(b)
			b[r.IntN(len(b))] = math.MaxFloat32
		case 10:
			b[r.IntN(len(b))] = float32(math.Inf(1))
		case 11:
			b[r.IntN(len(b))] = float32(math.NaN())
		case 12:
			b[r.IntN(len(b))] = math.Float32frombits(0xff800001)
		}
	}
}

// agree compares bits, where one NaN is as good as another.
func agree(t *testing.T, what string, got, want []float32) {
	t.Helper()
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) && (got[i] == got[i] || want[i] == want[i]) {
			t.Fatalf("%s: element %d: got %x, want %x", what, i, got[i], want[i])
		}
	}
}

func TestLinearLayersEqualTheReference(t *testing.T) {
	cases := uint64(0)
	for _, s := range storedTypes {
		elements, _ := s.block()
		for _, cols := range []int{32, 96, 128, 160, 224, 256, 288, 512, 576, 768, 1536} {
			if cols%elements != 0 {
				continue
			}
			for _, rows := range []int{1, 16, 21} {
				for _, n := range []int{1, 2, 3, 5, 8, 15, 33} {
					linearCase(t, s, rows, cols, n, cases)
					cases++
				}
			}
		}
		for _, cols := range []int{8448, 8480, 8672} { // rows longer than a run of k_gemv.h
			if cols%elements == 0 {
				linearCase(t, s, 21, cols, 1, cases)
				cases++
			}
		}
	}
	t.Logf("%d cases", cases)
}

// linearCase compares a product and a row of its matrix at every level.
func linearCase(t *testing.T, s storedType, rows, cols, n int, seed uint64) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	data := randomWeights(r, s, rows, cols)
	w, err := weights.NewMatrix(gguf.Tensor{Name: "w", Dims: []uint64{uint64(cols), uint64(rows)}, Type: s.t, Data: data})
	if err != nil {
		t.Fatal(s.t, err)
	}
	m := arith.NewMatrix(w)
	var bias []float32
	if seed%2 == 0 {
		bias = make([]float32, rows)
		awkward(r, bias, true)
	}
	x := make([]float32, n*cols)
	awkward(r, x, seed%3 != 0)
	var batch arith.Batch
	batch.Reset(n, cols, m.Packing())
	p := arith.Product{Matrix: m, Bias: bias}
	for i := range n {
		batch.Quantize(i, x[i*cols:(i+1)*cols])
		p.Out = append(p.Out, make([]float32, rows))
	}
	arith.Multiply(arith.Serial, &batch, p)
	row := int(seed) % rows
	embed, want := make([]float32, cols), make([]float32, cols)
	m.Embed(want, row)
	for _, l := range native.Levels() {
		for _, interleaved := range []bool{false, true} {
			what := fmt.Sprintf("%v: %s, %d × %d, %d tokens, interleaved %v", l, s.t, rows, cols, n, interleaved)
			got, err := native.TestGEMM(l, interleaved, s.t, rows, cols, data, n, x, bias)
			if err != nil {
				t.Fatal(what, err)
			}
			for i := range n {
				agree(t, fmt.Sprintf("%s, token %d", what, i), got[i], p.Out[i])
			}
			if err := native.TestEmbed(l, interleaved, s.t, rows, cols, data, row, embed); err != nil {
				t.Fatal(what, err)
			}
			agree(t, what+", embedding", embed, want)
		}
	}
}

func TestQuantisationEqualsTheReference(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for range 400 {
		x := make([]float32, 32*(1+r.IntN(20)))
		awkward(r, x, false)
		var v arith.Vec
		v.Quantize(x, arith.Pack8)
		for _, l := range native.Levels() {
			q, dx, tx, err := native.TestQuantize(l, x)
			if err != nil {
				t.Fatal(l, err)
			}
			agree(t, l.String()+": dx", dx, v.DX)
			agree(t, l.String()+": tx", tx, v.TX)
			for i := range q {
				if q[i] != v.Q[i] {
					t.Fatalf("%v: q[%d] of %x: got %d, want %d", l, i, x[i], q[i], v.Q[i])
				}
			}
		}
	}
}

func TestNormsEqualTheReference(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for n := 2; n < 1600; n += 1 + n/9 {
		for k := range 4 {
			x, w, want := make([]float32, n), make([]float32, n), make([]float32, n)
			awkward(r, x, k > 0)
			awkward(r, w, true)
			arith.RMSNorm(want, x, w, 1e-5)
			for _, l := range native.Levels() {
				got, err := native.TestNorm(l, x, w, 1e-5)
				if err != nil {
					t.Fatal(l, err)
				}
				agree(t, fmt.Sprintf("%v: norm of %d", l, n), got, want)
			}
		}
	}
}

func TestFunctionsEqualTheReference(t *testing.T) {
	x := []float32{0, float32(math.Copysign(0, -1)), 88, 89, -87.336544, -87.33655, -88, -104, 1e30, -1e30, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN())}
	for b := range uint32(1 << 21) {
		x = append(x, math.Float32frombits(b*2047+b>>7)) // every exponent and sign
	}
	r := rand.New(rand.NewPCG(4, 4))
	y := make([]float32, len(x))
	for i := range y {
		y[i] = float32(r.NormFloat64())
	}
	want := make([][]float32, 4)
	for kind := range want {
		want[kind] = make([]float32, len(x))
	}
	const softcap = 30
	for i, v := range x {
		want[0][i], want[1][i], want[2][i], want[3][i] = arith.Exp(v), float32(arith.SiLU(v)*y[i]), float32(arith.GELU(v)*y[i]), arith.SoftCap(v, softcap)
	}
	forEachLevel(t, func(t *testing.T, l native.Level) {
		for kind, w := range want {
			second := y
			if kind == 3 {
				second = []float32{softcap}
			}
			got, err := native.TestFunction(l, kind, x, second)
			if err != nil {
				t.Fatal(err)
			}
			for i := range w {
				if math.Float32bits(got[i]) != math.Float32bits(w[i]) && (got[i] == got[i] || w[i] == w[i]) {
					t.Fatalf("function %d of %x: got %x, want %x", kind, x[i], got[i], w[i])
				}
			}
		}
	})
}

func TestAttentionEqualsTheReference(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for _, d := range []int{8, 16, 32, 40, 64, 80, 96, 128, 160, 256} {
		for _, n := range []int{1, 2, 16, 63, 64, 65, 128, 200} {
			attentionCase(t, r, d, n)
		}
	}
}

// attentionCase compares some queries, such that every loop of every level has
// work, at positions up to n-1, with and without a window and a cap, at every
// level.
func attentionCase(t *testing.T, r *rand.Rand, d, n int) {
	t.Helper()
	rows := 7
	switch n {
	case 63:
		rows = 2
	case 64:
		rows = 5
	case 65:
		rows = 24 + 6 + 4
	case 128:
		rows = 6 + 2
	case 200:
		rows = 24 + 6 + 3
	}
	half := func(x []float32) []float32 {
		for i := range x {
			x[i] = half.Widen(half.Narrow(x[i]))
		}
		return x
	}
	fill := func(m int) []float32 {
		x := make([]float32, m)
		for i := range x {
			x[i] = float32(r.NormFloat64())
			if r.IntN(50) == 0 {
				x[i] *= 0x1p-20
			}
		}
		return x
	}
	q, k, v := fill(rows*d), half(fill(n*d)), half(fill(n*d))
	for _, see := range []arith.Sight{{}, {Window: 1}, {Window: 50}, {Window: 64}, {Cap: 5}, {Window: 70, Cap: 20}} {
		from, to := make([]int32, rows), make([]int32, rows)
		want := make([][]float32, rows)
		for i := range rows {
			to[i] = int32(max(0, n-rows+i))
			if see.Window > 0 {
				from[i] = max(0, to[i]-int32(see.Window)+1)
			}
			want[i] = make([]float32, d)
			end := (int(to[i]) + 1) * d
			arith.Attend(want[i], q[i*d:(i+1)*d], k[:end], v[:end], see)
		}
		type way struct {
			slices int // 0: one thread's
			far    bool
		}
		ways := []way{{0, false}, {0, true}}
		if n > arith.PageLen { // and those of threads together
			ways = append(ways, way{3, false}, way{3, true})
		}
		for _, l := range native.Levels() {
			for _, w := range ways {
				got, err := native.TestAttend(l, w.slices, w.far, rows, d, see.Cap, q, k, v, from, to)
				if err != nil {
					t.Fatal(l, err)
				}
				for i := range rows {
					agree(t, fmt.Sprintf("%v: head of %d, %d positions, %+v, %+v, row %d", l, d, n, see, w, i), got[i*d:(i+1)*d], want[i])
				}
			}
		}
	}
}
