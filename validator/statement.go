package validator

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task/preference"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/validator/record"
)

// statement states on the ledger what was judged and seen in an epoch. Step alone
// uses it, and it keeps nothing.
type statement struct{ *base }

// commit puts on the ledger what was judged and seen in the epoch before, once
// its cards can no longer arrive, and sends it until it is there.
func (t *statement) commit(ctx context.Context, now *view) error {
	s := t.schedule()
	e := s.EpochOf(now.head)
	if e == 0 || now.head <= t.closesAfter(e-1) || s.IsEpochEnd(now.head) {
		return nil
	}
	e--
	if judge, err := t.isJudge(now, e, now.seat); err != nil || !judge {
		return err
	}
	if old, there, err := ledger.ReadCards(now, e, now.seat.UID); err != nil || (there && old.Seat == now.seat) {
		return err
	}
	cards, err := t.made(now, e)
	if err != nil {
		return err
	}
	if !saysAnything(cards) {
		return nil
	}
	if err := t.cfg.Submit(ctx, cards); err != nil {
		return fmt.Errorf("submit the cards of epoch %d: %w", e, err)
	}
	return nil
}

// made returns the statement about epoch e's cards, made once and durable. None
// of them can be written any more under the view of a step so late.
func (t *statement) made(now *view, e protocol.Epoch) (*wire.CommitCards, error) {
	old, err := t.book.Statement(e)
	if err != nil || old != nil {
		return old, err
	}
	c := count{kinds: t.cfg.Params, seen: map[protocol.UID][]uint32{}}
	c.made = c.none()
	s := t.schedule()
	for n := s.RoundOf(s.EpochStart(e)); n < s.RoundOf(s.EpochStart(e+1)); n++ {
		if err := t.countRound(n, &c); err != nil {
			return nil, err
		}
		if err := t.countSets(now, n, &c); err != nil {
			return nil, err
		}
	}
	out := wire.CommitCards{Epoch: e, Root: wire.MerkleRoot(c.own), Counts: c.made}
	judges, err := ledger.ReadRosterJudges(now, e)
	if err != nil {
		return nil, err
	}
	for _, j := range judges {
		if j.ID != now.seat {
			out.Seen = append(out.Seen, wire.SeatCount{UID: j.ID.UID, Counts: c.of(c.seen, j.ID.UID)})
		}
	}
	var b record.Batch
	b.Statement(&out)
	return &out, t.book.Write(&b)
}

// saysAnything reports whether a statement counts any card: else it would say of
// all others that they did nothing, where nobody was here to see it.
func saysAnything(c *wire.CommitCards) bool {
	some := func(counts []uint32) bool { return slices.ContainsFunc(counts, func(n uint32) bool { return n > 0 }) }
	return some(c.Counts) || slices.ContainsFunc(c.Seen, func(s wire.SeatCount) bool { return some(s.Counts) })
}

// count is what a statement of cards says, each number by kind in the network's
// order.
type count struct {
	kinds *params.Params
	own   []protocol.Hash
	made  []uint32
	seen  map[protocol.UID][]uint32
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

// countRound adds a round's cards. A card that an own run shows to be false is not
// seen.
func (t *statement) countRound(n protocol.Round, c *count) error {
	cards, err := t.book.CardsOf(n)
	if err != nil {
		return err
	}
	for i := range cards {
		card := &cards[i].Said
		if cards[i].Own {
			c.own = append(c.own, card.Leaf())
			c.add(c.made, card.Kind)
			continue
		}
		truthful, err := t.truthful(card, cards[i].Judge)
		if err != nil {
			return err
		}
		if truthful {
			c.add(c.of(c.seen, card.Judge.UID), card.Kind)
		}
	}
	return nil
}

// countSets adds the pairs of others that fell due in a round, of which the setter
// published the texts and opened the rest, but for those that an own run found
// false.
func (t *statement) countSets(now *view, due protocol.Round, c *count) error {
	l, ok, err := ledger.ReadLane(now, t.cfg.Params, due)
	if err != nil || !ok {
		return err
	}
	for i := range l.Sets {
		set := &l.Sets[i]
		texts, err := t.book.Pairs(l.Set, set.Setter.UID)
		if err != nil {
			return err
		}
		found, err := t.book.Checked(l.Set, set.Setter.UID)
		if err != nil {
			return err
		}
		lied := found != nil && found.Setter == set.Setter && found.False
		if set.Opened() && texts != nil && texts.Setter == set.Setter && !lied {
			c.add(c.of(c.seen, set.Setter.UID), preference.Kind)
		}
	}
	return nil
}

// truthful reports whether nothing here shows the card to be false.
func (t *statement) truthful(c *wire.Card, judge protocol.PublicKey) (bool, error) {
	own, err := t.book.Judgement(c.Key())
	if err != nil {
		return false, err
	}
	if own == nil {
		return true, nil
	}
	err = t.judges.checkCard(&own.Outcome, c, judge)
	if errors.Is(err, scoring.ErrFalseCard) {
		return false, nil
	}
	return true, err
}
