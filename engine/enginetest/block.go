package enginetest

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/assaynet/assay/engine/gguf"
)

// appendBlocks appends weights in the layout of ggml's type t, which holds them
// exactly: products of a level and a step need at most 7 bits. Blocks of 256
// take eight levels with one exponent.
func appendBlocks(b []byte, t gguf.Type, l []levels) ([]byte, error) {
	n := int(blockElements(t) / 32)
	for i := 0; i < len(l); i += n {
		switch t {
		case gguf.Q4_K, gguf.Q5_K:
			b = appendK45(b, t, (*[8]levels)(l[i:]))
		case gguf.Q6_K:
			b = appendK6(b, (*[8]levels)(l[i:]))
		default:
			var err error
			if b, err = appendBlock(b, t, &l[i]); err != nil {
				return nil, err
			}
		}
	}
	return b, nil
}

// blockElements is how many weights matrices of t are made of at a time.
func blockElements(t gguf.Type) uint32 {
	elements, _ := t.Block()
	return uint32(max(elements, 32))
}

// step returns the f16 bits of the step times 2^up.
func (l *levels) step(up int) uint16 { return uint16((l.exp+up+15)<<10 | l.eighths<<7) }

// appendBlock appends one block of a type that has blocks of 32.
func appendBlock(b []byte, t gguf.Type, l *levels) ([]byte, error) {
	d, min8 := l.step(0), l.step(3)|1<<15 // min8 is -8 · d
	switch t {
	case gguf.Q8_0: // f16 d, 32 × int8
		b = binary.LittleEndian.AppendUint16(b, d)
		for _, x := range l.q {
			b = append(b, byte(x))
		}
		return b, nil
	case gguf.Q4_0: // f16 d, 16 bytes of nibbles: w = d · (nibble - 8)
		return appendNibbles(binary.LittleEndian.AppendUint16(b, d), l.q), nil
	case gguf.Q4_1: // f16 d, f16 m, nibbles: w = d · nibble + m
		b = binary.LittleEndian.AppendUint16(b, d)
		return appendNibbles(binary.LittleEndian.AppendUint16(b, min8), l.q), nil
	case gguf.Q5_0: // f16 d, 32 fifth bits, nibbles: w = d · (u - 16); u = q + 16 has its fifth bit set for q >= 0
		b = binary.LittleEndian.AppendUint16(b, d)
		var fifth uint32
		nibbles := l.q
		for i, x := range l.q {
			if x >= 0 {
				fifth |= 1 << i
			}
			nibbles[i] = x&15 - 8
		}
		return appendNibbles(binary.LittleEndian.AppendUint32(b, fifth), nibbles), nil
	case gguf.Q5_1: // f16 d, f16 m, 32 fifth bits (of u = q + 8, none), nibbles: w = d · u + m
		b = binary.LittleEndian.AppendUint16(b, d)
		b = binary.LittleEndian.AppendUint16(b, min8)
		return appendNibbles(binary.LittleEndian.AppendUint32(b, 0), l.q), nil
	case gguf.F32, gguf.F16, gguf.BF16:
		for _, x := range l.q {
			b = appendFloat(b, t, float32(x)*widen(d))
		}
		return b, nil
	}
	return nil, fmt.Errorf("enginetest: matrices of %v cannot be made", t)
}

// appendK45 appends a block of Q4_K or Q5_K: f16 d and dmin, eight scales and
// minima of six bits, for Q5_K 32 bytes of fifth bits (none), 128 bytes of
// nibbles. d is an eighth of the step without its eighths, scales are 8 +
// eighths, and dmin is 8 · d.
func appendK45(b []byte, t gguf.Type, l *[8]levels) []byte {
	base := levels{exp: l[0].exp}
	b = binary.LittleEndian.AppendUint16(b, base.step(-3))
	b = binary.LittleEndian.AppendUint16(b, base.step(0))
	var scales [12]byte // those of blocks 4 … 7 have no upper bits here
	for j := range 4 {
		low, high := byte(8+l[j].eighths), byte(8+l[j+4].eighths)
		scales[j], scales[j+4], scales[j+8] = low, low, high|high<<4
	}
	b = append(b, scales[:]...)
	if t == gguf.Q5_K {
		b = append(b, make([]byte, 32)...)
	}
	for j := 0; j < 8; j += 2 {
		for i := range 32 {
			b = append(b, byte(l[j].q[i]+8)|byte(l[j+1].q[i]+8)<<4)
		}
	}
	return b
}

// appendK6 appends a block of Q6_K: 128 bytes of low nibbles, 64 of upper two
// bits, sixteen int8 scales, f16 d: w = d · scale · (u - 32).
func appendK6(b []byte, l *[8]levels) []byte {
	u := func(block, i int) byte { return byte(l[block].q[i] + 32) }
	for half := 0; half < 8; half += 4 {
		for i := range 64 {
			b = append(b, u(half+i/32, i%32)&15|u(half+2+i/32, i%32)&15<<4)
		}
	}
	for half := 0; half < 8; half += 4 {
		for i := range 32 {
			b = append(b, u(half, i)>>4|u(half+1, i)>>4<<2|u(half+2, i)>>4<<4|u(half+3, i)>>4<<6)
		}
	}
	for j := range 16 {
		b = append(b, byte(8+l[j/2].eighths))
	}
	return binary.LittleEndian.AppendUint16(b, (&levels{exp: l[0].exp}).step(-3))
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
