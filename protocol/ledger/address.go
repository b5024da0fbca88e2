package ledger

import (
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/params"
)

// EvidenceAge returns how many blocks, and how many seconds by the time of headers,
// a proof of misbehaviour counts that is older than no more than one of them: as
// long as stake waits, and never none.
func EvidenceAge(p *params.Params) (blocks, seconds uint64) {
	return max(1, p.Seats.Unbonding), max(1, p.Seats.UnbondingSeconds)
}

// AddressRecord is kept under AddressKey(address): whose the consensus key is, or
// was, that CometBFT names so. A proof of misbehaviour names an address at an old
// height, and by then the key may be rotated or its seat another's.
type AddressRecord struct {
	_      struct{} `cbor:",toarray"`
	Seat   protocol.SeatID
	Hotkey protocol.PublicKey // names the stake: Seat.PoolName
	// Left is from which block on the key signs no more, 0 while it is bound. The
	// record waits from there on as stake does.
	Left protocol.Height
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
		return broken(ErrTaken, "key %s is answered for by the stake on %s, which it signed for up to block %d", k, rec.Hotkey, rec.Left)
	}
	return nil
}

// bindAddress notes whose a seat's consensus key is.
func (m *machine) bindAddress(s *Seat) {
	put(m.st, AddressKey(key.AddressOf(s.Consensus.Key)), AddressRecord{Seat: s.ID, Hotkey: s.PoolName()})
}

// leaveAddress notes from when on a seat's consensus key signs no more that it
// gives up: when the set has changed after the end of the epoch. It is accountable
// after that.
func (m *machine) leaveAddress(s *Seat) {
	a := key.AddressOf(s.Consensus.Key)
	left := m.height + protocol.Height(m.p.Schedule.Tempo+2)
	put(m.st, AddressKey(a), AddressRecord{Seat: s.ID, Hotkey: s.PoolName(), Left: left})
	put(m.st, LeftAddressKey(left, a), a)
}

// forgetAddresses has those wait whose keys sign no more from this block on, and
// removes those that have waited, unless they were bound again.
func (m *machine) forgetAddresses() {
	for _, a := range all[key.Address](m.st, LeftAddressPrefix(m.height)) {
		del(m.st, LeftAddressKey(m.height, a))
		m.wait(addressWaits, a[:]...)
	}
	for _, e := range m.waited(addressWaits) {
		record := append([]byte("V"), e.what...)
		if rec, ok := get[AddressRecord](m.st, record); ok && rec.Left == e.began {
			del(m.st, record)
		}
	}
}
