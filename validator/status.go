package validator

import (
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
)

// Status says what the validator does.
type Status struct {
	Height     protocol.Height `json:"height"`
	Since      protocol.Height `json:"since"` // the first height that this process saw
	Registered bool            `json:"registered"`
	Seat       protocol.SeatID `json:"seat"`
	Permit     bool            `json:"permit"`
	Judge      bool            `json:"judge"`   // on the roster of the running epoch
	Drawn      int             `json:"drawn"`   // own duties whose cards are still in time
	Judged     int             `json:"judged"`  // of them with a card
	Waiting    int             `json:"waiting"` // answers to judge or to ask for
	Held       int             `json:"held"`    // messages that came early
	// Why says in one sentence why the seat judges nothing, or that it judges.
	Why string `json:"why"`
}

// Status returns where things stand.
func (v *Validator) Status() Status {
	v.mu.Lock()
	defer v.mu.Unlock()
	s := v.status
	s.Waiting, s.Held = len(v.jobs.waiting), len(v.held.order)
	s.Why = s.why()
	return s
}

func (s *Status) see(head protocol.Height, registered bool, seat *ledger.Seat, judge bool) {
	if s.Since == 0 {
		s.Since = head
	}
	s.Height, s.Registered, s.Seat = head, registered, seat.ID
	s.Permit, s.Judge = registered && seat.Permit, judge
}

func (s *Status) why() string {
	switch {
	case s.Height == 0:
		return "no block of the ledger yet"
	case !s.Registered:
		return "the hotkey has no seat: register it (assay tx register)"
	case !s.Permit && !s.Judge:
		return "no permit: it goes by stake, and needs a consensus key and a beacon chain on the ledger (assay tx stake)"
	case !s.Judge:
		return "permitted, and judges from the next epoch on"
	}
	return "judging"
}
