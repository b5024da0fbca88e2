package scoring

import (
	"cmp"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/scoring/fixed"
)

// A weight is what a seat's verified work was worth, as one validator knows it:
//
//	weight = mean work × bound × availability
//	work of an epoch = Σ over opened answers: tokens × class of the model × speed of the round
//	bound            = lower bound of the seat's pass rate in the validator's own runs
//	availability     = answered ÷ asked
//
// each over epochs that count keepⁿ. Three properties follow.
//
// Work and availability are facts that all honest validators share, and only the
// bound is one's own; as every validator draws every asked seat in each two
// epochs, rows of validators that ran different answers agree in size. The
// averages bridge the epochs in which one validator drew nothing of a seat.
//
// Work counts all opened answers, judged or not: what is drawn decides how
// much of it is believed. So a seat gains by answering more only if what it
// answers is right.
//
// A seat that an own run of this epoch proved false has weight zero, whatever it
// did before; afterwards its bound is low until the failure fades.
//
// There is no floor for exploration: every seat on the roster has at least one
// slot a round (params.Kind.Slots, economics), so a new seat is asked anyway,
// and is paid from the first run that it passes.

// Explanation is one weight with every factor, as it is stored and shown.
type Explanation struct {
	_       struct{}       `cbor:",toarray"`
	Epoch   protocol.Epoch `json:"epoch"`
	Tally   Tally          `json:"tally"`
	Average Average        `json:"average"`
	// Work is the mean work of an epoch in 65536ths of a token; Bound,
	// Availability and Speed are shares in 65536ths; Speed is for show: it is
	// part of the work.
	Work         uint64 `json:"mean_work"`
	Bound        uint32 `json:"bound"`
	Availability uint32 `json:"availability"`
	Speed        uint32 `json:"speed"`
	// Raw is the product before the row is scaled up, Weight what is sent.
	Raw    uint64 `json:"raw"`
	Weight uint16 `json:"weight"`
	Reason Reason `json:"reason"`
}

// Reason says in one word what decided a weight.
type Reason string

// The reasons.
const (
	ReasonPaid     Reason = "paid"     // weight follows from verified work
	ReasonFalse    Reason = "false"    // an own run of this epoch proved an answer false
	ReasonUnproven Reason = "unproven" // no own run yet: left out of the row
	ReasonFailed   Reason = "failed"   // own runs, and none of note that passed
	ReasonIdle     Reason = "idle"     // no work on average
	// ReasonUnobserved: the validator observed nothing of the epoch; the weight is
	// what it thought before.
	ReasonUnobserved Reason = "unobserved"
)

// Explain makes the weight of one seat, before the row is scaled, in an epoch of
// which the validator observed a share, in 65536ths.
func Explain(epoch protocol.Epoch, before Average, t *Tally, share, keep uint32) Explanation {
	a := before.Add(t, keep, share)
	e := Explanation{
		Epoch: epoch, Tally: *t, Average: a,
		Work: a.meanWork(), Bound: LowerBound(a.Passes, a.Runs), Availability: a.availability(),
		Speed: uint32(min(fixed.MulDiv(t.Work, 1, max(t.Tokens, 1)), 1<<31)),
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

// Row scales the weights so that the largest is 65535, rounding to nearest, and
// returns the row that is sealed, by uid. A seat that was judged and is worth
// nothing is in it with an explicit zero, which says more than to leave it out:
// only unproven seats are. It sets the Weight of every explanation.
func Row(list []Explanation) (uids []protocol.UID, values []uint16) {
	slices.SortFunc(list, func(a, b Explanation) int { return cmp.Compare(a.Tally.Seat.UID, b.Tally.Seat.UID) })
	var largest uint64
	for i := range list {
		largest = max(largest, list[i].Raw)
	}
	for i := range list {
		e := &list[i]
		e.Weight = 0
		if e.Raw > 0 {
			e.Weight = uint16((fixed.MulDiv(e.Raw, 2*65535, largest) + 1) / 2)
		}
		if e.Reason != ReasonUnproven {
			uids, values = append(uids, e.Tally.Seat.UID), append(values, e.Weight)
		}
	}
	return uids, values
}

// Median returns the lower median of delays, which it sorts; 0 of none.
func Median(delays []uint64) uint64 {
	if len(delays) == 0 {
		return 0
	}
	slices.Sort(delays)
	return delays[(len(delays)-1)/2]
}
