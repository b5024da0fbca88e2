package schema

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// The language of patterns is small, so that it can be written down (SPEC.md,
// section 21) and means one thing in every program:
//
//	alternatives = sequence { "|" sequence }
//	sequence     = { "^" | "$" | atom [ "*" | "+" | "?" | "{n}" | "{n,}" | "{n,m}" ] }
//	atom         = character | "." | escape | class | "(" alternatives ")" | "(?:" alternatives ")"
//	class        = "[" [ "^" ] item { item } "]"
//	item         = escape | character | character "-" character
//	escape       = "\" and punctuation of ASCII, or one of t n r d D s S w W
//
// All of it is RE2's, which takes no more steps for a byte than a pattern has
// states.
const (
	special = `\.+*?()|[]{}^$`
	classes = "dDsSwW"
	control = "tnr"
)

// patterns adds the states of an object's patterns to what it costs.
func (s *surveyor) patterns(c *cost, object map[string]any, at string) error {
	var all []string
	if p, ok := object["pattern"].(string); ok {
		all = append(all, p)
	}
	if table, ok := object["patternProperties"].(map[string]any); ok {
		for p := range table {
			all = append(all, p)
		}
	}
	for _, p := range all {
		n, err := measure(p)
		if err != nil {
			return fmt.Errorf("#%.64s: %w", at, err)
		}
		c.add(cost{states: n})
	}
	return nil
}

// measure returns how many states the automaton of a pattern has at most, above
// MaxStates a number above it.
func measure(p string) (int, error) {
	if len(p) > MaxPattern {
		return 0, fmt.Errorf("a pattern of more than %d bytes: %w", MaxPattern, ErrCost)
	}
	m := measurer{left: p}
	n := m.alternatives()
	if !m.bad && m.left == "" {
		return n, nil
	}
	return 0, fmt.Errorf("the pattern %.64q at %.16q: %w", p, m.left, ErrSchema)
}

// measurer reads a pattern. Where something is wrong it is bad, and reads on to no
// purpose.
type measurer struct {
	left string
	bad  bool
}

// take takes a prefix that is there.
func (m *measurer) take(prefix string) (ok bool) {
	m.left, ok = strings.CutPrefix(m.left, prefix)
	return ok
}

// next takes a character.
func (m *measurer) next() rune {
	r, n := utf8.DecodeRuneInString(m.left)
	m.bad = m.bad || n == 0
	m.left = m.left[n:]
	return r
}

func (m *measurer) alternatives() int {
	n := 1 + m.sequence()
	for m.take("|") {
		n += 1 + m.sequence()
	}
	return min(n, MaxStates+1)
}

func (m *measurer) sequence() (n int) {
	for !m.bad && m.left != "" && m.left[0] != '|' && m.left[0] != ')' {
		if m.take("^") || m.take("$") {
			n++
			continue
		}
		n = min(n+m.repeat(m.atom()), MaxStates+1)
	}
	return n
}

func (m *measurer) atom() int {
	switch {
	case m.take("(?:"), m.take("("):
		n := m.alternatives()
		m.bad = m.bad || !m.take(")")
		return n
	case m.take("["):
		return m.class()
	case m.take("."):
	case m.take(`\`):
		m.escape()
	default:
		m.bad = m.bad || strings.ContainsRune(special, m.next())
	}
	return 1
}

// escape takes what follows a backslash, and reports whether it is one character.
func (m *measurer) escape() (single bool) {
	r := m.next()
	single = strings.ContainsRune(control, r) || r < utf8.RuneSelf && strings.ContainsRune("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", r)
	m.bad = m.bad || !single && !strings.ContainsRune(classes, r)
	return single
}

// class takes the rest of a class. A state of it costs by its items.
func (m *measurer) class() int {
	m.take("^")
	n := 1
	for first := true; !m.bad && !m.take("]"); first = false {
		n++
		if m.take("-") { // itself, where it begins or ends the class
			m.bad = !first && !strings.HasPrefix(m.left, "]")
			continue
		}
		low, single := m.member()
		if !strings.HasPrefix(m.left, "-") || strings.HasPrefix(m.left, "-]") {
			continue
		}
		m.take("-")
		high, also := m.member()
		m.bad = m.bad || !single || !also || low > high
	}
	m.bad = m.bad || n == 1
	return n
}

// member takes one character of a class, or one of its escapes, and reports whether
// it stands for a single one.
func (m *measurer) member() (r rune, single bool) {
	if m.take(`\`) {
		r, _ = utf8.DecodeRuneInString(m.left)
		if i := strings.IndexRune(control, r); i >= 0 {
			r = rune("\t\n\r"[i])
		}
		return r, m.escape()
	}
	r = m.next()
	m.bad = m.bad || r == '[' || r == ']' || r == '-'
	return r, true
}

// repeat takes what says how often something of n states stands, and returns the
// states of all.
func (m *measurer) repeat(n int) int {
	switch {
	case m.take("*"), m.take("+"), m.take("?"):
		return n + 1
	case m.take("{"):
	default:
		return n
	}
	least := m.count()
	most := least
	if m.take(",") && !strings.HasPrefix(m.left, "}") {
		most = m.count()
	}
	m.bad = m.bad || !m.take("}") || most < least
	return n * max(most, 1)
}

// count takes a number of repetitions, in the one way to write it.
func (m *measurer) count() int {
	digits := m.left[:len(m.left)-len(strings.TrimLeft(m.left, "0123456789"))]
	m.left = m.left[len(digits):]
	n, err := strconv.Atoi(digits)
	m.bad = m.bad || err != nil || n > MaxStates || strconv.Itoa(n) != digits
	return n
}

// pattern is the library's engine.
func pattern(p string) (jsonschema.Regexp, error) {
	if _, err := measure(p); err != nil {
		return nil, err
	}
	return regexp.Compile(p)
}
