package miner

import (
	"fmt"
	"maps"

	"github.com/assaynet/assay/protocol"
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
	Findings   map[wire.Finding]uint64 `json:"findings"`  // of judges' cards about own answers
	// Paid is what the miner's seat was paid in epoch PaidEpoch, the last one
	// whose payments are on the ledger.
	Paid      protocol.Amount `json:"paid"`
	PaidEpoch protocol.Epoch  `json:"paid_epoch"`
	// Why says in one sentence why the seat earns nothing, or that it earns.
	Why string `json:"why"`
}

// Status returns where things stand.
func (m *Miner) Status() Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.status
	s.Findings = maps.Clone(s.Findings)
	s.Peers = m.cfg.Peers() // as of now: without any, no step tells
	s.Why = s.why()
	return s
}

func (m *Miner) note(f func(*Status)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f(&m.status)
}

func (s *Status) count(committed bool) {
	if committed {
		s.Committed++
	} else {
		s.Late++
	}
}

// why goes from what is wrong before anything else to what comes last.
func (s *Status) why() string {
	var wrong uint64
	for f, n := range s.Findings {
		if f != wire.FindingExact {
			wrong += n
		}
	}
	switch {
	case s.Height == 0 && s.Peers == 0:
		return "no peers: none was reached yet, so nothing is known of the ledger; look with miner doctor"
	case s.Height == 0:
		return "no block of the ledger was verified yet"
	case !s.Registered:
		return "the hotkey has no seat: register it (assay tx register)"
	case s.Peers == 0:
		return "no peers: nobody hears the answers"
	case s.Phase == PhaseForeign:
		return "another process commits with this hotkey, or the database was lost"
	case !s.Asked:
		return "not asked yet: a seat is asked from the epoch after its models are on the ledger"
	case wrong > 0 && wrong >= s.Findings[wire.FindingExact]:
		return fmt.Sprintf("inexact: judges found %d answers wrong and %d exact; check the model file (miner doctor)", wrong, s.Findings[wire.FindingExact])
	case s.Late > 0 && s.Late >= s.Committed:
		return fmt.Sprintf("late: %d rounds without a commitment in time, %d with one; the machine is too slow or its ledger lags", s.Late, s.Committed)
	case s.Paid > 0:
		return fmt.Sprintf("earning: %s in epoch %d", s.Paid, s.PaidEpoch)
	}
	return "nothing paid yet: weights count two epochs after they are sealed"
}

// readPayment notes what the last finished epoch paid.
func (m *Miner) readPayment(r ledger.Reader, head protocol.Height, seat protocol.SeatID) error {
	e := m.cfg.Params.Schedule.EpochOf(head)
	if !m.cfg.Params.Schedule.IsEpochEnd(head) {
		if e == 0 {
			return nil
		}
		e--
	}
	m.mu.Lock()
	looked := m.looked == e+1
	m.mu.Unlock()
	if looked {
		return nil
	}
	p, ok, err := ledger.ReadPayment(r, e, seat.UID)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.looked = e + 1
	if ok && p.Seat == seat {
		m.status.Paid, m.status.PaidEpoch = p.Miner, e
	}
	return nil
}
