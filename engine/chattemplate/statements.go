package chattemplate

import (
	"errors"
	"fmt"
)

// stmt is a compiled statement.
type stmt func(r *run, s *scope) (signal, error)

// signal says how a statement ended.
type signal int

const (
	goOn signal = iota
	breakLoop
	continueLoop
)

// atLine is an error with the line of the innermost statement.
type atLine struct {
	line int
	err  error
}

func (e *atLine) Error() string { return fmt.Sprintf("line %d: %v", e.line, e.err) }
func (e *atLine) Unwrap() error { return e.err }

func (c *compiler) stmt(n node) (stmt, error) {
	leave, err := c.deeper(n)
	if err != nil {
		return nil, err
	}
	defer leave()
	do, err := c.anyStmt(n)
	if err != nil {
		return nil, err
	}
	line := n.line()
	return func(r *run, s *scope) (signal, error) {
		if err := r.spend(1, 0); err != nil {
			return goOn, err
		}
		sig, err := do(r, s)
		if at := (*atLine)(nil); err != nil && !errors.As(err, &at) {
			err = &atLine{line, err}
		}
		return sig, err
	}, nil
}

func (c *compiler) anyStmt(n node) (stmt, error) {
	switch n.kind() {
	case "EmitRaw":
		raw := Own(n.text("Raw"))
		return func(r *run, _ *scope) (signal, error) { return goOn, r.print(raw) }, nil
	case "EmitExpr":
		return c.emit(n)
	case "IfCond":
		return c.ifElse(n)
	case "ForLoop":
		return c.loop(n)
	case "Set":
		return c.set(n)
	case "SetBlock", "FilterBlock":
		return c.caught(n)
	case "WithBlock":
		return c.with(n)
	case "Macro":
		return c.macro(n)
	case "Break":
		return func(*run, *scope) (signal, error) { return breakLoop, nil }, nil
	case "Continue":
		return func(*run, *scope) (signal, error) { return continueLoop, nil }, nil
	}
	// Import, Include, Extends, Block, CallBlock, AutoEscape, Do.
	kind := n.kind()
	return func(*run, *scope) (signal, error) { return goOn, fail("the statement %s is not supported", kind) }, nil
}

// body compiles statements that follow each other.
func (c *compiler) body(nodes []node) (stmt, error) {
	stmts := make([]stmt, len(nodes))
	for i, n := range nodes {
		var err error
		if stmts[i], err = c.stmt(n); err != nil {
			return nil, err
		}
	}
	return func(r *run, s *scope) (signal, error) {
		for _, do := range stmts {
			if sig, err := do(r, s); err != nil || sig != goOn {
				return sig, err
			}
		}
		return goOn, nil
	}, nil
}

func (c *compiler) emit(n node) (stmt, error) {
	e, err := c.expr(n.child("Expr"))
	if err != nil {
		return nil, err
	}
	return func(r *run, s *scope) (signal, error) {
		v, err := e(r, s)
		if err != nil {
			return goOn, err
		}
		t, err := r.str(v)
		if err != nil {
			return goOn, err
		}
		return goOn, r.print(t)
	}, nil
}

func (c *compiler) ifElse(n node) (stmt, error) {
	e, err := c.expr(n.child("Expr"))
	if err != nil {
		return nil, err
	}
	yes, err := c.body(n.children("TrueBody"))
	if err != nil {
		return nil, err
	}
	no, err := c.body(n.children("FalseBody"))
	if err != nil {
		return nil, err
	}
	return func(r *run, s *scope) (signal, error) {
		v, err := e(r, s)
		switch {
		case err != nil:
			return goOn, err
		case truth(v):
			return yes(r, s)
		}
		return no(r, s)
	}, nil
}

// assigner puts a value where a target says.
type assigner func(r *run, s *scope, v value) error

func (c *compiler) target(n node) (assigner, error) {
	switch n.kind() {
	case "Var":
		name := n.text("ID")
		return func(_ *run, s *scope, v value) error { s.set(name, v); return nil }, nil
	case "GetAttr":
		e, err := c.expr(n.child("Expr"))
		if err != nil {
			return nil, err
		}
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
		}, nil
	case "List":
		return c.targets(n.children("Items"))
	}
	return nil, fmt.Errorf("%w: line %d: a %s is set", ErrSyntax, n.line(), n.kind())
}

func (c *compiler) targets(nodes []node) (assigner, error) {
	parts := make([]assigner, len(nodes))
	for i, n := range nodes {
		leave, err := c.deeper(n)
		if err != nil {
			return nil, err
		}
		parts[i], err = c.target(n)
		leave()
		if err != nil {
			return nil, err
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
	}, nil
}

func (c *compiler) set(n node) (stmt, error) {
	assign, err := c.target(n.child("Target"))
	if err != nil {
		return nil, err
	}
	e, err := c.expr(n.child("Expr"))
	if err != nil {
		return nil, err
	}
	return func(r *run, s *scope) (signal, error) {
		v, err := e(r, s)
		if err != nil {
			return goOn, err
		}
		return goOn, assign(r, s, v)
	}, nil
}

// caught compiles {% set x %} and {% filter f %}, whose bodies' output goes elsewhere.
func (c *compiler) caught(n node) (stmt, error) {
	assign := func(r *run, _ *scope, v value) error {
		t, err := r.str(v)
		if err != nil {
			return err
		}
		return r.print(t)
	}
	var err error
	if n.kind() == "SetBlock" {
		if assign, err = c.target(n.child("Target")); err != nil {
			return nil, err
		}
	}
	body, err := c.body(n.children("Body"))
	if err != nil {
		return nil, err
	}
	filters, err := c.filters(n.child("Filter"))
	if err != nil {
		return nil, err
	}
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
	}, nil
}

// filters compiles a chain of filters that stands by itself, the first one first.
func (c *compiler) filters(n node) ([]func(r *run, s *scope, v value) (value, error), error) {
	if n.none() {
		return nil, nil
	}
	leave, err := c.deeper(n)
	if err != nil {
		return nil, err
	}
	defer leave()
	before, err := c.filters(n.child("Expr"))
	if err != nil {
		return nil, err
	}
	f, err := c.filterOf(n)
	return append(before, f), err
}

func (c *compiler) with(n node) (stmt, error) {
	var targets []assigner
	var values []expr
	for _, a := range n.children("Assignments") {
		t, err := c.target(a.child("Target"))
		if err != nil {
			return nil, err
		}
		v, err := c.expr(a.child("Value"))
		if err != nil {
			return nil, err
		}
		targets, values = append(targets, t), append(values, v)
	}
	body, err := c.body(n.children("Body"))
	if err != nil {
		return nil, err
	}
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
	}, nil
}

// macro compiles the definition of a macro. It sees the variables around its definition.
func (c *compiler) macro(n node) (stmt, error) {
	name := n.text("Name")
	var names []string
	for _, a := range n.children("Args") {
		names = append(names, a.text("ID"))
	}
	defaults, err := c.exprs(n.children("Defaults"))
	if err != nil {
		return nil, err
	}
	body, err := c.body(n.children("Body"))
	if err != nil {
		return nil, err
	}
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
	}, nil
}
