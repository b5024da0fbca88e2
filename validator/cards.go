package validator

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
)

// Own cards are published when they are made, and again every other block for
// peers that missed them, a few times: each time by a new envelope, which gossip
// does not take for the old one.
const (
	repeatEvery = 2
	repeatMost  = 4
)

type repetition struct {
	times int
	last  protocol.Height
}

// OnCard checks another judge's card from gossip and keeps the first for each
// slot and judge. It returns as [Validator.OnAnswer] does. Whether the card is
// true shows when the same answer is judged here.
func (v *Validator) OnCard(_ context.Context, raw []byte) error {
	err := v.takeCard(raw)
	v.metrics.message("card", err)
	if errors.Is(err, ErrEarly) {
		return v.hold(raw, wire.DomainCard, err)
	}
	return err
}

func (v *Validator) takeCard(raw []byte) error {
	s, err := wire.OpenCard(raw, v.cfg.ChainID)
	if err != nil {
		return err
	}
	c := &s.Card
	if err := v.cfg.Kinds.CheckCard(c); err != nil {
		return err
	}
	if s.Sender == v.self {
		return v.seeOwn(c)
	}
	v.take.Lock()
	defer v.take.Unlock()
	now := v.newest()
	if now == nil {
		return fmt.Errorf("before the first block: %w", ErrEarly)
	}
	if err := v.inWindow(now.head, s.Height, false); err != nil {
		return err
	}
	if err := v.checkCard(now, s.Sender, c); err != nil {
		return err
	}
	record := Card{Envelope: raw, Received: now.head, Judge: s.Sender}
	if err := write(v.cfg.Store, put{tableCards, cardKey(c.Key(), c.Judge.UID), &record}); err != nil {
		return err
	}
	return v.reactToCard(c, s.Sender)
}

// twinEpochs is for how many epochs, the running one included, a card of the own
// hotkey that was not made here is told.
const twinEpochs = 3

// seeOwn looks at a card of the own hotkey. Each was in the store before it went
// out; one that is not there, and is still in time, another process made.
func (v *Validator) seeOwn(c *wire.Card) error {
	now := v.newest()
	if now == nil || now.head > v.cardDeadline(c.Round) {
		return nil
	}
	known, err := v.ownCard(c.Key(), c.Judge)
	if err != nil || known != nil {
		return err
	}
	v.mu.Lock()
	first := v.twin == 0
	v.twin = v.cfg.Params.Schedule.EpochOf(now.head) + 1
	v.mu.Unlock()
	if first {
		v.cfg.Logger.Warn().Uint64("round", uint64(c.Round)).Uint16("seat", uint16(c.Seat.UID)).
			Msg("a card of this hotkey was not made here: its home runs somewhere else, too, or the database was lost")
	}
	return nil
}

// checkCard checks a card against the ledger.
func (v *Validator) checkCard(now *view, sender protocol.PublicKey, c *wire.Card) error {
	s := &v.cfg.Params.Schedule
	switch {
	case c.Round > s.RoundOf(now.head):
		return fmt.Errorf("round %d at height %d: %w", c.Round, now.head, ErrWindow)
	case now.head > v.cardDeadline(c.Round):
		return fmt.Errorf("round %d at height %d, deadline %d: %w", c.Round, now.head, v.cardDeadline(c.Round), ErrLate)
	}
	judge, ok, err := ledger.ReadRosterJudge(now, s.EpochOfRound(c.Round), c.Judge.UID)
	if err != nil {
		return err
	}
	if !ok || judge.ID != c.Judge || judge.Hotkey != sender {
		return fmt.Errorf("judge %d in round %d: %w", c.Judge.UID, c.Round, ErrNoSeat)
	}
	seeds, _, err := ledger.ReadRound(now, c.Round)
	if err != nil {
		return err
	}
	if seeds.DutySeed.IsZero() {
		return fmt.Errorf("duties of round %d are not drawn here: %w", c.Round, ErrEarly)
	}
	drawn, err := v.dutiesOf(now, c.Round)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(drawn, func(d duty) bool {
		return d.key == c.Key() && d.seat == c.Seat && d.judge == c.Judge && d.task.ID == c.Task && d.task.Kind == c.Kind
	}) {
		return fmt.Errorf("judge %d, slot %d of seat %d in round %d: %w", c.Judge.UID, c.Slot, c.Seat.UID, c.Round, ErrNotDrawn)
	}
	if _, ok, err := get[Card](v.cfg.Store, tableCards, cardKey(c.Key(), c.Judge.UID)); err != nil || ok {
		if err == nil {
			err = fmt.Errorf("judge %d, slot %d of seat %d in round %d: %w", c.Judge.UID, c.Slot, c.Seat.UID, c.Round, ErrDuplicate)
		}
		return err
	}
	return nil
}

// reactToCard compares a card with the own judgement, or makes one where the
// card says that something is wrong: nobody's word is taken for that.
func (v *Validator) reactToCard(c *wire.Card, judge protocol.PublicKey) error {
	own, ok, err := get[Judgement](v.cfg.Store, tableJudgements, c.Key().Bytes())
	if err != nil {
		return err
	}
	if ok {
		return v.compare(&own, c, judge)
	}
	if c.Finding != wire.FindingPassed {
		v.enqueue(job{key: c.Key(), deadline: v.cardDeadline(c.Round)})
	}
	return nil
}

// compare raises the alarm over a card that is not true.
func (v *Validator) compare(own *Judgement, c *wire.Card, judge protocol.PublicKey) error {
	if !bothSaw(own, c) {
		return nil
	}
	err := judges(v.cfg.Judges).checkCard(&own.Outcome, c, judge)
	if errors.Is(err, scoring.ErrFalseCard) {
		v.metrics.falseCards.Inc()
		v.cfg.Logger.Error().Err(err).Uint16("judge", uint16(c.Judge.UID)).Uint64("round", uint64(c.Round)).
			Uint16("seat", uint16(c.Seat.UID)).Uint16("slot", c.Slot).Msg("false card of another judge")
		return nil
	}
	return err
}

// sealCard signs a card at the newest height.
func (v *Validator) sealCard(c *wire.Card, head protocol.Height) ([]byte, error) {
	e, err := wire.Seal(v.cfg.Hotkey, wire.DomainCard, v.cfg.ChainID, head, wire.Encode(c))
	if err != nil {
		return nil, err
	}
	return wire.Encode(e), nil
}

// publishCard sends an own card that is in the store, unless it was sent lately.
func (v *Validator) publishCard(ctx context.Context, head protocol.Height, c *wire.Card) error {
	name := string(c.Key().Bytes())
	v.mu.Lock()
	r := v.sent[name]
	due := r.times == 0 || (r.times < repeatMost && head >= r.last+repeatEvery)
	if due {
		v.sent[name] = repetition{r.times + 1, head}
	}
	v.mu.Unlock()
	if !due {
		return nil
	}
	raw, err := v.sealCard(c, head)
	if err != nil {
		return err
	}
	if err := v.cfg.Publish(ctx, TopicCard, raw); err != nil {
		return fmt.Errorf("publish a card of round %d: %w", c.Round, err)
	}
	return nil
}

// ownCard reads the own card about a slot, nil when there is none.
func (v *Validator) ownCard(k wire.AnswerKey, seat protocol.SeatID) (*wire.Card, error) {
	record, ok, err := get[Card](v.cfg.Store, tableCards, cardKey(k, seat.UID))
	if err != nil || !ok || !record.Own {
		return nil, err
	}
	return record.Open()
}
