package validator

import (
	"fmt"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/validator/record"
)

// takeCard checks another judge's card and writes it. Whether it is true shows
// when the same answer is judged here.
func (i *inbox) takeCard(raw []byte) error {
	s, err := wire.OpenCard(raw, i.cfg.ChainID)
	if err != nil {
		return err
	}
	c := &s.Card
	if err := i.cfg.Kinds.CheckCard(c); err != nil {
		return err
	}
	if s.Sender == i.self {
		return i.seeOwn(c)
	}
	now, leave := i.views.enter()
	defer leave()
	if now == nil {
		return fmt.Errorf("before the first block: %w", ErrEarly)
	}
	if err := i.inWindow(now.head, s.Height, false); err != nil {
		return err
	}
	if err := i.checkCard(now, s.Sender, c); err != nil {
		return err
	}
	if err := i.checkOpened(now, s.Sender, c); err != nil {
		return err
	}
	if err := i.keepCard(&record.Card{Envelope: raw, Received: now.head, Judge: s.Sender, Open: true, Said: *c}); err != nil {
		return err
	}
	own, err := i.book.Judgement(c.Key())
	if err != nil || own == nil {
		return err
	}
	return i.compare(own, c, s.Sender)
}

// keepCard writes a card that was checked, unless its judge gave one about the
// slot before.
func (i *inbox) keepCard(r *record.Card) error {
	c := &r.Said
	duplicate := func() error {
		return fmt.Errorf("judge %d, slot %d of seat %d in round %d: %w", c.Judge.UID, c.Slot, c.Seat.UID, c.Round, ErrDuplicate)
	}
	name := fmt.Sprintf("card %d %x", c.Judge.UID, c.Key().Bytes())
	if !i.claims.take(name) {
		return duplicate()
	}
	defer i.claims.free(name)
	known, err := i.book.Card(c.Key(), c.Judge.UID)
	if err != nil {
		return err
	}
	if known != nil {
		return duplicate()
	}
	var b record.Batch
	b.Card(r)
	return i.book.Write(&b)
}

// seeOwn looks at a card of the own hotkey. Each was in the store before it went
// out; one that is not there, and is still in time, another process made.
func (i *inbox) seeOwn(c *wire.Card) error {
	now := i.views.newest()
	if now == nil || now.head > i.cardDeadline(c.Round) {
		return nil
	}
	known, err := i.book.OwnCard(c.Key(), c.Judge.UID)
	if err != nil || known != nil {
		return err
	}
	if i.board.twin(i.schedule().EpochOf(now.head)) {
		i.cfg.Logger.Warn().Uint64("round", uint64(c.Round)).Uint16("seat", uint16(c.Seat.UID)).
			Msg("a card of this hotkey was not made here: its home runs somewhere else, too, or the database was lost")
	}
	return nil
}

// checkCard checks a card against the ledger.
func (i *inbox) checkCard(now *view, sender protocol.PublicKey, c *wire.Card) error {
	s := i.schedule()
	switch {
	case c.Round > s.RoundOf(now.head):
		return fmt.Errorf("round %d at height %d: %w", c.Round, now.head, ErrWindow)
	case now.head > i.cardDeadline(c.Round):
		return fmt.Errorf("round %d at height %d, deadline %d: %w", c.Round, now.head, i.cardDeadline(c.Round), ErrLate)
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
	drawn, err := i.draws.of(now, c.Round)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(drawn, func(d duty) bool {
		return d.key == c.Key() && d.seat == c.Seat && d.judge == c.Judge && d.task.ID == c.Task && d.task.Kind == c.Kind
	}) {
		return fmt.Errorf("judge %d, slot %d of seat %d in round %d: %w", c.Judge.UID, c.Slot, c.Seat.UID, c.Round, ErrNotDrawn)
	}
	return nil
}

// checkOpened checks a card against what its judge opened: no card is taken before
// that, and none that says or proves something else.
func (i *inbox) checkOpened(now *view, sender protocol.PublicKey, c *wire.Card) error {
	e := i.schedule().EpochOfRound(c.Round)
	said, ok, err := ledger.ReadCards(now, e, c.Judge.UID)
	if err != nil {
		return err
	}
	if !ok || said.Seat != c.Judge || !said.Opened() {
		if now.head > i.schedule().OpenCardsDeadline(e) {
			return fmt.Errorf("judge %d opened no findings of epoch %d: %w", c.Judge.UID, e, ErrNoCommitment)
		}
		return fmt.Errorf("judge %d has not opened its findings of epoch %d here: %w", c.Judge.UID, e, ErrEarly)
	}
	drawn, _, err := ledger.ReadDrawn(now, e, c.Judge.UID)
	if err != nil {
		return err
	}
	return ledger.CheckCard(i.cfg.Params, &drawn, &said, sender, c)
}
