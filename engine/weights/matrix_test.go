package weights_test

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/assaynet/assay/engine/arith"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/half"
	"github.com/assaynet/assay/engine/weights"
)

// floats is a tensor of random floats of a type.
func floats(r *rand.Rand, kind gguf.Type, cols, rows int) gguf.Tensor {
	t := gguf.Tensor{Name: "w", Dims: []uint64{uint64(cols), uint64(rows)}, Type: kind}
	for range cols * rows {
		x := float32(r.NormFloat64() * math.Ldexp(1, r.IntN(8)))
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

func TestFloatMatricesBecomeQ8_0(t *testing.T) {
	for _, kind := range []gguf.Type{gguf.F32, gguf.F16, gguf.BF16} {
		r := rand.New(rand.NewPCG(uint64(kind), 1))
		w := floats(r, kind, 288, 5)
		m, err := weights.NewMatrix(w)
		if err != nil {
			t.Fatal(err)
		}
		if m.Type != gguf.Q8_0 {
			t.Fatalf("%s became %s", kind, m.Type)
		}
		size := len(w.Data) / 5 / 288
		for row := range 5 {
			got := make([]float32, 288)
			arith.NewMatrix(m).Embed(got, row)
			for b := 0; b < 288; b += 32 {
				x := make([]float32, 32)
				for i := range x {
					at := w.Data[((row*288)+b+i)*size:]
					switch kind {
					case gguf.F32:
						x[i] = math.Float32frombits(binary.LittleEndian.Uint32(at))
					case gguf.F16:
						x[i] = half.Widen(binary.LittleEndian.Uint16(at))
					case gguf.BF16:
						x[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(at)) << 16)
					}
				}
				for i, want := range oracleTranscode(x) {
					if math.Float32bits(got[b+i]) != math.Float32bits(want) {
						t.Fatalf("%s, row %d, element %d: got %x, want %x", kind, row, b+i, got[b+i], want)
					}
				}
			}
		}
	}
}

// oracleTranscode is ggml's quantize_row_q8_0_ref and back.
func oracleTranscode(x []float32) []float32 {
	var a float32
	for _, f := range x {
		a = max(a, float32(math.Abs(float64(f))))
	}
	d := a / 127
	id := float32(0)
	if d != 0 {
		id = 1 / d
	}
	kept := half.Widen(half.Narrow(d))
	y := make([]float32, len(x))
	for i, f := range x {
		p := float64(float32(f * id))
		q := math.Trunc(p + math.Copysign(0.5, p))
		if kept != 0 {
			y[i] = float32(int(q)) * kept // an integer zero has no sign
		}
	}
	return y
}

func TestTranscodingKeepsTinyRowsAsZero(t *testing.T) {
	w := gguf.Tensor{Name: "w", Dims: []uint64{32, 1}, Type: gguf.F32}
	for range 32 {
		w.Data = binary.LittleEndian.AppendUint32(w.Data, math.Float32bits(0x1p-140))
	}
	m, err := weights.NewMatrix(w)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]float32, 32)
	arith.NewMatrix(m).Embed(out, 0)
	for i, f := range out {
		if f != 0 {
			t.Errorf("element %d: got %x, want 0", i, f)
		}
	}
}
