package chattemplate

// loop compiles a for loop. Each turn has variables of its own, of which "loop" tells where it is.
func (c *compiler) loop(n node) stmt {
	assign := c.target(n.child("Target"))
	es := c.exprs(n.child("Iter"), n.child("FilterExpr"))
	body := c.body(n.children("Body"))
	otherwise := c.body(n.children("ElseBody"))
	if n.flag("Recursive") {
		return func(*run, *scope) (signal, error) { return goOn, fail("recursive loops are not supported") }
	}
	return then(es[0], func(r *run, s *scope, v value) (signal, error) {
		items, err := r.iterate(v)
		if err != nil {
			return goOn, err
		}
		if es[1] != nil {
			if items, err = r.chosen(s, items, assign, es[1]); err != nil {
				return goOn, err
			}
		}
		if len(items) == 0 {
			return otherwise(r, s.inner())
		}
		return goOn, r.turns(s, items, assign, body)
	})
}

// chosen returns the items that a loop's own condition lets through.
func (r *run) chosen(s *scope, items []value, assign assigner, condition expr) ([]value, error) {
	var out []value
	for _, v := range items {
		inner := s.inner()
		if err := assign(r, inner, v); err != nil {
			return nil, err
		}
		yes, err := condition(r, inner)
		if err != nil {
			return nil, err
		}
		if truth(yes) {
			out = append(out, v)
		}
	}
	return out, nil
}

func (r *run) turns(s *scope, items []value, assign assigner, body stmt) error {
	l := &turn{items: items}
	for i, v := range items {
		if err := r.spend(8, 0); err != nil { // a turn's scope costs more than an expression
			return err
		}
		l.at = i
		inner := s.inner()
		inner.set("loop", l)
		if err := assign(r, inner, v); err != nil {
			return err
		}
		sig, err := body(r, inner)
		if err != nil {
			return err
		}
		if sig == breakLoop {
			return nil
		}
	}
	return nil
}

// turn is the variable "loop".
type turn struct {
	items []value
	at    int
	// changed holds what loop.changed was last given; nil before.
	changed *list
}

func (l *turn) attribute(name string) value {
	n := len(l.items)
	switch name {
	case "index":
		return int64(l.at + 1)
	case "index0":
		return int64(l.at)
	case "revindex":
		return int64(n - l.at)
	case "revindex0":
		return int64(n - l.at - 1)
	case "first":
		return l.at == 0
	case "last":
		return l.at == n-1
	case "length":
		return int64(n)
	case "previtem":
		if l.at > 0 {
			return l.items[l.at-1]
		}
	case "nextitem":
		if l.at+1 < n {
			return l.items[l.at+1]
		}
	case "cycle":
		return &function{name, func(_ *run, a arguments) (value, error) {
			if len(a.positional) == 0 || len(a.names) > 0 {
				return nil, fail("loop.cycle takes the items to cycle through")
			}
			return a.positional[l.at%len(a.positional)], nil
		}}
	case "changed":
		return &function{name, func(r *run, a arguments) (value, error) {
			now := &list{items: a.positional}
			if l.changed != nil {
				if same, err := r.equal(now, l.changed, 0); err != nil || same {
					return false, err
				}
			}
			l.changed = now
			return true, nil
		}}
	}
	return undefined{name}
}
