package syntax

import (
	"slices"
	"strings"
)

// MaxDepth bounds how deep a tree is: statements in statements, expressions in
// expressions, and each link of a chain of operators or filters. Templates in
// use stay below 40.
const MaxDepth = 250

// parser reads tokens, of which the last is of kindEnd. There is always one to
// look at.
type parser struct {
	tokens []token
	at     int
	depth  int
	loops  int // for blocks around
	// inLoop is set within a loop that break and continue would end.
	inLoop bool
	// seen counts how often the names that macros know by themselves are used.
	seen map[string]int
	// blocks are the names of the blocks so far.
	blocks map[string]bool
}

// Parse reads a template. Errors: an [*Error], which is an [ErrSyntax] or an
// [ErrLimit].
func Parse(source string) (body []Stmt, err error) {
	defer func() {
		if p := recover(); p != nil {
			e, ok := p.(*Error)
			if !ok {
				panic(p)
			}
			body, err = nil, e
		}
	}()
	p := &parser{tokens: lex(source), seen: map[string]int{}, blocks: map[string]bool{}}
	return p.body(), nil
}

func (p *parser) now() token { return p.tokens[p.at] }

// look returns the token after the present one.
func (p *parser) look() token { return p.tokens[min(p.at+1, len(p.tokens)-1)] }

// next goes one token ahead, and returns the one that it leaves.
func (p *parser) next() token {
	t := p.tokens[p.at]
	p.at = min(p.at+1, len(p.tokens)-1)
	return t
}

func (p *parser) isOperator(s string) bool { return p.now().is(kindOperator, s) }
func (p *parser) isName(s string) bool     { return p.now().is(kindName, s) }

// skip goes beyond a name or an operator, if it is here.
func (p *parser) skip(k kind, text string) bool {
	if p.now().is(k, text) {
		p.next()
		return true
	}
	return false
}

// expect goes beyond a token of a kind, which must be here; text is empty for any.
func (p *parser) expect(k kind, text string) token {
	if t := p.now(); t.kind != k || text != "" && t.text != text {
		what := text
		if what == "" {
			what = map[kind]string{kindName: "a name", kindTagEnd: "%}", kindPrintEnd: "}}"}[k]
		}
		fail(t.line, "expected %s, got %.80s", what, t)
	}
	return p.next()
}

// deeper counts a level of the tree and returns the depth before, to which the
// caller sets depth back at the level's end.
func (p *parser) deeper() int {
	was := p.depth
	p.link()
	return was
}

// link counts a link of a chain, which is a level, too, until the chain ends.
func (p *parser) link() {
	if p.depth++; p.depth > MaxDepth {
		limit(p.now().line, "the template nests more than %d deep", MaxDepth)
	}
}

// body reads statements up to the end of the template or to a tag of one of
// these names, which it leaves to be read.
func (p *parser) body(ends ...string) []Stmt {
	var out []Stmt
	for {
		t := p.now()
		switch t.kind {
		case kindEnd:
			if len(ends) > 0 {
				fail(t.line, "the template ends before %s", strings.Join(ends, " or "))
			}
			return out
		case kindData:
			out = append(out, &Data{At{t.line}, p.next().text})
		case kindPrintBegin:
			p.next()
			out = append(out, &Print{At{t.line}, []Expr{p.tuple(true, false)}})
			p.expect(kindPrintEnd, "")
		default: // a lexer gives nothing else outside of tags
			p.next()
			if p.now().kind == kindName && slices.Contains(ends, p.now().text) {
				return out
			}
			out = append(out, p.statement())
			p.expect(kindTagEnd, "")
		}
	}
}

// block reads the rest of a tag, the body after it and the name of the tag that
// ends it.
func (p *parser) block(ends ...string) ([]Stmt, token) {
	was := p.deeper()
	p.skip(kindOperator, ":")
	p.expect(kindTagEnd, "")
	out := p.body(ends...)
	p.depth = was
	return out, p.next()
}
