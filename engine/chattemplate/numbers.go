package chattemplate

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode"
)

// decimals returns s with Python's other decimal digits made ASCII's, and
// without white space around.
func decimals(s string) string {
	return strings.Map(func(c rune) rune {
		if c < 0x80 || !unicode.IsDigit(c) {
			return c
		}
		return '0' + digitValue(c)
	}, strings.TrimFunc(s, isSpace))
}

// digitValue is the value of a decimal digit: digits come in runs of ten.
func digitValue(c rune) rune {
	for _, r := range unicode.Nd.R16 {
		if c >= rune(r.Lo) && c <= rune(r.Hi) {
			return (c - rune(r.Lo)) % 10
		}
	}
	for _, r := range unicode.Nd.R32 {
		if c >= rune(r.Lo) && c <= rune(r.Hi) {
			return (c - rune(r.Lo)) % 10
		}
	}
	return 0
}

// parseInt is Python's int(s, base): ok is false for what is no integer.
func parseInt(s string, base int64) (n int64, ok bool, err error) {
	s = decimals(s)
	negative := strings.HasPrefix(s, "-")
	if negative || strings.HasPrefix(s, "+") {
		s = s[1:]
	}
	if base < 0 || base == 1 || base > 36 {
		return 0, false, nil
	}
	if len(s) > 1 && s[0] == '0' {
		of := map[byte]int64{'b': 2, 'o': 8, 'x': 16}[s[1]|0x20]
		switch {
		case of != 0 && (base == of || base == 0):
			s, base = strings.TrimPrefix(s[2:], "_"), of
		case base == 0 && strings.Trim(s, "0_") != "":
			return 0, false, nil
		}
	}
	if base == 0 {
		base = 10
	}
	if s == "" || s[0] == '_' || s[len(s)-1] == '_' || strings.Contains(s, "__") || strings.ContainsAny(s, "+-") {
		return 0, false, nil
	}
	digits := strings.ReplaceAll(s, "_", "")
	u, e := strconv.ParseUint(digits, int(base), 64)
	switch {
	case e == nil && (u <= math.MaxInt64 || negative && u == 1<<63):
		if negative {
			return -int64(u), true, nil
		}
		return int64(u), true, nil
	case e == nil || strings.Contains(e.Error(), strconv.ErrRange.Error()):
		return 0, false, errBigNumber
	}
	return 0, false, nil
}

// parseFloat is Python's float(s).
func parseFloat(s string) (float64, bool) {
	s = decimals(s)
	if strings.HasPrefix(s, "_") || strings.HasSuffix(s, "_") || strings.Contains(s, "__") || strings.ContainsAny(s, "xXpP") {
		return 0, false
	}
	for i := range len(s) {
		if s[i] == '_' && (i == 0 || i+1 == len(s) || s[i-1] < '0' || s[i-1] > '9' || s[i+1] < '0' || s[i+1] > '9') {
			return 0, false
		}
	}
	switch strings.ToLower(strings.TrimLeft(s, "+-")) {
	case "inf", "infinity", "nan":
	default:
		if strings.ContainsAny(strings.ToLower(s), "in") {
			return 0, false
		}
	}
	x, err := strconv.ParseFloat(strings.ReplaceAll(s, "_", ""), 64)
	if err != nil && !strings.Contains(err.Error(), strconv.ErrRange.Error()) {
		return 0, false
	}
	return x, true
}

// wholeOf is Python's int(x).
func wholeOf(x float64) (n int64, ok bool, err error) {
	switch {
	case math.IsNaN(x):
		return 0, false, nil
	case math.IsInf(x, 0):
		return 0, false, fail("an infinite number made an int")
	case x < -1<<63 || x >= 1<<63:
		return 0, false, errBigNumber
	}
	return int64(x), true, nil
}

func intFilter(r *run, v value, a arguments) (value, error) {
	vs, err := a.bind("int", "default?", "base?")
	if err != nil {
		return nil, err
	}
	otherwise := vs[0]
	if otherwise == absent {
		otherwise = int64(0)
	}
	base, err := intOr(vs[1], 10)
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case undefined:
		return nil, fail("%s is no number", kindOf(v))
	case float64:
		n, ok, err := wholeOf(v)
		if ok || err != nil {
			return n, err
		}
		return otherwise, nil
	case Text:
		if err := r.spend(1, 4*v.Len()); err != nil {
			return nil, err
		}
		if n, ok, err := parseInt(v.s, base); ok || err != nil {
			return n, err
		}
		x, ok := parseFloat(v.s)
		if !ok || math.IsInf(x, 0) {
			return otherwise, nil
		}
		if n, ok, err := wholeOf(x); ok || err != nil {
			return n, err
		}
		return otherwise, nil
	}
	if i, ok := integer(v); ok {
		return i, nil
	}
	return otherwise, nil
}

func floatFilter(r *run, v value, a arguments) (value, error) {
	vs, err := a.bind("float", "default?")
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case undefined:
		return nil, fail("%s is no number", kindOf(v))
	case Text:
		if err := r.spend(1, 4*v.Len()); err != nil {
			return nil, err
		}
		if x, ok := parseFloat(v.s); ok {
			return x, nil
		}
	default:
		if x, ok := number(v); ok {
			return x, nil
		}
	}
	if vs[0] == absent {
		return 0.0, nil
	}
	return vs[0], nil
}

func absFilter(_ *run, v value, a arguments) (value, error) {
	if _, err := a.bind("abs"); err != nil {
		return nil, err
	}
	if x, ok := v.(float64); ok {
		return math.Abs(x), nil
	}
	if n, ok := integer(v); ok && n >= 0 {
		return n, nil
	}
	return negate(v)
}

func roundFilter(_ *run, v value, a arguments) (value, error) {
	vs, err := a.bind("round", "precision?", "method?")
	if err != nil {
		return nil, err
	}
	digits, err := intOr(vs[0], 0)
	if err != nil {
		return nil, err
	}
	method := "common"
	if vs[1] != absent {
		t, _ := vs[1].(Text)
		method = t.s
	}
	x, ok := number(v)
	if !ok {
		return nil, fail("round of a %s", kindOf(v))
	}
	switch method {
	case "common":
		if n, ok := integer(v); ok {
			return roundInt(n, digits)
		}
		return roundHalf(x, digits)
	case "ceil", "floor":
		f := math.Ceil
		if method == "floor" {
			f = math.Floor
		}
		if math.IsInf(x, 0) || math.IsNaN(x) || digits > 300 || digits < -300 {
			return nil, fail("round of a number out of range")
		}
		scale := math.Pow(10, float64(digits))
		return (f(x*scale) + 0) / scale, nil // Python's ints know no negative zero
	}
	return nil, fail("round knows common, ceil and floor, not %.40q", method)
}

// roundInt rounds to a power of ten, halves to even.
func roundInt(n, digits int64) (value, error) {
	if digits >= 0 {
		return n, nil
	}
	if digits < -18 {
		return int64(0), nil
	}
	unit := int64(1)
	for range -digits {
		unit *= 10
	}
	q, m := n/unit, n%unit
	if m < 0 {
		q, m = q-1, m+unit
	}
	if m > unit-m || m == unit-m && q%2 != 0 {
		q++
	}
	return product(q, unit)
}

// roundHalf rounds the exact value of a float to digits behind the point,
// halves to even.
func roundHalf(x float64, digits int64) (value, error) {
	switch {
	case math.IsInf(x, 0) || math.IsNaN(x) || digits > 323:
		return x, nil
	case digits < -308:
		return math.Copysign(0, x), nil
	case digits >= 0:
		out, err := strconv.ParseFloat(strconv.FormatFloat(x, 'f', int(digits), 64), 64)
		if err != nil {
			return nil, fail("round of a number out of range")
		}
		return out, nil
	}
	exact, _ := new(big.Float).SetFloat64(x).Rat(nil)
	unit := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(-digits), nil))
	q := new(big.Rat).Quo(exact, unit)
	rounded, _ := strconv.ParseFloat(q.FloatString(0), 64) // rounds halves away from zero, which an exact half shows
	if half := new(big.Rat).Sub(q, new(big.Rat).SetFloat64(rounded)); half.Abs(half).Cmp(big.NewRat(1, 2)) == 0 && math.Mod(rounded, 2) != 0 {
		rounded -= math.Copysign(1, rounded)
	}
	scale, _ := new(big.Rat).Mul(new(big.Rat).SetFloat64(rounded), unit).Float64()
	if scale == 0 {
		return math.Copysign(0, x), nil
	}
	return scale, nil
}
