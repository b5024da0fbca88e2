package miner

import (
	"fmt"
	"strings"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/earning"
	"github.com/assaynet/assay/protocol/ledger"
)

// Pay is what an epoch paid the seat for work, and why that is not what the epoch
// before paid; no Change where that one is not known.
type Pay struct {
	Epoch  protocol.Epoch  `json:"epoch"`
	Paid   protocol.Amount `json:"paid"`
	Change string          `json:"change"`
	Causes []earning.Cause `json:"causes"`
}

// Rounds counts what became of the rounds and answers of the last epochs.
type Rounds struct {
	Epochs   uint64 `json:"epochs"` // the running one included
	InTime   uint64 `json:"in_time"`
	Late     uint64 `json:"late"`
	Exact    uint64 `json:"exact"` // cards that found an answer equal
	False    uint64 `json:"false"` // and others
	NotGiven uint64 `json:"not_given"`
	Failed   uint64 `json:"failed"`
}

// Event is what comes next, and at which height.
type Event struct {
	What   string          `json:"what"`
	Height protocol.Height `json:"height"`
}

// payAt reads what epoch n paid the seat, zeros where that is nothing; false where
// it was not there, or is not known.
func payAt(r ledger.Reader, n protocol.Epoch, seat protocol.SeatID) (earning.Pay, bool, error) {
	p, ok, err := ledger.ReadPayment(r, n, seat.UID)
	if err != nil {
		return earning.Pay{}, false, err
	}
	out := earning.Pay{Epoch: n}
	if ok = ok && p.Seat == seat; ok {
		out.Incentive, out.Miner = p.Incentive, p.Miner
	}
	rec, known, err := ledger.ReadEpoch(r, n)
	if known {
		out.MinersPot, out.Seats = rec.Miners, rec.Seats
	}
	return out, ok, err
}

// worked is what was counted of an epoch; nil of one in which nothing was seen.
func (f *facts) worked(e protocol.Epoch) *earning.Work {
	t := f.recent[e]
	if t == nil {
		return nil
	}
	return &earning.Work{Asked: t.committed + t.late, Exact: t.exact, False: t.wrong, Late: t.late, NotGiven: t.missed}
}

// explained is a payment with its causes, against the one before it in the list.
func (f *facts) explained(i int) Pay {
	is := &f.pays[i]
	out := Pay{Epoch: is.Epoch, Paid: is.Miner, Causes: []earning.Cause{}}
	if i == 0 || f.pays[i-1].Epoch+1 != is.Epoch {
		return out
	}
	was := &f.pays[i-1]
	out.Change = earning.Delta(was.Miner, is.Miner)
	var then, now *earning.Work
	if was.Epoch >= earning.Lag {
		then, now = f.worked(was.Epoch-earning.Lag), f.worked(is.Epoch-earning.Lag)
	}
	out.Causes = append(out.Causes, earning.Causes(was, is, then, now)...)
	return out
}

// line says in a line what an epoch paid, and for what.
func (f *facts) line(p *Pay) string {
	var b strings.Builder
	fmt.Fprintf(&b, "epoch %d: ", p.Epoch)
	if p.Epoch >= earning.Lag {
		if w := f.worked(p.Epoch - earning.Lag); w != nil {
			fmt.Fprintf(&b, "of epoch %d: %d asked, %d late, %d exact, %d false; ", p.Epoch-earning.Lag, w.Asked, w.Late, w.Exact, w.False)
		}
	}
	b.WriteString("paid " + earning.Short(p.Paid))
	if p.Change != "" {
		b.WriteString(", " + p.Change)
	}
	for i, c := range p.Causes {
		b.WriteString([]string{": ", "; "}[min(i, 1)] + c.Text)
	}
	return b.String()
}

// nextEvent is what comes after a height, for a seat that is asked or not.
func nextEvent(s protocol.Schedule, h protocol.Height, asked bool) Event {
	n, e := s.RoundOf(h), s.EpochOf(h)
	switch {
	case asked && h < s.CommitDeadline(n):
		return Event{fmt.Sprintf("the commitment of round %d is due", n), s.CommitDeadline(n)}
	case asked && h < s.OpenDeadline(n):
		return Event{fmt.Sprintf("the answers of round %d are due", n), s.OpenDeadline(n)}
	case h < s.EpochEnd(e) && s.EpochEnd(e) < s.RoundStart(n+1):
		return Event{fmt.Sprintf("epoch %d pays", e), s.EpochEnd(e)}
	}
	return Event{fmt.Sprintf("round %d begins", n+1), s.RoundStart(n + 1)}
}

// warn logs each reason once, when it begins, and that it is over. What a reason
// begins with, up to a colon, names it: the figures behind move.
func (m *Miner) warn() {
	now := map[string]string{}
	for _, reason := range m.Status().Reasons {
		name, _, _ := strings.Cut(reason, ":")
		now[name] = reason
		if name != troubled && !m.warned[name] { // an error of a step is logged by itself
			m.cfg.Logger.Warn().Msg(reason)
		}
	}
	for name := range m.warned {
		if _, still := now[name]; !still {
			m.cfg.Logger.Info().Str("reason", name).Msg("that is over")
		}
	}
	m.warned = map[string]bool{}
	for name := range now {
		if name != troubled {
			m.warned[name] = true
		}
	}
}
