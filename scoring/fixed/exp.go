package fixed

import (
	"errors"
	"math/bits"
)

// ErrOverflow reports a result beyond the range of its type.
var ErrOverflow = errors.New("fixed: overflow")

const (
	// expTerms is one more than the last power in the series of Exp. With 32
	// fraction bits and |x| <= 20 the later terms are below the last bit or,
	// near 20, part of the agreed error.
	expTerms = 32
	// euler is e with 23 fraction bits, rounded down: the reference keeps its
	// constants so short.
	euler = I32F32(22802600) << (fracBits - 23)
	// expLimit bounds the argument of ExpSafe; e^20 is the last whole power
	// that an I32F32 holds with its terms.
	expLimit = 20 * One
)

// Exp returns e^x by its Taylor series, or ErrOverflow. The error of the series
// belongs to the definition:
//
//	Exp(0) = 1, Exp(1) = the constant e with 23 fraction bits, Exp(−x) = 1/series(x),
//	series(x) = 1 + x + Σ t(i) for i = 2 … 31, t(1) = x, t(i) = (t(i−1)·x)/i
//
// Every product rounds down and every quotient truncates.
func Exp(x I32F32) (I32F32, error) {
	switch {
	case x == 0:
		return One, nil
	case x == One:
		return euler, nil
	case x == Min: // −x does not exist
		return 0, ErrOverflow
	case x > 0:
		return expSeries(x)
	}
	sum, err := expSeries(-x)
	if err != nil {
		return 0, err
	}
	return One.Div(sum), nil
}

// expSeries is series(x) of Exp, for x > 0.
func expSeries(x I32F32) (I32F32, error) {
	if x > Max-One {
		return 0, ErrOverflow
	}
	sum := uint64(x + One)
	term := uint64(x)
	// A term that is zero stays zero, so the loop may end there.
	for i := uint64(2); i < expTerms && term != 0; i++ {
		hi, lo := bits.Mul64(term, uint64(x))
		if hi>>(fracBits-1) != 0 {
			return 0, ErrOverflow
		}
		term = over(hi<<fracBits|lo>>fracBits, i)
		sum += term
		if sum > uint64(Max) {
			return 0, ErrOverflow
		}
	}
	return I32F32(sum), nil
}

// inverses hold, for a divisor i of the series, floor(2^(63+s)/i) + 1 with
// s = bits.Len(i−1), the least s for which 2^s ≥ i. A product with it, shifted, is
// the quotient of every dividend below 2^63, and takes half the time of a division
// (Granlund, Montgomery: Division by Invariant Integers, 1994).
var inverses = func() (list [expTerms]uint64) {
	for i := uint64(2); i < expTerms; i++ {
		quotient, _ := bits.Div64(1<<(bits.Len64(i-1)-1), 0, i)
		list[i] = quotient + 1
	}
	return list
}()

// over returns n/i, truncated, for n < 2^63 and 2 ≤ i < expTerms.
func over(n, i uint64) uint64 {
	hi, _ := bits.Mul64(n, inverses[i])
	return hi >> (bits.Len64(i-1) - 1)
}

// ExpSafe returns e^x for x brought into [−20, 20]; it cannot fail.
func ExpSafe(x I32F32) I32F32 {
	x = x.Clamp(-expLimit, expLimit)
	y, err := Exp(x)
	if err != nil { // not reached within the limit; the value is the reference's
		if x <= 0 {
			return 0
		}
		return Max
	}
	return y
}

// ExpSafe4 puts ExpSafe of four numbers in their places. A term of the series waits
// for the one before, so that four side by side take little more time than one.
func ExpSafe4(x *[4]I32F32) {
	var m [4]uint64
	for k := range x {
		x[k] = x[k].Clamp(-expLimit, expLimit)
		m[k] = magnitude(x[k])
	}
	sums := expSeries4(m)
	for k, v := range x {
		switch {
		case v == One:
			x[k] = euler
		case v < 0:
			x[k] = One.Div(I32F32(sums[k]))
		default:
			x[k] = I32F32(sums[k])
		}
	}
}

// expSeries4 is expSeries of numbers up to expLimit, for which it does not
// overflow.
func expSeries4(x [4]uint64) [4]uint64 {
	a, b, c, d := x[0], x[1], x[2], x[3] // the terms
	sums := [4]uint64{uint64(One) + a, uint64(One) + b, uint64(One) + c, uint64(One) + d}
	for i := uint64(2); i < expTerms && a|b|c|d != 0; i++ {
		inverse, shift := inverses[i], uint(bits.Len64(i-1)-1)&63
		a, b = expTerm(a, x[0], inverse, shift), expTerm(b, x[1], inverse, shift)
		c, d = expTerm(c, x[2], inverse, shift), expTerm(d, x[3], inverse, shift)
		sums[0] += a
		sums[1] += b
		sums[2] += c
		sums[3] += d
	}
	return sums
}

// expTerm returns term·x/i for the inverse of i and its shift, as over has them.
func expTerm(term, x, inverse uint64, shift uint) uint64 {
	hi, lo := bits.Mul64(term, x)
	hi, _ = bits.Mul64(hi<<fracBits|lo>>fracBits, inverse)
	return hi >> shift
}
