package scoring

import (
	"cmp"
	"math"
	"math/big"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/scoring/fixed"
)

// What a seat is worth in a kind is what its verified work was, as one validator
// knows it:
//
//	worth = mean work × bound × availability
//	work of an epoch = Σ over opened answers, each as the kind counts it ([task.Kind])
//	bound            = lower bound of the seat's pass rate in the validator's own runs
//	availability     = answered ÷ asked
//
// each over epochs that count keepⁿ. Three properties follow.
//
// Work and availability are facts that all honest validators share, and only
// the bound is one's own; as every validator draws every asked seat in each two
// epochs in each kind, rows of validators that ran different answers agree in
// size. The averages bridge the epochs in which one validator drew nothing of a
// seat.
//
// Work counts all opened answers, judged or not: what is drawn decides how
// much of it is believed. So a seat gains by answering more only if what it
// answers is right.
//
// A seat that an own run of this epoch proved false is worth nothing in that kind,
// whatever it did before; afterwards its bound is low until the failure fades.
//
// A row mixes the kinds. Each has a share of what is paid, and pays absolutely: a
// kind whose seats together did less than its full work pays as much less, and
// what is left goes to nobody, who stands in the row beside the seats: the ledger
// keeps it, and pays it to no one.
//
//	part of a seat   = Σ over kinds: share × worth ÷ max(full, Σ over seats: worth)
//	part of nobody   = 1 − Σ over seats: part
//
// So the only seat of a new kind does not take the kind's share, and to keep
// others from working in one kind raises nobody's pay in another. A kind whose
// full work is zero pays its share for whatever was done, and then all of it to
// those that did it.
//
// There is no floor for exploration: every seat on the roster has at least one
// slot a round (params.Kind.Slots, economics), so a new seat is asked anyway,
// and is paid from the first run that it passes.

// Explanation is what one seat is worth in one kind with every factor, as it is
// stored and shown.
type Explanation struct {
	_       struct{}       `cbor:",toarray"`
	Epoch   protocol.Epoch `json:"epoch"`
	Tally   Tally          `json:"tally"`
	Average Average        `json:"average"`
	// Work is the mean work of an epoch in 65536ths of a unit; Bound,
	// Availability and Speed are shares in 65536ths; Speed is for show: it is
	// part of the work.
	Work         uint64 `json:"mean_work"`
	Bound        uint32 `json:"bound"`
	Availability uint32 `json:"availability"`
	Speed        uint32 `json:"speed"`
	// Raw is the product, in 65536ths of a unit; Part is what it is of all that the
	// row gives, to nobody, too, in 65536ths.
	Raw  uint64 `json:"raw"`
	Part uint32 `json:"part"`
	// Weight is what is sent for the seat: its parts in all kinds, scaled.
	Weight uint16 `json:"weight"`
	Reason Reason `json:"reason"`
}

// Reason says in one word what decided a weight.
type Reason string

// The reasons, of one kind.
const (
	ReasonPaid     Reason = "paid"     // weight follows from verified work
	ReasonFalse    Reason = "false"    // an own run of this epoch proved an answer false
	ReasonUnproven Reason = "unproven" // no own run yet: left out of the row, if it is so in all kinds
	ReasonFailed   Reason = "failed"   // own runs, and none of note that passed
	ReasonIdle     Reason = "idle"     // no work on average
	// ReasonUnobserved: the validator observed nothing of the epoch; the weight is
	// what it thought before.
	ReasonUnobserved Reason = "unobserved"
)

// Explain says what one seat is worth in one kind, in an epoch of which the
// validator observed a share; keep is the part of averages that stays. Both in
// 65536ths.
func Explain(epoch protocol.Epoch, before Average, t *Tally, share, keep uint32) Explanation {
	a := before.Add(t, keep, share)
	e := Explanation{
		Epoch: epoch, Tally: *t, Average: a,
		Work: a.meanWork(), Bound: LowerBound(a.Passes, a.Runs), Availability: a.availability(),
		Speed: uint32(min(fixed.MulDiv(t.Work, 1, max(t.Units, 1)), 1<<31)),
	}
	e.Raw = fixed.MulDiv(fixed.MulDiv(e.Work, uint64(e.Bound), one), uint64(e.Availability), one)
	switch {
	case t.False > 0:
		e.Raw, e.Reason = 0, ReasonFalse
	case a.Runs == 0:
		e.Raw, e.Reason = 0, ReasonUnproven
	case e.Bound == 0:
		e.Reason = ReasonFailed
	case e.Raw == 0:
		e.Reason = ReasonIdle
	case share == 0:
		e.Reason = ReasonUnobserved
	default:
		e.Reason = ReasonPaid
	}
	return e
}

// Row mixes what seats are worth in each kind by the kinds' shares, scales so that
// the largest is 65535, rounding to nearest, and returns the row that is sealed,
// by uid. A seat that was judged and is worth nothing is in it with an explicit
// zero, which says more than to leave it out: only seats that are unproven in all
// kinds are left out. Nobody is its last entry where something is left, and some
// seat gets something: a row of zeros does not say what was left of. It sorts the
// list by seat and kind, and sets Part and Weight of every explanation.
func Row(list []Explanation, kinds []params.Kind) (uids []protocol.UID, values []uint16) {
	slices.SortFunc(list, func(a, b Explanation) int {
		return cmp.Or(cmp.Compare(a.Tally.Seat.UID, b.Tally.Seat.UID), cmp.Compare(a.Tally.Kind, b.Tally.Kind))
	})
	m := newMix(list, kinds)
	seats := bySeat(list)
	sums := make([]*big.Int, len(seats))
	rest := m.whole()
	for i, seat := range seats {
		sums[i] = m.parts(seat)
		rest.Sub(rest, sums[i])
	}
	largest := rest
	for _, sum := range sums {
		if sum.Cmp(largest) > 0 {
			largest = sum
		}
	}
	for i, seat := range seats {
		weight := uint16(scaled(sums[i], largest, math.MaxUint16))
		if weigh(seat, weight) {
			uids, values = append(uids, seat[0].Tally.Seat.UID), append(values, weight)
		}
	}
	if left := scaled(rest, largest, math.MaxUint16); left > 0 && m.whole().Cmp(rest) > 0 {
		uids, values = append(uids, protocol.Nobody), append(values, uint16(left))
	}
	return uids, values
}

// bySeat cuts a sorted list where the seat changes.
func bySeat(list []Explanation) (seats [][]Explanation) {
	for len(list) > 0 {
		n := 1
		for n < len(list) && list[n].Tally.Seat == list[0].Tally.Seat {
			n++
		}
		seats, list = append(seats, list[:n]), list[n:]
	}
	return seats
}

// weigh sets the weight of a seat, and reports whether it belongs in the row.
func weigh(seat []Explanation, weight uint16) (proven bool) {
	for i := range seat {
		seat[i].Weight = weight
		proven = proven || seat[i].Reason != ReasonUnproven
	}
	return proven
}

// mix turns what a seat is worth in a kind into its part of a row. Parts are whole
// numbers over one denominator, so that nothing is lost before the row is scaled.
type mix struct {
	factor map[protocol.Kind]*big.Int // share × the product of the other kinds' sums
	all    *big.Int                   // the product of all kinds' sums
}

func newMix(list []Explanation, kinds []params.Kind) *mix {
	m := &mix{factor: map[protocol.Kind]*big.Int{}, all: big.NewInt(1)}
	sums := make([]*big.Int, len(kinds))
	for i := range kinds {
		sums[i] = new(big.Int)
		for k := range list {
			if list[k].Tally.Kind == kinds[i].Name {
				sums[i].Add(sums[i], new(big.Int).SetUint64(list[k].Raw))
			}
		}
		full := new(big.Int).SetUint64(kinds[i].Full)
		if full.Lsh(full, 16); full.Cmp(sums[i]) > 0 { // work is in 65536ths
			sums[i] = full
		}
		if sums[i].Sign() == 0 {
			sums[i].SetUint64(1) // nothing was done: the share is left
		}
		m.all.Mul(m.all, sums[i])
	}
	for i := range kinds {
		f := new(big.Int).Div(m.all, sums[i])
		m.factor[kinds[i].Name] = f.Mul(f, new(big.Int).SetUint64(uint64(kinds[i].Share)))
	}
	return m
}

// whole returns what a row gives in all.
func (m *mix) whole() *big.Int { return new(big.Int).Mul(m.all, big.NewInt(params.One)) }

// part returns what a seat gets for a kind.
func (m *mix) part(e *Explanation) *big.Int {
	f := m.factor[e.Tally.Kind]
	if f == nil {
		return new(big.Int)
	}
	return new(big.Int).Mul(f, new(big.Int).SetUint64(e.Raw))
}

// parts sets the parts of a seat, and returns their sum.
func (m *mix) parts(seat []Explanation) *big.Int {
	sum := new(big.Int)
	for i := range seat {
		part := m.part(&seat[i])
		seat[i].Part = uint32(scaled(part, m.whole(), params.One))
		sum.Add(sum, part)
	}
	return sum
}

// scaled returns the integer nearest to v·to ÷ of, halves upwards; 0 where of is 0.
func scaled(v, of *big.Int, to uint64) uint64 {
	if of.Sign() == 0 {
		return 0
	}
	x := new(big.Int).SetUint64(2 * to)
	x.Mul(x, v).Div(x, of)
	return (x.Uint64() + 1) / 2
}

// Median returns the lower median of delays, which it sorts; 0 of none.
func Median(delays []uint64) uint64 {
	if len(delays) == 0 {
		return 0
	}
	slices.Sort(delays)
	return delays[(len(delays)-1)/2]
}
