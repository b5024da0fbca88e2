package protocol

import (
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// Unit is one token in base units. An Amount counts base units.
const Unit Amount = 1_000_000_000

// amountDigits is the number of decimals of a token: log10 of [Unit].
const amountDigits = 9

// ErrOverflow is returned when an amount would leave 0 … 2^64−1 base units.
var ErrOverflow = errors.New("protocol: amount overflows")

// Amount is a sum of money in base units; 10^9 of them are one token. Its
// text form is an exact decimal in tokens with nine digits after the point,
// which is what JSON shows, as a string.
type Amount uint64

// Add returns a + b, or [ErrOverflow].
func (a Amount) Add(b Amount) (Amount, error) {
	s, carry := bits.Add64(uint64(a), uint64(b), 0)
	if carry != 0 {
		return 0, ErrOverflow
	}
	return Amount(s), nil
}

// Sub returns a − b, or [ErrOverflow] when b is larger.
func (a Amount) Sub(b Amount) (Amount, error) {
	if b > a {
		return 0, ErrOverflow
	}
	return a - b, nil
}

// MulDiv returns floor(a·num/den) with a 128-bit product. It returns
// [ErrOverflow] when den is zero or the quotient does not fit.
func (a Amount) MulDiv(num, den uint64) (Amount, error) {
	hi, lo := bits.Mul64(uint64(a), num)
	if hi >= den {
		return 0, ErrOverflow
	}
	q, _ := bits.Div64(hi, lo, den)
	return Amount(q), nil
}

// ParseAmount reads a decimal number of tokens, at most nine digits after the
// point: "1", "0.5", "12.000000001".
func ParseAmount(s string) (Amount, error) {
	var a Amount
	return a, a.UnmarshalText([]byte(s))
}

// String returns tokens with nine decimals: "12.000000001".
func (a Amount) String() string {
	b, _ := a.AppendText(nil) // it has no error
	return string(b)
}

// AppendText implements [encoding.TextAppender]: what String returns.
func (a Amount) AppendText(b []byte) ([]byte, error) {
	b = append(strconv.AppendUint(b, uint64(a/Unit), 10), ".000000000"...)
	for at, rest := len(b)-1, uint64(a%Unit); rest > 0; at-- {
		b[at] += byte(rest % 10)
		rest /= 10
	}
	return b, nil
}

// MarshalText implements [encoding.TextMarshaler].
func (a Amount) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (a *Amount) UnmarshalText(b []byte) error {
	bad := func() error { return fmt.Errorf("amount %.40q, want tokens like 12.5: %w", b, ErrBadText) }
	whole, frac, _ := strings.Cut(string(b), ".")
	if len(whole) == 0 || len(whole) > 20 || len(frac) > amountDigits || strings.ContainsAny(string(b), "+-_") || (len(frac) == 0 && strings.HasSuffix(string(b), ".")) {
		return bad()
	}
	w, err := strconv.ParseUint(whole, 10, 64)
	if err != nil {
		return bad()
	}
	f, err := strconv.ParseUint(frac+strings.Repeat("0", amountDigits-len(frac)), 10, 64)
	if err != nil {
		return bad()
	}
	base, err := Unit.MulDiv(w, 1)
	if err != nil {
		return fmt.Errorf("amount %q: %w", b, ErrOverflow)
	}
	sum, err := base.Add(Amount(f))
	if err != nil {
		return fmt.Errorf("amount %q: %w", b, err)
	}
	*a = sum
	return nil
}
