package validator

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/validator/record"
)

// hurry is how many blocks before seals are due findings are sealed even where not
// all is judged: what is empty costs its part of the dividends, a seal that comes
// late all of it.
const hurry = 2

// sealing brings on the ledger what was found of an epoch, once it is over: sealed
// before any card leaves, then opened, and then the cards go out. Findings, root
// and salt are in the store before the seal is sent, and no own card about the
// epoch is made after that, so that a process that was killed anywhere opens what
// it sealed. Step alone uses it.
type sealing struct {
	*base
	views    *views
	repeats  *repeats
	troubles *troubles
}

// bring does what is due of the epoch before.
func (s *sealing) bring(ctx context.Context, now *view) error {
	sched := s.schedule()
	e := sched.EpochOf(now.head)
	if e == 0 || now.head >= sched.WeightsStart(e) {
		return nil
	}
	e--
	judge, ok, err := ledger.ReadRosterJudge(now, e, now.seat.UID)
	if err != nil || !ok || judge.ID != now.seat {
		return err
	}
	drawn, ok, err := ledger.ReadDrawn(now, e, now.seat.UID)
	if err != nil || !ok || drawn.Judge != now.seat {
		return err // there is nothing to find
	}
	said, there, err := ledger.ReadCards(now, e, now.seat.UID)
	if err != nil {
		return err
	}
	there = there && said.Seat == now.seat
	switch {
	case !there && now.head < sched.SealCardsDeadline(e):
		return s.seal(ctx, now, &judge, e, &drawn)
	case there && !said.Opened() && now.head >= sched.SealCardsDeadline(e) && now.head < sched.OpenCardsDeadline(e):
		return s.open(ctx, now, &judge, e, &drawn, &said)
	case there && said.Opened():
		if by := s.judgeKey(judge.Hotkey); by != nil {
			return s.publish(ctx, now, by, &drawn, &said)
		}
	}
	return nil
}

// judgeKey returns the own key that judged by a hotkey, which may be the former
// one: whose cards they are signs them. Nil where it is not here.
func (s *sealing) judgeKey(hotkey protocol.PublicKey) wire.Signer {
	switch {
	case hotkey == s.self:
		return s.cfg.Hotkey
	case s.cfg.Former != nil && s.cfg.Former.PublicKey() == hotkey:
		return s.cfg.Former
	}
	return nil
}

// seal sends the seal of what was found in epoch e, until it is on the ledger. It
// is bound to the hotkey of the judge in that epoch: the own one may be another
// since.
func (s *sealing) seal(ctx context.Context, now *view, judge *ledger.RosterJudge, e protocol.Epoch, drawn *ledger.DrawnRecord) error {
	made, err := s.book.Findings(e)
	if err != nil {
		return err
	}
	if made == nil {
		if ready, err := s.ready(now, e, drawn); err != nil || !ready {
			return err
		}
		if made, err = s.find(now, judge, e, drawn); err != nil {
			return err
		}
	}
	if err := s.cfg.Submit(ctx, &wire.SealCards{Epoch: e, Seal: made.Seal(judge.Hotkey)}); err != nil {
		return fmt.Errorf("seal the findings of epoch %d: %w", e, err)
	}
	return nil
}

// ready reports whether findings of epoch e can be sealed: no duty can be added,
// and all are judged, or it is time.
func (s *sealing) ready(now *view, e protocol.Epoch, drawn *ledger.DrawnRecord) (bool, error) {
	if now.head < s.cfg.Params.LastDraw(e) {
		all, err := s.allDrawn(now, e)
		if err != nil || !all {
			return false, err
		}
	}
	if now.head+hurry >= s.schedule().SealCardsDeadline(e) {
		return true, nil
	}
	keys := drawn.Flat()
	for i := range keys.Len() {
		card, err := s.book.OwnCard(keys.At(i), now.seat.UID)
		if err != nil || card == nil {
			return false, err
		}
	}
	return true, nil
}

// allDrawn reports whether the duties of all rounds of epoch e are drawn that had
// tasks.
func (s *sealing) allDrawn(now *view, e protocol.Epoch) (bool, error) {
	sched := s.schedule()
	for n := sched.RoundOf(sched.EpochStart(e)); n < sched.RoundOf(sched.EpochStart(e+1)); n++ {
		seeds, _, err := ledger.ReadRound(now, n)
		if err != nil || !seeds.TaskSeed.IsZero() && seeds.DutySeed.IsZero() {
			return false, err
		}
	}
	return true, nil
}

// find makes the findings of epoch e, once and durable. From here on no own card
// about it is made.
func (s *sealing) find(now *view, judge *ledger.RosterJudge, e protocol.Epoch, drawn *ledger.DrawnRecord) (*wire.OpenCards, error) {
	next := *now
	next.unsealed = e + 1
	s.views.move(next)
	keys := drawn.Flat()
	out := &wire.OpenCards{Epoch: e, Salt: s.salt(e), Findings: make([]byte, keys.Len())}
	cards, err := s.cards(now, keys)
	if err != nil {
		return nil, err
	}
	empty := 0
	for i, c := range cards {
		if c == nil {
			empty++
			continue
		}
		out.Findings[i] = c.Finding.Byte()
	}
	out.Root = wire.MerkleRoot(leavesOf(cards, judge.Hotkey))
	var b record.Batch
	b.Findings(out)
	if err := s.book.Write(&b); err != nil {
		return nil, err
	}
	s.metrics.left.Add(float64(empty))
	s.cfg.Logger.Info().Uint64("epoch", uint64(e)).Int("findings", keys.Len()-empty).Int("empty", empty).Msg("sealed findings")
	return out, nil
}

// salt hides findings until they are opened.
func (s *sealing) salt(e protocol.Epoch) (salt [32]byte) {
	h := hmac.New(sha256.New, s.cfg.Salt[:])
	_, _ = h.Write([]byte("assay/1/cards/salt\x00"))
	_, _ = h.Write(binary.BigEndian.AppendUint64(nil, uint64(e)))
	copy(salt[:], h.Sum(nil))
	return salt
}

// cards returns the own cards about drawn answers, nil where there is none.
func (s *sealing) cards(now *view, keys wire.AnswerKeys) ([]*wire.Card, error) {
	out := make([]*wire.Card, keys.Len())
	for i := range out {
		c, err := s.book.OwnCard(keys.At(i), now.seat.UID)
		if err != nil {
			return nil, err
		}
		out[i] = c
	}
	return out, nil
}

// leavesOf returns those of the cards that there are, of a judge.
func leavesOf(cards []*wire.Card, judge protocol.PublicKey) (leaves []protocol.Hash) {
	for _, c := range cards {
		if c != nil {
			leaves = append(leaves, c.Leaf(judge))
		}
	}
	return leaves
}

// open sends what was sealed of epoch e, with the cards that must be shown, until
// it is on the ledger.
func (s *sealing) open(ctx context.Context, now *view, judge *ledger.RosterJudge, e protocol.Epoch, drawn *ledger.DrawnRecord, said *ledger.CardsRecord) error {
	made, err := s.book.Findings(e)
	if err != nil {
		return err
	}
	if made == nil || made.Seal(judge.Hotkey) != said.Seal {
		if s.troubles.first("findings of another database", e) {
			s.metrics.errors.Inc()
			s.cfg.Logger.Error().Uint64("epoch", uint64(e)).
				Msg("cannot open the findings: the seal on the ledger is not of this database, which may be an older copy")
		}
		return nil
	}
	all, err := s.cards(now, drawn.Flat())
	if err != nil {
		return err
	}
	shown, ok, err := s.shown(now, judge, made, all)
	if err != nil || !ok {
		return err
	}
	out := *made
	out.Shown = shown
	if err := s.cfg.Submit(ctx, &out); err != nil {
		return fmt.Errorf("open the findings of epoch %d: %w", e, err)
	}
	return nil
}

// shown returns the cards that are shown with findings: all where they fit, else as
// many as fit of those that the beacon picks; false while that is not known.
func (s *sealing) shown(now *view, judge *ledger.RosterJudge, made *wire.OpenCards, cards []*wire.Card) ([]wire.Card, bool, error) {
	leaves := leavesOf(cards, judge.Hotkey)
	var bare []wire.Card
	size := len(made.Findings)
	for _, c := range cards {
		if c != nil {
			b := *c
			b.Proof = nil
			bare = append(bare, b)
			size += b.Size()
		}
	}
	if size <= wire.MaxOpened {
		return bare, true, nil
	}
	beacon, ok, err := ledger.ReadBeacon(now, s.schedule().SealCardsDeadline(made.Epoch)+1)
	if err != nil || !ok {
		return nil, false, err
	}
	out := wire.OpenCards{Findings: made.Findings}
	first := ledger.PickCard(beacon.Beacon, now.seat, len(bare))
	for i := 0; !out.Full(); i++ {
		leaf := (first + i) % len(bare)
		c := bare[leaf]
		c.Proof = wire.MerkleProof(leaves, leaf)
		out.Shown = append(out.Shown, c)
	}
	return out.Shown, true, nil
}

// publish sends the own cards about epoch e, whose root is open, each a few times.
// The first time it writes them as they go out, with their proofs.
func (s *sealing) publish(ctx context.Context, now *view, by wire.Signer, drawn *ledger.DrawnRecord, said *ledger.CardsRecord) error {
	keys := drawn.Flat()
	var leaves []protocol.Hash // made when the first card goes out
	var errs []error
	leaf := -1
	for i := range min(keys.Len(), len(said.Findings)) {
		if said.Findings[i] == wire.FoundNothing {
			continue
		}
		leaf++
		kept, err := s.book.Card(keys.At(i), now.seat.UID)
		if err != nil {
			return err
		}
		if kept == nil || !kept.Own {
			continue // of another database
		}
		if !kept.Open {
			if leaves == nil {
				cards, err := s.cards(now, keys)
				if err != nil {
					return err
				}
				leaves = leavesOf(cards, by.PublicKey())
			}
			if err := s.prove(by, now.head, kept, wire.MerkleProof(leaves, leaf)); err != nil {
				return err
			}
		}
		errs = append(errs, s.repeats.publish(ctx, by, now.head, &kept.Said))
	}
	return errors.Join(errs...)
}

// prove writes an own card with its proof: from now on it is shown to whoever asks.
func (s *sealing) prove(by wire.Signer, head protocol.Height, c *record.Card, proof []protocol.Hash) error {
	c.Said.Proof, c.Open = proof, true
	raw, err := s.repeats.seal(by, &c.Said, head)
	if err != nil {
		return err
	}
	c.Envelope = raw
	var b record.Batch
	b.Card(c)
	return s.book.Write(&b)
}
