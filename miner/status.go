package miner

import (
	"fmt"
	"maps"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/earning"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// Phase is where the miner stands in the running round.
type Phase string

// The phases.
const (
	PhaseIdle      Phase = "idle"      // not asked
	PhaseSeed      Phase = "seed"      // the beacon has not drawn the round's seed yet
	PhaseAnswering Phase = "answering" // the model runs
	PhaseSealed    Phase = "sealed"    // the commitment is on its way
	PhaseCommitted Phase = "committed" // the commitment is on the ledger
	PhaseOpened    Phase = "opened"    // the answers were published
	PhaseLate      Phase = "late"      // no commitment was on the ledger by the deadline
	PhaseForeign   Phase = "foreign"   // the ledger holds a commitment that this store does not know
)

// Status says what the miner does, and what became of it. Counts are since the
// process began.
type Status struct {
	Height     protocol.Height         `json:"height"`
	Registered bool                    `json:"registered"`
	Seat       protocol.SeatID         `json:"seat"`
	Asked      bool                    `json:"asked"`
	Round      protocol.Round          `json:"round"`
	Phase      Phase                   `json:"phase"`
	Peers      int                     `json:"peers"`
	Committed  uint64                  `json:"committed"` // rounds
	Late       uint64                  `json:"late"`      // rounds
	Opened     uint64                  `json:"opened"`    // answers
	Failed     uint64                  `json:"failed"`    // tasks that no worker could answer
	Findings   map[wire.Finding]uint64 `json:"findings"`  // of judges' cards about own answers
	// Paid is what the miner's seat was paid in epoch PaidEpoch, the last one
	// whose payments are on the ledger.
	Paid      protocol.Amount `json:"paid"`
	PaidEpoch protocol.Epoch  `json:"paid_epoch"`
	// Held is the collateral that verdicts took and that is held, to be burned unless
	// an appeal frees it.
	Held protocol.Amount `json:"held"`
	// Trials tell, a sentence each, of challenges of own answers: by whom, what they
	// could cost, did, and why.
	Trials []string `json:"trials"`
	// Reasons say, a sentence each, why the seat earns nothing, or less than it
	// could, what comes first first; none when nothing is amiss. What went wrong
	// in a round is told for three epochs.
	Reasons []string `json:"reasons"`
	// Faults are those of the reasons that keep the miner from its work.
	Faults []string `json:"faults"`
	// Why is the first reason, or says that the seat earns.
	Why string `json:"why"`
	// Pays are the payments of the last epochs, the newest last; Rounds what became
	// of the rounds and answers of late; Next what comes next.
	Pays   []Pay  `json:"pays"`
	Rounds Rounds `json:"rounds"`
	Next   Event  `json:"next"`

	facts facts
}

// Status returns where things stand.
func (m *Miner) Status() Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.status
	s.Findings = maps.Clone(s.Findings)
	s.Peers = m.cfg.Peers() // as of now: without any, no step tells
	now := m.cfg.Params.Schedule.EpochOf(s.Height)
	s.Reasons, s.Faults = s.explain(now)
	s.Pays = make([]Pay, len(s.facts.pays))
	for i := range s.Pays {
		s.Pays[i] = s.facts.explained(i)
	}
	sum := s.facts.sum(now)
	s.Rounds = Rounds{recentEpochs, sum.committed, sum.late, sum.exact, sum.wrong, sum.missed, sum.failed}
	s.Next = nextEvent(m.cfg.Params.Schedule, s.Height, s.Asked)
	s.Why = fmt.Sprintf("earning: %s in epoch %d", s.Paid, s.PaidEpoch)
	if len(s.Reasons) > 0 {
		s.Why = s.Reasons[0]
	}
	s.facts = facts{} // what it points to goes on changing
	return s
}

// Kinds returns the kinds of work that the miner offers.
func (m *Miner) Kinds() (list []protocol.Kind) {
	for _, w := range m.cfg.Workers {
		list = append(list, w.Offer().Kind)
	}
	return list
}

func (m *Miner) note(f func(*Status)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f(&m.status)
}

// count notes the end of a round of epoch e that asked the seat.
func (s *Status) count(e protocol.Epoch, committed bool) {
	if committed {
		s.Committed++
		s.facts.missed = 0
		s.facts.of(e, func(t *tally) { t.committed++ })
		return
	}
	s.Late++
	s.facts.missed++
	s.facts.of(e, func(t *tally) { t.late++ })
}

// readPayment notes what the last finished epoch paid, and at first what those
// before it did.
func (m *Miner) readPayment(r ledger.Reader, head protocol.Height, seat protocol.SeatID) error {
	e := m.cfg.Params.Schedule.EpochOf(head)
	if !m.cfg.Params.Schedule.IsEpochEnd(head) {
		if e == 0 {
			return nil
		}
		e--
	}
	m.mu.Lock()
	next := m.looked
	m.mu.Unlock()
	if next == e+1 {
		return nil
	}
	var pays []earning.Pay
	for n := max(next, e+1-min(e+1, paysKept)); n <= e; n++ {
		p, ok, err := payAt(r, n, seat)
		if err != nil {
			return err
		}
		if ok || n == e { // earlier, the seat may not have been there
			pays = append(pays, p)
		}
	}
	m.cfg.Logger.Info().Uint64("epoch", uint64(e)).Msg(m.notePays(pays, e))
	return nil
}

// notePays notes payments up to that of epoch e, and says in a line what that is.
func (m *Miner) notePays(pays []earning.Pay, e protocol.Epoch) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := &m.status.facts
	m.looked = e + 1
	all := append(f.pays, pays...)
	f.pays = all[max(0, len(all)-paysKept):]
	m.status.Paid, m.status.PaidEpoch = all[len(all)-1].Miner, e
	newest := f.explained(len(f.pays) - 1)
	return f.line(&newest)
}
