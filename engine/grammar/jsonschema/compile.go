package jsonschema

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/assaynet/assay/engine/grammar"
	"github.com/assaynet/assay/engine/grammar/runes"
)

// Bounds of what a schema becomes.
const (
	maxNodes = 1 << 12 // different kinds of value
	maxSpace = 32      // spaces after a line feed
)

// Compile returns the automaton of the texts of a schema's values. Errors:
// [ErrSchema], [ErrUnsupported], [ErrReference], [ErrLimit], regex.ErrPattern,
// runes.ErrLimit and those of [grammar.Builder.Build], such as grammar.ErrEmpty.
func Compile(text []byte) (*grammar.Automaton, error) {
	b := grammar.NewBuilder()
	start, err := Write(b, text)
	if err != nil {
		return nil, err
	}
	return b.Build(start)
}

// Write adds the rule of a schema's values to a grammar. Errors are those of
// Compile, but for those of Build.
func Write(b *grammar.Builder, text []byte) (grammar.Rule, error) {
	root, err := parse(text)
	if err != nil {
		return 0, err
	}
	r := reader{known: knownKeywords(), ids: map[*value]int{}, work: runes.NewWork()}
	if r.places, err = newPlaces(root); err != nil {
		return 0, err
	}
	id, err := r.read(root)
	if err != nil {
		return 0, err
	}
	c := newCompiler(b, r.schemas, r.work)
	start, err := c.node([]literal{holds(id)})
	if err != nil {
		return 0, err
	}
	for len(c.queue) > 0 {
		n := c.queue[0]
		c.queue = c.queue[1:]
		if err := c.write(n); err != nil {
			return 0, err
		}
		if c.b.Full() {
			break
		}
	}
	return start, nil
}

// compiler turns schemas into rules.
type compiler struct {
	schemas []*schema
	work    *runes.Work
	bits    *simple[uint8]
	numbers *simple[numbers]
	strings *simple[*runes.DFA]
	b       *grammar.Builder
	rules   map[string]grammar.Rule // of nodes
	pairs   map[string]grammar.Rule // of properties
	objects int
	written map[numbers]*runes.DFA // what numbers are written as
	queue   []node
	space   grammar.Rule
}

// node is a value of which some literals hold, and the start of its rule.
type node struct {
	literals []literal
	start    grammar.State
}

func newCompiler(b *grammar.Builder, schemas []*schema, w *runes.Work) *compiler {
	c := &compiler{
		schemas: schemas, work: w, b: b,
		rules: map[string]grammar.Rule{}, pairs: map[string]grammar.Rule{}, written: map[numbers]*runes.DFA{},
	}
	c.bits = newSimple(&c.schemas, bitSets)
	c.numbers = newSimple(&c.schemas, numberSets(w))
	c.strings = newSimple(&c.schemas, stringSets(w))
	c.space = c.spaceRule()
	return c
}

// spaceRule is white space between two marks: nothing, a space, or a line feed
// and an indent.
func (c *compiler) spaceRule() grammar.Rule {
	rule, start := c.b.Rule()
	last := c.b.State()
	c.b.Last(start)
	c.b.Last(last)
	c.b.Byte(start, ' ', ' ', last)
	for _, indent := range []struct {
		char byte
		most int
	}{{' ', maxSpace}, {'\t', maxSpace / 4}} {
		at := c.b.State()
		c.b.Last(at)
		c.b.Byte(start, '\n', '\n', at)
		for range indent.most {
			next := c.b.State()
			c.b.Last(next)
			c.b.Byte(at, indent.char, indent.char, next)
			at = next
		}
	}
	return rule
}

// spaced goes on by white space.
func (c *compiler) spaced(from grammar.State) grammar.State {
	to := c.b.State()
	c.b.Call(from, c.space, to)
	return to
}

// node returns the rule of the values of which all literals hold.
func (c *compiler) node(literals []literal) (grammar.Rule, error) {
	literals = slices.Clone(literals)
	slices.Sort(literals)
	literals = slices.Compact(literals)
	var key []byte
	for _, l := range literals {
		key = binary.AppendVarint(key, int64(l))
	}
	if r, ok := c.rules[string(key)]; ok {
		return r, nil
	}
	if len(c.rules) >= maxNodes {
		return 0, fmt.Errorf("%w: it becomes more than %d kinds of value", ErrLimit, maxNodes)
	}
	rule, start := c.b.Rule()
	c.rules[string(key)] = rule
	c.queue = append(c.queue, node{literals, start})
	return rule, nil
}

// conjunction is the values of a simple type of which all literals hold.
func conjunction[T any](e *simple[T], literals []literal) (T, error) {
	out := e.every
	for _, l := range literals {
		set, err := e.of(l.id())
		if err != nil {
			return out, err
		}
		if l < 0 {
			if set, err = e.minus(e.every, set); err != nil {
				return out, err
			}
		}
		if out, err = e.and(out, set); err != nil {
			return out, err
		}
	}
	return out, nil
}

// bitTexts are the values that are bits.
var bitTexts = []string{"null", "false", "true"}

// values are those of the simple types, as they are written.
type values struct {
	bits    uint8
	numbers *runes.DFA
	strings *runes.DFA
}

// valuesOf returns the simple values of which all literals hold.
func (c *compiler) valuesOf(literals []literal) (v values, err error) {
	if v.bits, err = conjunction(c.bits, literals); err != nil {
		return v, err
	}
	nums, err := conjunction(c.numbers, literals)
	if err != nil {
		return v, err
	}
	written, known := c.written[nums]
	if !known {
		if written, err = nums.written(c.work); err != nil {
			return v, err
		}
		c.written[nums] = written
	}
	v.numbers = written
	v.strings, err = conjunction(c.strings, literals)
	return v, err
}

// ways returns how an array or object can be one of which all literals hold.
func (c *compiler) ways(literals []literal, array bool) ([]claims, error) {
	f := &finder{c: c, array: array, active: map[int]bool{}}
	ways := always
	for _, l := range literals {
		more, err := f.ways(l.id(), l < 0, false)
		if err != nil {
			return nil, err
		}
		if ways, err = f.product(ways, more); err != nil {
			return nil, err
		}
	}
	return ways, nil
}

// write makes a node's rule.
func (c *compiler) write(n node) error {
	last := c.b.State()
	c.b.Last(last)
	v, err := c.valuesOf(n.literals)
	if err != nil {
		return err
	}
	for i, text := range bitTexts {
		if v.bits>>i&1 != 0 {
			c.b.TextTo(n.start, text, last)
		}
	}
	if err := c.work.Spend(writeUnits * (v.numbers.Cells() + v.strings.Cells())); err != nil {
		return err
	}
	if !v.numbers.Empty() {
		c.b.Free(c.b.Runes(n.start, v.numbers), last)
	}
	if !v.strings.Empty() {
		c.b.Free(c.b.JSONString(n.start, v.strings), last)
	}
	for _, array := range []bool{true, false} {
		ways, err := c.ways(n.literals, array)
		if err != nil {
			return err
		}
		for _, w := range ways {
			if array {
				err = c.array(n.start, last, w)
			} else {
				err = c.object(n.start, last, w)
			}
			if err != nil {
				return err
			}
			if c.b.Full() {
				return nil
			}
		}
	}
	return nil
}
