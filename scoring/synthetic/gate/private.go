package gate

import (
	_ "embed" // the patterns
	"encoding/json"
	"regexp"
	"strings"
)

// Private returns what secret or piece of personal data stands in s, the first
// of the list below, or "". It knows forms and not people: a name, a street or a
// password in words passes.
func Private(s string) string {
	for i := range patterns {
		if patterns[i].in(s) {
			return patterns[i].name
		}
	}
	return ""
}

// pattern is one kind of secret. Its expression is of ASCII alone and means the
// same in every language; it is tried where one of the needles stands, which
// every match holds. Expressions that begin or end in a word need a border there:
// (?:^|[^…]).
type pattern struct {
	name    string
	needles []string
	re      *regexp.Regexp
	good    func(string) bool // nil: every match counts
}

// patterns are those of private.json, in its order, which SPEC.md, section 21,
// names by its hash.
var patterns = func() []pattern {
	var rows []struct {
		Name    string
		Needles []string
		Pattern string
		Check   string
	}
	if err := json.Unmarshal(file, &rows); err != nil {
		panic(err) // it is part of the program
	}
	out := make([]pattern, len(rows))
	for i, r := range rows {
		out[i] = pattern{r.Name, r.Needles, regexp.MustCompile(r.Pattern), checks[r.Check]}
	}
	return out
}()

//go:embed private.json
var file []byte

// checks are what more must be true of a match.
var checks = map[string]func(match string) bool{"domain": outside, "luhn": luhn, "mod97": mod97}

func (p *pattern) in(s string) bool {
	if !holdsAny(s, p.needles) {
		return false
	}
	for _, m := range p.re.FindAllString(s, -1) {
		if p.good == nil || p.good(m) {
			return true
		}
	}
	return false
}

func holdsAny(s string, needles []string) bool {
	for _, n := range needles {
		if strings.Contains(s, n) {
			return true
		}
	}
	return false
}

// outside reports whether an address is not in one of the domains that nobody
// can have (RFC 2606), which made-up text uses.
func outside(address string) bool {
	domain := strings.ToLower(address[strings.IndexByte(address, '@')+1:])
	for _, d := range []string{"example.com", "example.org", "example.net"} {
		if domain == d || strings.HasSuffix(domain, "."+d) {
			return false
		}
	}
	top := domain[strings.LastIndexByte(domain, '.')+1:]
	return top != "example" && top != "test" && top != "invalid"
}

// luhn reports whether the digits in m have the check sum of a payment card, and
// are not one digit over and over.
func luhn(m string) bool {
	sum, n, same, first := 0, 0, true, byte(0)
	for i := len(m) - 1; i >= 0; i-- {
		c := m[i]
		if c < '0' || c > '9' {
			continue
		}
		if n == 0 {
			first = c
		}
		same = same && c == first
		d := int(c - '0')
		if n%2 == 1 {
			d = d*2/10 + d*2%10
		}
		sum += d
		n++
	}
	return sum%10 == 0 && !same
}

// mod97 reports whether m holds an account number with a right check sum (ISO
// 13616).
func mod97(m string) bool {
	var b []byte
	for i := range len(m) {
		if c := m[i]; '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' {
			b = append(b, c)
		}
	}
	rest := 0
	for _, c := range append(b[4:], b[:4]...) {
		if c <= '9' {
			rest = (rest*10 + int(c-'0')) % 97
		} else {
			rest = (rest*100 + int(c-'A'+10)) % 97
		}
	}
	return rest == 1
}
