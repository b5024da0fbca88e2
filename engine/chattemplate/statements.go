package chattemplate

import (
	"github.com/assaynet/assay/engine/chattemplate/syntax"
)

func (c *compiler) anyStmt(n syntax.Stmt) stmt {
	switch n := n.(type) {
	case *syntax.Data:
		text := Own(n.Text)
		return func(r *run, _ *scope) (signal, error) { return goOn, r.print(text) }
	case *syntax.Print:
		return c.print(n)
	case *syntax.If:
		return c.ifElse(n)
	case *syntax.For:
		return c.loop(n)
	case *syntax.Set:
		return put(c.expr(n.Value), c.target(n.Target))
	case *syntax.SetBlock:
		return c.caught(n.Body, n.Filter, c.target(n.Target))
	case *syntax.FilterBlock:
		return c.caught(n.Body, n.Filter, printed)
	case *syntax.With:
		return c.with(n)
	case *syntax.Macro:
		return c.macro(n)
	case *syntax.CallBlock:
		return c.callBlock(n)
	case *syntax.Block:
		return c.block(n)
	case *syntax.Scope:
		return c.within(c.body(n.Body))
	case *syntax.Autoescape:
		return c.autoescape(n)
	case *syntax.Break:
		return func(*run, *scope) (signal, error) { return breakLoop, nil }
	case *syntax.Continue:
		return func(*run, *scope) (signal, error) { return continueLoop, nil }
	case *syntax.Elsewhere:
		tag := n.Tag
		return func(*run, *scope) (signal, error) {
			return goOn, fail("%s needs another template, and a model's file has none", tag)
		}
	}
	panic("chattemplate: a statement that is not known") // the parser gives no other
}

func (c *compiler) print(n *syntax.Print) stmt {
	if len(n.Values) == 1 {
		return put(c.expr(n.Values[0]), printed)
	}
	es := c.exprs(n.Values)
	return func(r *run, s *scope) (signal, error) {
		for _, e := range es {
			v, err := e(r, s)
			if err != nil {
				return goOn, err
			}
			if err := printed(r, s, v); err != nil {
				return goOn, err
			}
		}
		return goOn, nil
	}
}

func (c *compiler) ifElse(n *syntax.If) stmt {
	tests := make([]expr, len(n.Branches))
	bodies := make([]stmt, len(n.Branches))
	for i, b := range n.Branches {
		tests[i], bodies[i] = c.expr(b.Test), c.body(b.Body)
	}
	otherwise := c.body(n.Else)
	return func(r *run, s *scope) (signal, error) {
		for i, test := range tests {
			v, err := test(r, s)
			if err != nil {
				return goOn, err
			}
			if truth(v) {
				return bodies[i](r, s)
			}
		}
		return otherwise(r, s)
	}
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

func (c *compiler) target(n syntax.Target) assigner {
	switch n := n.(type) {
	case *syntax.Name:
		name := n.Name
		return func(_ *run, s *scope, v value) error { s.set(name, v); return nil }
	case *syntax.Attribute:
		e := c.expr(n.X)
		name := Own(n.Name)
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
	case *syntax.Tuple:
		return c.targets(n.Items)
	}
	panic("chattemplate: a target that is not known") // the parser gives no other
}

func (c *compiler) targets(nodes []syntax.Target) assigner {
	parts := make([]assigner, len(nodes))
	for i, n := range nodes {
		parts[i] = c.target(n)
	}
	return func(r *run, s *scope, v value) error {
		items, err := r.all(v)
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

// within runs a body with variables of its own.
func (c *compiler) within(body stmt) stmt {
	return func(r *run, s *scope) (signal, error) { return body(r, s.inner()) }
}

// caught compiles a body whose output goes through filters to assign.
func (c *compiler) caught(nodes []syntax.Stmt, filter *syntax.Filter, assign assigner) stmt {
	body := c.body(nodes)
	filters := c.filters(filter)
	return func(r *run, s *scope) (signal, error) {
		var sig signal
		inner := s.inner()
		t, err := r.catch(func() (err error) { sig, err = body(r, inner); return err })
		if err != nil || sig != goOn {
			return sig, err
		}
		v := value(t)
		for _, f := range filters {
			if v, err = f(r, inner, v); err != nil {
				return goOn, err
			}
		}
		return goOn, assign(r, s, v)
	}
}

// filters compiles a chain of filters that stands by itself, the first one first.
func (c *compiler) filters(n *syntax.Filter) []step[value] {
	if n == nil {
		return nil
	}
	before, _ := n.X.(*syntax.Filter)
	return append(c.filters(before), c.applied(n.Name, n.Arguments, (*run).filter))
}

func (c *compiler) with(n *syntax.With) stmt {
	values := c.exprs(n.Values)
	targets := make([]assigner, len(n.Targets))
	for i, t := range n.Targets {
		targets[i] = c.target(t)
	}
	body := c.body(n.Body)
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

// block compiles a block, which no other template replaces. It sees the
// variables of the top level alone, unless it is scoped.
func (c *compiler) block(n *syntax.Block) stmt {
	body := c.body(n.Body)
	if n.Required {
		return func(*run, *scope) (signal, error) {
			return goOn, fail("the block %q is required of another template, and a model's file has none", n.Name)
		}
	}
	scoped := n.Scoped
	return func(r *run, s *scope) (signal, error) {
		if !scoped {
			s = s.outermost()
		}
		return body(r, s.inner())
	}
}

func (c *compiler) autoescape(n *syntax.Autoescape) stmt {
	body := c.body(n.Body)
	return then(c.expr(n.On), func(r *run, s *scope, on value) (signal, error) {
		if truth(on) {
			return goOn, fail("autoescape is not supported: a prompt is not HTML")
		}
		return body(r, s.inner())
	})
}
