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
		return c.filter(n)
	case "Test":
		return c.test(n)
	case "GetAttr":
		return c.attribute(n)
	case "GetItem":
		return c.item(n)
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
	not := n.number("Op") == unaryNot
	return func(r *run, s *scope) (value, error) {
		v, err := e(r, s)
		if err != nil {
			return nil, err
		}
		if not {
			return !truth(v), nil
		}
		return negate(v)
	}
}

func (c *compiler) binary(n node) expr {
	es := c.exprs(n.child("Left"), n.child("Right"))
	left, right, op := es[0], es[1], n.number("Op")
	if op == opAnd || op == opOr {
		return func(r *run, s *scope) (value, error) {
			v, err := left(r, s)
			if err != nil || truth(v) == (op == opOr) {
				return v, err
			}
			return right(r, s)
		}
	}
	do, ok := operators[op]
	if !ok {
		c.refuse(n, "the operator %d", op)
	}
	return func(r *run, s *scope) (value, error) {
		a, err := left(r, s)
		if err != nil {
			return nil, err
		}
		b, err := right(r, s)
		if err != nil {
			return nil, err
		}
		return do(r, a, b)
	}
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
	return func(r *run, s *scope) (value, error) {
		v, err := es[0](r, s)
		switch {
		case err != nil:
			return nil, err
		case truth(v):
			return es[1](r, s)
		case es[2] != nil:
			return es[2](r, s)
		}
		return undefined{"else"}, nil
	}
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

func (c *compiler) attribute(n node) expr {
	e := c.expr(n.child("Expr"))
	name := n.text("Name")
	return func(r *run, s *scope) (value, error) {
		v, err := e(r, s)
		if err != nil {
			return nil, err
		}
		return r.attribute(v, name)
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

func (c *compiler) item(n node) expr {
	es := c.exprs(n.child("Expr"), n.child("SubscriptExpr"))
	return func(r *run, s *scope) (value, error) {
		vs, err := evaluate(r, s, es)
		if err != nil {
			return nil, err
		}
		return r.item(vs[0], vs[1])
	}
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
	name   string // of a named one
	e      expr
	spread int // 0, or one of the two below
}

const (
	spreadList = 1 + iota
	spreadDict
)

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
		as[i].e = c.expr(n.child("Value"))
		switch k := n.number("Kind"); k {
		case argPositional:
		case argNamed:
			as[i].name = n.text("Name")
		case argSpreadList:
			as[i].spread = spreadList
		case argSpreadDict:
			as[i].spread = spreadDict
		default:
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
	f := c.expr(n.child("Expr"))
	args := c.arguments(n.children("Args"))
	return func(r *run, s *scope) (value, error) {
		v, err := f(r, s)
		if err != nil {
			return nil, err
		}
		fn, ok := v.(*function)
		if v == (undefined{"strftime_now"}) {
			return nil, fail("the template asks for today's date (strftime_now), and a prompt must not change overnight")
		}
		if !ok {
			return nil, fail("%s cannot be called", kindOf(v))
		}
		a, err := args(r, s)
		if err != nil {
			return nil, err
		}
		return fn.call(r, a)
	}
}

func (c *compiler) filter(n node) expr {
	e := c.expr(n.child("Expr"))
	apply := c.filterOf(n)
	return func(r *run, s *scope) (value, error) {
		v, err := e(r, s)
		if err != nil {
			return nil, err
		}
		return apply(r, s, v)
	}
}

// filterOf compiles the filter itself, without what it is applied to.
func (c *compiler) filterOf(n node) func(r *run, s *scope, v value) (value, error) {
	args := c.arguments(n.children("Args"))
	name := n.text("Name")
	return func(r *run, s *scope, v value) (value, error) {
		a, err := args(r, s)
		if err != nil {
			return nil, err
		}
		return r.filter(name, v, a)
	}
}

func (c *compiler) test(n node) expr {
	e := c.expr(n.child("Expr"))
	args := c.arguments(n.children("Args"))
	name := n.text("Name")
	return func(r *run, s *scope) (value, error) {
		v, err := e(r, s)
		if err != nil {
			return nil, err
		}
		a, err := args(r, s)
		if err != nil {
			return nil, err
		}
		return r.test(name, v, a)
	}
}
