package chattemplate

import "fmt"

func (c *compiler) anyStmt(n node) stmt {
	switch n.kind() {
	case "EmitRaw":
		raw := Own(n.text("Raw"))
		return func(r *run, _ *scope) (signal, error) { return goOn, r.print(raw) }
	case "EmitExpr":
		return put(c.expr(n.child("Expr")), printed)
	case "IfCond":
		return c.ifElse(n)
	case "ForLoop":
		return c.loop(n)
	case "Set":
		assign := c.target(n.child("Target"))
		return put(c.expr(n.child("Expr")), assign)
	case "SetBlock", "FilterBlock":
		return c.caught(n)
	case "WithBlock":
		return c.with(n)
	case "Macro":
		return c.macro(n)
	case "Break":
		return func(*run, *scope) (signal, error) { return breakLoop, nil }
	case "Continue":
		return func(*run, *scope) (signal, error) { return continueLoop, nil }
	}
	// Import, Include, Extends, Block, CallBlock, AutoEscape, Do.
	kind := n.kind()
	return func(*run, *scope) (signal, error) { return goOn, fail("the statement %s is not supported", kind) }
}

func (c *compiler) ifElse(n node) stmt {
	e := c.expr(n.child("Expr"))
	yes, no := c.body(n.children("TrueBody")), c.body(n.children("FalseBody"))
	return then(e, func(r *run, s *scope, v value) (signal, error) {
		if truth(v) {
			return yes(r, s)
		}
		return no(r, s)
	})
}

// assigner puts a value where a target says.
type assigner func(r *run, s *scope, v value) error

// put is the statement that gives e's value to assign.
func put(e expr, assign assigner) stmt {
	return then(e, func(r *run, s *scope, v value) (signal, error) { return goOn, assign(r, s, v) })
}

// printed is the assigner of what goes to the output.
func printed(r *run, _ *scope, v value) error {
	t, err := r.str(v)
	if err != nil {
		return err
	}
	return r.print(t)
}

func (c *compiler) target(n node) assigner {
	switch n.kind() {
	case "Var":
		name := n.text("ID")
		return func(_ *run, s *scope, v value) error { s.set(name, v); return nil }
	case "GetAttr":
		e := c.expr(n.child("Expr"))
		name := Own(n.text("Name"))
		return func(r *run, s *scope, v value) error {
			to, err := e(r, s)
			if err != nil {
				return err
			}
			ns, ok := to.(*namespace)
			if !ok {
				return fail("only a namespace's attributes can be set, not a %s's", kindOf(to))
			}
			return ns.set(r, name, v)
		}
	case "List":
		return c.targets(n.children("Items"))
	}
	c.refuse(n, "a %s is set", n.kind())
	return nil
}

func (c *compiler) targets(nodes []node) assigner {
	parts := make([]assigner, len(nodes))
	for i, n := range nodes {
		if c.enter(n) {
			parts[i] = c.target(n)
			c.leave()
		}
	}
	return func(r *run, s *scope, v value) error {
		items, err := r.iterate(v)
		if err != nil {
			return err
		}
		if len(items) != len(parts) {
			return fail("%d values for %d names", len(items), len(parts))
		}
		for i, assign := range parts {
			if err := assign(r, s, items[i]); err != nil {
				return err
			}
		}
		return nil
	}
}

// caught compiles {% set x %} and {% filter f %}, whose bodies' output goes elsewhere.
func (c *compiler) caught(n node) stmt {
	assign := assigner(printed)
	if n.kind() == "SetBlock" {
		assign = c.target(n.child("Target"))
	}
	body := c.body(n.children("Body"))
	filters := c.filters(n.child("Filter"))
	return func(r *run, s *scope) (signal, error) {
		var sig signal
		t, err := r.catch(func() (err error) { sig, err = body(r, s.inner()); return err })
		if err != nil || sig != goOn {
			return sig, err
		}
		v := value(t)
		for _, f := range filters {
			if v, err = f(r, s, v); err != nil {
				return goOn, err
			}
		}
		return goOn, assign(r, s, v)
	}
}

// filters compiles a chain of filters that stands by itself, the first one first.
func (c *compiler) filters(n node) []step[value] {
	if n.none() || !c.enter(n) {
		return nil
	}
	defer c.leave()
	return append(c.filters(n.child("Expr")), c.applied(n, (*run).filter))
}

func (c *compiler) with(n node) stmt {
	var targets []assigner
	var values []expr
	for _, a := range n.children("Assignments") {
		targets = append(targets, c.target(a.child("Target")))
		values = append(values, c.expr(a.child("Value")))
	}
	body := c.body(n.children("Body"))
	return func(r *run, s *scope) (signal, error) {
		vs, err := evaluate(r, s, values)
		if err != nil {
			return goOn, err
		}
		inner := s.inner()
		for i, assign := range targets {
			if err := assign(r, inner, vs[i]); err != nil {
				return goOn, err
			}
		}
		return body(r, inner)
	}
}

// macro compiles the definition of a macro. It sees the variables around its definition.
func (c *compiler) macro(n node) stmt {
	name := n.text("Name")
	var names []string
	for _, a := range n.children("Args") {
		names = append(names, a.text("ID"))
	}
	defaults := c.exprs(n.children("Defaults")...)
	body := c.body(n.children("Body"))
	call := func(r *run, s *scope, a arguments) (value, error) {
		if r.calls++; r.calls > maxCalls {
			return nil, fmt.Errorf("%w: macros call macros more than %d deep", ErrLimit, maxCalls)
		}
		defer func() { r.calls-- }()
		given, err := a.bind(name, names...)
		if err != nil {
			return nil, err
		}
		inner := s.inner()
		for i, v := range given {
			if at := i - len(names) + len(defaults); v == absent && at >= 0 {
				if v, err = defaults[at](r, inner); err != nil {
					return nil, err
				}
			} else if v == absent {
				v = undefined{names[i]}
			}
			inner.set(names[i], v)
		}
		t, err := r.catch(func() error { _, err := body(r, inner); return err })
		return t, err
	}
	return func(_ *run, s *scope) (signal, error) {
		s.set(name, &function{name, func(r *run, a arguments) (value, error) { return call(r, s, a) }})
		return goOn, nil
	}
}
