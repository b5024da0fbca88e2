package arith

import "math"

// The types whose nibbles are places in a table of sixteen integers. They have
// no kernels but lanes: plainRow multiplies them.

// valuesIQ4NL are the weights of IQ4_NL, spaced as normally distributed ones
// lie (ggml's kvalues_iq4nl).
var valuesIQ4NL = [16]int32{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113}

// valuesMXFP4 are twice the numbers of the format E2M1 of the Open Compute
// Project's Microscaling Formats 1.0.
var valuesMXFP4 = [16]int32{0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12}

// tableFormat makes a format without kernels.
func tableFormat(decode func([]byte, int, *[BlockLen]int32) (d, m float32)) *format {
	return &format{
		decode:  decode,
		rows2:   func(_, _ []byte, _ *Vec) (ya, yb float32, ok bool) { return 0, 0, false },
		tokens4: func([]byte, *quad) (y [4]float32, ok bool) { return y, false },
		load: func(stored []byte, sub int) (s spread32) {
			var w [BlockLen]int32
			s.d, s.m = decode(stored, sub, &w)
			for i, k := range w {
				s.u[i/8] |= uint64(k+128) << (i % 8 * 8)
			}
			return s
		},
		offset4: 128 * everyLane,
	}
}

// decodeIQ4NL reads d (binary16) and 16 bytes of nibbles, laid out as in Q4_0.
func decodeIQ4NL(block []byte, _ int, w *[BlockLen]int32) (d, m float32) {
	lookUp(w, block[2:18], &valuesIQ4NL)
	return scale16(block), 0
}

// decodeMXFP4 reads an exponent and 16 bytes of nibbles, laid out as in Q4_0.
// The scale is 2^(e−128): half of E8M0's, as the table holds doubles.
func decodeMXFP4(block []byte, _ int, w *[BlockLen]int32) (d, m float32) {
	lookUp(w, block[1:17], &valuesMXFP4)
	return float32(math.Ldexp(1, int(block[0])-128)), 0
}

func lookUp(w *[BlockLen]int32, nibbles []byte, values *[16]int32) {
	for i, b := range nibbles {
		w[i], w[i+16] = values[b&15], values[b>>4]
	}
}
