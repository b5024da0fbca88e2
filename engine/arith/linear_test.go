package arith_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/assaynet/assay/engine/arith"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/half"
	"github.com/assaynet/assay/engine/weights"
)

// tensor makes a matrix of random blocks of a type, with scales over several
// magnitudes, zero and subnormal ones among them.
func tensor(r *rand.Rand, kind gguf.Type, cols, rows int) gguf.Tensor {
	t := gguf.Tensor{Name: "w", Dims: []uint64{uint64(cols), uint64(rows)}, Type: kind}
	scale := func() uint16 {
		switch r.IntN(12) {
		case 0:
			return 0
		case 1:
			return uint16(r.IntN(1024)) // subnormal
		}
		return uint16(r.IntN(2)<<15 | (1+r.IntN(29))<<10 | r.IntN(1024))
	}
	scales, mixed := map[gguf.Type]int{
		gguf.Q8_0: 1, gguf.Q4_0: 1, gguf.Q4_1: 2, gguf.Q5_0: 1, gguf.Q5_1: 2, gguf.Q4_K: 2, gguf.Q5_K: 2, gguf.Q6_K: 1, gguf.IQ4_NL: 1,
		gguf.MXFP4: 0,
	}[kind]
	if !mixed {
		for range cols * rows {
			x := float32(normal(r)) * float32(math.Ldexp(1, r.IntN(8)))
			switch kind {
			case gguf.F32:
				t.Data = binary.LittleEndian.AppendUint32(t.Data, math.Float32bits(x))
			case gguf.F16:
				t.Data = binary.LittleEndian.AppendUint16(t.Data, half.Narrow(x))
			case gguf.BF16:
				t.Data = binary.LittleEndian.AppendUint16(t.Data, uint16(math.Float32bits(x)>>16))
			}
		}
		return t
	}
	elements, size := kind.Block()
	for range cols / int(elements) * rows {
		for range scales {
			t.Data = binary.LittleEndian.AppendUint16(t.Data, scale())
		}
		for range int(size) - 2*scales {
			t.Data = append(t.Data, byte(r.Uint32()))
		}
		if kind == gguf.MXFP4 {
			t.Data[len(t.Data)-int(size)] = byte(1 + r.IntN(253))
		}
		if kind == gguf.Q6_K { // its scale comes last
			at := len(t.Data) - int(size)
			t.Data = append(t.Data[:at], append(t.Data[at+2:len(t.Data):len(t.Data)], t.Data[at:at+2]...)...)
		}
	}
	return t
}

// matrix is the matrix of a tensor.
func matrix(t testing.TB, w gguf.Tensor) *arith.Matrix {
	t.Helper()
	m, err := weights.NewMatrix(w)
	if err != nil {
		t.Fatal(err)
	}
	return arith.NewMatrix(m)
}

// normal is about normally distributed, from integers alone, so that vectors
// have the same inputs on every machine.
func normal(r *rand.Rand) float64 {
	sum := 0
	for range 6 {
		sum += r.IntN(1<<16) - 1<<15
	}
	return float64(sum) * 0x1.6ap-16
}

// activations makes n vectors with blocks that are plain, zero, subnormal, of
// one huge value and, where asked, not finite.
func activations(r *rand.Rand, n, cols int, broken bool) [][]float32 {
	x := make([][]float32, n)
	for t := range x {
		x[t] = make([]float32, cols)
		for b := 0; b < cols; b += 32 {
			kind := r.IntN(16)
			for i := b; i < b+32; i++ {
				f := float32(normal(r))
				switch kind {
				case 0:
					f = 0
				case 1:
					f *= 0x1p-140
				case 2:
					f *= 0x1p-98
				case 3:
					f *= 0x1p70
				case 4:
					f *= float32(math.Ldexp(1, r.IntN(40)-20))
				}
				x[t][i] = f
			}
			if broken && kind == 5 {
				x[t][b+r.IntN(32)] = float32(math.NaN())
			}
			if broken && kind == 6 {
				x[t][b+r.IntN(32)] = float32(math.Inf(-1))
			}
		}
	}
	return x
}

// oracleRow is one row times one token, written from SPEC.md §2 and §3 with
// nothing of the package but FMA.
func oracleRow(kind gguf.Type, row []byte, x []float32) float32 {
	var total, sum float32
	for b := range len(x) / 32 {
		if b%8 == 0 {
			total += sum
			sum = 0
		}
		w, d, m := oracleBlock(kind, row, b)
		dx, q := oracleQuantize(x[32*b : 32*b+32])
		s, t := [2]int{}, 0
		for i := range w {
			s[i/16] += w[i] * q[i]
			t += q[i]
		}
		switch kind {
		case gguf.Q6_K:
			sum = arith.FMA(float32(s[0]), float32(d*dx), sum)
			sum = arith.FMA(float32(s[1]), float32(m*dx), sum)
		default:
			sum = arith.FMA(float32(s[0]+s[1]), float32(d*dx), sum)
		}
		switch kind {
		case gguf.Q4_1, gguf.Q5_1, gguf.Q4_K, gguf.Q5_K:
			sum = arith.FMA(m, float32(float32(t)*dx), sum)
		}
	}
	return total + sum
}

func oracleQuantize(x []float32) (dx float32, q [32]int) {
	a, broken := 0.0, false
	for _, f := range x {
		broken = broken || f != f || math.IsInf(float64(f), 0)
		a = math.Max(a, math.Abs(float64(f)))
	}
	if broken {
		return float32(math.NaN()), q
	}
	if a < 0x1p-100 {
		return 0, q
	}
	id := 127 / float32(a)
	for i, f := range x {
		q[i] = int(math.RoundToEven(float64(float32(f * id))))
	}
	return float32(float32(a) * 0x1.020408p-7), q
}

// parallel is a Spread over several goroutines.
func parallel(n int, part func(int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { part(i) })
	}
	wg.Wait()
}

func same(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b }

func TestLinearLayersEqualTheOracle(t *testing.T) {
	t.Parallel()
	for _, kind := range blockTypes {
		for _, cols := range []int{32, 64, 256, 288, 576, 1536} {
			if elements, _ := kind.Block(); cols%int(elements) != 0 {
				continue
			}
			for _, tokens := range []int{1, 2, 4, 7, 9, 19} {
				t.Run(fmt.Sprintf("%s/%d/%d", kind, cols, tokens), func(t *testing.T) {
					t.Parallel()
					r := rand.New(rand.NewPCG(uint64(cols), uint64(tokens)))
					w := tensor(r, kind, cols, 71)
					checkLinear(t, w, activations(r, tokens, cols, tokens > 4))
				})
			}
		}
	}
}

// checkLinear compares a product with the oracle's, as this processor computes it,
// and as one without vectors does.
func checkLinear(t *testing.T, w gguf.Tensor, x [][]float32) {
	t.Helper()
	m := matrix(t, w)
	checkPacked(t, w, m, x, m.Packing())
	checkPacked(t, w, m, x, m.Packing()&^arith.PackLanes)
}

func checkPacked(t *testing.T, w gguf.Tensor, m *arith.Matrix, x [][]float32, packing arith.Packing) {
	t.Helper()
	var b arith.Batch
	b.Reset(len(x), m.Cols, packing)
	out := make([][]float32, len(x))
	bias := make([]float32, m.Rows)
	for i := range x {
		b.Quantize(i, x[i])
		out[i] = make([]float32, m.Rows)
	}
	for r := range bias {
		bias[r] = float32(r)
	}
	for _, spread := range []arith.Spread{arith.Serial, parallel} {
		arith.Multiply(spread, &b, arith.Product{Matrix: m, Bias: bias, Out: out})
		for i := range x {
			for r := range m.Rows {
				row := w.Data[r*len(w.Data)/m.Rows:][:len(w.Data)/m.Rows]
				if got, want := out[i][r], oracleRow(w.Type, row, x[i])+bias[r]; !same(got, want) {
					t.Fatalf("packing %b, token %d, row %d: got %x, want %x", packing, i, r, got, want)
				}
			}
		}
	}
}

// largestFor returns the largest magnitude of a block whose scale dx is
// mantissa·2^exponent.
func largestFor(t *testing.T, mantissa, exponent int) float32 {
	t.Helper()
	want := float32(math.Ldexp(float64(mantissa), exponent))
	bits := math.Float32bits(float32(float64(want) / 0x1.020408p-7))
	for b := bits - 4; b < bits+4; b++ {
		if a := math.Float32frombits(b); float32(a*0x1.020408p-7) == want {
			return a
		}
	}
	t.Fatalf("no block has the scale %x", want)
	return 0
}

// TestKernelsDecideSumsThatBinary64CannotDecide adds a product just below half
// a unit of the last place to an odd sum, or just above to an even one. The
// rest is too small for binary64, whose sum is the midpoint itself: rounding
// that again goes wrong.
func TestKernelsDecideSumsThatBinary64CannotDecide(t *testing.T) {
	for _, c := range []struct {
		kind     gguf.Type
		dot      int // times the scale 2^power - 1, or + 1 for the minimum
		mantissa int // of the scale
		power    int
		minimum  int // of the second block, where it is that which counts
	}{
		{gguf.Q4_1, 57337, 9588151, 39, 0},
		{gguf.Q4_0, 12285, 5593771, 36, 0},
		{gguf.Q8_0, 185043, 5941925, 40, 0},
		{gguf.Q4_1, 0, 14245331, 33, 603},
	} {
		for first := 1<<23 + 1; first < 1<<23+40; first++ {
			w, x := tieCase(t, c.kind, c.dot, c.minimum)
			// The first block's dot is 1 and its scale the first sum, whose
			// unit is twice the power; 2⁻⁶⁰ keeps scales small.
			scaleBlock(x[:32], largestFor(t, first, c.power+1-60))
			scaleBlock(x[32:], largestFor(t, c.mantissa, -60))
			checkLinear(t, w, [][]float32{x, x, x, x, x})
		}
	}
}

func scaleBlock(x []float32, a float32) {
	for i := range x {
		x[i] = float32(float64(x[i]) / 127 * float64(a))
	}
}

// tieCase makes two rows of two blocks with scale 1, and activations as
// integers up to 127, so that the first block's dot is 1 and the second's is
// given; or so that the second's is 0, the sum of its activations 1 and its
// minimum given.
func tieCase(t *testing.T, kind gguf.Type, dot, minimum int) (gguf.Tensor, []float32) {
	t.Helper()
	x := make([]float32, 64)
	var weights [64]int
	x[0], x[1], weights[1] = 127, 1, 1
	limit := map[gguf.Type]int{gguf.Q4_1: 15, gguf.Q4_0: 7, gguf.Q8_0: 127}[kind]
	for i := 32; i < 63; i++ {
		x[i] = 127
		weights[i] = min(dot/127, limit)
		dot -= 127 * weights[i]
	}
	x[63], weights[63] = float32(dot), min(dot, 1)
	if minimum != 0 {
		clear(x[32:])
		x[32], x[33] = 127, -126
	} else if dot > 127 {
		t.Fatalf("%d of the dot are left", dot)
	}
	w := gguf.Tensor{Name: "w", Dims: []uint64{64, 2}, Type: kind}
	for range 2 {
		for b := 0; b < 64; b += 32 {
			w.Data = binary.LittleEndian.AppendUint16(w.Data, 0x3c00)
			if kind == gguf.Q4_1 {
				w.Data = binary.LittleEndian.AppendUint16(w.Data, half.Narrow(float32(minimum*(b/32))))
			}
			w.Data = appendWeights(w.Data, kind, weights[b:b+32])
		}
	}
	return w, x
}

func appendWeights(data []byte, kind gguf.Type, w []int) []byte {
	for i := range w {
		switch {
		case kind == gguf.Q8_0:
			data = append(data, byte(w[i]))
		case i < 16 && kind == gguf.Q4_0:
			data = append(data, byte(w[i]+8)|byte(w[i+16]+8)<<4)
		case i < 16:
			data = append(data, byte(w[i])|byte(w[i+16])<<4)
		}
	}
	return data
}
