package syntax

import "slices"

// statement reads a tag from its name on, without its end.
func (p *parser) statement() Stmt {
	t := p.now()
	if t.kind != kindName {
		fail(t.line, "expected the name of a tag, got %.80s", t)
	}
	p.next()
	at := At{t.line}
	switch t.text {
	case "for":
		return p.loop(at)
	case "if":
		return p.ifElse(at)
	case "set":
		return p.set(at)
	case "macro":
		name := p.expect(kindName, "").text
		return &Macro{at, p.function(name, "endmacro")}
	case "call":
		return p.callBlock(at)
	case "filter":
		f := p.blockFilter(true)
		body, _ := p.block("endfilter")
		return &FilterBlock{at, f, body}
	case "with":
		return p.with(at)
	case "print":
		return &Print{at, p.list(kindTagEnd)}
	case "block":
		return p.namedBlock(at)
	case "generation":
		return &Scope{at, p.apart("endgeneration")}
	case "autoescape":
		on := p.expression()
		body, _ := p.block("endautoescape")
		return &Autoescape{at, on, body}
	case "break", "continue":
		return p.jump(t)
	case "include", "import", "from", "extends":
		return p.elsewhere(t)
	}
	fail(t.line, "unknown tag %.80q", t.text)
	return nil
}

// list reads expressions with commas between them up to a token of a kind.
func (p *parser) list(end kind) []Expr {
	var out []Expr
	for p.now().kind != end {
		if len(out) > 0 {
			p.expect(kindOperator, ",")
		}
		out = append(out, p.expression())
	}
	return out
}

func (p *parser) ifElse(at At) Stmt {
	out := &If{At: at}
	for {
		test := p.tuple(false, false)
		body, end := p.block("elif", "else", "endif")
		out.Branches = append(out.Branches, Branch{test, body})
		switch end.text {
		case "elif":
			continue
		case "else":
			out.Else, _ = p.block("endif")
		}
		return out
	}
}

func (p *parser) loop(at At) Stmt {
	out := &For{At: at}
	begin := p.at
	out.Target = p.target(false, "in")
	p.expect(kindName, "in")
	out.Iter = p.tuple(false, false, "recursive")
	if p.skip(kindName, "if") {
		out.Only = p.expression()
	}
	out.Recursive = p.skip(kindName, "recursive")
	was := p.inLoop
	p.inLoop = true
	p.loops++
	p.notLoop(out.Target, p.tokens[begin].line)
	body, end := p.block("endfor", "else")
	p.inLoop = was
	out.Body = body
	if end.text == "else" {
		out.Else, _ = p.block("endfor")
	}
	p.loops--
	return out
}

// notLoop refuses to set the variable loop within a loop.
func (p *parser) notLoop(target Target, line int) {
	switch t := target.(type) {
	case *Name:
		if t.Name == "loop" && p.loops > 0 {
			fail(line, "loop cannot be set within a loop")
		}
	case *Tuple:
		for _, x := range t.Items {
			p.notLoop(x, line)
		}
	}
}

func (p *parser) set(at At) Stmt {
	target := p.target(true)
	p.notLoop(target, at.line)
	if p.skip(kindOperator, "=") {
		return &Set{at, target, p.tuple(true, false)}
	}
	f := p.blockFilter(false)
	body, _ := p.block("endset")
	return &SetBlock{at, target, f, body}
}

func (p *parser) with(at At) Stmt {
	out := &With{At: at}
	for p.now().kind != kindTagEnd {
		if len(out.Targets) > 0 {
			p.expect(kindOperator, ",")
		}
		out.Targets = append(out.Targets, p.target(false))
		p.expect(kindOperator, "=")
		out.Values = append(out.Values, p.expression())
	}
	out.Body, _ = p.block("endwith")
	return out
}

// signature reads the parameters of a macro or a call block.
func (p *parser) signature(f *Function) {
	p.expect(kindOperator, "(")
	for !p.isOperator(")") {
		if len(f.Parameters) > 0 {
			p.expect(kindOperator, ",")
		}
		t := p.expect(kindName, "")
		if constant(t.text) || slices.Contains(f.Parameters, t.text) {
			fail(t.line, "a second parameter or a constant %.80q", t.text)
		}
		f.Parameters = append(f.Parameters, t.text)
		if p.skip(kindOperator, "=") {
			f.Defaults = append(f.Defaults, p.expression())
		} else if len(f.Defaults) > 0 {
			fail(t.line, "a parameter without a default after one that has one")
		}
	}
	p.next()
}

// function reads the parameters of a macro, and its body.
func (p *parser) function(name, end string) Function {
	f := Function{Name: name}
	p.signature(&f)
	p.functionBody(&f, end)
	return f
}

func (p *parser) functionBody(f *Function, end string) {
	before := [3]int{p.seen["varargs"], p.seen["kwargs"], p.seen["caller"]}
	line := p.now().line
	f.Body = p.apart(end)
	uses := func(i int, name string) bool {
		return p.seen[name] > before[i] && !slices.Contains(f.Parameters, name)
	}
	f.Varargs, f.Kwargs, f.Caller = uses(0, "varargs"), uses(1, "kwargs"), uses(2, "caller")
	if i := slices.Index(f.Parameters, "caller"); i >= 0 && i < len(f.Parameters)-len(f.Defaults) && p.seen["caller"] > before[2] {
		fail(line, "the parameter caller needs a default")
	}
}

// apart reads a body that is a function of its own: break and continue do not
// reach out of it.
func (p *parser) apart(end string) []Stmt {
	was := p.inLoop
	p.inLoop = false
	body, _ := p.block(end)
	p.inLoop = was
	return body
}

func (p *parser) callBlock(at At) Stmt {
	out := &CallBlock{At: at}
	if p.isOperator("(") {
		p.signature(&out.Function)
	}
	call, ok := p.expression().(*Call)
	if !ok {
		fail(at.line, "a call block without a call")
	}
	out.Call = call
	p.functionBody(&out.Function, "endcall")
	return out
}

func (p *parser) namedBlock(at At) Stmt {
	out := &Block{At: at, Name: p.expect(kindName, "").text}
	if p.blocks[out.Name] {
		fail(at.line, "a second block %.80q", out.Name)
	}
	p.blocks[out.Name] = true
	out.Scoped = p.skip(kindName, "scoped")
	out.Required = p.skip(kindName, "required")
	out.Body = p.apart("endblock")
	p.skip(kindName, out.Name)
	return out
}

func (p *parser) jump(t token) Stmt {
	switch {
	case !p.inLoop:
		fail(t.line, "%s outside of a loop", t.text)
	case t.text == "break":
		return &Break{At{t.line}}
	}
	return &Continue{At{t.line}}
}

// elsewhere reads a tag that needs another template. There is none, so what it
// says in detail is not kept.
func (p *parser) elsewhere(t token) Stmt {
	p.expression()
	for p.now().kind != kindTagEnd {
		if p.now().kind != kindName && !p.isOperator(",") {
			fail(p.now().line, "unexpected %.80s", p.now())
		}
		p.next()
	}
	return &Elsewhere{At{t.line}, t.text}
}

// constant reports whether a name is one that cannot be set.
func constant(name string) bool {
	switch name {
	case "true", "false", "none", "True", "False", "None":
		return true
	}
	return false
}

// target reads what is set: names with commas between them and, within
// parentheses, more of these. attributes says whether an attribute of a name
// may be set; ends are names that end it.
func (p *parser) target(attributes bool, ends ...string) Target {
	line := p.now().line
	seen := map[string]int{"varargs": p.seen["varargs"], "kwargs": p.seen["kwargs"], "caller": p.seen["caller"]}
	t := p.tupleOf(func() Expr { return p.primary(attributes) }, false, ends)
	p.seen = seen // names that are set are not used
	settable(t, line)
	return t
}

func settable(t Target, line int) {
	switch t := t.(type) {
	case *Name:
		return
	case *Attribute:
		if x, ok := t.X.(*Name); ok && x != nil {
			return
		}
	case *Tuple:
		for _, x := range t.Items {
			settable(x, line)
		}
		return
	}
	fail(line, "this cannot be set")
}
