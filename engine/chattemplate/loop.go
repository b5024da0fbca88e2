package chattemplate

import (
	"fmt"

	"github.com/assaynet/assay/engine/chattemplate/syntax"
)

// loopCode is a compiled for loop.
type loopCode struct {
	assign          assigner
	only            expr // nil: all items
	body, otherwise stmt
	recursive       bool
}

// loop compiles a for loop. Each turn has variables of its own, of which "loop"
// tells where it is.
func (c *compiler) loop(n *syntax.For) stmt {
	code := &loopCode{c.target(n.Target), c.expr(n.Only), c.body(n.Body), c.body(n.Else), n.Recursive}
	return then(c.expr(n.Iter), func(r *run, s *scope, v value) (signal, error) {
		if !code.recursive {
			return code.run(r, s, v, 0)
		}
		t, err := code.nested(r, s, v, 0)
		if err != nil {
			return goOn, err
		}
		return goOn, r.print(t)
	})
}

// nested returns what a recursive loop writes.
func (c *loopCode) nested(r *run, s *scope, v value, depth int) (Text, error) {
	if r.calls++; r.calls > maxCalls {
		return Text{}, fmt.Errorf("%w: loops call themselves more than %d deep", ErrLimit, maxCalls)
	}
	defer func() { r.calls-- }()
	return r.catch(func() error { _, err := c.run(r, s, v, depth); return err })
}

func (c *loopCode) run(r *run, s *scope, v value, depth int) (signal, error) {
	items, err := r.iter(v)
	if err != nil {
		return goOn, err
	}
	l := &turn{items: items, length: -1, depth: depth, at: -1}
	if n, ok := length(v); ok {
		l.length = n
	}
	if c.only != nil {
		l.items, l.length = c.chosen(s, items), -1
	}
	if c.recursive {
		l.again = func(r *run, v value) (value, error) { return c.nested(r, s, v, depth+1) }
	}
	// As in jinja2, only a turn that reaches the end of the body keeps the else
	// from running.
	some := false
	for {
		v, ok, err := l.next(r)
		if err != nil {
			return goOn, err
		}
		if !ok {
			break
		}
		inner := s.inner()
		inner.set("loop", l)
		if err := c.assign(r, inner, v); err != nil {
			return goOn, err
		}
		sig, err := c.body(r, inner)
		if err != nil {
			return goOn, err
		}
		if sig == breakLoop {
			break
		}
		some = some || sig == goOn
	}
	if some {
		return goOn, nil
	}
	return c.otherwise(r, s.inner())
}

// chosen are the items that a loop's own condition lets through.
func (c *loopCode) chosen(s *scope, items *iterator) *iterator {
	return &iterator{pull: func(r *run) (value, bool, error) {
		for {
			v, ok, err := items.next(r)
			if err != nil || !ok {
				return nil, false, err
			}
			inner := s.inner()
			if err := c.assign(r, inner, v); err != nil {
				return nil, false, err
			}
			yes, err := c.only(r, inner)
			if err != nil {
				return nil, false, err
			}
			if truth(yes) {
				return v, true, nil
			}
		}
	}}
}

// turn is the variable "loop".
type turn struct {
	items  *iterator
	at     int // the present turn, from 0
	length int // −1: not known before items is drained
	depth  int // of a loop that calls itself
	// before, now and after are items. peeked is set if after was taken from
	// items, ended if there was none.
	before, now, after value
	peeked, ended      bool
	changed            *list // what loop.changed was last given; nil before
	again              func(r *run, v value) (value, error)
}

func (l *turn) next(r *run) (value, bool, error) {
	if err := r.spend(8, 0); err != nil { // a turn's scope costs more than an expression
		return nil, false, err
	}
	if err := l.peek(r); err != nil || l.ended {
		return nil, false, err
	}
	l.before, l.now, l.after, l.peeked = l.now, l.after, nil, false
	l.at++
	return l.now, true, nil
}

// peek takes the item of the next turn.
func (l *turn) peek(r *run) error {
	if l.peeked || l.ended {
		return nil
	}
	v, ok, err := l.items.next(r)
	l.after, l.peeked, l.ended = v, ok, !ok && err == nil
	return err
}

// count returns the number of turns. Items that can only be taken once are kept.
func (l *turn) count(r *run) (int, error) {
	if l.length < 0 {
		rest, err := l.items.rest(r)
		if err != nil {
			return 0, err
		}
		l.length = l.at + 1 + len(rest)
		if l.peeked {
			l.length++
		}
		l.items = &iterator{items: rest}
	}
	return l.length, nil
}

// simple are the attributes that need no look at other items.
func (l *turn) simple(name string) (value, bool) {
	switch name {
	case "index":
		return int64(l.at + 1), true
	case "index0":
		return int64(l.at), true
	case "first":
		return l.at == 0, true
	case "depth":
		return int64(l.depth + 1), true
	case "depth0":
		return int64(l.depth), true
	case "previtem":
		if l.at == 0 {
			return undefined{name}, true
		}
		return l.before, true
	case "cycle":
		return &function{name: name, call: l.cycle}, true
	case "changed":
		return &function{name: name, call: l.hasChanged}, true
	}
	return undefined{name}, false
}

func (l *turn) attribute(r *run, name string) (value, error) {
	if v, ok := l.simple(name); ok {
		return v, nil
	}
	switch name {
	case "last", "nextitem":
		if err := l.peek(r); err != nil || name == "last" {
			return l.ended, err
		}
		if l.ended {
			return undefined{name}, nil
		}
		return l.after, nil
	case "length", "revindex", "revindex0":
		n, err := l.count(r)
		switch name {
		case "revindex":
			n -= l.at
		case "revindex0":
			n -= l.at + 1
		}
		return int64(n), err
	}
	return undefined{name}, nil
}

func (l *turn) cycle(_ *run, a arguments) (value, error) {
	if len(a.positional) == 0 || len(a.names) > 0 {
		return nil, fail("loop.cycle takes the items to cycle through")
	}
	return a.positional[l.at%len(a.positional)], nil
}

func (l *turn) hasChanged(r *run, a arguments) (value, error) {
	if len(a.names) > 0 {
		return nil, fail("loop.changed takes no argument %q", a.names[0])
	}
	now := &list{items: a.positional, kind: aTuple}
	if l.changed != nil {
		if same, err := r.equal(now, l.changed, 0); err != nil || same {
			return false, err
		}
	}
	l.changed = now
	return true, nil
}

// call runs the body of a recursive loop for other items.
func (l *turn) call(r *run, a arguments) (value, error) {
	if l.again == nil {
		return nil, fail("only a recursive loop can be called")
	}
	vs, err := a.bind("loop", "iterable")
	if err != nil {
		return nil, err
	}
	return l.again(r, vs[0])
}
