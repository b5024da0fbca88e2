package fixed

import (
	"math"
	"math/bits"
)

// I32F32 is a signed number with 32 integer and 32 fraction bits: its value is
// the integer divided by 2^32. The zero value is zero. Numbers compare with the
// operators of Go.
type I32F32 int64

// The landmarks of the range.
const (
	One  I32F32 = 1 << 32
	Half I32F32 = 1 << 31
	Max  I32F32 = math.MaxInt64
	Min  I32F32 = math.MinInt64
)

const (
	fracBits    = 32
	integerMax  = math.MaxInt32 // the largest integer part of an I32F32
	integerMin  = math.MinInt32
	uint16Ones  = math.MaxUint16 // the uint16 that means one as a proportion
	uint16Fixed = I32F32(uint16Ones) << fracBits
)

// FromInt returns n, or the end of the range that n is beyond.
func FromInt(n int64) I32F32 {
	switch {
	case n > integerMax:
		return Max
	case n < integerMin:
		return Min
	}
	return I32F32(n << fracBits)
}

// Add returns x + y, saturating.
func (x I32F32) Add(y I32F32) I32F32 {
	sum := x + y
	// A sum overflows only if both operands have one sign and the sum has the
	// other.
	if (x^sum)&(y^sum) < 0 {
		return endOf(x)
	}
	return sum
}

// Sub returns x − y, saturating.
func (x I32F32) Sub(y I32F32) I32F32 {
	diff := x - y
	if (x^y)&(x^diff) < 0 {
		return endOf(x)
	}
	return diff
}

// endOf returns the end of the range on the side of x.
func endOf(x I32F32) I32F32 {
	if x < 0 {
		return Min
	}
	return Max
}

// Mul returns x·y rounded down, saturating.
func (x I32F32) Mul(y I32F32) I32F32 {
	hi, lo := bits.Mul64(uint64(x), uint64(y))
	// The unsigned product counts a negative operand as 2^64 more than it is.
	hi -= uint64(x>>63)&uint64(y) + uint64(y>>63)&uint64(x)
	product := I32F32(hi<<fracBits | lo>>fracBits)
	// The bits above the result must all repeat its sign.
	if int64(hi)>>(fracBits-1) != int64(product)>>63 {
		if int64(hi) < 0 {
			return Min
		}
		return Max
	}
	return product
}

// Div returns x/y truncated toward zero, saturating, and zero if y is zero.
func (x I32F32) Div(y I32F32) I32F32 {
	if y == 0 {
		return 0
	}
	a, b := magnitude(x), magnitude(y)
	negative := (x < 0) != (y < 0)
	var q uint64
	switch {
	case a < 1<<fracBits: // the shifted numerator still fits one word, and that division is the faster one
		q = (a << fracBits) / b
	case a>>fracBits >= b:
		q = math.MaxUint64
	default:
		q, _ = bits.Div64(a>>fracBits, a<<fracBits, b)
	}
	return withSign(q, negative)
}

// magnitude returns |x|, which a uint64 always holds.
func magnitude(x I32F32) uint64 {
	if x < 0 {
		return -uint64(x)
	}
	return uint64(x)
}

// withSign returns the number of magnitude m and the given sign, saturating.
func withSign(m uint64, negative bool) I32F32 {
	if negative {
		if m >= 1<<63 {
			return Min
		}
		return -I32F32(m)
	}
	if m > math.MaxInt64 {
		return Max
	}
	return I32F32(m)
}

// Clamp returns x brought into [low, high]. Where low > high, low wins.
func (x I32F32) Clamp(low, high I32F32) I32F32 {
	return max(min(x, high), low)
}

// Floor returns the largest integer that is not above x.
func (x I32F32) Floor() int64 {
	return int64(x >> fracBits)
}

// Round returns the integer nearest to x; halves go away from zero. The result
// is exact: it does not saturate.
func (x I32F32) Round() int64 {
	m := magnitude(x)
	n := int64((m + uint64(Half)) >> fracBits)
	if x < 0 {
		return -n
	}
	return n
}

// FromProportion returns v/65535, truncated: 65535 is exactly [One].
func FromProportion(v uint16) I32F32 {
	return I32F32((uint64(v) << fracBits) / uint16Ones)
}

// Proportion returns x·65535 rounded down into 0 … 65535, the inverse of
// [FromProportion] up to one unit.
func (x I32F32) Proportion() uint16 {
	return x.Mul(uint16Fixed).uint16()
}

// uint16 returns x rounded down into 0 … 65535.
func (x I32F32) uint16() uint16 {
	return uint16(min(max(x.Floor(), 0), uint16Ones))
}

// Portion returns the share x of amount, rounded down, in the unit of amount. A
// share at or below zero takes nothing; a result beyond the range saturates.
// With shares that add up to at most [One], the portions never add up to more
// than amount.
func (x I32F32) Portion(amount uint64) uint64 {
	if x <= 0 {
		return 0
	}
	hi, lo := bits.Mul64(uint64(x), amount)
	if hi>>fracBits != 0 {
		return math.MaxUint64
	}
	return hi<<fracBits | lo>>fracBits
}
