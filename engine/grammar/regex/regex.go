package regex

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"strings"
	"unicode/utf8"

	"github.com/assaynet/assay/engine/grammar"
	"github.com/assaynet/assay/engine/grammar/runes"
)

// MaxPattern bounds a pattern, in bytes.
const MaxPattern = 16 << 10

// byteUnits is the work of reading a byte of a pattern, which can be a class of
// hundreds of ranges.
const byteUnits = 1 << 10

// ErrPattern means an expression that is not read; the text says what of it.
var ErrPattern = errors.New("regex: it is no expression that is read here")

// Compile returns the automaton of the texts that an expression matches as a
// whole. Errors: [ErrPattern], runes.ErrLimit, and those of [grammar.Builder].
func Compile(pattern string) (*grammar.Automaton, error) {
	d, err := parse(runes.NewWork(), pattern, pattern, false)
	if err != nil {
		return nil, err
	}
	b := grammar.NewBuilder()
	rule, start := b.Rule()
	b.Last(b.Runes(start, d))
	return b.Build(rule)
}

// Search returns the texts in which an expression of ECMA-262 matches somewhere,
// as the pattern of a JSON schema does, out of a budget. Errors: [ErrPattern],
// runes.ErrLimit.
func Search(w *runes.Work, pattern string) (*runes.DFA, error) {
	translated, err := translate(pattern)
	if err != nil {
		return nil, err
	}
	return parse(w, pattern, translated, true)
}

// parse reads an expression of package regexp; shown is what its user wrote.
func parse(w *runes.Work, shown, pattern string, anywhere bool) (*runes.DFA, error) {
	if len(shown) > MaxPattern {
		return nil, fmt.Errorf("%w: it has %d bytes, at most %d", ErrPattern, len(shown), MaxPattern)
	}
	if err := w.Spend(byteUnits * len(shown)); err != nil {
		return nil, err
	}
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("%w: %.80q: %w", ErrPattern, shown, err)
	}
	d, err := w.Regexp(re, anywhere)
	if errors.Is(err, runes.ErrUnsupported) {
		return nil, fmt.Errorf("%w: %.80q: %w", ErrPattern, shown, err)
	}
	if err != nil {
		return nil, fmt.Errorf("%.80q: %w", shown, err)
	}
	return d, nil
}

// White space and ends of lines of ECMA-262, and what is neither.
const (
	spaces    = `\t\n\v\f\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}`
	notSpaces = `\x{0}-\x{8}\x{e}-\x{1f}\x{21}-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}\x{202a}-\x{202e}` +
		`\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{fefe}\x{ff00}-\x{10ffff}`
	notLineEnd = `[^\n\r\x{2028}\x{2029}]`
)

// translate writes an expression of ECMA-262 (with the flag u) as one of package
// regexp that means the same. What only one of them has is refused.
func translate(p string) (string, error) {
	if len(p) > MaxPattern || !utf8.ValidString(p) {
		return "", fmt.Errorf("%w: it has more than %d bytes, or is no UTF-8", ErrPattern, MaxPattern)
	}
	var out strings.Builder
	class := false
	for i := 0; i < len(p); {
		c := p[i]
		switch {
		case c == '\\':
			text, n, err := escape(p[i:], class)
			if err != nil {
				return "", err
			}
			out.WriteString(text)
			i += n
			continue
		case class && c == '[':
			out.WriteString(`\[`)
		case class && c == ']':
			class = false
			out.WriteByte(c)
		case class && (strings.HasPrefix(p[i:], "--") || strings.HasPrefix(p[i:], "&&")):
			return "", fmt.Errorf("%w: %.80q: %q in a class", ErrPattern, p, p[i:i+2])
		case !class && c == '[':
			if strings.HasPrefix(p[i:], "[]") || strings.HasPrefix(p[i:], "[^]") {
				return "", fmt.Errorf("%w: %.80q: an empty class", ErrPattern, p)
			}
			class = true
			out.WriteByte(c)
		case !class && c == '.':
			out.WriteString(notLineEnd)
		case !class && strings.HasPrefix(p[i:], "(?") && !strings.HasPrefix(p[i:], "(?:") && !named(p[i:]):
			return "", fmt.Errorf("%w: %.80q: a group that begins with %.3q", ErrPattern, p, p[i:])
		default:
			out.WriteByte(c)
		}
		i++
	}
	return out.String(), nil
}

// named reports whether a group begins with a name, and does not look behind.
func named(s string) bool {
	return strings.HasPrefix(s, "(?<") && !strings.HasPrefix(s, "(?<=") && !strings.HasPrefix(s, "(?<!")
}

// escape translates what begins with a backslash and tells how long it is.
func escape(s string, class bool) (text string, n int, err error) {
	if len(s) < 2 {
		return "", 0, fmt.Errorf("%w: it ends with a backslash", ErrPattern)
	}
	switch c := s[1]; {
	case c == 's' && class:
		return spaces, 2, nil
	case c == 's':
		return "[" + spaces + "]", 2, nil
	case c == 'S' && class:
		return notSpaces, 2, nil
	case c == 'S':
		return "[" + notSpaces + "]", 2, nil
	case c == 'b' && class:
		return `\x08`, 2, nil
	case c == '0' && (len(s) < 3 || s[2] < '0' || s[2] > '9'):
		return `\x00`, 2, nil
	case c == 'u' && len(s) >= 6 && isHex(s[2:6]) && !half(s[2:6]):
		return `\x{` + s[2:6] + `}`, 6, nil
	case c == 'x' && len(s) >= 4 && isHex(s[2:4]):
		return `\x{` + s[2:4] + `}`, 4, nil
	case c == 'c' && len(s) >= 3 && (s[2]|0x20 >= 'a' && s[2]|0x20 <= 'z'):
		return fmt.Sprintf(`\x%02x`, s[2]&0x1f), 3, nil
	case strings.IndexByte("dDwWtnvfr", c) >= 0:
		return s[:2], 2, nil
	case (c == 'p' || c == 'P') && len(s) > 3 && s[2] == '{':
		if end := strings.IndexByte(s, '}'); end > 0 && !strings.ContainsAny(s[:end], "=^") {
			return s[:end+1], end + 1, nil
		}
	case strings.IndexByte(`^$\.*+?()[]{}|/-`, c) >= 0:
		return s[:2], 2, nil
	}
	return "", 0, fmt.Errorf("%w: the escape %.2q", ErrPattern, s)
}

// half reports whether hex digits are a surrogate: half of a character.
func half(s string) bool { return strings.IndexByte("dD", s[0]) >= 0 && s[1] >= '8' }

func isHex(s string) bool { return strings.Trim(s, "0123456789abcdefABCDEF") == "" }
