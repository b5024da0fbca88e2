package ledger

import (
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/params"
)

// leastEvidenceAge is how many blocks a proof of misbehaviour counts at least.
const leastEvidenceAge = 1000

// EvidenceAge returns how many blocks a proof of misbehaviour counts: as long as
// stake is bound, and never none.
func EvidenceAge(p *params.Params) uint64 { return max(leastEvidenceAge, p.Seats.Unbonding) }

// AddressRecord is kept under AddressKey(address): whose the consensus key is, or
// was, that CometBFT names so. A proof of misbehaviour names an address at an old
// height, and by then the key may be rotated or its seat another's.
type AddressRecord struct {
	_      struct{} `cbor:",toarray"`
	Seat   protocol.SeatID
	Hotkey protocol.PublicKey // names the stake: Seat.PoolName
	Until  protocol.Height    // forgotten at the end of this block; 0 while the key is bound
}

// ReadAddress returns whose consensus key an address is, or was.
func ReadAddress(r Reader, a key.Address) (AddressRecord, bool, error) {
	return read[AddressRecord](r, AddressKey(a))
}

// checkAddress refuses a consensus key that a seat with other stake had, for as
// long as a proof of what it signed there counts: the proof would meet the wrong
// seat.
func (m *machine) checkAddress(s *Seat, k protocol.PublicKey) error {
	if rec, ok := get[AddressRecord](m.st, AddressKey(key.AddressOf(k))); ok && rec.Hotkey != s.PoolName() {
		return broken(ErrTaken, "key %s is answered for by the stake on %s, up to block %d", k, rec.Hotkey, rec.Until)
	}
	return nil
}

// bindAddress notes whose a seat's consensus key is.
func (m *machine) bindAddress(s *Seat) {
	put(m.st, AddressKey(key.AddressOf(s.Consensus.Key)), AddressRecord{Seat: s.ID, Hotkey: s.PoolName()})
}

// leaveAddress notes until when a seat's consensus key is known that it gives up:
// it signs until the set changes at the end of the epoch, and is accountable after
// that.
func (m *machine) leaveAddress(s *Seat) {
	a := key.AddressOf(s.Consensus.Key)
	until := m.height + protocol.Height(m.p.Schedule.Tempo+2+EvidenceAge(m.p))
	put(m.st, AddressKey(a), AddressRecord{Seat: s.ID, Hotkey: s.PoolName(), Until: until})
	put(m.st, LeftAddressKey(until, a), a)
}

// forgetAddresses removes those whose time is over with this block, unless they
// were bound again.
func (m *machine) forgetAddresses() {
	for _, a := range all[key.Address](m.st, LeftAddressPrefix(m.height)) {
		del(m.st, LeftAddressKey(m.height, a))
		if rec, ok := get[AddressRecord](m.st, AddressKey(a)); ok && rec.Until == m.height {
			del(m.st, AddressKey(a))
		}
	}
}
