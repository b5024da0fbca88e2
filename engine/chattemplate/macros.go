package chattemplate

import (
	"fmt"

	"github.com/assaynet/assay/engine/chattemplate/syntax"
)

// function is anything that can be called.
type function struct {
	name string
	call func(r *run, a arguments) (value, error)
	// macro is what a macro tells of itself; nil for other functions.
	macro *syntax.Function
}

// attribute is what a macro tells of itself.
func (f *function) attribute(name string) value {
	if f.macro != nil {
		switch name {
		case "name":
			return Own(f.macro.Name)
		case "arguments":
			out := &list{kind: aTuple}
			for _, p := range f.macro.Parameters {
				out.items = append(out.items, Own(p))
			}
			return out
		case "catch_kwargs":
			return f.macro.Kwargs
		case "catch_varargs":
			return f.macro.Varargs
		case "caller":
			return f.macro.Caller
		}
	}
	return undefined{name}
}

// macro compiles the definition of a macro. It sees the variables around its
// definition.
func (c *compiler) macro(n *syntax.Macro) stmt {
	define := c.function(&n.Function)
	return func(r *run, s *scope) (signal, error) {
		s.set(n.Name, define(r, s))
		return goOn, nil
	}
}

// callBlock compiles a call to which the block is given as the argument "caller".
func (c *compiler) callBlock(n *syntax.CallBlock) stmt {
	define := c.function(&n.Function)
	f, args := c.expr(n.Call.X), c.arguments(n.Call.Arguments)
	return then(f, func(r *run, s *scope, v value) (signal, error) {
		a, err := args(r, s)
		if err != nil {
			return goOn, err
		}
		if err := a.name("caller", define(r, s)); err != nil {
			return goOn, err
		}
		out, err := r.call(v, a)
		if err != nil {
			return goOn, err
		}
		return goOn, printed(r, s, out)
	})
}

// function compiles what makes a macro in the scope of its definition.
func (c *compiler) function(n *syntax.Function) func(r *run, s *scope) *function {
	defaults := c.exprs(n.Defaults)
	body := c.body(n.Body)
	call := func(r *run, s *scope, a arguments) (value, error) {
		if r.calls++; r.calls > maxCalls {
			return nil, fmt.Errorf("%w: macros call macros more than %d deep", ErrLimit, maxCalls)
		}
		defer func() { r.calls-- }()
		inner := s.inner()
		given, err := bindMacro(r, n, inner, a)
		if err != nil {
			return nil, err
		}
		for i, v := range given {
			if at := i - len(given) + len(defaults); v == absent && at >= 0 {
				if v, err = defaults[at](r, inner); err != nil {
					return nil, err
				}
			} else if v == absent {
				v = undefined{n.Parameters[i]}
			}
			inner.set(n.Parameters[i], v)
		}
		return r.catch(func() error { _, err := body(r, inner); return err })
	}
	return func(_ *run, s *scope) *function {
		return &function{name: n.Name, macro: n, call: func(r *run, a arguments) (value, error) { return call(r, s, a) }}
	}
}

// bindMacro returns the arguments in the order of a macro's parameters, absent
// for those not given, and sets in its scope what its body names beyond these.
func bindMacro(r *run, n *syntax.Function, inner *scope, a arguments) ([]value, error) {
	out := make([]value, len(n.Parameters))
	count := copy(out, a.positional)
	for i := count; i < len(out); i++ {
		out[i] = a.take(n.Parameters[i])
	}
	if n.Caller {
		caller := a.take("caller")
		if caller == absent || caller == nil {
			caller = undefined{"caller"}
		}
		inner.set("caller", caller)
	}
	if n.Kwargs {
		d := &dict{}
		for i, name := range a.names {
			if err := d.set(r, Own(name), a.named[i]); err != nil {
				return nil, err
			}
		}
		inner.set("kwargs", d)
	} else if len(a.names) > 0 {
		return nil, fail("the macro %q takes no argument %q", n.Name, a.names[0])
	}
	if n.Varargs {
		inner.set("varargs", &list{items: a.positional[count:], kind: aTuple})
	} else if count < len(a.positional) {
		return nil, fail("the macro %q takes %d arguments, not %d", n.Name, len(out), len(a.positional))
	}
	return out, nil
}
