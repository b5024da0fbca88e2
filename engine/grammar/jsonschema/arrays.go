package jsonschema

import (
	"fmt"
	"slices"

	"github.com/assaynet/assay/engine/grammar"
)

// maxCounters bounds the claims of an array that count items of a kind.
const maxCounters = 3

// counters are how many items of each kind there were.
type counters [maxCounters]int32

// arrayPlan is what an array must be.
type arrayPlan struct {
	way      claims
	counting []claim // claimContains
	least    int
	most     int // none: no bound
	last     int // items from this number on are alike
	unique   bool
	seen     []item // with unique: the values that items can have
}

// array writes the arrays of a way.
func (c *compiler) array(from, to grammar.State, w claims) error {
	p := arrayPlan{way: w, most: none}
	for _, x := range w {
		switch x.kind {
		case claimItems:
			p.last = max(p.last, len(x.prefix))
		case claimItem:
			p.least, p.last = max(p.least, x.least+1), max(p.last, x.least+1)
		case claimContains:
			p.counting, p.last = append(p.counting, x), max(p.last, x.from)
			p.least = max(p.least, x.least)
		case claimLength:
			p.least = max(p.least, x.least)
			if x.most != none && (p.most == none || x.most < p.most) {
				p.most = x.most
			}
		case claimRest:
			p.last = max(p.last, x.from)
		case claimUnique:
			p.unique = true
		}
	}
	switch {
	case p.most != none && p.least > p.most:
		return nil
	case len(p.counting) > maxCounters:
		return fmt.Errorf("%w: more than %d claims that count items of an array", ErrLimit, maxCounters)
	case max(p.least, p.most, p.last) > grammar.MaxStates:
		return fmt.Errorf("%w: more than %d items are counted", ErrLimit, grammar.MaxStates)
	}
	p.last = max(p.last, p.least, p.most)
	p.unique = p.unique && (p.most == none || p.most > 1)
	return c.items(from, to, p)
}

// arrayState is how far an array is: so many items, up to the last one that is of
// interest, of so many of each kind.
type arrayState struct {
	at     int
	counts counters
	used   uint16 // with unique: the values that were there
}

// items writes the states of an array.
func (c *compiler) items(from, to grammar.State, p arrayPlan) error {
	units := pairUnits
	for _, x := range p.way {
		units += lookUnits * (4 + len(x.others))
	}
	open := c.spaced(c.b.Text(from, "["))
	states := map[arrayState]grammar.State{{}: open}
	for todo := []arrayState{{}}; len(todo) > 0 && !c.b.Full(); {
		if err := c.work.Spend(units); err != nil {
			return err
		}
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		here := states[s]
		if p.done(s) {
			end := here
			if s.at > 0 {
				end = c.spaced(here)
			}
			c.b.TextTo(end, "]", to)
		}
		if s.at == p.most {
			continue
		}
		before := here
		if s.at > 0 {
			before = c.spaced(c.b.Text(c.spaced(here), ","))
		}
		state := func(s arrayState) grammar.State {
			at, known := states[s]
			if !known {
				at = c.b.State()
				states[s] = at
				todo = append(todo, s)
			}
			return at
		}
		for _, o := range p.options(s) {
			if p.unique {
				if err := c.once(before, o, &p, state); err != nil {
					return err
				}
				continue
			}
			rule, err := c.node(o.literals)
			if err != nil {
				return err
			}
			c.b.Call(before, rule, state(o.next))
		}
	}
	return nil
}

// maxUnique bounds the values that unique items can have: which of them were there
// is part of the state.
const maxUnique = 10

// item is a value of a simple type.
type item struct {
	text   string // of a string its value, else as it is written
	quoted bool
}

// once writes an item that has not been there.
func (c *compiler) once(before grammar.State, o option, p *arrayPlan, state func(arrayState) grammar.State) error {
	values, err := c.few(o.literals)
	if err != nil {
		return err
	}
	for _, v := range values {
		i := slices.Index(p.seen, v)
		if i < 0 {
			i = len(p.seen)
			p.seen = append(p.seen, v)
		}
		if i >= maxUnique {
			return errUnique
		}
		next := o.next
		if next.used>>i&1 == 1 {
			continue
		}
		next.used |= 1 << i
		if !v.quoted {
			c.b.TextTo(before, v.text, state(next))
			continue
		}
		word, err := c.work.Words([]string{v.text})
		if err != nil {
			return err
		}
		c.b.Free(c.b.JSONString(before, word), state(next))
	}
	return nil
}

var errUnique = fmt.Errorf("%w: uniqueItems of items that can have more than %d values, or are arrays or objects", ErrUnsupported, maxUnique)

// few returns the values of which literals hold, where they are few and simple.
func (c *compiler) few(literals []literal) (values []item, err error) {
	v, err := c.valuesOf(literals)
	if err != nil {
		return nil, err
	}
	for i, text := range bitTexts {
		if v.bits>>i&1 != 0 {
			values = append(values, item{text: text})
		}
	}
	if err := c.work.Spend(pairUnits + v.numbers.Cells() + v.strings.Cells()); err != nil {
		return nil, err
	}
	nums, few := v.numbers.Texts(maxUnique)
	words, fewWords := v.strings.Texts(maxUnique)
	if !few || !fewWords {
		return nil, errUnique
	}
	for _, text := range nums {
		values = append(values, item{text: text})
	}
	for _, text := range words {
		values = append(values, item{text: text, quoted: true})
	}
	for _, array := range []bool{true, false} {
		ways, err := c.ways(literals, array)
		if err != nil {
			return nil, err
		}
		if len(ways) > 0 {
			return nil, errUnique
		}
	}
	return values, nil
}

// done reports whether an array can end.
func (p *arrayPlan) done(s arrayState) bool {
	for i, x := range p.counting {
		if int(s.counts[i]) < x.least {
			return false
		}
	}
	return s.at >= p.least
}

// option is what an item can be, and where it leads.
type option struct {
	literals []literal
	next     arrayState
}

// options are what the next item can be: each set of the kinds that are counted.
func (p *arrayPlan) options(s arrayState) []option {
	out := []option{{next: arrayState{min(s.at+1, p.last+1), s.counts, s.used}}}
	if p.most == none {
		out[0].next.at = min(s.at+1, max(p.last, 1))
	}
	for _, x := range p.way {
		switch x.kind {
		case claimItems:
			switch {
			case s.at < len(x.prefix):
				out[0].literals = append(out[0].literals, holds(x.prefix[s.at]))
			case x.items != none:
				out[0].literals = append(out[0].literals, holds(x.items))
			}
		case claimItem:
			if s.at == x.least {
				out[0].literals = append(out[0].literals, x.literal)
			}
		}
	}
	for i, x := range p.counting {
		if s.at >= x.from {
			out = x.split(out, i)
		}
	}
	for _, x := range p.way {
		if x.kind == claimRest && s.at >= x.from {
			out = x.rest(out)
		}
	}
	return out
}

// split tells apart whether an item counts for a claim.
func (c *claim) split(options []option, i int) []option {
	var out []option
	for _, o := range options {
		n := int(o.next.counts[i])
		yes := option{append(append([]literal(nil), o.literals...), c.literal), o.next}
		switch {
		case c.most == none && n >= c.least:
			out = append(out, o) // it does not matter any more
			continue
		case c.most == none:
			out = append(out, o) // it may count or not
		default:
			out = append(out, option{append(append([]literal(nil), o.literals...), -c.literal), o.next})
		}
		if c.most == none || n < c.most {
			yes.next.counts[i]++
			out = append(out, yes)
		}
	}
	return out
}

// rest asks of an item what nothing else looked at.
func (c *claim) rest(options []option) []option {
	var out []option
	for _, o := range options {
		for _, l := range append([]literal{c.literal}, c.others...) {
			out = append(out, option{append(append([]literal(nil), o.literals...), l), o.next})
		}
	}
	return out
}
