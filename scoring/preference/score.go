package preference

import (
	"fmt"
	"math/big"

	"github.com/assaynet/assay/scoring/fixed"
)

// Row is what an epoch says of one rater, in 65536ths.
type Row struct {
	Rater string `json:"rater"`
	// Pay is done · max(0, q − FreeAgreement) · gate: a share of the lane, in
	// 65536ths of a rating of full agreement.
	Pay uint64 `json:"pay"`
	// Q is the mean agreement of the rater's voice with the others, by weight,
	// voice and pairs in common; negative where it is worse than chance.
	Q int64 `json:"q"`
	// Gate is 0 to one: how far the bound on golds is above GateFrom.
	Gate uint32 `json:"gate"`
	// Done counts the answered pairs of the epoch; one that r raters of a voice
	// answered counts 1/r for each.
	Done uint64 `json:"done"`
	// W is the rater's weight in the agreement of others, before it is divided
	// by its voice.
	W uint32 `json:"w"`
	// Voice is the number of raters that are one with this one, itself
	// included, in 65536ths.
	Voice uint64 `json:"voice"`
}

var errMeetings = fmt.Errorf("%w: more than %d twos of raters met", ErrLimit, MaxMeetings)

// step scores one epoch, whose golds and agreement it adds to the sums.
func (b *Book) step(e *epoch) ([]Row, error) {
	s, n := &b.sums, len(b.raters.list)
	if err := s.addGolds(e); err != nil {
		return nil, err
	}
	rows := make([]Row, n)
	weights := make([]int64, n)
	for i := range rows {
		bound := s.bound(uint32(i), &b.p)
		weights[i] = min(max(0, 2*int64(bound)-one), int64(b.p.MaxWeight))
		rows[i] = Row{Rater: b.raters.list[i], Gate: gate(bound, &b.p), W: uint32(weights[i])}
	}
	if err := s.addAgreement(e, n, weights); err != nil {
		return nil, err
	}
	v := s.voices(n, &b.p)
	done := e.done(n, v)
	for i, q := range s.quality(weights, v, &b.p) {
		r := &rows[i]
		r.Q, r.Done, r.Voice = q, done[i], uint64(v.size[v.of[i]])*one
		r.Pay = fixed.MulDiv(fixed.MulDiv(r.Done, uint64(max(0, q-int64(b.p.FreeAgreement))), one), uint64(r.Gate), one)
	}
	there := s.there(e, n)
	kept := rows[:0]
	for i, r := range rows {
		if there[i] {
			kept = append(kept, r)
		}
	}
	return kept, nil
}

// there says who has a row: the raters of the epoch's pairs, and all of whom
// anything is remembered; so that carried sums show whom the pairs would show.
func (s *sums) there(e *epoch, raters int) []bool {
	out := make([]bool, raters)
	for _, a := range e.answers {
		out[a.rater()] = true
	}
	for i, list := range s.golds {
		for j := range list {
			out[i] = out[i] || !list[j].faded()
		}
	}
	for i := range s.pairs {
		if t := &s.pairs[i]; !t.faded() {
			out[t.a], out[t.b] = true, true
		}
	}
	return out
}

// gate opens from GateFrom on, linearly.
func gate(bound uint32, p *Params) uint32 {
	if bound <= p.GateFrom {
		return 0
	}
	return uint32(min(fixed.MulDiv(uint64(bound-p.GateFrom), one, uint64(p.GateWidth)), one))
}

// done counts what each rater answered.
func (e *epoch) done(raters int, v *voices) []uint64 {
	out := make([]uint64, raters)
	_ = e.all(func(_ head, answers []entry) error { // never fails
		for _, a := range answers {
			if a.choice() == Absent {
				continue
			}
			r := uint64(0)
			for _, b := range answers {
				if b.choice() != Absent && v.of[a.rater()] == v.of[b.rater()] {
					r++
				}
			}
			out[a.rater()] += one / r
		}
		return nil
	})
	return out
}

// quality returns Q of each rater, which is that of its voice: Σ W·C ÷ Σ W over
// all that a rater of it and one of another voice did, with W = w·M ÷ one ÷ size
// of the other's voice. Seats that are one say the same, so each of them measures
// the one that sits there; alone, the luckiest of many would be paid.
func (s *sums) quality(weights []int64, v *voices, p *Params) []int64 {
	top := make([]big.Int, len(weights)) // by voice; 2⁹¹ at the limits
	all := make([]big.Int, len(weights)) // 2⁷⁴
	var term, factor big.Int
	for i := range s.pairs {
		t := &s.pairs[i]
		a, b := v.of[t.a], v.of[t.b]
		if a == b {
			continue
		}
		c := factor.SetInt64(t.agreement(p))
		for _, d := range [2]struct {
			voice, other uint32
			weight       int64
		}{{a, b, weights[t.b]}, {b, a, weights[t.a]}} { // a is told by b, then b by a
			w := term.SetUint64(fixed.MulDiv(uint64(d.weight), t.met, one) / uint64(v.size[d.other]))
			all[d.voice].Add(&all[d.voice], w)
			top[d.voice].Add(&top[d.voice], w.Mul(w, c))
		}
	}
	out := make([]int64, len(weights))
	for i := range out {
		if a := v.of[i]; all[a].Sign() > 0 {
			out[i] = factor.Quo(&top[a], &all[a]).Int64()
		}
	}
	return out
}
