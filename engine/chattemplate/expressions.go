package chattemplate

import "fmt"

func (c *compiler) anyExpr(n node) expr {
	switch n.kind() {
	case "Var":
		name := n.text("ID")
		return func(r *run, s *scope) (value, error) { return r.lookup(s, name), nil }
	case "Const":
		v, err := n.literal()
		if err != nil {
			c.stop(fmt.Errorf("line %d: %w", n.line(), err))
		}
		return func(*run, *scope) (value, error) { return v, nil }
	case "UnaryOp":
		return c.unary(n)
	case "BinOp":
		return c.binary(n)
	case "Compare":
		return c.chain(n)
	case "IfExpr":
		return c.choice(n)
	case "Filter":
		return then(c.expr(n.child("Expr")), c.applied(n, (*run).filter))
	case "Test":
		return then(c.expr(n.child("Expr")), c.applied(n, (*run).test))
	case "GetAttr":
		name := n.text("Name")
		return then(c.expr(n.child("Expr")), func(r *run, _ *scope, v value) (value, error) { return r.attribute(v, name) })
	case "GetItem":
		return both(c.expr(n.child("Expr")), c.expr(n.child("SubscriptExpr")), (*run).item)
	case "Slice":
		return c.slice(n)
	case "Call":
		return c.call(n)
	case "List":
		return c.list(n)
	case "Map":
		return c.dict(n)
	}
	c.refuse(n, "an expression of kind %s", n.kind())
	return nil
}

// UnaryOp's operators.
const (
	unaryNot = iota
	unaryNeg
)

func (c *compiler) unary(n node) expr {
	e := c.expr(n.child("Expr"))
	if n.number("Op") == unaryNot {
		return then(e, func(_ *run, _ *scope, v value) (value, error) { return !truth(v), nil })
	}
	return then(e, func(_ *run, _ *scope, v value) (value, error) { return negate(v) })
}

func (c *compiler) binary(n node) expr {
	left, right, op := c.expr(n.child("Left")), c.expr(n.child("Right")), n.number("Op")
	if op == opAnd || op == opOr {
		return then(left, func(r *run, s *scope, v value) (value, error) {
			if truth(v) == (op == opOr) {
				return v, nil
			}
			return right(r, s)
		})
	}
	do, ok := operators[op]
	if !ok {
		c.refuse(n, "the operator %d", op)
	}
	return both(left, right, do)
}

// chain compiles comparisons such as a < b < c.
func (c *compiler) chain(n node) expr {
	first := c.expr(n.child("Expr"))
	var rest []expr
	var ops []operator
	for _, o := range n.children("Ops") {
		e := c.expr(o.child("Expr"))
		op, ok := comparisons[o.number("Op")]
		if !ok {
			c.refuse(n, "the comparison %d", o.number("Op"))
		}
		rest, ops = append(rest, e), append(ops, op)
	}
	return func(r *run, s *scope) (value, error) {
		a, err := first(r, s)
		if err != nil {
			return nil, err
		}
		for i, e := range rest {
			b, err := e(r, s)
			if err != nil {
				return nil, err
			}
			if v, err := ops[i](r, a, b); err != nil || !truth(v) {
				return v, err
			}
			a = b
		}
		return true, nil
	}
}

func (c *compiler) choice(n node) expr {
	es := c.exprs(n.child("TestExpr"), n.child("TrueExpr"), n.child("FalseExpr"))
	return then(es[0], func(r *run, s *scope, v value) (value, error) {
		switch {
		case truth(v):
			return es[1](r, s)
		case es[2] != nil:
			return es[2](r, s)
		}
		return undefined{"else"}, nil
	})
}

func (c *compiler) list(n node) expr {
	es := c.exprs(n.children("Items")...)
	return func(r *run, s *scope) (value, error) {
		items, err := evaluate(r, s, es)
		return &list{items: items}, err
	}
}

func (c *compiler) dict(n node) expr {
	keys := c.exprs(n.children("Keys")...)
	values := c.exprs(n.children("Values")...)
	return func(r *run, s *scope) (value, error) {
		d := &dict{}
		for i := range keys {
			k, err := keys[i](r, s)
			if err != nil {
				return nil, err
			}
			v, err := values[i](r, s)
			if err != nil {
				return nil, err
			}
			if err := d.set(r, k, v); err != nil {
				return nil, err
			}
		}
		return d, nil
	}
}

// attribute is Jinja's v.name: a method, or what v holds under that name.
func (r *run) attribute(v value, name string) (value, error) {
	switch v := v.(type) {
	case undefined:
		return nil, fail("%s has no %q", kindOf(v), name)
	case *turn:
		return v.attribute(name), nil
	case *namespace:
		if x, ok := v.get(Own(name)); ok {
			return x, nil
		}
		return undefined{name}, nil
	}
	if m, ok := method(v, name); ok {
		return m, nil
	}
	if d, ok := v.(*dict); ok {
		if x, ok := d.get(Own(name)); ok {
			return x, nil
		}
	}
	return undefined{name}, nil
}

// item is Jinja's v[key]: what v holds there or, failing that, a method of that name.
func (r *run) item(v, key value) (value, error) {
	i, isInt := integer(key)
	switch v := v.(type) {
	case undefined:
		return nil, fail("%s has no items", kindOf(v))
	case *dict:
		if x, ok := v.get(key); ok {
			return x, nil
		}
	case *list:
		if isInt && i < 0 {
			i += int64(len(v.items))
		}
		if isInt && i >= 0 && i < int64(len(v.items)) {
			return v.items[i], nil
		}
	case Text:
		if isInt {
			n := int64(v.chars())
			if i < 0 {
				i += n
			}
			if i >= 0 && i < n {
				return v.part(int(i), int(i)+1), r.spend(1, v.Len())
			}
		}
	}
	if name, ok := key.(Text); ok {
		return r.attribute(v, name.s)
	}
	return undefined{"item"}, nil
}

func (c *compiler) slice(n node) expr {
	es := c.exprs(n.child("Expr"), n.child("Start"), n.child("Stop"), n.child("Step"))
	return func(r *run, s *scope) (value, error) {
		var vs [4]value
		for i, e := range es {
			if e == nil {
				continue
			}
			var err error
			if vs[i], err = e(r, s); err != nil {
				return nil, err
			}
		}
		return r.slice(vs[0], vs[1], vs[2], vs[3])
	}
}

// argument is an argument of a call before it is evaluated.
type argument struct {
	kind int
	name string // of a named one
	e    expr
}

// CallArg's kinds.
const (
	argPositional = iota
	argNamed
	argSpreadList
	argSpreadDict
)

func (c *compiler) arguments(nodes []node) func(r *run, s *scope) (arguments, error) {
	as := make([]argument, len(nodes))
	for i, n := range nodes {
		as[i] = argument{n.number("Kind"), n.text("Name"), c.expr(n.child("Value"))}
		if k := as[i].kind; k < argPositional || k > argSpreadDict {
			c.stop(fmt.Errorf("%w: an argument of kind %d", ErrSyntax, k))
		}
	}
	return func(r *run, s *scope) (arguments, error) {
		var out arguments
		for _, a := range as {
			v, err := a.e(r, s)
			if err != nil {
				return out, err
			}
			if err := out.add(r, a, v); err != nil {
				return out, err
			}
		}
		return out, nil
	}
}

func (c *compiler) call(n node) expr {
	f, args := c.expr(n.child("Expr")), c.arguments(n.children("Args"))
	return then(f, func(r *run, s *scope, v value) (value, error) {
		fn, ok := v.(*function)
		if v == (undefined{"strftime_now"}) {
			return nil, fail("the template asks for today's date (strftime_now), and a prompt must not change overnight: none was given")
		}
		if !ok {
			return nil, fail("%s cannot be called", kindOf(v))
		}
		a, err := args(r, s)
		if err != nil {
			return nil, err
		}
		return fn.call(r, a)
	})
}

// applied compiles a filter or a test, without what it is applied to.
func (c *compiler) applied(n node, do func(r *run, name string, v value, a arguments) (value, error)) step[value] {
	name, args := n.text("Name"), c.arguments(n.children("Args"))
	return func(r *run, s *scope, v value) (value, error) {
		a, err := args(r, s)
		if err != nil {
			return nil, err
		}
		return do(r, name, v, a)
	}
}
