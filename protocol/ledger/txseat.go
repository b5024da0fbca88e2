package ledger

import (
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
)

// register buys a seat. The price is burned, and bumped for the next one.
func (m *machine) register(coldkey protocol.PublicKey, b *wire.Register) error {
	if err := key.CheckPublic(b.Hotkey); err != nil {
		return broken(ErrBadKey, "hotkey: %v", err)
	}
	if _, has := m.seatOf(b.Hotkey); has {
		return broken(ErrDuplicate, "hotkey %s has a seat", b.Hotkey)
	}
	name, err := m.checkCurrent(b.Hotkey)
	if err != nil {
		return err
	}
	if err := m.checkConsent(wire.DomainConsent, &b.Consent, b.Hotkey, coldkey); err != nil {
		return err
	}
	price := m.meta.Price
	if price > b.MaxPrice {
		return broken(ErrPrice, "a seat costs %s, at most %s wanted", price, b.MaxPrice)
	}
	uid, err := m.freeSeat(coldkey)
	if err != nil {
		return err
	}
	if err := m.burn(coldkey, price); err != nil {
		return err
	}
	m.meta.Price = bump(price, &m.p.Seats)
	s := Seat{
		ID: protocol.SeatID{UID: uid, Registered: m.height}, Hotkey: b.Hotkey, Coldkey: coldkey, LastUpdate: m.height,
		Commission: Commission{Rate: m.p.Seats.Commission},
	}
	if name != b.Hotkey {
		s.Pool = name
	}
	m.takeJail(&s)
	m.putSeat(s)
	m.own(coldkey, 1)
	m.shelter(&s)
	put(m.st, HotkeyKey(b.Hotkey), uid)
	m.emit(Event{Name: EventRegistered, Epoch: m.currentEpoch(), Seat: s.ID, Hotkey: s.Hotkey, Amount: price})
	return nil
}

// checkConsent refuses a key that did not agree to this use by coldkey, or did for
// blocks before, or for far more than anybody needs.
func (m *machine) checkConsent(use wire.Domain, c *wire.Consent, k, coldkey protocol.PublicKey) error {
	if m.height > c.Until {
		return broken(ErrDeadline, "the consent of %s held until block %d", k, c.Until)
	}
	if c.Until-m.height > wire.MaxConsent {
		return broken(ErrDeadline, "the consent of %s ends at block %d, more than %d ahead", k, c.Until, wire.MaxConsent)
	}
	m.st.done.Checks++
	if err := c.Check(use, m.chain, k, coldkey); err != nil {
		return broken(ErrConsent, "%s did not agree to %s for %s: %v", k, use, coldkey, err)
	}
	return nil
}

// serve announces what a seat offers; it is asked from the next epoch on.
func (m *machine) serve(s Seat, b *wire.Serve) error {
	if b.Coldkey != s.Coldkey {
		return broken(ErrConsent, "hotkey %s works for %s, and the seat is %s's", s.Hotkey, b.Coldkey, s.Coldkey)
	}
	if err := checkOffers(m.p, b.Offers); err != nil {
		return err
	}
	if err := m.checkBound(&s, b.Identity, b.IdentitySig, s.Consensus.Key, IdentityKey(b.Identity)); err != nil {
		return err
	}
	if !s.Identity.IsZero() {
		del(m.st, IdentityKey(s.Identity))
	}
	put(m.st, IdentityKey(b.Identity), s.ID.UID)
	s.Offers, s.Addresses, s.Identity = b.Offers, b.Addresses, b.Identity
	m.putSeat(s)
	return nil
}

// checkOffers refuses offers of what the network does not have.
func checkOffers(p *params.Params, offers []wire.Offer) error {
	for i := range offers {
		k := p.Kind(offers[i].Kind)
		if k == nil {
			return broken(ErrUnknown, "kind %q", offers[i].Kind)
		}
		if err := checkModels(k, offers[i].Models); err != nil {
			return err
		}
	}
	return nil
}

// checkModels refuses models that the kind is not paid for, and repetition.
func checkModels(k *params.Kind, models []protocol.ModelID) error {
	for i, id := range models {
		if _, ok := k.Class(id); !ok {
			return broken(ErrUnknown, "model %s", id.Short())
		}
		if slices.Contains(models[:i], id) {
			return broken(ErrDuplicate, "model %s", id.Short())
		}
	}
	return nil
}

// checkBound refuses a derived key that did not sign for the seat, that has
// another use (a key never signs for two protocols), or that another seat
// holds; index is where the state keeps the holder.
func (m *machine) checkBound(s *Seat, k protocol.PublicKey, sig wire.Signature, other protocol.PublicKey, index []byte) error {
	if k == s.Hotkey || k == s.Coldkey || k == other {
		return broken(ErrTaken, "key %s has another use", k)
	}
	if holder, ok := get[protocol.UID](m.st, index); ok && holder != s.ID.UID {
		return broken(ErrTaken, "key %s is of seat %d", k, holder)
	}
	m.st.done.Checks++
	if err := wire.CheckBind(k, m.chain, s.Hotkey, sig); err != nil {
		return broken(ErrBadKey, "binding of %s: %v", k, err)
	}
	return nil
}

// setConsensusKey binds a consensus key. The set takes it up at the end of the
// epoch; until then, and for one block more, the key before signs.
func (m *machine) setConsensusKey(s Seat, b *wire.SetConsensusKey) error {
	if err := m.checkBound(&s, b.Key, b.KeySig, s.Identity, ConsensusKeyKey(b.Key)); err != nil {
		return err
	}
	if err := m.checkTransport(&s, b); err != nil {
		return err
	}
	if err := m.checkAddress(&s, b.Key); err != nil {
		return err
	}
	set := m.validators()
	for _, v := range slices.Concat(set.Set, set.Prev) {
		if v.Key == b.Key && v.UID != s.ID.UID {
			return broken(ErrTaken, "key %s is in the set for seat %d", b.Key, v.UID)
		}
	}
	if !s.Consensus.Key.IsZero() {
		del(m.st, ConsensusKeyKey(s.Consensus.Key))
		m.leaveAddress(&s)
	}
	m.dropTransport(&s)
	put(m.st, ConsensusKeyKey(b.Key), s.ID.UID)
	put(m.st, TransportKeyKey(b.TransportKey), s.ID.UID)
	s.Consensus = Consensus{Key: b.Key, TransportKey: b.TransportKey, Address: b.Address}
	m.bindAddress(&s)
	m.putSeat(s)
	return nil
}

// checkTransport refuses a transport key that did not sign for the seat, or that
// another seat holds: whoever announced another's would have its peers come to him.
func (m *machine) checkTransport(s *Seat, b *wire.SetConsensusKey) error {
	if holder, ok := get[protocol.UID](m.st, TransportKeyKey(b.TransportKey)); ok && holder != s.ID.UID {
		return broken(ErrTaken, "transport key %x is of seat %d", b.TransportKey, holder)
	}
	m.st.done.Checks++
	if err := wire.CheckTransport(b.TransportKey, m.chain, s.Hotkey, b.TransportSig); err != nil {
		return broken(ErrBadKey, "binding: %v", err)
	}
	return nil
}

// dropTransport removes the entry of a seat's transport key.
func (m *machine) dropTransport(s *Seat) {
	if k := s.Consensus.TransportKey; !k.IsZero() {
		del(m.st, TransportKeyKey(k))
	}
}

// extendBeacon registers a chain that serves from the epoch after the next, so
// that it is chosen before anything is known of the beacons that it moves. A
// chain that waits cannot be replaced, or its owner would choose among many.
func (m *machine) extendBeacon(s Seat, b *wire.ExtendBeacon) error {
	from := m.currentEpoch() + 2
	switch {
	case s.NextFrom != 0:
		return broken(ErrDuplicate, "a chain waits for epoch %d", s.NextFrom)
	case b.Start != m.p.Schedule.EpochStart(from):
		return broken(ErrDeadline, "start %d, want %d, the start of epoch %d", b.Start, m.p.Schedule.EpochStart(from), from)
	case b.Anchor.IsZero():
		return broken(ErrBadKey, "an anchor of zeros")
	}
	s.NextChain, s.NextFrom = Chain{Start: b.Start, Link: b.Anchor}, from
	m.putSeat(s)
	return nil
}
