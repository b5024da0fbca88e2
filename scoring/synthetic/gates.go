package synthetic

import (
	"slices"
	"strings"

	"github.com/assaynet/assay/protocol/task/synthetic"
	"github.com/assaynet/assay/protocol/task/synthetic/text"
	"github.com/assaynet/assay/protocol/task/synthetic/value"
	"github.com/assaynet/assay/scoring/synthetic/gate"
	"github.com/assaynet/assay/scoring/synthetic/gramset"
	"github.com/assaynet/assay/scoring/synthetic/index"
)

// gates are all that a record passes by itself, whatever others the request has.
// They are safe for concurrent use where Run is.
type gates struct {
	rules   Rules
	spec    *Specification
	overlap []*gramset.Set // of 13-grams
	known   []*gramset.Set // of masked 5-grams
	window  Window         // nil: nothing was there before
	run     synthetic.Runner
	memo    *Memo // nil: nothing is remembered
}

func newGates(c *Config) (*gates, error) {
	if err := c.Specification.check(); err != nil {
		return nil, err
	}
	g := &gates{rules: c.Rules, spec: c.Specification, window: c.Window, run: c.Run, memo: c.Memo}
	sets, err := c.Specification.named(c.Sets)
	if err != nil {
		return nil, err
	}
	for _, s := range sets {
		if s.Size() == text.OverlapGram {
			g.overlap = append(g.overlap, s)
		} else {
			g.known = append(g.known, s)
		}
	}
	return g, nil
}

// trace is what a record is compared with others by.
type trace struct {
	grams     []uint64
	signature gate.Signature // of grams, where there are any
	// known counts the grams that stand in a named set or were there before the
	// request began, and fresh are the others.
	known int
	fresh []uint64
	// bones are the grams of the skeleton, of which knownBones and freshBones are
	// the like.
	bones      []uint64
	knownBones int
	freshBones []uint64
	both       []uint64 // see all
}

// all are the grams that others are then compared with, ascending.
func (t *trace) all() []uint64 {
	if t.both == nil {
		t.both = merged(t.grams, t.bones)
	}
	return t.both
}

func merged(a, b []uint64) []uint64 {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

// measure sends a record through all gates.
func (g *gates) measure(r *Record) (*Judgement, *trace, error) {
	m, t := g.memo.recall(r.Text, func() (*Judgement, *trace) { return g.alone(r) })
	m.ID, m.Maker, m.Block = r.ID, r.Maker, r.Block
	if t == nil || g.window == nil || len(t.grams) == 0 {
		return m, t, nil
	}
	t, err := g.before(m, t)
	return m, t, err
}

// alone sends a record through the gates that need nothing beside it, and finds
// what it is compared by, if its form is right.
func (g *gates) alone(r *Record) (*Judgement, *trace) {
	m := &Judgement{Failed: []Gate{}, Checks: []synthetic.Finding{}}
	doc, words, ok := g.form(m, r.Text)
	if !ok {
		return m, nil
	}
	if g.spec.Family != "" {
		m.must(GateChecks, g.check(m, r))
	}
	if len(g.spec.Run) > 0 && len(m.Failed) == 0 { // the one gate that costs milliseconds comes to what is whole
		_, ok := g.run(program(doc, g.spec.Run))
		m.must(GateRun, ok)
	}
	return m, g.trace(words)
}

// form sends a text through the gates that need no program and nothing beside it,
// and returns its JSON and its words; not ok is one of which nothing else is
// looked at.
func (g *gates) form(m *Judgement, record string) (doc any, words []text.Word, ok bool) {
	doc, prose, ok := g.read(record)
	if !ok {
		m.must(GateForm, false)
		return nil, nil, false
	}
	if g.spec.Schema != nil {
		m.must(GateSchema, g.spec.Schema.Valid(doc))
	}
	words = text.Words(prose)
	plain := text.Plain(words)
	m.Words, m.Distinct, m.Commonest = len(words), gate.Distinct(plain), gate.Commonest(plain)
	m.Overlap, m.Private = g.overlaps(plain), gate.Private(record)
	m.must(GateLength, gate.Length(m.Words, g.rules.WordsLeast, g.rules.WordsMost))
	m.must(GateRepetition, m.Distinct >= g.rules.DistinctLeast && m.Commonest <= g.rules.CommonestMost)
	m.must(GateOverlap, m.Overlap <= g.rules.OverlapMost)
	m.must(GatePrivate, m.Private == "")
	return doc, words, true
}

// must says that a record did not pass a gate.
func (m *Judgement) must(g Gate, pass bool) {
	if !pass {
		m.Failed = append(m.Failed, g)
	}
}

// read returns the JSON of a record of a schema, what of it is prose, and whether
// the form is right.
func (g *gates) read(text string) (doc any, prose string, ok bool) {
	if len(text) > MaxText || g.spec.Schema == nil {
		return nil, text, len(text) <= MaxText
	}
	doc, err := value.Decode([]byte(text), recordLimits)
	return doc, proseOf(doc), err == nil
}

// proseOf returns the strings of a value, one a line.
func proseOf(doc any) string {
	var b strings.Builder
	value.Strings(doc, func(s string) {
		b.WriteString(s)
		b.WriteByte('\n')
	})
	return b.String()
}

// program joins the fields of a record that make it; what is no string adds
// nothing.
func program(doc any, fields []string) string {
	var b strings.Builder
	object, _ := doc.(map[string]any)
	for _, f := range fields {
		s, _ := object[f].(string)
		b.WriteString(s)
		b.WriteByte('\n')
	}
	return b.String()
}

func (g *gates) overlaps(plain []string) int {
	n := 0
	if len(g.overlap) == 0 {
		return 0
	}
	for _, gram := range text.Grams(plain, text.OverlapGram) {
		if slices.ContainsFunc(g.overlap, func(s *gramset.Set) bool { return s.Has(gram) }) {
			n++
		}
	}
	return n
}

// check runs the family's checks.
func (g *gates) check(m *Judgement, r *Record) bool {
	k, err := synthetic.Derive(g.spec.Family, r.Seed)
	if err != nil {
		return false // the specification was checked: there is the family
	}
	m.Checks = k.Check(r.Text, g.run)
	for _, f := range m.Checks {
		if !f.Pass {
			return false
		}
	}
	return true
}

// trace finds what a record is compared by, and which of it stands in a named set.
func (g *gates) trace(words []text.Word) *trace {
	t := &trace{grams: g.spec.Family.Grams(words), bones: g.spec.Family.Skeleton(words)}
	if len(t.grams) == 0 {
		return t
	}
	t.signature, t.fresh, t.freshBones = gate.Sign(t.grams), t.grams, t.bones
	if len(g.known) > 0 {
		t.fresh = slices.DeleteFunc(slices.Clone(t.grams), g.knows)
	}
	t.known = len(t.grams) - len(t.fresh)
	return t
}

// before compares a record with what was there before the request began.
func (g *gates) before(m *Judgement, alone *trace) (*trace, error) {
	t := *alone
	fresh, err := g.window.Missing(t.fresh)
	if err != nil {
		return nil, err
	}
	t.fresh = fresh
	if t.freshBones, err = g.window.Missing(t.bones); err != nil {
		return nil, err
	}
	if _, m.Alike, err = g.window.Alike(&t.signature); err != nil {
		return nil, err
	}
	t.known, t.knownBones = len(t.grams)-len(t.fresh), len(t.bones)-len(t.freshBones)
	return &t, nil
}

// entry returns what an index keeps of a record that passed.
func (g *gates) entry(record string) *index.Entry {
	_, prose, _ := g.read(record)
	return g.entryOf(text.Words(prose))
}

func (g *gates) entryOf(words []text.Word) *index.Entry {
	grams := g.spec.Family.Grams(words)
	return &index.Entry{Grams: merged(grams, g.spec.Family.Skeleton(words)), Signature: gate.Sign(grams)}
}

// formed is entry of a record that may be paid, by the gates that need no program
// and nothing beside it; nil of another.
func (g *gates) formed(record string) *index.Entry {
	var m Judgement
	if _, words, ok := g.form(&m, record); ok && len(m.Failed) == 0 {
		return g.entryOf(words)
	}
	return nil
}

// knows reports whether a gram stands in a named set.
func (g *gates) knows(gram uint64) bool {
	return slices.ContainsFunc(g.known, func(s *gramset.Set) bool { return s.Has(gram) })
}
