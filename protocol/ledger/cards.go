package ledger

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"sort"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task/preference"
	"github.com/assaynet/assay/protocol/wire"
)

// What a judge found of an epoch is on the ledger, one byte for each answer that
// it drew. It is sealed before any card leaves any judge, so that who did not
// judge has nothing to copy, and opened when nobody can seal any more. A duty is
// fulfilled if its finding is not empty. No other judge's word changes that: what
// another says is an opinion, and who could cut dividends by opinions would.
//
//	draw    duties of an epoch are drawn up to a lane window before seals are due
//	seal    SealCards, up to block seal_cards_blocks of the next epoch
//	open    OpenCards, after it and up to block open_cards_blocks
//	weights are sealed from block weight_blocks on: of what all have opened
//
// With the findings come the cards themselves, as many as a transaction holds; of
// more than that, those which a beacon picks that was not known when findings were
// sealed. Their root binds the judge's hotkey, so that who copied a root has no
// cards under it.

// sealCards fixes what a judge found in the epoch before, once.
func (m *machine) sealCards(s Seat, b *wire.SealCards) error {
	if b.Epoch+1 != m.currentEpoch() || m.height > m.p.Schedule.SealCardsDeadline(b.Epoch) {
		return broken(ErrDeadline, "findings of epoch %d sealed at height %d", b.Epoch, m.height)
	}
	if err := m.judged(&s, b.Epoch); err != nil {
		return err
	}
	at := CardsKey(b.Epoch, s.ID.UID)
	if old, ok := get[CardsRecord](m.st, at); ok && old.Seat == s.ID {
		return broken(ErrDuplicate, "findings of epoch %d are sealed", b.Epoch)
	}
	put(m.st, at, CardsRecord{Seat: s.ID, Seal: b.Seal})
	m.emit(Event{Name: EventCardsSealed, Epoch: b.Epoch, Seat: s.ID, Hotkey: s.Hotkey, Hash: b.Seal})
	return nil
}

// openCards keeps what a judge sealed of the epoch before, if there is a finding or
// none of each duty, and the cards that are shown are those that must be.
func (m *machine) openCards(s Seat, b *wire.OpenCards) error {
	sched := &m.p.Schedule
	if b.Epoch+1 != m.currentEpoch() || m.height <= sched.SealCardsDeadline(b.Epoch) || m.height > sched.OpenCardsDeadline(b.Epoch) {
		return broken(ErrDeadline, "findings of epoch %d opened at height %d", b.Epoch, m.height)
	}
	judge, err := m.judgeOf(b.Epoch, s.ID)
	if err != nil {
		return err
	}
	at := CardsKey(b.Epoch, s.ID.UID)
	rec, ok := get[CardsRecord](m.st, at)
	switch {
	case !ok || rec.Seat != s.ID:
		return broken(ErrUnknown, "seat %d sealed no findings of epoch %d", s.ID.UID, b.Epoch)
	case rec.Opened():
		return broken(ErrDuplicate, "findings of epoch %d are open", b.Epoch)
	case rec.Seal != b.Seal(judge.Hotkey): // the seat's may be another now
		return broken(ErrMismatch, "seat %d sealed %s", s.ID.UID, rec.Seal.Short())
	}
	rec.Findings, rec.Root = b.Findings, b.Root
	drawn := m.drawn(b.Epoch, s.ID)
	if n := drawn.len(); len(b.Findings) != n {
		return broken(ErrMismatch, "%d findings of %d duties", len(b.Findings), n)
	}
	if err := m.checkShown(&judge, &rec, drawn.Flat(), b); err != nil {
		return err
	}
	put(m.st, at, rec)
	m.emit(Event{Name: EventCards, Epoch: b.Epoch, Seat: s.ID, Hotkey: s.Hotkey, Hash: b.Root, Count: rec.Cards()})
	return nil
}

// checkShown refuses cards that are not those of the findings. Shown are all of
// them, and the root is over them; or those from the picked one on, and behind the
// last the first, until no card more could fit.
func (m *machine) checkShown(judge *RosterJudge, rec *CardsRecord, duties wire.AnswerKeys, b *wire.OpenCards) error {
	var made []int // the numbers of duties with a finding
	for i, f := range rec.Findings {
		if f != wire.FoundNothing {
			made = append(made, i)
		}
	}
	first, whole := 0, len(b.Shown) == len(made)
	if len(b.Shown) > len(made) {
		return broken(ErrMismatch, "%d cards are shown of %d", len(b.Shown), len(made))
	}
	if !whole {
		picked, err := m.picked(b.Epoch, judge.ID, len(made))
		if err != nil {
			return err
		}
		if !b.Full() {
			return broken(ErrMismatch, "%d cards of %d are shown, and there is room for more", len(b.Shown), len(made))
		}
		first = picked
	}
	leaves := make([]protocol.Hash, len(b.Shown))
	for i := range b.Shown {
		c, leaf := &b.Shown[i], (first+i)%len(made)
		number := made[leaf]
		leaves[i] = c.Leaf(judge.Hotkey)
		m.st.done.Bytes += uint64(c.Size())
		switch {
		case c.Judge != judge.ID || c.Key() != duties.At(number) || c.Finding.Byte() != rec.Findings[number]:
			return broken(ErrMismatch, "card %d is not that of duty %d", i, number)
		case whole && len(c.Proof) > 0 || !whole && !wire.MerkleVerify(rec.Root, leaves[i], leaf, len(made), c.Proof):
			return broken(ErrMismatch, "card %d is not under root %s", i, rec.Root.Short())
		}
	}
	if whole && wire.MerkleRoot(leaves) != rec.Root {
		return broken(ErrMismatch, "the cards are not under root %s", rec.Root.Short())
	}
	return nil
}

// picked returns which of n cards of a judge is the first that it shows where not
// all fit.
func (m *machine) picked(e protocol.Epoch, judge protocol.SeatID, n int) (int, error) {
	b, ok := get[BeaconRecord](m.st, BeaconKey(m.p.Schedule.SealCardsDeadline(e)+1))
	if !ok {
		return 0, broken(ErrDeadline, "the beacon that picks cards of epoch %d is not known", e)
	}
	return PickCard(b.Beacon, judge, n), nil
}

// PickCard returns which of n cards of a judge, n above 0, is the first that it
// shows. The beacon is that of the block after the last in which findings are
// sealed: nobody knew it then, but for who proposed both.
func PickCard(beacon protocol.Hash, judge protocol.SeatID, n int) int {
	id := binary.BigEndian.AppendUint16(nil, uint16(judge.UID))
	h := wire.HashOf("assay/1/cards/pick", beacon[:], binary.BigEndian.AppendUint64(id, uint64(judge.Registered)))
	return int(binary.BigEndian.Uint64(h[:8]) % uint64(n))
}

// Opened reports whether the judge opened what it found.
func (r *CardsRecord) Opened() bool { return !r.Root.IsZero() }

// Cards counts the findings that are not empty.
func (r *CardsRecord) Cards() (n uint32) {
	for _, f := range r.Findings {
		if f != wire.FoundNothing {
			n++
		}
	}
	return n
}

// Leaf returns the number of the leaf that the card about duty i has under the
// root, and how many leaves there are; false where the finding is empty.
func (r *CardsRecord) Leaf(i int) (leaf, of int, ok bool) {
	for k, f := range r.Findings {
		if k == i {
			leaf = of
		}
		if f != wire.FoundNothing {
			of++
		}
	}
	return leaf, of, i < len(r.Findings) && r.Findings[i] != wire.FoundNothing
}

// drawn returns what a judge drew in epoch e; nothing for another holder of its
// uid.
func (m *machine) drawn(e protocol.Epoch, id protocol.SeatID) DrawnRecord {
	rec, ok := get[DrawnRecord](m.st, DrawnKey(e, id.UID))
	if !ok || rec.Judge != id {
		return DrawnRecord{Judge: id}
	}
	return rec
}

// Counts returns how many duties there are of each kind.
func (r *DrawnRecord) Counts() []uint32 {
	if r.Kinds == nil {
		return nil
	}
	out := make([]uint32, len(r.Kinds))
	for k := range r.Kinds {
		out[k] = uint32(r.Kinds[k].Len())
	}
	return out
}

func (r *DrawnRecord) len() (n int) {
	for k := range r.Kinds {
		n += r.Kinds[k].Len()
	}
	return n
}

// Flat returns the answers in the order of findings.
func (r *DrawnRecord) Flat() wire.AnswerKeys { return slices.Concat(r.Kinds...) }

// Number returns the number of the duty about an answer among the findings; false
// where it was not drawn in this kind.
func (r *DrawnRecord) Number(kind int, k wire.AnswerKey) (int, bool) {
	before := 0
	for i := range min(kind, len(r.Kinds)) {
		before += r.Kinds[i].Len()
	}
	if kind < 0 || kind >= len(r.Kinds) {
		return 0, false
	}
	of := r.Kinds[kind]
	n, ok := sort.Find(of.Len(), func(i int) int { return bytes.Compare(k.Bytes(), of.At(i).Bytes()) })
	return before + n, ok
}

// CheckCard says whether a card that a hotkey signed is what its judge drew and
// opened, with the records of its epoch; wire.ErrOtherCard if not. That blames
// whoever passes it on: who has these records knows, and who has not passes on no
// card.
func CheckCard(p *params.Params, drawn *DrawnRecord, said *CardsRecord, signer protocol.PublicKey, c *wire.Card) error {
	number, ok := drawn.Number(p.KindIndex(c.Kind), c.Key())
	if !ok || drawn.Judge != c.Judge || said.Seat != c.Judge {
		return fmt.Errorf("judge %d did not draw slot %d of seat %d in round %d: %w", c.Judge.UID, c.Slot, c.Seat.UID, c.Round, wire.ErrOtherCard)
	}
	leaf, of, ok := said.Leaf(number)
	switch {
	case !ok || said.Findings[number] != c.Finding.Byte():
		return fmt.Errorf("judge %d opened another finding of slot %d of seat %d in round %d: %w", c.Judge.UID, c.Slot, c.Seat.UID, c.Round, wire.ErrOtherCard)
	case !wire.MerkleVerify(said.Root, c.Leaf(signer), leaf, of, c.Proof):
		return fmt.Errorf("no card of judge %d under root %s: %w", c.Judge.UID, said.Root.Short(), wire.ErrOtherCard)
	}
	return nil
}

// duties are what a judge owed in an epoch, answers that it drew to judge and pairs
// to set, and what it did of it, by kind.
type duties struct {
	drawn, fulfilled []uint32
}

// fulfilled returns, for each seat, the duties of epoch e. Of answers those are
// fulfilled whose findings stand; of pairs the sets that are open on the ledger.
func (m *machine) fulfilled(e protocol.Epoch, seats []candidate) []duties {
	lane, due := m.p.KindIndex(preference.Kind), m.setsDue(e)
	var forfeit []protocol.SeatID
	if m.p.Verdicts.On() {
		forfeit = m.docket(e).Forfeit
	}
	out := make([]duties, len(seats))
	for i := range seats {
		id := seats[i].seat.ID
		if !m.isJudge(e, id) {
			continue
		}
		drawn := m.drawn(e, id)
		d := duties{drawn.Counts(), m.standing(e, &drawn)}
		if owed, opened := m.owed(due, id); owed > 0 {
			if d.drawn == nil {
				d = duties{make([]uint32, len(m.p.Kinds)), make([]uint32, len(m.p.Kinds))}
			}
			d.drawn[lane], d.fulfilled[lane] = owed, opened
		}
		if slices.Contains(forfeit, id) {
			clear(d.fulfilled)
		}
		out[i] = d
	}
	return out
}

// standing counts, by kind, the findings of a judge's duties that it opened and
// that are not empty. Nothing but what is proven false takes one away.
func (m *machine) standing(e protocol.Epoch, drawn *DrawnRecord) []uint32 {
	if drawn.Kinds == nil {
		return nil
	}
	out := make([]uint32, len(drawn.Kinds))
	said, ok := get[CardsRecord](m.st, CardsKey(e, drawn.Judge.UID))
	if !ok || said.Seat != drawn.Judge || !said.Opened() || said.Lazy {
		return out
	}
	i := 0
	for k := range drawn.Kinds {
		for range drawn.Kinds[k].Len() {
			if said.Findings[i] != wire.FoundNothing { // there is one for each
				out[k]++
			}
			i++
		}
	}
	return out
}

// scale returns the part of a that duties leave: of the kinds in which any were
// drawn each stands for as much of it as its share of the pay, and leaves what
// was fulfilled of what was drawn. All of it, if none was drawn.
//
//	Σ ⌊⌊a·share_k ÷ Σ share⌋ · fulfilled_k ÷ drawn_k⌋
//
// Where none of these kinds has a share, they count alike.
func (d duties) scale(kinds []params.Kind, a protocol.Amount) protocol.Amount {
	shares := make([]uint64, len(d.drawn))
	var all, drawn uint64
	for k, n := range d.drawn {
		if n > 0 {
			shares[k], drawn = uint64(kinds[k].Share), drawn+1
			all += shares[k]
		}
	}
	if drawn == 0 {
		return a
	}
	var out protocol.Amount
	for k, n := range d.drawn {
		if n == 0 {
			continue
		}
		if all == 0 {
			out += part(part(a, 1, drawn), uint64(d.fulfilled[k]), uint64(n))
			continue
		}
		out += part(part(a, shares[k], all), uint64(d.fulfilled[k]), uint64(n))
	}
	return out
}

// DutyPart returns what of a dividend is left to a judge of whose duties, by kind
// in the network's order, so many were fulfilled of those that it had.
func DutyPart(kinds []params.Kind, had, fulfilled []uint32, a protocol.Amount) protocol.Amount {
	return duties{had, fulfilled}.scale(kinds, a)
}

// part returns ⌊a·n ÷ of⌋, n at most of.
func part(a protocol.Amount, n, of uint64) protocol.Amount {
	out, err := a.MulDiv(n, of)
	if err != nil { // cannot be: the quotient is at most a
		return 0
	}
	return out
}
