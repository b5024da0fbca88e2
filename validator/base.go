package validator

import (
	"errors"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/validator/record"
)

// base is what every part has: nothing in it changes after [New], so there is
// nothing to own or to lock.
type base struct {
	cfg     Config
	self    protocol.PublicKey
	judges  judges
	book    *record.Book
	metrics *metrics
}

// schedule is the network's clock.
func (b *base) schedule() *protocol.Schedule { return &b.cfg.Params.Schedule }

// isJudge reports whether the own seat judges in epoch e.
func (b *base) isJudge(r ledger.Reader, e protocol.Epoch, seat protocol.SeatID) (bool, error) {
	if b.cfg.Observe {
		return false, nil
	}
	j, ok, err := ledger.ReadRosterJudge(r, e, seat.UID)
	return ok && j.ID == seat && j.Hotkey == b.self, err
}

// cardDeadline is the last height at which others' cards about a round are in time,
// and what was found of it may change: in the next block weights are made of it.
func (b *base) cardDeadline(n protocol.Round) protocol.Height {
	s := b.schedule()
	return s.WeightsStart(s.EpochOfRound(n)+1) - 1
}

// openRounds returns the first and the last round whose cards are in time at
// head, and that have begun.
func (b *base) openRounds(head protocol.Height) (first, last protocol.Round) {
	s := b.schedule()
	e := s.EpochOf(head)
	if e > 0 && head < s.WeightsStart(e) {
		e--
	}
	return s.RoundOf(s.EpochStart(e)), s.RoundOf(head)
}

// compare raises the alarm over another judge's card that the own judgement
// shows to be false. A card and a judgement that come at one moment may both find
// it, and then it is told twice.
func (b *base) compare(own *record.Judgement, c *wire.Card, judge protocol.PublicKey) error {
	err := b.judges.checkCard(&own.Outcome, c, judge)
	if errors.Is(err, scoring.ErrFalseCard) {
		b.metrics.falseCards.Inc()
		b.cfg.Logger.Error().Err(err).Uint16("judge", uint16(c.Judge.UID)).Uint64("round", uint64(c.Round)).
			Uint16("seat", uint16(c.Seat.UID)).Uint16("slot", c.Slot).Msg("false card of another judge")
		return nil
	}
	return err
}
