package ledger

import (
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/wire"
)

// A coldkey is the *name* of what is its own: a balance, stakes and what returns of
// them, seats, requests. At first it signs for its name. When it is swapped another
// key does, and nothing moves: the state goes on to say the name, so that a swap
// costs the same however much there is, and nothing can be forgotten.
//
//	announced   by the key that signs; the new one must have agreed, and must never
//	            have signed for itself, nor have a seat: nobody could sign for what
//	            it has any more. A balance alone anybody can give it, to be in the
//	            way: that is the name's from here on, like all that is sent to it
//	stopped     by the key that signs, while it does: whoever stole it can announce a
//	            swap, too, and its owner sees that and has as long to stop it as
//	            removed stake waits
//	done        from block From on the new key signs for the name, and no other does
//
// Keys that signed for a name once are known for ever, and are no names themselves.

// Owner is kept under OwnerKey(name), for a name whose key was swapped or is to be.
type Owner struct {
	_    struct{}           `cbor:",toarray"`
	Now  protocol.PublicKey // signs for the name
	Next protocol.PublicKey // signs from From on; zero if no swap was announced since
	From protocol.Height
}

// Signer returns the key that signs for the name in block h.
func (o *Owner) Signer(h protocol.Height) protocol.PublicKey {
	if !o.Next.IsZero() && h >= o.From {
		return o.Next
	}
	return o.Now
}

// Waits reports whether at block h a swap is announced that is not done.
func (o *Owner) Waits(h protocol.Height) bool { return !o.Next.IsZero() && h < o.From }

// ReadOwner returns the name that a key signs for, or did or shall; and who signs
// for that name, as the state after block h has it. A key of which the ledger
// knows nothing is its own name.
func ReadOwner(r Reader, k protocol.PublicKey) (protocol.PublicKey, Owner, error) {
	name, ok, err := read[protocol.PublicKey](r, NameKey(k))
	if err != nil {
		return k, Owner{}, err
	}
	if !ok {
		name = k
	}
	o, ok, err := read[Owner](r, OwnerKey(name))
	if !ok {
		o = Owner{Now: name}
	}
	return name, o, err
}

// nameOf returns the name that a key stands for: itself, unless it is another's.
func (m *machine) nameOf(k protocol.PublicKey) protocol.PublicKey {
	if name, ok := get[protocol.PublicKey](m.st, NameKey(k)); ok {
		return name
	}
	return k
}

// owner returns who signs for a name.
func (m *machine) owner(name protocol.PublicKey) Owner {
	if o, ok := get[Owner](m.st, OwnerKey(name)); ok {
		return o
	}
	return Owner{Now: name}
}

// actor returns the name for which a coldkey signs.
func (m *machine) actor(signer protocol.PublicKey) (protocol.PublicKey, error) {
	name := m.nameOf(signer)
	o := m.owner(name)
	if now := o.Signer(m.height); now != signer {
		return name, broken(ErrMoved, "%s signs for %s, and %s does not", now, name, signer)
	}
	return name, nil
}

// swapDelay is how many blocks a swap can be stopped: as many as removed stake
// waits, and an epoch at least.
func (m *machine) swapDelay() protocol.Height {
	return protocol.Height(max(m.p.Seats.Unbonding, m.p.Schedule.Tempo))
}

// swapColdkey announces who shall sign for a name.
func (m *machine) swapColdkey(name protocol.PublicKey, b *wire.SwapColdkey) error {
	if err := key.CheckPublic(b.To); err != nil {
		return broken(ErrBadKey, "%v", err)
	}
	o := m.owner(name)
	if o.Waits(m.height) {
		return broken(ErrDuplicate, "%s signs for %s from block %d on, unless that is stopped", o.Next, name, o.From)
	}
	if err := m.checkFresh(b.To); err != nil {
		return err
	}
	if err := m.checkConsent(wire.DomainSwap, &b.Consent, b.To, name); err != nil {
		return err
	}
	next := Owner{Now: o.Signer(m.height), Next: b.To, From: m.height + m.swapDelay()}
	put(m.st, OwnerKey(name), next)
	put(m.st, NameKey(b.To), name)
	if err := m.handOver(b.To, name); err != nil {
		return err
	}
	m.emit(Event{Name: EventSwap, Epoch: m.p.Schedule.EpochOf(next.From), Hotkey: name})
	return nil
}

// handOver moves the balance of a fresh key to a name. The key has no nonce, so its
// account goes with it.
func (m *machine) handOver(k, name protocol.PublicKey) error {
	acc, ok := get[Account](m.st, AccountKey(k))
	if !ok {
		return nil
	}
	del(m.st, AccountKey(k))
	m.meta.Balances -= acc.Balance // credit counts it again
	return m.credit(name, acc.Balance)
}

// checkFresh refuses a key that has another use, or may have more than a balance:
// one that signed for itself, which nobody else can make it do.
func (m *machine) checkFresh(k protocol.PublicKey) error {
	_, signs := get[protocol.PublicKey](m.st, NameKey(k))
	_, swapped := get[Owner](m.st, OwnerKey(k))
	_, sits := m.seatOf(k)
	_, owns := get[uint32](m.st, OwnedKey(k))
	_, works := get[protocol.PublicKey](m.st, PoolNameKey(k))
	_, worked := get[protocol.PublicKey](m.st, HotkeyNowKey(k))
	acc, _ := get[Account](m.st, AccountKey(k))
	if signs || swapped || sits || owns || works || worked || acc.Nonce > 0 {
		return broken(ErrTaken, "key %s has another use, or has signed for itself; take a new one", k)
	}
	return nil
}

// stopSwap takes an announced swap back.
func (m *machine) stopSwap(name protocol.PublicKey, b *wire.StopSwap) error {
	o := m.owner(name)
	if !o.Waits(m.height) || o.Next != b.To {
		return broken(ErrUnknown, "no swap to %s waits", b.To)
	}
	del(m.st, NameKey(b.To))
	if o.Now == name {
		del(m.st, OwnerKey(name))
	} else {
		put(m.st, OwnerKey(name), Owner{Now: o.Now})
	}
	m.emit(Event{Name: EventSwapStopped, Epoch: m.currentEpoch(), Hotkey: name})
	return nil
}

// setPayout says to whom a seat's pay for answers goes.
func (m *machine) setPayout(name protocol.PublicKey, b *wire.SetPayout) error {
	s, err := m.ownSeat(name, b.Hotkey)
	if err != nil {
		return err
	}
	if !b.To.IsZero() {
		if err := key.CheckPublic(b.To); err != nil {
			return broken(ErrBadKey, "payout: %v", err)
		}
	}
	s.Payout = b.To
	m.putSeat(s)
	return nil
}

// payee returns whose balance a seat's pay for answers goes to.
func (m *machine) payee(s *Seat) protocol.PublicKey {
	if s.Payout.IsZero() {
		return s.Coldkey
	}
	return m.nameOf(s.Payout)
}
