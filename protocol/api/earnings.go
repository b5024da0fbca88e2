package api

import (
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/earning"
)

// Pay is the payment as package earning compares payments; pot is the epoch that
// paid it, nil where that is not known.
func (m *Emission) Pay(pot *Epoch) *earning.Pay {
	p := &earning.Pay{
		Epoch: m.Epoch, Incentive: m.Incentive, Dividend: m.Dividend, Miner: m.Miner, Validator: m.Validator, Drawn: m.Drawn, Fulfilled: m.Fulfilled,
	}
	if pot != nil {
		p.MinersPot, p.JudgesPot, p.Seats, p.PaidMiners = pot.Miners, pot.Validators, pot.Seats, pot.PaidMiners
	}
	return p
}

// Works is what a node counted of one seat's work, by epoch, all kinds together.
type Works map[protocol.Epoch]*earning.Work

// Add adds a score of one kind to what is known of its epoch.
func (w Works) Add(s *Score) {
	x := w[s.Epoch]
	if x == nil {
		x = &earning.Work{Bound: s.Bound, Speed: s.Speed, Availability: s.Availability}
		w[s.Epoch] = x
	}
	x.Asked, x.Answered, x.Exact = x.Asked+uint64(s.Asked), x.Answered+uint64(s.Answered), x.Exact+uint64(s.Exact)
	x.False, x.Late, x.NotGiven = x.False+uint64(s.Inexact), x.Late+uint64(s.Late), x.NotGiven+uint64(s.NotGiven)
	x.Bound, x.Speed, x.Availability = min(x.Bound, s.Bound), min(x.Speed, s.Speed), min(x.Availability, s.Availability)
}

// PaidIn is the work that epoch e paid; nil where nothing is known of it.
func (w Works) PaidIn(e protocol.Epoch) *earning.Work {
	if e < earning.Lag {
		return nil
	}
	return w[e-earning.Lag]
}
