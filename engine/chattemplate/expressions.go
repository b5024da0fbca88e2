package chattemplate

import (
	"github.com/assaynet/assay/engine/chattemplate/syntax"
)

func (c *compiler) anyExpr(n syntax.Expr) expr {
	switch n := n.(type) {
	case *syntax.Name:
		name := n.Name
		return func(r *run, s *scope) (value, error) { return r.lookup(s, name), nil }
	case *syntax.Literal:
		v := c.literal(n.Value)
		return func(*run, *scope) (value, error) { return v, nil }
	case *syntax.Unary:
		return c.unary(n)
	case *syntax.Binary:
		return c.binary(n)
	case *syntax.Concat:
		return c.concat(n)
	case *syntax.Compare:
		return c.chain(n)
	case *syntax.Choice:
		return c.choice(n)
	case *syntax.Filter:
		return then(c.expr(n.X), c.applied(n.Name, n.Arguments, (*run).filter))
	case *syntax.Test:
		return then(c.expr(n.X), c.applied(n.Name, n.Arguments, (*run).test))
	case *syntax.Attribute:
		name := n.Name
		return then(c.expr(n.X), func(r *run, _ *scope, v value) (value, error) { return r.attribute(v, name) })
	case *syntax.Item:
		if s, ok := n.Key.(*syntax.Slice); ok {
			return c.slice(n.X, s)
		}
		return both(c.expr(n.X), c.expr(n.Key), (*run).item)
	case *syntax.Call:
		return c.call(n)
	case *syntax.List:
		return c.items(n.Items, aList)
	case *syntax.Tuple:
		return c.items(n.Items, aTuple)
	case *syntax.Dict:
		return c.dict(n)
	case *syntax.Slice: // one of several in brackets
		return func(*run, *scope) (value, error) { return nil, fail("a slice among several keys") }
	}
	panic("chattemplate: an expression that is not known") // the parser gives no other
}

// literal is the value of a literal, the same for the same string.
func (c *compiler) literal(v any) value {
	s, ok := v.(string)
	if !ok {
		return v
	}
	t, ok := c.literals[s]
	if !ok {
		t = Own(s)
		c.literals[s] = t
	}
	return t
}

func (c *compiler) unary(n *syntax.Unary) expr {
	e := c.expr(n.X)
	switch n.Operator {
	case "not":
		return then(e, func(_ *run, _ *scope, v value) (value, error) { return !truth(v), nil })
	case "-":
		return then(e, func(_ *run, _ *scope, v value) (value, error) { return negate(v) })
	}
	return then(e, func(_ *run, _ *scope, v value) (value, error) {
		if i, ok := integer(v); ok {
			return i, nil
		}
		if x, ok := v.(float64); ok {
			return x, nil
		}
		return nil, fail("a %s has no sign", kindOf(v))
	})
}

func (c *compiler) binary(n *syntax.Binary) expr {
	left, right := c.expr(n.Left), c.expr(n.Right)
	if n.Operator == "and" || n.Operator == "or" {
		stop := n.Operator == "or"
		return then(left, func(r *run, s *scope, v value) (value, error) {
			if truth(v) == stop {
				return v, nil
			}
			return right(r, s)
		})
	}
	return both(left, right, operators[n.Operator])
}

// concat compiles a ~ b ~ c, which joins what these are as strings.
func (c *compiler) concat(n *syntax.Concat) expr {
	es := c.exprs(n.Items)
	return func(r *run, s *scope) (value, error) {
		var b builder
		for _, e := range es {
			v, err := e(r, s)
			if err != nil {
				return nil, err
			}
			t, err := r.str(v)
			if err != nil {
				return nil, err
			}
			if err := r.spend(0, t.Len()); err != nil {
				return nil, err
			}
			b.add(t)
		}
		return b.text(), nil
	}
}

// chain compiles comparisons such as a < b < c.
func (c *compiler) chain(n *syntax.Compare) expr {
	first, rest := c.expr(n.First), c.exprs(n.Rest)
	ops := make([]operator, len(rest))
	for i, op := range n.Operators {
		ops[i] = comparisons[op]
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

func (c *compiler) choice(n *syntax.Choice) expr {
	yes, no := c.expr(n.Then), c.expr(n.Else)
	return then(c.expr(n.Test), func(r *run, s *scope, v value) (value, error) {
		switch {
		case truth(v):
			return yes(r, s)
		case no != nil:
			return no(r, s)
		}
		return undefined{"else"}, nil
	})
}

func (c *compiler) items(nodes []syntax.Expr, kind listKind) expr {
	es := c.exprs(nodes)
	return func(r *run, s *scope) (value, error) {
		items, err := evaluate(r, s, es)
		return &list{items: items, kind: kind}, err
	}
}

func (c *compiler) dict(n *syntax.Dict) expr {
	keys, values := c.exprs(n.Keys), c.exprs(n.Values)
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

func (c *compiler) slice(x syntax.Expr, n *syntax.Slice) expr {
	es := c.exprs([]syntax.Expr{x, n.Start, n.Stop, n.Step})
	return func(r *run, s *scope) (value, error) {
		vs, err := evaluate(r, s, es)
		if err != nil {
			return nil, err
		}
		return r.slice(vs[0], vs[1], vs[2], vs[3])
	}
}

func (c *compiler) arguments(n syntax.Arguments) func(r *run, s *scope) (arguments, error) {
	positional, named := c.exprs(n.Positional), c.exprs(n.Named)
	star, stars := c.expr(n.Star), c.expr(n.StarStar)
	return func(r *run, s *scope) (a arguments, err error) {
		if a.positional, err = evaluate(r, s, positional); err != nil {
			return a, err
		}
		if star != nil {
			if err := a.spread(r, s, star); err != nil {
				return a, err
			}
		}
		a.names = n.Names
		if a.named, err = evaluate(r, s, named); err != nil || stars == nil {
			return a, err
		}
		a.names = append([]string(nil), n.Names...)
		return a, a.spreadNamed(r, s, stars)
	}
}

func (c *compiler) call(n *syntax.Call) expr {
	f, args := c.expr(n.X), c.arguments(n.Arguments)
	return then(f, func(r *run, s *scope, v value) (value, error) {
		a, err := args(r, s)
		if err != nil {
			return nil, err
		}
		return r.call(v, a)
	})
}

func (r *run) call(v value, a arguments) (value, error) {
	switch v := v.(type) {
	case *function:
		return v.call(r, a)
	case *turn:
		return v.call(r, a)
	}
	if v == (undefined{"strftime_now"}) {
		return nil, fail("the template asks for today's date (strftime_now), and a prompt must not change overnight: none was given")
	}
	return nil, fail("%s cannot be called", kindOf(v))
}

// applied compiles a filter or a test, without what it is applied to.
func (c *compiler) applied(name string, n syntax.Arguments, do func(r *run, name string, v value, a arguments) (value, error)) step[value] {
	args := c.arguments(n)
	return func(r *run, s *scope, v value) (value, error) {
		a, err := args(r, s)
		if err != nil {
			return nil, err
		}
		return do(r, name, v, a)
	}
}
