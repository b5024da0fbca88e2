package weights

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/half"
)

// blockLen is how many weights along the input share a scale.
const blockLen = 32

// Matrix is a linear layer's weights, row after row as ggml lays them out.
// Nobody changes it.
type Matrix struct {
	Rows, Cols int       // outputs, inputs; Cols is a multiple of 32, and of 256 for types that store so many together
	Type       gguf.Type // of the blocks: the file's, or Q8_0 where that was F32, F16 or BF16; one of Types
	Data       []byte    // [Rows] of Stride bytes
}

// checks are the types that a Matrix may have, with what tells whether a stored
// block's scales and minima are finite.
var checks = map[gguf.Type]func(block []byte) bool{
	gguf.Q8_0: finiteD, gguf.Q4_0: finiteD, gguf.Q4_1: finiteDM, gguf.Q5_0: finiteD, gguf.Q5_1: finiteDM,
	gguf.Q4_K: finiteDM, gguf.Q5_K: finiteDM, gguf.IQ4_NL: finiteD,
	gguf.Q6_K:  func(block []byte) bool { return finiteD(block[208:]) },
	gguf.MXFP4: func(block []byte) bool { return block[0] != 0xFF }, // an exponent; that one stands for NaN
}

func finiteD(block []byte) bool { return half.Finite(binary.LittleEndian.Uint16(block)) }

func finiteDM(block []byte) bool {
	return half.Finite(binary.LittleEndian.Uint16(block)) && half.Finite(binary.LittleEndian.Uint16(block[2:]))
}

// Types lists the types that a Matrix may have, in no order.
func Types() []gguf.Type {
	list := make([]gguf.Type, 0, len(checks))
	for t := range checks {
		list = append(list, t)
	}
	return list
}

// float is a type of plain floats: matrices of it become Q8_0, vectors are widened.
type float struct {
	bytes int // of an element
	widen func(b []byte) float32
}

var floats = map[gguf.Type]float{
	gguf.F32:  {4, func(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) }},
	gguf.F16:  {2, func(b []byte) float32 { return half.Widen(binary.LittleEndian.Uint16(b)) }},
	gguf.BF16: {2, func(b []byte) float32 { return math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16) }},
}

// NewMatrix takes a tensor of two dimensions as a matrix: the tensor's bytes
// themselves, or a transcoded copy for F32, F16 and BF16. It refuses other
// types (ErrUnsupported), widths that are no multiple of a block and scales or
// elements that are not finite (ErrWeights).
func NewMatrix(t gguf.Tensor) (*Matrix, error) {
	if len(t.Dims) != 2 {
		return nil, fmt.Errorf("%w: tensor %s has %d dimensions, want 2", ErrWeights, t.Name, len(t.Dims))
	}
	m := &Matrix{Cols: int(t.Dims[0]), Rows: int(t.Dims[1]), Type: t.Type, Data: t.Data}
	if from, ok := floats[t.Type]; ok {
		return m, m.transcode(t, from)
	}
	finite, ok := checks[t.Type]
	if !ok {
		return nil, fmt.Errorf("%w: tensor %s is of type %s", ErrUnsupported, t.Name, t.Type)
	}
	elements, size := t.Type.Block()
	if m.Cols%int(elements) != 0 {
		return nil, fmt.Errorf("%w: tensor %s is %d wide, not a multiple of %d", ErrWeights, t.Name, m.Cols, elements)
	}
	if len(m.Data) != m.Rows*m.Stride() {
		return nil, fmt.Errorf("%w: tensor %s has %d bytes, want %d", ErrWeights, t.Name, len(m.Data), m.Rows*m.Stride())
	}
	for at := 0; at < len(m.Data); at += int(size) {
		if !finite(m.Data[at : at+int(size)]) {
			return nil, fmt.Errorf("%w: tensor %s has a scale that is not finite in row %d", ErrWeights, t.Name, at/m.Stride())
		}
	}
	return m, nil
}

// Stride returns the bytes of a row.
func (m *Matrix) Stride() int {
	elements, size := m.Type.Block()
	return m.Cols / int(elements) * int(size)
}

// part returns n of m's rows, from a row on, as a matrix of their own.
func (m *Matrix) part(from, n int) *Matrix {
	return &Matrix{Rows: n, Cols: m.Cols, Type: m.Type, Data: m.Data[from*m.Stride() : (from+n)*m.Stride()]}
}

// transcode makes m Q8_0 blocks of a tensor of floats.
func (m *Matrix) transcode(t gguf.Tensor, from float) error {
	if m.Cols%blockLen != 0 {
		return fmt.Errorf("%w: tensor %s is %d wide, not a multiple of %d", ErrWeights, t.Name, m.Cols, blockLen)
	}
	if len(t.Data) != m.Rows*m.Cols*from.bytes {
		return fmt.Errorf("%w: tensor %s has %d bytes, want %d", ErrWeights, t.Name, len(t.Data), m.Rows*m.Cols*from.bytes)
	}
	m.Type = gguf.Q8_0
	m.Data = make([]byte, 0, m.Rows*m.Stride())
	row := make([]float32, m.Cols)
	for r := range m.Rows {
		for i := range row {
			row[i] = from.widen(t.Data[(r*m.Cols+i)*from.bytes:])
		}
		var ok bool
		if m.Data, ok = appendQ80(m.Data, row); !ok {
			return fmt.Errorf("%w: tensor %s has an element or a scale that is not finite in row %d", ErrWeights, t.Name, r)
		}
	}
	return nil
}

// appendQ80 appends the row x as Q8_0 blocks, rounded as ggml's
// quantize_row_q8_0_ref rounds (SPEC.md §3); ok is false where an element or a
// scale is not finite.
func appendQ80(out []byte, x []float32) (_ []byte, ok bool) {
	for ; len(x) > 0; x = x[blockLen:] {
		var a float32
		for _, f := range x[:blockLen] {
			if !finite(f) {
				return nil, false
			}
			a = max(a, float32(math.Abs(float64(f))))
		}
		d := a / 127
		id := float32(0)
		if d != 0 {
			id = 1 / d
		}
		h := half.Narrow(d)
		if !half.Finite(h) {
			return nil, false
		}
		out = binary.LittleEndian.AppendUint16(out, h)
		for _, f := range x[:blockLen] {
			q := int8(0)
			if h != 0 {
				q = int8(math.Round(float64(f * id)))
			}
			out = append(out, byte(q))
		}
	}
	return out, true
}

// finite tells whether x is neither NaN nor infinite.
func finite(x float32) bool { return math.Float32bits(x)&0x7f800000 != 0x7f800000 }
