package gbnf

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/assaynet/assay/engine/grammar"
)

// Limits of a grammar's text.
const (
	// MaxText bounds its bytes.
	MaxText   = 256 << 10
	maxRules  = 1 << 12
	maxNest   = 64  // parentheses in each other
	maxRepeat = 512 // of {m,n}
	// maxAgain bounds the bytes that are read again because they are repeated.
	maxAgain = 1 << 20
)

// ErrSyntax means a text that is no grammar; the text of the error says where.
var ErrSyntax = errors.New("gbnf: it is no grammar")

// Compile returns the automaton of the texts of the rule root. Errors:
// [ErrSyntax], and those of [grammar.Builder.Build].
func Compile(text string) (*grammar.Automaton, error) {
	if len(text) > MaxText || !utf8.ValidString(text) {
		return nil, fmt.Errorf("%w: it has more than %d bytes, or is no UTF-8", ErrSyntax, MaxText)
	}
	p := &parser{text: text, b: grammar.NewBuilder(), rules: map[string]*rule{}}
	for p.space(true); p.at < len(p.text); p.space(true) {
		if err := p.rule(); err != nil {
			return nil, err
		}
	}
	for _, name := range p.order {
		if !p.rules[name].defined {
			return nil, fmt.Errorf("%w: there is no rule %q", ErrSyntax, name)
		}
	}
	root, ok := p.rules["root"]
	if !ok {
		return nil, fmt.Errorf("%w: there is no rule root", ErrSyntax)
	}
	return p.b.Build(root.rule)
}

var errLarge = fmt.Errorf("%w: written out it becomes more than %d states or %d ways between them, or %d bytes are read again",
	grammar.ErrLimit, grammar.MaxStates, grammar.MaxEdges, maxAgain)

// rule is one that was defined, or named.
type rule struct {
	rule    grammar.Rule
	start   grammar.State
	defined bool
}

type parser struct {
	text  string
	at    int
	b     *grammar.Builder
	rules map[string]*rule
	order []string // names as they came
	again int      // bytes that were read again
}

func (p *parser) fail(format string, a ...any) error {
	line := 1
	for i := 0; i < p.at && i < len(p.text); i++ {
		if p.text[i] == '\n' {
			line++
		}
	}
	return fmt.Errorf("%w: line %d: "+format, append([]any{ErrSyntax, line}, a...)...)
}

// peek returns the next byte, 0 at the end.
func (p *parser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

// take passes over a byte where it comes next.
func (p *parser) take(c byte) bool {
	if p.peek() != c || p.at == len(p.text) {
		return false
	}
	p.at++
	return true
}

// space passes over white space and comments, and over ends of lines where lines
// says so.
func (p *parser) space(lines bool) {
	for p.at < len(p.text) {
		switch c := p.text[p.at]; {
		case c == ' ' || c == '\t':
		case (c == '\n' || c == '\r') && lines:
		case c == '#':
			for p.at+1 < len(p.text) && p.text[p.at+1] != '\n' {
				p.at++
			}
		default:
			return
		}
		p.at++
	}
}

func nameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

func (p *parser) name() string {
	from := p.at
	for nameByte(p.peek()) {
		p.at++
	}
	return p.text[from:p.at]
}

// named returns the rule of a name.
func (p *parser) named(name string) (*rule, error) {
	r, ok := p.rules[name]
	if !ok {
		if len(p.rules) >= maxRules {
			return nil, p.fail("more than %d rules", maxRules)
		}
		r = &rule{}
		r.rule, r.start = p.b.Rule()
		p.rules[name] = r
		p.order = append(p.order, name)
	}
	return r, nil
}

// rule reads "name ::= alternatives".
func (p *parser) rule() error {
	name := p.name()
	if name == "" {
		return p.fail("a rule's name is missing before %.10q", p.text[p.at:])
	}
	p.space(false)
	if len(p.text)-p.at < 3 || p.text[p.at:p.at+3] != "::=" {
		return p.fail("::= is missing after %.40q", name)
	}
	p.at += 3
	p.space(true)
	r, err := p.named(name)
	if err != nil {
		return err
	}
	if r.defined {
		return p.fail("a second rule %.40q", name)
	}
	r.defined = true
	end, err := p.alternatives(r.start, 0)
	if err != nil {
		return err
	}
	p.b.Last(end)
	if c := p.peek(); p.at < len(p.text) && c != '\n' && c != '\r' {
		return p.fail("%.10q is not understood", p.text[p.at:])
	}
	return nil
}

// alternatives reads sequences between bars and returns where they lead.
func (p *parser) alternatives(from grammar.State, depth int) (grammar.State, error) {
	if depth > maxNest {
		return 0, p.fail("more than %d parentheses in each other", maxNest)
	}
	to := p.b.State()
	for {
		end, err := p.sequence(from, depth)
		if err != nil {
			return 0, err
		}
		p.b.Free(end, to)
		if !p.take('|') {
			return to, nil
		}
		p.space(true)
	}
}

func (p *parser) sequence(from grammar.State, depth int) (grammar.State, error) {
	for {
		p.space(depth > 0)
		var err error
		switch c := p.peek(); {
		case p.at == len(p.text) || c == '|' || c == ')' || c == '\n' || c == '\r':
			return from, nil
		case p.b.Full():
			return from, errLarge
		default:
			from, err = p.item(from, depth)
		}
		if err != nil {
			return 0, err
		}
	}
}

// item reads a symbol and how often it comes.
func (p *parser) item(from grammar.State, depth int) (grammar.State, error) {
	begin := p.at
	to, err := p.symbol(from, depth)
	if err != nil {
		return 0, err
	}
	end := p.at
	least, most, err := p.repeats()
	if err != nil || least == 1 && most == 1 {
		return to, err
	}
	after := p.at
	// The first copy is there; each other one is read from the text again.
	again := func(at grammar.State) (grammar.State, error) {
		if p.again += end - begin; p.again > maxAgain || p.b.Full() {
			return 0, errLarge
		}
		p.at = begin
		return p.symbol(at, depth)
	}
	enter := p.b.State() // of nothing, behind which nobody else comes
	p.b.Free(to, enter)
	out := p.b.State()
	if least == 0 {
		p.b.Free(from, out)
	}
	for n := 1; n < least; n++ {
		if enter, err = again(enter); err != nil {
			return 0, err
		}
	}
	p.b.Free(enter, out)
	for n := max(least, 1); n < most; n++ {
		if enter, err = again(enter); err != nil {
			return 0, err
		}
		p.b.Free(enter, out)
	}
	if most < 0 {
		loop := p.b.State()
		p.b.Free(enter, loop)
		back, err := again(loop)
		if err != nil {
			return 0, err
		}
		p.b.Free(back, loop)
		p.b.Free(loop, out)
	}
	p.at = max(after, end)
	return out, nil
}

// repeats reads *, +, ?, {n}, {n,} or {m,n}; most −1 is no bound.
func (p *parser) repeats() (least, most int, err error) {
	switch {
	case p.take('*'):
		return 0, -1, nil
	case p.take('+'):
		return 1, -1, nil
	case p.take('?'):
		return 0, 1, nil
	case !p.take('{'):
		return 1, 1, nil
	}
	if least, err = p.count(); err != nil {
		return 0, 0, err
	}
	most = least
	if p.take(',') {
		most = -1
		if p.peek() != '}' {
			if most, err = p.count(); err != nil {
				return 0, 0, err
			}
		}
	}
	if !p.take('}') || most >= 0 && most < least || most == 0 {
		return 0, 0, p.fail("a repetition is {n}, {n,} or {m,n}, of at least once")
	}
	return least, most, nil
}

func (p *parser) count() (int, error) {
	from := p.at
	for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
		p.at++
	}
	n, err := strconv.Atoi(p.text[from:p.at])
	if err != nil || n > maxRepeat {
		return 0, p.fail("a repetition counts 0 to %d", maxRepeat)
	}
	return n, nil
}

// symbol reads a text, a class, a rule's name, a dot or parentheses.
func (p *parser) symbol(from grammar.State, depth int) (grammar.State, error) {
	switch c := p.peek(); {
	case c == '"':
		return p.literal(from)
	case c == '[':
		return p.class(from)
	case c == '.':
		p.at++
		return p.b.Ranges(from, []rune{0, utf8.MaxRune}), nil
	case c == '(':
		p.at++
		p.space(true)
		// A group begins behind nothing, for what leads back to its start must not
		// lead to what comes before.
		start := p.b.State()
		p.b.Free(from, start)
		to, err := p.alternatives(start, depth+1)
		if err != nil {
			return 0, err
		}
		if !p.take(')') {
			return 0, p.fail("a ) is missing")
		}
		return to, nil
	case nameByte(c):
		r, err := p.named(p.name())
		if err != nil {
			return 0, err
		}
		to := p.b.State()
		p.b.Call(from, r.rule, to)
		return to, nil
	}
	return 0, p.fail("%.10q is not understood", p.text[p.at:])
}

func (p *parser) literal(from grammar.State) (grammar.State, error) {
	p.at++
	for !p.take('"') {
		r, err := p.char()
		if err != nil {
			return 0, err
		}
		from = p.b.Text(from, string(r))
	}
	return from, nil
}

// class reads [a-z] or [^a-z].
func (p *parser) class(from grammar.State) (grammar.State, error) {
	p.at++
	not := p.take('^')
	var pairs []rune
	for !p.take(']') {
		lo, err := p.char()
		if err != nil {
			return 0, err
		}
		hi := lo
		if p.peek() == '-' && p.at+1 < len(p.text) && p.text[p.at+1] != ']' {
			p.at++
			if hi, err = p.char(); err != nil {
				return 0, err
			}
		}
		if hi < lo {
			return 0, p.fail("a class has %q before %q", lo, hi)
		}
		pairs = append(pairs, lo, hi)
	}
	pairs = grammar.Others(pairs) // of a class each character once
	if !not {
		pairs = grammar.Others(pairs)
	}
	return p.b.Ranges(from, pairs), nil
}

// char reads one character, or its escape.
func (p *parser) char() (rune, error) {
	if p.at == len(p.text) || p.peek() == '\n' {
		return 0, p.fail("a text or class has no end")
	}
	if !p.take('\\') {
		r, size := utf8.DecodeRuneInString(p.text[p.at:])
		p.at += size
		return r, nil
	}
	c := p.peek()
	p.at++
	switch c {
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case '\\', '"', '[', ']', '-', '^':
		return rune(c), nil
	case 'x':
		return p.hex(2)
	case 'u':
		return p.hex(4)
	case 'U':
		return p.hex(8)
	}
	return 0, p.fail("the escape \\%c is not known", c)
}

func (p *parser) hex(digits int) (rune, error) {
	if len(p.text)-p.at < digits {
		return 0, p.fail("an escape has %d hex digits", digits)
	}
	n, err := strconv.ParseUint(p.text[p.at:p.at+digits], 16, 32)
	if err != nil || n > utf8.MaxRune || !utf8.ValidRune(rune(n)) {
		return 0, p.fail("an escape of %d hex digits is no character", digits)
	}
	p.at += digits
	return rune(n), nil
}
