package fixed

// WideFromBits returns the number whose 128 bits are hi and lo.
func WideFromBits(hi int64, lo uint64) I64F64 { return I64F64{hi, lo} }

// Bits returns the 128 bits of x: the integer part, rounded down, and the fraction.
func (x I64F64) Bits() (hi int64, lo uint64) { return x.hi, x.lo }

// Over returns n/i as the series divides, and whether there is such a divisor.
func Over(n, i uint64) (uint64, bool) {
	if i < 2 || i >= expTerms {
		return 0, false
	}
	return over(n, i), true
}
