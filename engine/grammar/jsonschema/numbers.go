package jsonschema

import (
	"fmt"
	"math/big"
	"regexp/syntax"
	"strings"

	"github.com/assaynet/assay/engine/grammar/runes"
)

// Numbers are sets of the decimal texts of their values, without exponents: -?,
// digits without needless zeros, and a fraction. A text is in a set if its value
// is, so 1 and 1.0 are in the same sets, and sets can be complemented.

const digits = "-.0123456789"

// maxDivisor bounds multipleOf, in units of its last place.
const maxDivisor = 10000

// numberUnits is the work of finding the digits of a number.
const numberUnits = 1 << 10

// numbers is a set of numbers.
type numbers struct {
	texts *runes.DFA
	every bool // all numbers, and then exponents are written, too
}

func mustRegexp(pattern string) *runes.DFA {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		panic(err) // a constant of this package
	}
	d, err := runes.NewWork().Regexp(re, false)
	if err != nil {
		panic(err)
	}
	return d
}

func mustMinus(a, b *runes.DFA) *runes.DFA {
	d, err := runes.NewWork().Minus(a, b)
	if err != nil {
		panic(err) // constants of this package
	}
	return d
}

// How numbers are written. Their digits are bounded, so that none goes on for
// ever.
var (
	decimals    = mustRegexp(`-?(0|[1-9][0-9]*)(\.[0-9]+)?`)
	fractional  = mustRegexp(`-?[0-9]+\.[0-9]*[1-9][0-9]*`)
	integers    = mustMinus(decimals, fractional)
	wholeText   = mustRegexp(`0|-?[1-9][0-9]{0,39}`)
	decimalText = mustRegexp(`-?(0|[1-9][0-9]{0,39})(\.[0-9]{1,40})?`)
	numberText  = mustRegexp(`-?(0|[1-9][0-9]{0,39})(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?`)
)

// written returns the texts that a number of the set is written as.
func (n numbers) written(w *runes.Work) (*runes.DFA, error) {
	if n.every {
		return numberText, nil
	}
	broken, err := w.And(n.texts, fractional)
	if err != nil {
		return nil, err
	}
	if broken.Empty() {
		return w.And(n.texts, wholeText)
	}
	return w.And(n.texts, decimalText)
}

// decimal is the digits of a bound: whole ones, and those of the fraction without
// zeros at the end.
func decimal(r *big.Rat) (whole, fraction string, err error) {
	text := new(big.Rat).Abs(r).FloatString(2 * maxDigits)
	whole, fraction, _ = strings.Cut(text, ".")
	fraction = strings.TrimRight(fraction, "0")
	if len(whole)+len(fraction) > 2*maxDigits {
		return "", "", fmt.Errorf("%w: a number of more than %d digits", ErrLimit, 2*maxDigits)
	}
	return whole, fraction, nil
}

// compared is how far a text is compared with a bound.
type compared struct {
	negative bool
	part     byte // '-' sign or nothing read, 'i' digits, 'z' a zero at the beginning, '.' a point, 'f' digits of the fraction
	at       int  // digits read of the part
	order    int8 // of the digits so far and those of the bound
}

// bounded is the numbers that compare with a bound in a way that keep wants: −1
// for those below it, 0, 1.
func bounded(w *runes.Work, bound *big.Rat, keep func(order int) bool) (*runes.DFA, error) {
	if err := w.Spend(numberUnits); err != nil {
		return nil, err
	}
	whole, fraction, err := decimal(bound)
	if err != nil {
		return nil, err
	}
	step := func(s compared, c byte) (compared, bool) {
		switch {
		case c == '-':
			ok := s == compared{part: '-'}
			s.negative = true
			return s, ok
		case c == '.':
			if s.part != 'i' && s.part != 'z' {
				return s, false
			}
			s.order = lengthOrder(s, whole)
			s.part, s.at = '.', 0
			return s, true
		case s.part == 'z':
			return s, false
		case s.part == '-':
			s.part = 'i'
			if c == '0' {
				s.part = 'z'
			}
			s.order, s.at = orderOf(c, whole[0]), 1
			return s, true
		case s.part == 'i':
			if s.order == 0 && s.at < len(whole) {
				s.order = orderOf(c, whole[s.at])
			}
			s.at = min(s.at+1, len(whole)+1)
			return s, true
		}
		s.part = 'f'
		want := byte('0')
		if s.at < len(fraction) {
			want = fraction[s.at]
		}
		if s.order == 0 {
			s.order = orderOf(c, want)
		}
		s.at = min(s.at+1, len(fraction)+1)
		if s.order != 0 {
			s.at = 0
		}
		return s, true
	}
	accept := func(s compared) bool {
		order := s.order
		switch s.part {
		case '-', '.':
			return false
		case 'i', 'z':
			if order = lengthOrder(s, whole); order == 0 && fraction != "" {
				order = -1
			}
		case 'f':
			if order == 0 && s.at < len(fraction) {
				order = -1
			}
		}
		return keep(signed(order, s.negative, bound.Sign()))
	}
	return runes.Machine(w, digits, compared{part: '-'}, step, accept)
}

// signed is the order of a number and a bound, from that of their digits.
func signed(order int8, negative bool, bound int) int {
	switch {
	case bound < 0 && negative:
		return int(-order)
	case bound < 0:
		return 1
	case !negative:
		return int(order)
	case bound == 0 && order == 0:
		return 0 // −0
	}
	return -1
}

// lengthOrder is the order at the end of the whole digits.
func lengthOrder(s compared, whole string) int8 {
	switch {
	case s.at < len(whole):
		return -1
	case s.at > len(whole):
		return 1
	}
	return s.order
}

func orderOf(a, b byte) int8 {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// divided is what is left of a number so far.
type divided struct {
	part byte // as of compared
	at   int  // digits of the fraction
	rest int
}

// multiples is the multiples of a number above 0.
func multiples(w *runes.Work, of *big.Rat) (*runes.DFA, error) {
	_, fraction, err := decimal(of)
	if err != nil {
		return nil, err
	}
	places := len(fraction)
	unit := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(places)), nil))
	scaled := unit.Mul(unit, of)
	if !scaled.Num().IsInt64() || scaled.Num().Int64() > maxDivisor {
		return nil, fmt.Errorf("%w: multipleOf has more than %d units of its last place", ErrLimit, maxDivisor)
	}
	m := int(scaled.Num().Int64())
	step := func(s divided, c byte) (divided, bool) {
		switch {
		case c == '-':
			return divided{part: 'm'}, s.part == '-'
		case c == '.':
			ok := s.part == 'i' || s.part == 'z'
			s.part = '.'
			return s, ok
		case s.part == 'z':
			return s, false
		case s.part == '-' || s.part == 'm':
			part := byte('i')
			if c == '0' {
				part = 'z'
			}
			return divided{part: part, rest: int(c-'0') % m}, true
		case s.part == 'i':
			s.rest = (10*s.rest + int(c-'0')) % m
			return s, true
		}
		s.part = 'f'
		if s.at == places {
			return s, c == '0'
		}
		s.at++
		s.rest = (10*s.rest + int(c-'0')) % m
		return s, true
	}
	accept := func(s divided) bool {
		if s.part == '-' || s.part == 'm' || s.part == '.' {
			return false
		}
		rest := s.rest
		_ = w.Spend(places - s.at) // what is too much the machine says
		for i := s.at; i < places; i++ {
			rest = 10 * rest % m
		}
		return rest == 0
	}
	return runes.Machine(w, digits, divided{part: '-'}, step, accept)
}
