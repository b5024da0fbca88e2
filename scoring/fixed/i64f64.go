package fixed

import (
	"math"
	"math/bits"
)

// I64F64 is a signed number with 64 integer and 64 fraction bits: hi·2^64 + lo
// as a 128-bit integer in two's complement, divided by 2^64. The zero value is
// zero, and two values are equal exactly if == says so.
type I64F64 struct {
	hi int64
	lo uint64
}

var (
	// MaxI64F64 is the largest I64F64, just below 2^63.
	MaxI64F64 = I64F64{math.MaxInt64, math.MaxUint64}
	// MinI64F64 is the smallest I64F64, −2^63.
	MinI64F64 = I64F64{math.MinInt64, 0}
)

// WideFromUint returns n, or MaxI64F64 if n is beyond 2^63 − 1.
func WideFromUint(n uint64) I64F64 {
	if n > math.MaxInt64 {
		return MaxI64F64
	}
	return I64F64{hi: int64(n)}
}

// IsZero reports whether x is zero.
func (x I64F64) IsZero() bool {
	return x == I64F64{}
}

// Add returns x + y, saturating.
func (x I64F64) Add(y I64F64) I64F64 {
	lo, carry := bits.Add64(x.lo, y.lo, 0)
	hi, _ := bits.Add64(uint64(x.hi), uint64(y.hi), carry)
	sum := I64F64{int64(hi), lo}
	if (x.hi^sum.hi)&(y.hi^sum.hi) < 0 {
		return wideEnd(x.hi < 0)
	}
	return sum
}

func wideEnd(negative bool) I64F64 {
	if negative {
		return MinI64F64
	}
	return MaxI64F64
}

// wide is an unsigned 128-bit integer.
type wide struct{ hi, lo uint64 }

// magnitude returns |x|, which always fits.
func (x I64F64) magnitude() wide {
	if x.hi >= 0 {
		return wide{uint64(x.hi), x.lo}
	}
	return negate(wide{uint64(x.hi), x.lo})
}

func negate(m wide) wide {
	lo, borrow := bits.Sub64(0, m.lo, 0)
	hi, _ := bits.Sub64(0, m.hi, borrow)
	return wide{hi, lo}
}

// wideWithSign returns the number of magnitude m and the given sign, saturating.
func wideWithSign(m wide, negative bool) I64F64 {
	if m.hi >= 1<<63 {
		return wideEnd(negative)
	}
	if negative {
		m = negate(m)
	}
	return I64F64{int64(m.hi), m.lo}
}

// Div returns x/y truncated toward zero, saturating, and zero if y is zero.
func (x I64F64) Div(y I64F64) I64F64 {
	if y.IsZero() {
		return I64F64{}
	}
	a, b := x.magnitude(), y.magnitude()
	negative := (x.hi < 0) != (y.hi < 0)
	q, ok := divShifted(a, b)
	if !ok {
		return wideEnd(negative)
	}
	return wideWithSign(q, negative)
}

// divShifted returns floor(a·2^64 / b), and whether it fits 128 bits. It is
// long division in two digits of 64 bits: a = q1·b + r, then the 192-bit r·2^64
// by b.
func divShifted(a, b wide) (q wide, ok bool) {
	if b.hi == 0 {
		if a.hi >= b.lo {
			return wide{}, false
		}
		hi, rem := bits.Div64(a.hi, a.lo, b.lo)
		lo, _ := bits.Div64(rem, 0, b.lo)
		return wide{hi, lo}, true
	}
	// b is 2^64 or more, so q1 is below 2^64 and the quotient fits.
	q1, rem := divWide(a, b)
	// Bit by bit, for clarity: the whole epoch makes one such division a seat.
	var q0 uint64
	for range 64 {
		top := rem.hi >> 63
		rem = wide{rem.hi<<1 | rem.lo>>63, rem.lo << 1}
		q0 <<= 1
		if top != 0 || !less(rem, b) {
			rem = sub(rem, b)
			q0 |= 1
		}
	}
	return wide{q1, q0}, true
}

// divWide returns the quotient and the remainder of a/b, for b >= 2^64.
func divWide(a, b wide) (q uint64, rem wide) {
	// The top 64 bits of b divide a/2 in one instruction. Shifted back, that
	// estimate is the quotient or one more.
	shift := uint(bits.LeadingZeros64(b.hi))
	top := b.hi<<shift | b.lo>>1>>(63-shift)
	q, _ = bits.Div64(a.hi>>1, a.hi<<63|a.lo>>1, top)
	q = q >> (63 - shift)
	if q != 0 {
		q--
	}
	// One lower, it cannot be too large, so that the remainder is not negative.
	hi, lo := bits.Mul64(q, b.lo)
	rem = sub(a, wide{hi + q*b.hi, lo})
	if !less(rem, b) {
		q++
		rem = sub(rem, b)
	}
	return q, rem
}

func less(a, b wide) bool {
	return a.hi < b.hi || a.hi == b.hi && a.lo < b.lo
}

func sub(a, b wide) wide {
	lo, borrow := bits.Sub64(a.lo, b.lo, 0)
	hi, _ := bits.Sub64(a.hi, b.hi, borrow)
	return wide{hi, lo}
}

// I32F32 returns x without its 32 last fraction bits, that is rounded down,
// saturating.
func (x I64F64) I32F32() I32F32 {
	switch {
	case x.hi > integerMax:
		return Max
	case x.hi < integerMin:
		return Min
	}
	return I32F32(x.hi<<fracBits | int64(x.lo>>fracBits))
}

// NormaliseWide divides every element of v by their sum, in place. A vector
// that sums to zero stays as it is.
func NormaliseWide(v []I64F64) {
	var sum I64F64
	for _, x := range v {
		sum = sum.Add(x)
	}
	if sum.IsZero() {
		return
	}
	for i, x := range v {
		v[i] = x.Div(sum)
	}
}
