package synthetic

import (
	"errors"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/task/synthetic"
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
	GateNovelty    Gate = "novelty"    // grams that were not there before, and those of the skeleton
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
	Skeleton  uint32 `json:"skeleton"`  // the same of grams of its skeleton
	Diversity uint32 `json:"diversity"` // of its maker's window of paid records; 0 of what is not paid
	Pay       uint64 `json:"pay"`       // base units
	Reason    Gate   `json:"reason"`    // the first that failed, or full; "" of what is paid
	// Checks are what the family's checks found.
	Checks []synthetic.Finding `json:"checks"`
}

// Window is what was there before a request began. It is safe for concurrent use;
// [index.Disk] is one.
type Window interface {
	// Missing returns those of these grams, which ascend, that were not there.
	Missing(grams []uint64) ([]uint64, error)
	Alike(s *gate.Signature) (number uint64, equal int, err error)
}

// Judge judges the records of one request. It is for one goroutine, and keeps what
// it judged in memory; [Bulk] does not.
type Judge struct {
	gates    *gates
	seen     *index.Memory
	last     *Place
	all      []Judgement
	accepted int
	// twins counts records that are known though not paid; see [Judgement.twin].
	twins  int
	makers map[uint32]*window
}

// Config says what a [Judge] judges by.
type Config struct {
	Rules         Rules
	Specification *Specification
	Sets          []*gramset.Set // those that the specification names, and any others
	Window        Window         // may be nil
	Run           synthetic.Runner
	Memo          *Memo // may be nil
}

// NewJudge returns the judge of a request, whose examples it judges first. Errors:
// [ErrSpecification], [ErrSet], and those of the window.
func NewJudge(c Config) (*Judge, error) {
	g, err := newGates(&c)
	if err != nil {
		return nil, err
	}
	j := &Judge{gates: g, seen: c.Memo.memory(), makers: map[uint32]*window{}}
	for i := range g.spec.Examples {
		t, err := j.example(i)
		if err != nil {
			return nil, err
		}
		j.seen.Add(t.all(), &t.signature)
	}
	return j, nil
}

// example judges an example of the specification by those before it.
func (j *Judge) example(i int) (*trace, error) {
	m, t, err := j.gates.measure(&Record{Text: j.gates.spec.Examples[i]})
	if err != nil {
		return nil, err
	}
	j.compare(m, t)
	if len(m.Failed) > 0 {
		return nil, fmt.Errorf("its example %d does not pass the gate %q: %w", i+1, m.Failed[0], ErrSpecification)
	}
	return t, nil
}

// Judge judges the next record, in the order of [Place]s. What it is paid stands
// when all have been judged: [Judge.Finish]. Errors: [ErrOrder], and those of
// the window.
func (j *Judge) Judge(r *Record) error {
	if err := inOrder(&j.last, j.gates.spec, r); err != nil {
		return err
	}
	m, t, err := j.gates.measure(r)
	if err != nil {
		return err
	}
	j.compare(m, t)
	if m.conclude(j.accepted == j.gates.spec.places()) {
		j.accept(len(j.all), r.Maker, t)
	} else if m.twin() && j.twins < j.gates.spec.places() {
		j.twins++
		j.seen.Add(t.all(), &t.signature)
	}
	j.all = append(j.all, *m)
	return nil
}

// inOrder refuses a record that does not come after the last one.
func inOrder(last **Place, s *Specification, r *Record) error {
	at := PlaceOf(s, r.Block, r.ID)
	if *last != nil && (*last).Compare(at) >= 0 {
		return fmt.Errorf("record %s: %w", r.ID, ErrOrder)
	}
	*last = &at
	return nil
}

// compare measures a record against those of the request that were paid.
func (j *Judge) compare(m *Judgement, t *trace) {
	if t == nil {
		return
	}
	alike := 0
	if len(t.grams) > 0 {
		_, alike = j.seen.Alike(&t.signature)
	}
	m.Skeleton = j.gates.skeleton(len(t.bones), t.knownBones+j.count(t.freshBones))
	j.gates.beside(m, max(m.Alike, alike), gate.Novelty(len(t.grams), t.known+j.count(t.fresh)))
}

// count returns how many of these grams were there before in the request.
func (j *Judge) count(grams []uint64) (n int) {
	for _, g := range grams {
		if j.seen.Has(g) {
			n++
		}
	}
	return n
}

// skeleton returns the share of new ones among n grams of a skeleton; the whole of
// few.
func (g *gates) skeleton(n, seen int) uint32 {
	if n < g.rules.SkeletonFew {
		return one
	}
	return gate.Novelty(n, seen)
}

// beside fills in what a record is beside those before it; its skeleton is there.
func (g *gates) beside(m *Judgement, alike int, novelty uint32) {
	m.Alike, m.Novelty = alike, novelty
	m.must(GateAlike, alike <= g.rules.AlikeMost)
	m.must(GateNovelty, novelty >= g.rules.novelty(g.spec.Family) && m.Skeleton >= g.rules.SkeletonLeast)
}

// conclude says why a record is not paid, or reports that it is.
func (m *Judgement) conclude(full bool) (paid bool) {
	switch {
	case len(m.Failed) > 0:
		m.Reason = m.Failed[0]
	case full:
		m.Reason = Full
	}
	return m.Reason == ""
}

// twin reports whether a record passes all gates but those that compare it with
// others. Such a one is known from then on like one that is paid, as often as the
// request has places: else a grammar's records would be paid again and again for
// what the ones before them were not paid for.
func (m *Judgement) twin() bool {
	for _, g := range m.Failed {
		if g != GateAlike && g != GateNovelty {
			return false
		}
	}
	return len(m.Failed) > 0
}

// Alone returns what the gates say of one record of a family when nothing was there
// before it: all that does not hang on the records beside it. Errors: those of
// package synthetic of the protocol.
func Alone(r Rules, f synthetic.Family, seed protocol.Hash, text string, run synthetic.Runner) (*Judgement, error) {
	j, err := NewJudge(Config{Rules: r, Specification: &Specification{Family: f, Count: 1, Price: 1, Maximum: 1}, Run: run})
	if err != nil {
		return nil, err
	}
	m, t, err := j.gates.measure(&Record{Seed: seed, Text: text})
	if err != nil {
		return nil, err
	}
	j.compare(m, t)
	return m, nil
}
