package ledger

import (
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/wire"
)

// A hotkey lies on a machine that many can reach, and when it is lost its owner
// puts another in its place. A seat is its seat id; so commitments, weights,
// duties, permit and what it earned stay, and with them its consensus key, its
// chain and its identity, until the new hotkey binds others.
//
//	announced  by the coldkey; the new hotkey agreed to work for it, and is fresh
//	stopped    by the coldkey; or by the hotkey that shall go, once: its daemon sees
//	           the announcement first, when the coldkey was stolen, and its owner
//	           gains the time to come with the coldkey. A second time the coldkey
//	           alone stops it, or who stole a hotkey kept it for ever
//	done       with the first block of an epoch, after as long as removed stake waits.
//	           What the epochs before bind to a hotkey binds them to the one on
//	           their rosters, so that nothing that was sealed cannot be opened
//
// The stake on a seat is named by the first hotkey that had it, and never moves:
// nobody walks those who have a part of it. Hotkeys that were swapped are known for
// ever, and get no seat: they would get with it the stake.

// HotkeySwap is what a seat's record says of the swap of its hotkey.
type HotkeySwap struct {
	_    struct{}           `cbor:",toarray"`
	To   protocol.PublicKey // the hotkey from epoch From on; zero where no swap waits
	From protocol.Epoch
	Kept bool // the hotkey stopped one: the next the coldkey alone stops
}

// Waits reports whether a swap is announced that is not done.
func (s *HotkeySwap) Waits() bool { return !s.To.IsZero() }

// PoolName returns the hotkey that names the stake on the seat: [ReadPool].
func (s *Seat) PoolName() protocol.PublicKey {
	if s.Pool.IsZero() {
		return s.Hotkey
	}
	return s.Pool
}

// ReadHotkey returns which hotkey names the stake on a hotkey's seat, and which
// one is the seat's now, or was the last. It answers for hotkeys that were swapped,
// too, and reads two keys.
func ReadHotkey(r Reader, k protocol.PublicKey) (name, now protocol.PublicKey, err error) {
	name, ok, err := read[protocol.PublicKey](r, PoolNameKey(k))
	if err != nil {
		return k, k, err
	}
	if !ok {
		name = k
	}
	now, ok, err = read[protocol.PublicKey](r, HotkeyNowKey(name))
	if !ok {
		now = name
	}
	return name, now, err
}

// Place says where a hotkey stands.
type Place struct {
	Seat Seat // if Sits
	Sits bool
	// Now is the hotkey of the seat that a hotkey without one had, or waits for, and
	// From the epoch with which it gets that, zero where it had it.
	Now  protocol.PublicKey
	From protocol.Epoch
}

// ReadPlace returns where a hotkey stands. It reads two keys of one with a seat, up
// to six of another.
func ReadPlace(r Reader, hotkey protocol.PublicKey) (Place, error) {
	seat, ok, err := ReadSeatByHotkey(r, hotkey)
	if err != nil || ok {
		return Place{Seat: seat, Sits: ok}, err
	}
	_, now, err := ReadHotkey(r, hotkey)
	if err != nil || now == hotkey {
		return Place{}, err
	}
	p := Place{Now: now}
	if seat, ok, err = ReadSeatByHotkey(r, now); ok && seat.Swap.To == hotkey {
		p.From = seat.Swap.From
	}
	return p, err
}

// Why says in one sentence why the hotkey has no seat; it has none.
func (p *Place) Why() string {
	switch {
	case p.From > 0:
		return fmt.Sprintf("the hotkey has its seat with epoch %d, until which %s works there: wait", p.From, p.Now)
	case !p.Now.IsZero():
		return fmt.Sprintf("another hotkey, %s, took the place of this one, for which nothing is done any more: put that into keys/hotkey.age", p.Now)
	}
	return "the hotkey has no seat: register it (assay tx register)"
}

// Notice tells in one sentence of a swap that waits.
func (s *HotkeySwap) Notice() string {
	return fmt.Sprintf("another hotkey, %s, is to work in this seat from epoch %d on: if its owner did not announce that, stop it (assay tx keep-hotkey)", s.To, s.From)
}

// Notice tells in one sentence of a swap that waits.
func (o *Owner) Notice() string {
	return fmt.Sprintf("another key, %s, is to sign for the owner from block %d on: if its owner did not announce that, stop it (assay tx stop-swap)", o.Next, o.From)
}

// Owns reports whether a coldkey is that of a seat, or signs in its place.
func Owns(r Reader, coldkey protocol.PublicKey, seat *Seat) (bool, error) {
	if coldkey == seat.Coldkey {
		return true, nil
	}
	name, _, err := ReadOwner(r, coldkey)
	return name == seat.Coldkey, err
}

// poolNameOf returns the name of the stake on a hotkey: itself, unless it came in
// another's place.
func (m *machine) poolNameOf(k protocol.PublicKey) protocol.PublicKey {
	if name, ok := get[protocol.PublicKey](m.st, PoolNameKey(k)); ok {
		return name
	}
	return k
}

// checkCurrent refuses a hotkey that another took the place of, or that waits for
// one's, and returns the name of the stake on it.
func (m *machine) checkCurrent(k protocol.PublicKey) (protocol.PublicKey, error) {
	name := m.poolNameOf(k)
	now, swapped := get[protocol.PublicKey](m.st, HotkeyNowKey(name))
	if !swapped {
		now = name
	}
	if now != k {
		return name, broken(ErrMoved, "hotkey %s stands in the place of %s, and %s does not", now, name, k)
	}
	return name, nil
}

// swapHotkey announces which hotkey a seat shall have.
func (m *machine) swapHotkey(name protocol.PublicKey, b *wire.SwapHotkey) error {
	if err := key.CheckPublic(b.To); err != nil {
		return broken(ErrBadKey, "%v", err)
	}
	s, err := m.ownSeat(name, b.Hotkey)
	if err != nil {
		return err
	}
	if s.Swap.Waits() {
		return broken(ErrDuplicate, "%s is the hotkey from epoch %d on, unless that is stopped", s.Swap.To, s.Swap.From)
	}
	if err := m.checkFreshHotkey(b.To); err != nil {
		return err
	}
	if err := m.checkConsent(wire.DomainConsent, &b.Consent, b.To, name); err != nil {
		return err
	}
	s.Swap.To, s.Swap.From = b.To, m.p.Schedule.EpochOf(m.height+m.swapDelay()-1)+1
	put(m.st, PoolNameKey(b.To), s.PoolName())
	m.putSeat(s)
	m.emit(Event{Name: EventHotkeySwap, Epoch: s.Swap.From, Seat: s.ID, Hotkey: s.Hotkey})
	return nil
}

// ownSeat returns a seat that must be the name's.
func (m *machine) ownSeat(name, hotkey protocol.PublicKey) (Seat, error) {
	s, ok := m.seatOf(hotkey)
	if !ok {
		return s, broken(ErrNoSeat, "hotkey %s", hotkey)
	}
	if s.Coldkey != name {
		return s, broken(ErrConsent, "the seat is %s's", s.Coldkey)
	}
	return s, nil
}

// checkFreshHotkey refuses a key that has another use, or stake of its own, which
// nobody could reach beside the seat's.
func (m *machine) checkFreshHotkey(k protocol.PublicKey) error {
	if err := m.checkFresh(k); err != nil {
		return err
	}
	_, staked := get[Pool](m.st, PoolKey(k))
	_, identity := get[protocol.UID](m.st, IdentityKey(k))
	_, consensus := get[protocol.UID](m.st, ConsensusKeyKey(k))
	if staked || identity || consensus {
		return broken(ErrTaken, "key %s has stake or another use; take a new one", k)
	}
	return nil
}

// stopHotkeySwap is the coldkey's veto.
func (m *machine) stopHotkeySwap(name protocol.PublicKey, b *wire.StopHotkeySwap) error {
	s, err := m.ownSeat(name, b.Hotkey)
	if err != nil {
		return err
	}
	if !s.Swap.Waits() || s.Swap.To != b.To {
		return broken(ErrUnknown, "no swap to %s waits", b.To)
	}
	m.dropSwap(&s, false)
	return nil
}

// keepHotkey is the hotkey's own veto.
func (m *machine) keepHotkey(s Seat, b *wire.KeepHotkey) error {
	switch {
	case !s.Swap.Waits() || s.Swap.To != b.To || s.Swap.From != b.From:
		return broken(ErrUnknown, "no swap to %s waits for epoch %d", b.To, b.From)
	case s.Swap.Kept:
		return broken(ErrNotPermitted, "hotkey %s stopped one swap, and the coldkey announced another", s.Hotkey)
	}
	m.dropSwap(&s, true)
	return nil
}

// dropSwap ends a swap that waits; kept says that the hotkey did it.
func (m *machine) dropSwap(s *Seat, kept bool) {
	del(m.st, PoolNameKey(s.Swap.To))
	s.Swap = HotkeySwap{Kept: kept}
	m.putSeat(*s)
	m.emit(Event{Name: EventHotkeyKept, Epoch: m.currentEpoch(), Seat: s.ID, Hotkey: s.Hotkey})
}

// swapHotkeys puts the hotkeys in their places that serve from epoch e on. The
// seats are written with their rosters.
func (m *machine) swapHotkeys(seats []candidate, e protocol.Epoch) {
	for i := range seats {
		s := &seats[i].seat
		if !s.Swap.Waits() || s.Swap.From > e {
			continue
		}
		del(m.st, HotkeyKey(s.Hotkey))
		s.Pool, s.Hotkey, s.Swap = s.PoolName(), s.Swap.To, HotkeySwap{}
		put(m.st, HotkeyKey(s.Hotkey), s.ID.UID)
		put(m.st, HotkeyNowKey(s.Pool), s.Hotkey)
		m.emit(Event{Name: EventHotkeySwapped, Epoch: e, Seat: s.ID, Hotkey: s.Hotkey})
	}
}
