package synthetic

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/task/synthetic"
	"github.com/assaynet/assay/protocol/task/synthetic/text"
	"github.com/assaynet/assay/protocol/task/synthetic/value"
	"github.com/assaynet/assay/scoring/synthetic/gate"
	"github.com/assaynet/assay/scoring/synthetic/gramset"
	"github.com/assaynet/assay/scoring/synthetic/index"
)

// Gate is the name of a gate, and the reason why a record is not paid.
type Gate string

// The gates, in their order, and [Full], which is no gate.
const (
	GateForm       Gate = "form"       // JSON within the limits, where there is a schema; below the bytes of a record
	GateSchema     Gate = "schema"     // the request's
	GateLength     Gate = "length"     // words
	GateRepetition Gate = "repetition" // different runs of words, the commonest word
	GateOverlap    Gate = "overlap"    // with evaluation sets
	GatePrivate    Gate = "private"    // secrets and personal data
	GateChecks     Gate = "checks"     // of the family, all
	GateRun        Gate = "run"        // the program ends well
	GateAlike      Gate = "alike"      // to a record that was there before
	GateNovelty    Gate = "novelty"    // grams that were not there before
	Full           Gate = "full"       // the request had all that it asked for
)

// Gates lists the reasons why a record is not paid, in their order.
func Gates() []Gate {
	return []Gate{
		GateForm, GateSchema, GateLength, GateRepetition, GateOverlap, GatePrivate, GateChecks, GateRun, GateAlike, GateNovelty, Full,
	}
}

// ErrOrder says that records came in another order than that of their places, or
// one came twice.
var ErrOrder = errors.New("synthetic: records out of order")

// Judgement is what became of a record. Shares are in 65536ths. Where the form is
// wrong nothing else is looked at.
type Judgement struct {
	ID    protocol.Hash `json:"record"`
	Maker uint32        `json:"maker"`
	Block uint64        `json:"block"`
	// Failed are the gates that it did not pass, in their order.
	Failed    []Gate `json:"failed"`
	Words     int    `json:"words"`
	Distinct  uint32 `json:"distinct"`
	Commonest uint32 `json:"commonest"`
	Overlap   int    `json:"overlap"`   // 13-grams in evaluation sets
	Private   string `json:"private"`   // what was found, or ""
	Alike     int    `json:"alike"`     // positions equal with the most alike one before
	Novelty   uint32 `json:"novelty"`   // share of grams that were not there before
	Diversity uint32 `json:"diversity"` // of its maker's window of paid records; 0 of what is not paid
	Pay       uint64 `json:"pay"`       // base units
	Reason    Gate   `json:"reason"`    // the first that failed, or full; "" of what is paid
	// Checks are what the family's checks found.
	Checks []synthetic.Finding `json:"checks"`
}

// Window is what was there before a request began. [index.Disk] is one.
type Window interface {
	// Count returns how many of these grams, which ascend, were there.
	Count(grams []uint64) (int, error)
	Alike(s *gate.Signature) (number uint64, equal int, err error)
}

// Judge judges the records of one request. It is for one goroutine.
type Judge struct {
	rules    Rules
	spec     *Specification
	overlap  []*gramset.Set // of 13-grams
	known    []*gramset.Set // of masked 5-grams
	window   Window         // nil: nothing was there before
	run      synthetic.Runner
	seen     index.Memory
	last     *Place
	all      []Judgement
	accepted int
	makers   map[uint32]*window
	entries  func(index.Entry)
}

// Config says what a [Judge] judges by.
type Config struct {
	Rules         Rules
	Specification *Specification
	Sets          []*gramset.Set // those that the specification names, and any others
	Window        Window         // may be nil
	Run           synthetic.Runner
	// Accepted is told of every record that is paid, in order; may be nil.
	Accepted func(index.Entry)
}

// NewJudge returns the judge of a request, whose examples it judges first. Errors:
// [ErrSpecification], [ErrSet], and those of the window.
func NewJudge(c Config) (*Judge, error) {
	if err := c.Specification.check(); err != nil {
		return nil, err
	}
	j := &Judge{rules: c.Rules, spec: c.Specification, window: c.Window, run: c.Run, makers: map[uint32]*window{}, entries: c.Accepted}
	sets, err := c.Specification.named(c.Sets)
	if err != nil {
		return nil, err
	}
	for _, s := range sets {
		if s.Size() == text.OverlapGram {
			j.overlap = append(j.overlap, s)
		} else {
			j.known = append(j.known, s)
		}
	}
	for i, example := range c.Specification.Examples {
		m, p, err := j.measure(&Record{Text: example})
		if err != nil {
			return nil, err
		}
		if len(m.Failed) > 0 {
			return nil, fmt.Errorf("its example %d does not pass the gate %q: %w", i+1, m.Failed[0], ErrSpecification)
		}
		j.seen.Add(p.grams, &p.signature)
	}
	return j, nil
}

// Judge judges the next record, in the order of [Place]s. What it is paid stands
// when all have been judged: [Judge.Finish]. Errors: [ErrOrder], and those of
// the window.
func (j *Judge) Judge(r *Record) error {
	at := PlaceOf(j.spec, r.Block, r.ID)
	if j.last != nil && j.last.Compare(at) >= 0 {
		return fmt.Errorf("record %s: %w", r.ID, ErrOrder)
	}
	j.last = &at
	m, p, err := j.measure(r)
	if err != nil {
		return err
	}
	switch {
	case len(m.Failed) > 0:
		m.Reason = m.Failed[0]
	case j.accepted == j.spec.places():
		m.Reason = Full
	default:
		j.accept(len(j.all), r.Maker, p)
	}
	j.all = append(j.all, *m)
	return nil
}

// Alone returns what the gates say of one record of a family when nothing was there
// before it: all that does not hang on the records beside it. Errors: those of
// package synthetic of the protocol.
func Alone(r Rules, f synthetic.Family, seed protocol.Hash, text string, run synthetic.Runner) (*Judgement, error) {
	j, err := NewJudge(Config{Rules: r, Specification: &Specification{Family: f, Count: 1, Price: 1, Maximum: 1}, Run: run})
	if err != nil {
		return nil, err
	}
	m, _, err := j.measure(&Record{Seed: seed, Text: text})
	return m, err
}

// trace is what a record is compared with others by.
type trace struct {
	grams     []uint64
	signature gate.Signature
}

// measure sends a record through all gates.
func (j *Judge) measure(r *Record) (*Judgement, *trace, error) {
	m := &Judgement{ID: r.ID, Maker: r.Maker, Block: r.Block, Failed: []Gate{}, Checks: []synthetic.Finding{}}
	must := func(g Gate, pass bool) {
		if !pass {
			m.Failed = append(m.Failed, g)
		}
	}
	doc, ok := j.read(r.Text)
	if !ok {
		must(GateForm, false)
		return m, nil, nil
	}
	prose := r.Text
	if j.spec.Schema != nil {
		must(GateSchema, j.spec.Schema.Valid(doc))
		prose = proseOf(doc)
	}
	words := text.Words(prose)
	plain := text.Plain(words)
	m.Words, m.Distinct, m.Commonest = len(words), gate.Distinct(plain), gate.Commonest(plain)
	m.Overlap, m.Private = j.overlaps(plain), gate.Private(r.Text)
	must(GateLength, gate.Length(m.Words, j.rules.WordsLeast, j.rules.WordsMost))
	must(GateRepetition, m.Distinct >= j.rules.DistinctLeast && m.Commonest <= j.rules.CommonestMost)
	must(GateOverlap, m.Overlap <= j.rules.OverlapMost)
	must(GatePrivate, m.Private == "")
	if j.spec.Family != "" {
		must(GateChecks, j.check(m, r))
	}
	if len(j.spec.Run) > 0 && len(m.Failed) == 0 { // the one gate that costs milliseconds comes to what is whole
		_, ok := j.run(program(doc, j.spec.Run))
		must(GateRun, ok)
	}
	p, err := j.compare(m, words)
	must(GateAlike, m.Alike <= j.rules.AlikeMost)
	must(GateNovelty, m.Novelty >= j.rules.novelty(j.spec.Family))
	return m, p, err
}

// read returns the JSON of a record of a schema, and whether the form is right.
func (j *Judge) read(text string) (doc any, ok bool) {
	if len(text) > MaxText || j.spec.Schema == nil {
		return nil, len(text) <= MaxText
	}
	doc, err := value.Decode([]byte(text), recordLimits)
	return doc, err == nil
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

func (j *Judge) overlaps(plain []string) int {
	n := 0
	if len(j.overlap) == 0 {
		return 0
	}
	for _, g := range text.Grams(plain, text.OverlapGram) {
		for _, s := range j.overlap {
			if s.Has(g) {
				n++
				break
			}
		}
	}
	return n
}

// check runs the family's checks.
func (j *Judge) check(m *Judgement, r *Record) bool {
	k, err := synthetic.Derive(j.spec.Family, r.Seed)
	if err != nil {
		return false // the specification was checked: there is the family
	}
	m.Checks = k.Check(r.Text, j.run)
	for _, f := range m.Checks {
		if !f.Pass {
			return false
		}
	}
	return true
}

// compare measures a record against what was there before.
func (j *Judge) compare(m *Judgement, words []text.Word) (*trace, error) {
	p := &trace{grams: j.spec.Family.Grams(words)}
	if len(p.grams) == 0 {
		return p, nil
	}
	p.signature = gate.Sign(p.grams)
	_, m.Alike = j.seen.Alike(&p.signature)
	unseen := make([]uint64, 0, len(p.grams))
	for _, g := range p.grams {
		if !j.knows(g) {
			unseen = append(unseen, g)
		}
	}
	seen := len(p.grams) - len(unseen)
	if j.window != nil {
		before, err := j.window.Count(unseen)
		if err != nil {
			return nil, err
		}
		seen += before
		_, equal, err := j.window.Alike(&p.signature)
		if err != nil {
			return nil, err
		}
		m.Alike = max(m.Alike, equal)
	}
	m.Novelty = gate.Novelty(len(p.grams), seen)
	return p, nil
}

// knows reports whether a gram was there in the request, or in a named set.
func (j *Judge) knows(g uint64) bool {
	return j.seen.Has(g) || slices.ContainsFunc(j.known, func(s *gramset.Set) bool { return s.Has(g) })
}
