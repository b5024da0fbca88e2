package jsonschema

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/assaynet/assay/engine/grammar"
	"github.com/assaynet/assay/engine/grammar/runes"
)

// Objects have the properties that a schema names in its order, and then others.
// Nobody can keep an automaton from writing the same other name twice, and readers
// differ in which of the two they take; so two others count as one where so many
// properties must be there, and as two where so many may; and where some property
// must be of a kind, only one of those that could be it is written.

// Bounds of an object.
const (
	maxNames   = 1 << 10 // properties that are named
	maxClasses = 64      // kinds of other name
	maxSome    = 3       // claims that some property is of a kind
)

// property is one that is named.
type property struct {
	name     string
	literals []literal
	required bool
	absent   bool
}

// class is names that are not among the properties, and whose values are alike.
type class struct {
	texts    *runes.DFA
	literals []literal
	some     uint8 // the claims that one of these can fulfil
}

// objectPlan is what an object must be.
type objectPlan struct {
	named   []property
	known   map[string]bool // their names
	classes []class
	some    []claim
	least   int
	most    int // none: no bound
}

// object writes the objects of a way.
func (c *compiler) object(from, to grammar.State, w claims) error {
	p := objectPlan{most: none, known: map[string]bool{}}
	for _, x := range w {
		if err := c.work.Spend(lookUnits * (1 + 4*len(x.properties))); err != nil {
			return err
		}
		switch x.kind {
		case claimProperties:
			for _, n := range x.properties {
				p.property(n.name)
			}
		case claimHas, claimAbsent:
			p.property(x.name)
		case claimSome:
			p.some = append(p.some, x)
			p.least = max(p.least, 1)
		case claimCount:
			p.least = max(p.least, x.least)
			if x.most != none && (p.most == none || x.most < p.most) {
				p.most = x.most
			}
		}
	}
	if len(p.named) > maxNames || len(p.some) > maxSome {
		return fmt.Errorf("%w: an object of more than %d named properties, or %d kinds of which some property must be", ErrLimit, maxNames, maxSome)
	}
	for i := range p.named {
		if err := c.work.Spend(p.named[i].units(w)); err != nil {
			return err
		}
		p.named[i].take(w)
	}
	if err := p.classify(c.work, w); err != nil {
		return err
	}
	if p.least > len(p.named)+1 && len(p.classes) > 0 {
		return fmt.Errorf("%w: %d properties at least, of which the schema names %d", ErrUnsupported, p.least, len(p.named))
	}
	return c.properties(from, to, p)
}

// property adds a name where it is new.
func (p *objectPlan) property(name string) {
	if !p.known[name] {
		p.known[name] = true
		p.named = append(p.named, property{name: name})
	}
}

// ask adds a schema that a value must be of; none is none.
func ask(literals []literal, id int) []literal {
	if id == none {
		return literals
	}
	return append(literals, holds(id))
}

// units is the work of take.
func (x *property) units(w claims) int {
	units := 0
	for _, c := range w {
		units += 1 + len(c.properties)
		if c.kind == claimNames {
			units += len(x.name) * lookUnits
		}
		units += len(c.patterns) * (1 + len(x.name)) * lookUnits
	}
	return units
}

// take collects what a way says of a property.
func (x *property) take(w claims) {
	for _, c := range w {
		switch c.kind {
		case claimProperties:
			covered := false
			for _, n := range c.properties {
				if n.name == x.name {
					x.literals, covered = ask(x.literals, n.schema), true
				}
			}
			for _, n := range c.patterns {
				if n.texts.Has(x.name) {
					x.literals, covered = ask(x.literals, n.schema), true
				}
			}
			if !covered {
				x.literals = ask(x.literals, c.additional)
			}
		case claimHas:
			if c.name == x.name {
				x.required = true
				if c.literal != 0 {
					x.literals = append(x.literals, c.literal)
				}
			}
		case claimAbsent:
			x.absent = x.absent || c.name == x.name
		case claimNames:
			x.absent = x.absent || !c.texts.Has(x.name)
		}
	}
}

// classify finds the kinds of names beside those that are named.
func (p *objectPlan) classify(work *runes.Work, w claims) error {
	var names []string
	for _, x := range p.named {
		names = append(names, x.name)
	}
	rest, err := without(work, runes.All, names)
	if err != nil {
		return err
	}
	p.classes = []class{{texts: rest}}
	for _, x := range w {
		switch x.kind {
		case claimProperties:
			err = p.divide(work, x)
		case claimNames:
			for i := range p.classes {
				if p.classes[i].texts, err = work.And(p.classes[i].texts, x.texts); err != nil {
					return err
				}
			}
		}
		if err != nil {
			return err
		}
	}
	for i, x := range p.some {
		err := p.split(work, x.texts, func(c class) class { c.some |= 1 << i; return c }, func(c class) class { return c })
		if err != nil {
			return err
		}
	}
	p.classes = slices.DeleteFunc(p.classes, func(c class) bool { return c.texts.Empty() })
	return nil
}

// divide takes a schema's patterns, and what it says of all other names.
func (p *objectPlan) divide(work *runes.Work, x claim) error {
	const covered = 1 << 7 // of some, while a claim is looked at
	for _, n := range x.patterns {
		err := p.split(work, n.texts, func(c class) class {
			return class{c.texts, ask(slices.Clone(c.literals), n.schema), c.some | covered}
		}, func(c class) class { return c })
		if err != nil {
			return err
		}
	}
	for i := range p.classes {
		c := &p.classes[i]
		if c.some&covered == 0 {
			c.literals = ask(slices.Clone(c.literals), x.additional)
		}
		c.some &^= covered
	}
	return nil
}

// split divides the classes by a set of names.
func (p *objectPlan) split(work *runes.Work, texts *runes.DFA, in, out func(class) class) error {
	var classes []class
	for _, c := range p.classes {
		for _, half := range []struct {
			cut  func(a, b *runes.DFA) (*runes.DFA, error)
			mark func(class) class
		}{{work.And, in}, {work.Minus, out}} {
			d, err := half.cut(c.texts, texts)
			if err != nil {
				return err
			}
			if !d.Empty() {
				classes = append(classes, half.mark(class{d, c.literals, c.some}))
			}
		}
	}
	p.classes = classes
	if len(classes) > maxClasses {
		return fmt.Errorf("%w: more than %d kinds of property names", ErrLimit, maxClasses)
	}
	return nil
}

// objectState is how far an object is.
type objectState struct {
	at    int   // the next named property
	begun bool  // there was a property
	other bool  // there was one that is not named
	low   int32 // properties, others counted once; up to least
	high  int32 // properties, where there are at most so many
	some  uint8 // the claims that are fulfilled
	tried uint8 // the claims that an other property could have fulfilled
}

// writing is an object while its states are written.
type writing struct {
	c      *compiler
	number int // among all objects
	p      objectPlan
	states map[objectState]grammar.State
	todo   []objectState
}

func (w *writing) state(s objectState) grammar.State {
	at, ok := w.states[s]
	if !ok {
		at = w.c.b.State()
		w.states[s] = at
		w.todo = append(w.todo, s)
	}
	return at
}

// properties writes the states of an object.
func (c *compiler) properties(from, to grammar.State, p objectPlan) error {
	c.objects++
	w := &writing{c: c, number: c.objects, p: p, states: map[objectState]grammar.State{}}
	c.b.Free(c.spaced(c.b.Text(from, "{")), w.state(objectState{}))
	for len(w.todo) > 0 && !c.b.Full() {
		s := w.todo[len(w.todo)-1]
		w.todo = w.todo[:len(w.todo)-1]
		if err := w.write(s, to); err != nil {
			return err
		}
	}
	return nil
}

// write writes what goes on from a state.
func (w *writing) write(s objectState, to grammar.State) error {
	here := w.states[s]
	before := here
	if s.begun {
		before = w.c.spaced(w.c.b.Text(w.c.spaced(here), ","))
	}
	full := w.p.most != none && int(s.high) >= w.p.most
	if s.at == len(w.p.named) {
		if int(s.low) >= w.p.least && int(s.some) == 1<<len(w.p.some)-1 {
			end := here
			if s.begun {
				end = w.c.spaced(here)
			}
			w.c.b.TextTo(end, "}", to)
		}
		if full {
			return nil
		}
		return w.others(s, before)
	}
	x := w.p.named[s.at]
	next := s
	next.at++
	if !x.required {
		w.c.b.Free(here, w.state(next))
	}
	if x.absent || full {
		return nil
	}
	next.low = min(next.low+1, int32(w.p.least))
	w.count(&next)
	may := uint8(0)
	for i, claim := range w.p.some {
		if s.some>>i&1 == 0 && claim.texts.Has(x.name) {
			may |= 1 << i
		}
	}
	return w.pair(before, strconv.Quote(x.name), func() (*runes.DFA, error) { return w.c.work.Words([]string{x.name}) }, x.literals, next, may)
}

func (w *writing) count(s *objectState) {
	s.begun = true
	if w.p.most != none {
		s.high++
	}
}

// others writes one more property that is not named.
func (w *writing) others(s objectState, before grammar.State) error {
	for i, c := range w.p.classes {
		if c.some&s.tried != 0 {
			continue
		}
		next := s
		w.count(&next)
		if !s.other {
			next.low = min(next.low+1, int32(w.p.least))
		}
		next.other = true
		next.tried |= c.some
		if err := w.pair(before, fmt.Sprintf("%d:%d", w.number, i), func() (*runes.DFA, error) { return c.texts, nil }, c.literals, next, c.some&^s.some); err != nil {
			return err
		}
	}
	return nil
}

// pair writes a property, for each set of the claims that it may fulfil.
func (w *writing) pair(before grammar.State, key string, names func() (*runes.DFA, error), literals []literal, next objectState, may uint8) error {
	for set := uint8(0); set <= may; set++ {
		if set&^may != 0 {
			continue
		}
		if err := w.c.work.Spend(pairUnits + len(key) + lookUnits*len(literals)); err != nil {
			return err
		}
		all, to := slices.Clone(literals), next
		to.some |= set
		for i, claim := range w.p.some {
			if set>>i&1 == 1 && claim.literal != 0 {
				all = append(all, claim.literal)
			}
		}
		rule, err := w.c.pairRule(key, names, all)
		if err != nil {
			return err
		}
		w.c.b.Call(before, rule, w.state(to))
	}
	return nil
}

// pairRule is the rule of a name out of a set, a colon and a value.
func (c *compiler) pairRule(key string, names func() (*runes.DFA, error), literals []literal) (grammar.Rule, error) {
	value, err := c.node(literals)
	if err != nil {
		return 0, err
	}
	key = fmt.Sprintf("%s %d", key, value)
	if r, ok := c.pairs[key]; ok {
		return r, nil
	}
	texts, err := names()
	if err != nil {
		return 0, err
	}
	if err := c.work.Spend(writeUnits * texts.Cells()); err != nil {
		return 0, err
	}
	rule, at := c.b.Rule()
	c.pairs[key] = rule
	at = c.spaced(c.b.JSONString(at, texts))
	at = c.spaced(c.b.Text(at, ":"))
	last := c.b.State()
	c.b.Last(last)
	c.b.Call(at, value, last)
	return rule, nil
}
