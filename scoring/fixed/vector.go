package fixed

// Sum returns the sum of v, saturating at every step.
func Sum(v []I32F32) I32F32 {
	var sum I32F32
	for _, x := range v {
		sum = sum.Add(x)
	}
	return sum
}

// Normalise divides every element of v by their sum, in place. A vector that
// sums to zero stays as it is.
func Normalise(v []I32F32) {
	NormaliseBy(v, Sum(v))
}

// NormaliseBy divides every element of v by sum, in place, unless sum is zero.
func NormaliseBy(v []I32F32, sum I32F32) {
	if sum == 0 {
		return
	}
	for i, x := range v {
		v[i] = x.Div(sum)
	}
}

// upscaleExact is the largest maximum for which 65535·maximum stays within the
// range, so that the product can come before the quotient, which is the more
// exact order.
const upscaleExact = I32F32(32768) << fracBits

// MaxUpscale returns v scaled so that its largest element becomes 65535, each
// rounded to the nearest integer in 0 … 65535 with halves upwards. A vector
// without a positive element gives zeros.
func MaxUpscale(v []I32F32) []uint16 {
	out := make([]uint16, len(v))
	var largest I32F32
	for _, x := range v {
		largest = max(largest, x)
	}
	if largest == 0 {
		return out
	}
	ratio := uint16Fixed.Div(largest)
	for i, x := range v {
		var scaled I32F32
		if largest > upscaleExact {
			scaled = x.Mul(ratio)
		} else {
			scaled = x.Mul(uint16Fixed).Div(largest)
		}
		out[i] = uint16(min(max(scaled.Round(), 0), uint16Ones))
	}
	return out
}

// MaxUpscaleU16 is [MaxUpscale] of integers: what a row of weights becomes when
// it is set.
func MaxUpscaleU16(v []uint16) []uint16 {
	wide := make([]I32F32, len(v))
	for i, x := range v {
		wide[i] = FromInt(int64(x))
	}
	return MaxUpscale(wide)
}
