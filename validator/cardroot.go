package validator

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
)

// commitCards puts on the ledger what was judged and seen in the epoch before,
// once its cards can no longer arrive, and sends it until it is there.
func (v *Validator) commitCards(ctx context.Context, now *view, seat protocol.SeatID) error {
	s := &v.cfg.Params.Schedule
	e := s.EpochOf(now.head)
	if e == 0 || now.head <= s.EpochStart(e)+protocol.Height(s.CardBlocks) || s.IsEpochEnd(now.head) {
		return nil
	}
	e--
	if judge, err := v.isJudge(now, e, seat); err != nil || !judge {
		return err
	}
	if old, there, err := ledger.ReadCards(now, e, seat.UID); err != nil || (there && old.Seat == seat) {
		return err
	}
	cards, err := v.countCards(now, e, seat)
	if err != nil {
		return err
	}
	if ok, err := v.witnessed(e, len(cards.Counts) > 0 && slices.Max(cards.Counts) > 0); err != nil || !ok {
		return err
	}
	if err := v.cfg.Submit(ctx, cards); err != nil {
		return fmt.Errorf("submit the cards of epoch %d: %w", e, err)
	}
	return nil
}

// countCards returns the record of epoch e's cards, made once and durable.
func (v *Validator) countCards(now *view, e protocol.Epoch, self protocol.SeatID) (*wire.CommitCards, error) {
	v.take.Lock() // no card comes between the count and its record
	defer v.take.Unlock()
	old, ok, err := get[wire.CommitCards](v.cfg.Store, tableCardRoots, era(uint64(e)))
	if err != nil || ok {
		return &old, err
	}
	c := count{kinds: v.cfg.Params, seen: map[protocol.UID][]uint32{}, opened: map[protocol.UID][]uint32{}}
	c.made = c.none()
	s := &v.cfg.Params.Schedule
	for n := s.RoundOf(s.EpochStart(e)); n < s.RoundOf(s.EpochStart(e+1)); n++ {
		if err := v.countRound(n, &c); err != nil {
			return nil, err
		}
	}
	out := wire.CommitCards{Epoch: e, Root: wire.MerkleRoot(c.own), Counts: c.made}
	judges, err := ledger.ReadRosterJudges(now, e)
	if err != nil {
		return nil, err
	}
	for _, j := range judges {
		if j.ID != self {
			out.Seen = append(out.Seen, wire.SeatCount{UID: j.ID.UID, Counts: c.of(c.seen, j.ID.UID)})
		}
	}
	seats, err := ledger.ReadRosterSeats(now, e)
	if err != nil {
		return nil, err
	}
	for _, seat := range seats {
		out.Opened = append(out.Opened, wire.SeatCount{UID: seat.ID.UID, Counts: c.of(c.opened, seat.ID.UID)})
	}
	return &out, write(v.cfg.Store, put{tableCardRoots, era(uint64(e)), &out})
}

// count is what a statement of cards says, each number by kind in the network's order.
type count struct {
	kinds        *params.Params
	own          []protocol.Hash
	made         []uint32
	seen, opened map[protocol.UID][]uint32
}

func (c *count) none() []uint32 { return make([]uint32, len(c.kinds.Kinds)) }

func (c *count) of(counts map[protocol.UID][]uint32, uid protocol.UID) []uint32 {
	if counts[uid] == nil {
		counts[uid] = c.none()
	}
	return counts[uid]
}

// add counts one thing of a kind.
func (c *count) add(counts []uint32, kind protocol.Kind) {
	if i := c.kinds.KindIndex(kind); i >= 0 {
		counts[i]++
	}
}

// countRound adds a round's cards and answers. A card that an own run shows to
// be false is not seen; nor is one that says "unopened" of an answer that is
// here, or a failing one that nothing confirms yet held against an answer once an
// own run found it exact.
func (v *Validator) countRound(n protocol.Round, c *count) error {
	cards, err := scan[Card](v.cfg.Store, tableCards, era(uint64(n)))
	if err != nil {
		return err
	}
	blamed := map[wire.AnswerKey]bool{}
	for i := range cards {
		card, err := cards[i].value.Open()
		if err != nil {
			return err
		}
		if cards[i].value.Own {
			c.own = append(c.own, card.Leaf())
			c.add(c.made, card.Kind)
			continue
		}
		truthful, err := v.truthful(card, cards[i].value.Judge)
		if err != nil {
			return err
		}
		if truthful {
			c.add(c.of(c.seen, card.Judge.UID), card.Kind)
			if card.Finding != wire.FindingPassed {
				blamed[card.Key()] = true
			}
		}
	}
	answers, err := scan[Answer](v.cfg.Store, tableAnswers, era(uint64(n)))
	if err != nil {
		return err
	}
	for i := range answers {
		k := keyOf(answers[i].key)
		own, judged, err := get[Judgement](v.cfg.Store, tableJudgements, answers[i].key)
		if err != nil {
			return err
		}
		if !blamed[k] && (!judged || own.Outcome.Passed()) {
			c.add(c.of(c.opened, k.UID), answers[i].value.Task.Kind)
		}
	}
	return nil
}

// bothSaw reports whether both saw an answer: who did not cannot say that
// the other's finding is false, and who says that there is none may have missed it.
func bothSaw(own *Judgement, c *wire.Card) bool {
	return own.Outcome.Finding != wire.FindingUnopened && c.Finding != wire.FindingUnopened
}

// truthful reports whether nothing here shows the card to be false.
func (v *Validator) truthful(c *wire.Card, judge protocol.PublicKey) (bool, error) {
	own, judged, err := get[Judgement](v.cfg.Store, tableJudgements, c.Key().Bytes())
	if err != nil {
		return false, err
	}
	_, answered, err := get[Answer](v.cfg.Store, tableAnswers, c.Key().Bytes())
	if err != nil {
		return false, err
	}
	switch {
	case c.Finding == wire.FindingUnopened:
		return !answered, nil
	case judged && bothSaw(&own, c):
		err := judges(v.cfg.Judges).checkCard(&own.Outcome, c, judge)
		if errors.Is(err, scoring.ErrFalseCard) {
			return false, nil
		}
		return true, err
	}
	return true, nil
}
