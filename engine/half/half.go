package half

import "math"

// Widen returns the binary32 value of the binary16 number with bits h, exactly;
// infinities and NaN stay what they are.
func Widen(h uint16) float32 {
	if !Finite(h) {
		return math.Float32frombits(uint32(h&0x8000)<<16 | 0x7f800000 | uint32(h&0x3ff)<<13)
	}
	return WidenFinite(h)
}

// WidenFinite is Widen for finite h: the exponent's bias moves by 112, which
// one exact product does for subnormals too.
func WidenFinite(h uint16) float32 {
	return math.Float32frombits(uint32(int32(int16(h))<<13)&0x8fffe000) * 0x1p112
}

// Finite tells whether the binary16 number with bits h is neither NaN nor infinite.
func Finite(h uint16) bool { return h&0x7c00 != 0x7c00 }

// Narrow returns the bits of the binary16 number nearest to x, ties to even;
// beyond the range it is infinite, and NaN stays NaN.
func Narrow(x float32) uint16 {
	b := math.Float32bits(x)
	sign := uint16(b>>16) & 0x8000
	b &= 0x7fffffff
	switch {
	case b > 0x7f800000:
		return sign | 0x7e00
	case b >= 0x477ff000: // 65520 and above round to infinity
		return sign | 0x7c00
	case b < 0x38800000: // below 2⁻¹⁴: subnormal, a multiple of 2⁻²⁴
		return sign | uint16(math.RoundToEven(float64(math.Float32frombits(b))*0x1p24))
	}
	b += 0xfff + (b>>13)&1
	return sign | uint16((b-112<<23)>>13)
}
