package enginetest

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/assaynet/assay/engine/gguf"
)

// appendBlock appends the 32 weights q[i] · d in the layout of ggml's type t.
// d is given by its f16 bits, positive and normal; q is from -8 to 7. d needs at
// most 4 bits of precision, so that every product is exact even as BF16.
func appendBlock(b []byte, t gguf.Type, d uint16, q [32]int8) ([]byte, error) {
	switch t {
	case gguf.Q8_0: // f16 d, 32 × int8
		b = binary.LittleEndian.AppendUint16(b, d)
		for _, x := range q {
			b = append(b, byte(x))
		}
		return b, nil
	case gguf.Q4_0: // f16 d, 16 bytes of nibbles: w = d · (nibble - 8)
		return appendNibbles(binary.LittleEndian.AppendUint16(b, d), q), nil
	case gguf.Q4_1: // f16 d, f16 m, nibbles: w = d · nibble + m, and m = -8 · d
		b = binary.LittleEndian.AppendUint16(b, d)
		b = binary.LittleEndian.AppendUint16(b, d+3<<10|1<<15)
		return appendNibbles(b, q), nil
	case gguf.F32, gguf.F16, gguf.BF16:
		for _, x := range q {
			b = appendFloat(b, t, float32(x)*widen(d))
		}
		return b, nil
	}
	return nil, fmt.Errorf("enginetest: matrices of %v cannot be made", t)
}

// appendNibbles appends q + 8: byte j holds element j low and element j+16 high.
func appendNibbles(b []byte, q [32]int8) []byte {
	for j := range 16 {
		b = append(b, byte(q[j]+8)|byte(q[j+16]+8)<<4)
	}
	return b
}

// widen returns the value of a positive normal f16.
func widen(h uint16) float32 {
	return math.Float32frombits(uint32(h)<<13 + (127-15)<<23)
}

// appendFloat appends x, which t holds exactly.
func appendFloat(b []byte, t gguf.Type, x float32) []byte {
	bits := math.Float32bits(x)
	switch t {
	case gguf.F32:
		return binary.LittleEndian.AppendUint32(b, bits)
	case gguf.BF16:
		return binary.LittleEndian.AppendUint16(b, uint16(bits>>16))
	}
	if x == 0 {
		return binary.LittleEndian.AppendUint16(b, 0)
	}
	sign := uint16(bits >> 16 & 0x8000)
	rest := bits&0x7fffffff - (127-15)<<23
	return binary.LittleEndian.AppendUint16(b, sign|uint16(rest>>13))
}
