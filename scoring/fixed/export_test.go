package fixed

// WideFromBits returns the number whose 128 bits are hi and lo.
func WideFromBits(hi int64, lo uint64) I64F64 { return I64F64{hi, lo} }

// Bits returns the 128 bits of x: the integer part, rounded down, and the fraction.
func (x I64F64) Bits() (hi int64, lo uint64) { return x.hi, x.lo }
