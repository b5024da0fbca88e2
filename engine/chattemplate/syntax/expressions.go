package syntax

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// expression reads an expression that may be a choice (a if b else c).
func (p *parser) expression() Expr { return p.condition(true) }

func (p *parser) condition(choice bool) Expr {
	was := p.deeper()
	x := p.or()
	for choice && p.skip(kindName, "if") {
		p.link()
		c := &Choice{Test: p.or(), Then: x}
		if p.skip(kindName, "else") {
			c.Else = p.condition(true)
		}
		x = c
	}
	p.depth = was
	return x
}

func (p *parser) or() Expr {
	was := p.depth
	x := p.and()
	for p.skip(kindName, "or") {
		p.link()
		x = &Binary{"or", x, p.and()}
	}
	p.depth = was
	return x
}

func (p *parser) and() Expr {
	was := p.depth
	x := p.not()
	for p.skip(kindName, "and") {
		p.link()
		x = &Binary{"and", x, p.not()}
	}
	p.depth = was
	return x
}

func (p *parser) not() Expr {
	if p.skip(kindName, "not") {
		was := p.deeper()
		x := &Unary{"not", p.not()}
		p.depth = was
		return x
	}
	return p.compare()
}

func (p *parser) compare() Expr {
	x := p.sum()
	var c *Compare
	for {
		op, n := p.comparison()
		if n == 0 {
			break
		}
		for range n {
			p.next()
		}
		if c == nil {
			c = &Compare{First: x}
		}
		c.Operators, c.Rest = append(c.Operators, op), append(c.Rest, p.sum())
	}
	if c == nil {
		return x
	}
	return c
}

// comparison returns the comparing operator that is here and of how many tokens
// it is; 0 means that there is none.
func (p *parser) comparison() (string, int) {
	t := p.now()
	switch {
	case t.kind == kindOperator && slices.Contains([]string{"==", "!=", "<", "<=", ">", ">="}, t.text):
		return t.text, 1
	case p.isName("in"):
		return "in", 1
	case p.isName("not") && p.look().is(kindName, "in"):
		return "not in", 2
	}
	return "", 0
}

// chain reads operands with operators between them that bind from left to right.
func (p *parser) chain(operand func() Expr, ops ...string) Expr {
	was := p.depth
	x := operand()
	for p.now().kind == kindOperator && slices.Contains(ops, p.now().text) {
		p.link()
		op := p.next().text
		x = &Binary{op, x, operand()}
	}
	p.depth = was
	return x
}

func (p *parser) sum() Expr { return p.chain(p.concat, "+", "-") }

func (p *parser) concat() Expr {
	x := p.product()
	if !p.isOperator("~") {
		return x
	}
	c := &Concat{[]Expr{x}}
	for p.skip(kindOperator, "~") {
		c.Items = append(c.Items, p.product())
	}
	return c
}

func (p *parser) product() Expr { return p.chain(p.power, "*", "/", "//", "%") }
func (p *parser) power() Expr   { return p.chain(func() Expr { return p.unary(true) }, "**") }

// unary reads signs, what they stand before, and the filters and tests behind
// it, which see the signs.
func (p *parser) unary(filters bool) Expr {
	was := p.depth
	var x Expr
	if p.isOperator("-") || p.isOperator("+") {
		p.link()
		op := p.next().text
		x = &Unary{op, p.unary(false)}
	} else {
		x = p.primary(false)
	}
	x = p.postfix(x)
	if filters {
		x = p.applied(x)
	}
	p.depth = was
	return x
}

// applied reads the filters and tests of x, and calls of these.
func (p *parser) applied(x Expr) Expr {
	for {
		switch {
		case p.isOperator("|"):
			p.link()
			x = p.filter(x)
		case p.isName("is"):
			p.link()
			x = p.test(x)
		case p.isOperator("("):
			p.link()
			x = &Call{x, p.arguments()}
		default:
			return x
		}
	}
}

// primary reads a name, a literal or something in brackets; attributes says
// whether a name and its attribute are one thing to set.
func (p *parser) primary(attributes bool) Expr {
	t := p.next()
	switch t.kind {
	case kindName:
		return p.name(t, attributes)
	case kindString:
		text := t.text
		if p.now().kind == kindString {
			var b strings.Builder
			b.WriteString(text)
			for p.now().kind == kindString {
				b.WriteString(p.next().text)
			}
			text = b.String()
		}
		return &Literal{text}
	case kindInteger, kindFloat:
		return &Literal{number(t)}
	case kindOperator:
		switch t.text {
		case "(":
			x := p.tuple(true, true)
			p.expect(kindOperator, ")")
			return x
		case "[":
			return &List{p.items("]", p.expression)}
		case "{":
			return p.dict()
		}
	}
	fail(t.line, "unexpected %.80s", t)
	return nil
}

func (p *parser) name(t token, attributes bool) Expr {
	switch t.text {
	case "true", "True":
		return &Literal{true}
	case "false", "False":
		return &Literal{false}
	case "none", "None":
		return &Literal{nil}
	case "varargs", "kwargs", "caller":
		p.seen[t.text]++
	}
	if attributes && p.skip(kindOperator, ".") {
		return &Attribute{&Name{t.text}, p.expect(kindName, "").text}
	}
	return &Name{t.text}
}

// number is the value of a number's token.
func number(t token) any {
	if t.kind == kindFloat {
		x, err := strconv.ParseFloat(t.text, 64)
		if err != nil && !errors.Is(err, strconv.ErrRange) { // beyond the range it is infinite, as in Python
			fail(t.line, "a bad number %.80s", t)
		}
		return x
	}
	n, err := strconv.ParseInt(t.text, 0, 64)
	if errors.Is(err, strconv.ErrRange) {
		limit(t.line, "a number beyond 64 bits")
	}
	if err != nil {
		n, err = strconv.ParseInt(strings.TrimLeft(t.text, "0"), 10, 64)
		if strings.Trim(t.text, "0") != "" && err != nil {
			fail(t.line, "a bad number %.80s", t)
		}
	}
	return n
}

// tuple reads an expression or, where commas follow, a tuple. choice says
// whether an item may be a choice, empty whether no item is a tuple, too; ends
// are names that end it.
func (p *parser) tuple(choice, empty bool, ends ...string) Expr {
	return p.tupleOf(func() Expr { return p.condition(choice) }, empty, ends)
}

func (p *parser) tupleOf(item func() Expr, empty bool, ends []string) Expr {
	var items []Expr
	isTuple := false
	for {
		if len(items) > 0 {
			p.expect(kindOperator, ",")
		}
		if t := p.now(); t.kind == kindPrintEnd || t.kind == kindTagEnd || p.isOperator(")") || t.kind == kindName && slices.Contains(ends, t.text) {
			break
		}
		items = append(items, item())
		if !p.isOperator(",") {
			break
		}
		isTuple = true
	}
	switch {
	case isTuple || len(items) == 0 && empty:
		return &Tuple{items}
	case len(items) == 0:
		fail(p.now().line, "expected an expression, got %.80s", p.now())
	}
	return items[0]
}

// items reads what item reads, with commas between and perhaps one at the end,
// up to a closing bracket.
func (p *parser) items(end string, item func() Expr) []Expr {
	var out []Expr
	for !p.isOperator(end) {
		if len(out) > 0 {
			p.expect(kindOperator, ",")
			if p.isOperator(end) {
				break
			}
		}
		out = append(out, item())
	}
	p.next()
	return out
}

func (p *parser) dict() Expr {
	d := &Dict{}
	d.Keys = p.items("}", func() Expr {
		k := p.expression()
		p.expect(kindOperator, ":")
		d.Values = append(d.Values, p.expression())
		return k
	})
	return d
}

// postfix reads attributes, items and calls behind x.
func (p *parser) postfix(x Expr) Expr {
	for {
		switch {
		case p.isOperator("."):
			p.link()
			p.next()
			x = p.attribute(x)
		case p.isOperator("["):
			p.link()
			x = &Item{x, p.subscript()}
		case p.isOperator("("):
			p.link()
			x = &Call{x, p.arguments()}
		default:
			return x
		}
	}
}

func (p *parser) attribute(x Expr) Expr {
	switch t := p.next(); t.kind {
	case kindName:
		return &Attribute{x, t.text}
	case kindInteger:
		return &Item{x, &Literal{number(t)}}
	default:
		fail(t.line, "expected a name or a number, got %.80s", t)
		return nil
	}
}

// subscript reads what stands in brackets behind an expression.
func (p *parser) subscript() Expr {
	p.next()
	var keys []Expr
	for !p.isOperator("]") {
		if len(keys) > 0 {
			p.expect(kindOperator, ",")
		}
		keys = append(keys, p.key())
	}
	p.next()
	if len(keys) == 1 {
		return keys[0]
	}
	return &Tuple{keys}
}

// key reads an expression or a slice.
func (p *parser) key() Expr {
	bound := func() Expr {
		if p.isOperator(":") || p.isOperator("]") || p.isOperator(",") {
			return nil
		}
		return p.expression()
	}
	start := bound()
	if !p.skip(kindOperator, ":") {
		if start == nil {
			fail(p.now().line, "unexpected %.80s", p.now())
		}
		return start
	}
	s := &Slice{Start: start, Stop: bound()}
	if p.skip(kindOperator, ":") {
		s.Step = bound()
	}
	return s
}

// arguments reads those of a call, from the bracket on.
func (p *parser) arguments() (a Arguments) {
	line := p.expect(kindOperator, "(").line
	ensure := func(ok bool) {
		if !ok {
			fail(line, "the arguments of a call are out of order")
		}
	}
	for first := true; !p.isOperator(")"); first = false {
		if !first {
			p.expect(kindOperator, ",")
			if p.isOperator(")") {
				break
			}
		}
		switch {
		case p.skip(kindOperator, "*"):
			ensure(a.Star == nil && a.StarStar == nil)
			a.Star = p.expression()
		case p.skip(kindOperator, "**"):
			ensure(a.StarStar == nil)
			a.StarStar = p.expression()
		case p.now().kind == kindName && p.look().is(kindOperator, "="):
			name := p.next().text
			p.next()
			ensure(a.StarStar == nil && !slices.Contains(a.Names, name))
			a.Names, a.Named = append(a.Names, name), append(a.Named, p.expression())
		default:
			ensure(a.Star == nil && a.StarStar == nil && len(a.Named) == 0)
			a.Positional = append(a.Positional, p.expression())
		}
	}
	p.next()
	return a
}

// dotted reads the name of a filter or a test.
func (p *parser) dotted() string {
	parts := []string{p.expect(kindName, "").text}
	for p.skip(kindOperator, ".") {
		parts = append(parts, p.expect(kindName, "").text)
	}
	return strings.Join(parts, ".")
}

// filter reads one filter of x, from the bar on.
func (p *parser) filter(x Expr) *Filter {
	p.next()
	return p.filterName(x)
}

func (p *parser) filterName(x Expr) *Filter {
	f := &Filter{X: x, Name: p.dotted()}
	if p.isOperator("(") {
		f.Arguments = p.arguments()
	}
	return f
}

// blockFilter reads the filters of a block, of which the first has no bar
// before it where bare is set. There may be none otherwise.
func (p *parser) blockFilter(bare bool) *Filter {
	was := p.depth
	var f *Filter
	if bare {
		f = p.filterName(nil)
	}
	for p.isOperator("|") {
		p.link()
		var x Expr
		if f != nil {
			x = f
		}
		f = p.filter(x)
	}
	p.depth = was
	return f
}

// test reads a test of x, from "is" on.
func (p *parser) test(x Expr) Expr {
	p.next()
	negated := p.skip(kindName, "not")
	t := &Test{X: x, Name: p.dotted()}
	switch now := p.now(); {
	case p.isOperator("("):
		t.Arguments = p.arguments()
	case p.isName("is"):
		fail(now.line, "tests cannot be chained with is")
	case now.kind == kindName && !slices.Contains([]string{"else", "or", "and"}, now.text),
		now.kind == kindString, now.kind == kindInteger, now.kind == kindFloat, p.isOperator("["), p.isOperator("{"):
		t.Positional = []Expr{p.postfix(p.primary(false))}
	}
	if negated {
		return &Unary{"not", t}
	}
	return t
}
