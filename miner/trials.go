package miner

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// Whoever says that an answer of this seat is false puts that on the ledger, and
// what is decided costs the seat's collateral. The miner reads it there, one record
// with one proof each: when somebody challenged anything about an epoch, it looks
// up which of its own answers that is about, and follows those.

const (
	// maxLooked bounds the answers of an epoch that are looked up in a block: the rest
	// follows in the next ones.
	maxLooked = 64
	// lookedBack is for how many epochs back a process that starts looks for
	// challenges.
	lookedBack = 4
	// trialsKept is for how many epochs after its answer what came of a challenge is
	// told.
	trialsKept = 12
)

// trials are the challenges of own answers. Step alone uses it.
type trials struct {
	seen map[protocol.Epoch]*docketSeen
	own  map[wire.Case]ledger.ChallengeRecord
}

// docketSeen is how far was looked at what was challenged in an epoch.
type docketSeen struct {
	posted int  // challenges when it was looked at last
	whole  bool // it was over then, and there will be no more
	next   int  // which of the answers, in their order, is looked up next
	left   int  // how many are looked up still, if there are as many
}

// readTrials follows the challenges of own answers.
func (m *Miner) readTrials(r ledger.Reader, head protocol.Height, seat *ledger.Seat) error {
	if !m.cfg.Params.Verdicts.On() {
		return nil
	}
	t, s := &m.trials, &m.cfg.Params.Schedule
	now := s.EpochOf(head)
	var errs []error
	for e := max(1, now-min(now, lookedBack)); e <= now; e++ {
		seen := t.seen[e]
		if seen == nil {
			seen = &docketSeen{}
			t.seen[e] = seen
		}
		if !seen.whole {
			docket, err := ledger.ReadDocket(r, e)
			if err != nil {
				return fmt.Errorf("read what was challenged in epoch %d: %w", e, err)
			}
			if posted := len(docket.Paid) + len(docket.Posted); posted > seen.posted {
				seen.posted, seen.left = posted, math.MaxInt
			}
			seen.whole = e < now
		}
		errs = append(errs, m.lookUp(r, e-1, seat.ID, seen))
	}
	for k, c := range t.own {
		if !c.Stage.Ended() {
			errs = append(errs, m.readChallenge(r, k))
		} else if s.EpochOfRound(k.Round)+trialsKept < now {
			delete(t.own, k)
		}
	}
	for e := range t.seen {
		if e+lookedBack < now {
			delete(t.seen, e)
		}
	}
	m.tellTrials(seat)
	return errors.Join(errs...)
}

// lookUp looks for challenges of own answers of epoch e, where it stopped in the
// block before: a challenge in each block does not have it begin anew.
func (m *Miner) lookUp(r ledger.Reader, e protocol.Epoch, seat protocol.SeatID, seen *docketSeen) error {
	if seen.left == 0 {
		return nil
	}
	answers, err := m.answersOf(r, e, seat)
	if err != nil {
		return err
	}
	seen.left = min(seen.left, len(answers))
	for range min(seen.left, maxLooked) {
		if err := m.readChallenge(r, answers[seen.next%len(answers)]); err != nil {
			return err
		}
		seen.next++
		seen.left--
	}
	return nil
}

// answersOf returns the own answers of epoch e that were given, as challenges are
// about them.
func (m *Miner) answersOf(r ledger.Reader, e protocol.Epoch, seat protocol.SeatID) (list []wire.Case, err error) {
	s := &m.cfg.Params.Schedule
	for n := s.RoundOf(s.EpochStart(e)); n < s.RoundOf(s.EpochStart(e+1)); n++ {
		given, err := ledger.ReadGiven(r, n, seat)
		if err != nil {
			return nil, fmt.Errorf("read what was given in round %d: %w", n, err)
		}
		for slot := range 8 * len(given.Slots) {
			if given.Slots.Has(slot) {
				list = append(list, wire.Case{Round: n, UID: seat.UID, Slot: uint16(slot), Accused: seat.UID})
			}
		}
	}
	return list, nil
}

// readChallenge reads a challenge of an own answer, if there is one, and says what
// is new of it.
func (m *Miner) readChallenge(r ledger.Reader, k wire.Case) error {
	c, ok, err := ledger.ReadChallenge(r, k)
	if err != nil {
		return fmt.Errorf("read the challenge of slot %d of round %d: %w", k.Slot, k.Round, err)
	}
	old, known := m.trials.own[k]
	if !ok || known && old.Stage == c.Stage && old.Due == c.Due {
		return nil
	}
	m.trials.own[k] = c
	if !known || old.Stage != c.Stage {
		m.metrics.trials.WithLabelValues(c.Stage.String()).Inc()
		m.cfg.Logger.Warn().Uint64("round", uint64(k.Round)).Uint16("slot", k.Slot).Stringer("stage", c.Stage).
			Stringer("held", c.Held).Uint64("due", uint64(c.Due)).Msg(c.Sentence(true))
	}
	return nil
}

// tellTrials shows where challenges of own answers stand.
func (m *Miner) tellTrials(seat *ledger.Seat) {
	var all []ledger.ChallengeRecord
	for _, c := range m.trials.own {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b ledger.ChallengeRecord) int { return bytes.Compare(a.Case.Bytes(), b.Case.Bytes()) })
	var held protocol.Amount
	var lost, running, over []string
	for i := range all {
		c := &all[i]
		line := c.Sentence(true)
		switch {
		case c.Convicted > 0 && c.Stage != ledger.StageFreed:
			lost = append(lost, line)
			if !c.Stage.Ended() {
				held += c.Held
			}
			continue
		case c.Stage.Ended():
			over = append(over, line)
			continue
		}
		running = append(running, line+fmt.Sprintf("; found false, it would cost all collateral, %s", seat.Collateral))
	}
	m.metrics.held.Set(float64(held))
	m.note(func(s *Status) {
		s.Trials, s.Held = slices.Concat(lost, running, over), held
		s.facts.convicted, s.facts.challenged = len(lost), len(running)
	})
}
