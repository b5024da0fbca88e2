package synthetic

import (
	"math/bits"

	"github.com/assaynet/assay/scoring/synthetic/gate"
)

// window is the accepted records of one maker since its last full window.
type window struct {
	signatures []gate.Signature
	at         []int // in Judge.all
}

// accept adds a record that is paid, the at-th of all.
func (j *Judge) accept(at int, maker uint32, p *trace) {
	j.accepted++
	j.seen.Add(p.all(), &p.signature)
	w := j.makers[maker]
	if w == nil {
		w = &window{}
		j.makers[maker] = w
	}
	if len(w.at) == j.gates.rules.Window { // only when one comes that does not fit: the judgements of all in it are there
		j.close(w)
	}
	w.signatures, w.at = append(w.signatures, p.signature), append(w.at, at)
}

// close pays the records of a window: of the price the share that they are
// different from each other.
func (j *Judge) close(w *window) {
	d := gate.Diversity(w.signatures)
	for _, at := range w.at {
		m := &j.all[at]
		m.Diversity, m.Pay = d, share(j.gates.spec.Price, d)
	}
	w.signatures, w.at = w.signatures[:0], w.at[:0]
}

// share returns ⌊amount·of ÷ one⌋.
func share(amount uint64, of uint32) uint64 {
	hi, lo := bits.Mul64(amount, uint64(of))
	return hi<<48 | lo>>16
}

// Total is what a request comes to.
type Total struct {
	Records  int          `json:"records"`
	Accepted int          `json:"accepted"`
	Paid     uint64       `json:"paid"`     // base units
	Returned uint64       `json:"returned"` // of the maximum, to the requester
	Failed   map[Gate]int `json:"failed"`   // records by their reason
}

// Finish pays, and returns all judgements in the order of their places. The judge
// takes no more records.
func (j *Judge) Finish() ([]Judgement, Total) {
	for _, w := range j.makers {
		j.close(w)
	}
	t := Total{Returned: j.gates.spec.Maximum, Failed: map[Gate]int{}}
	for i := range j.all {
		t.add(&j.all[i])
	}
	return j.all, t
}

// add counts a judgement.
func (t *Total) add(m *Judgement) {
	t.Records++
	t.Paid += m.Pay
	t.Returned -= m.Pay
	if m.Reason != "" {
		t.Failed[m.Reason]++
	} else {
		t.Accepted++
	}
}
