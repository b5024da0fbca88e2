package ledger

import (
	"errors"
	"math"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// origin says who stands behind a transaction.
type origin struct {
	seat  Seat // of the hotkey; zero for what a coldkey signs
	payer protocol.PublicKey
	fee   protocol.Amount
}

// admit says whether a transaction may stand in a block, its nonce aside.
func (m *machine) admit(tx *wire.Tx, body wire.Body) (origin, error) {
	o := origin{payer: tx.Signer, fee: m.p.Seats.Fee}
	if !tx.Type.ByColdkey() {
		seat, ok := m.seatOf(tx.Signer)
		if !ok {
			return o, broken(ErrNoSeat, "hotkey %s", tx.Signer)
		}
		o.seat, o.payer = seat, seat.Coldkey
	}
	if tx.Type.Free() { // so only one that counts may enter
		o.fee = 0
		return o, m.checkFree(&o.seat, body)
	}
	if payer, _ := get[Account](m.st, AccountKey(o.payer)); payer.Balance < o.fee {
		return o, broken(ErrCannotPay, "fee %s, balance %s of %s", o.fee, payer.Balance, o.payer)
	}
	return o, nil
}

// checkFree says whether a transaction that costs nothing counts.
func (m *machine) checkFree(s *Seat, body wire.Body) error {
	switch b := body.(type) {
	case *wire.Commit:
		return m.checkCommit(s, b)
	case *wire.SetPairs:
		return m.checkSetPairs(s, b)
	case *wire.OpenPairs:
		return m.checkOpenPairs(s, b)
	case *wire.OpenRatings:
		return m.checkOpenRatings(s, b)
	}
	return errNoRule
}

// include takes nonce and fee of tx and carries it out. ruled is why it failed
// in execution; err is why it may not stand in a block at all.
func (m *machine) include(tx *wire.Tx, body wire.Body) (ruled, err error) {
	signer, _ := get[Account](m.st, AccountKey(tx.Signer))
	if tx.Nonce != signer.Nonce || tx.Nonce == math.MaxUint64 {
		return nil, broken(ErrBadNonce, "nonce %d, want %d", tx.Nonce, signer.Nonce)
	}
	o, err := m.admit(tx, body)
	if err != nil {
		return nil, err
	}
	signer.Nonce++
	put(m.st, AccountKey(tx.Signer), signer)
	if err := m.burn(o.payer, o.fee); err != nil {
		return nil, err // admit looked
	}
	return m.try(tx, body, &o), nil
}

// try executes in an overlay of its own, which a failure forgets.
func (m *machine) try(tx *wire.Tx, body wire.Body, o *origin) error {
	parent, meta, events := m.st, m.meta, len(m.events)
	m.st = parent.child()
	err := m.execute(tx.Signer, body, o)
	if err != nil {
		m.meta, m.events = meta, m.events[:events]
	} else {
		m.st.merge(parent)
	}
	m.st = parent
	return err
}

// errNoRule ends a transaction that wire knows and this package does not.
var errNoRule = errors.New("ledger: a transaction without a rule")

func (m *machine) execute(signer protocol.PublicKey, body wire.Body, o *origin) error {
	switch b := body.(type) {
	case *wire.Transfer:
		return m.transfer(signer, b)
	case *wire.Register:
		return m.register(signer, b)
	case *wire.AddStake:
		return m.addStake(signer, b)
	case *wire.RemoveStake:
		return m.removeStake(signer, b)
	case *wire.Serve:
		return m.serve(o.seat, b)
	case *wire.SetConsensusKey:
		return m.setConsensusKey(o.seat, b)
	case *wire.ExtendBeacon:
		return m.extendBeacon(o.seat, b)
	case *wire.Commit:
		return m.commit(o.seat, b)
	case *wire.CommitWeights:
		return m.commitWeights(o.seat, b)
	case *wire.RevealWeights:
		return m.revealWeights(o.seat, b)
	case *wire.CommitCards:
		return m.commitCards(o.seat, b)
	case *wire.ExtendSetter:
		return m.extendSetter(o.seat, b)
	case *wire.SetPairs:
		return m.setPairs(o.seat, b)
	case *wire.OpenPairs:
		return m.openPairs(o.seat, b)
	case *wire.OpenRatings:
		return m.openRatings(o.seat, b)
	case *wire.Request:
		return m.request(signer, b)
	case *wire.SealRecords:
		return m.sealRecords(signer, b)
	case *wire.OpenRecord:
		return m.openRecord(signer, b)
	case *wire.SealFinding:
		return m.sealFinding(o.seat, b)
	case *wire.OpenFinding:
		return m.openFinding(o.seat, b)
	}
	return errNoRule // wire knows the same types
}

// seatOf returns the seat of a hotkey.
func (m *machine) seatOf(hotkey protocol.PublicKey) (Seat, bool) {
	uid, ok := get[protocol.UID](m.st, HotkeyKey(hotkey))
	if !ok {
		return Seat{}, false
	}
	return get[Seat](m.st, SeatKey(uid))
}

// credit adds to a balance.
func (m *machine) credit(k protocol.PublicKey, a protocol.Amount) error {
	acc, _ := get[Account](m.st, AccountKey(k))
	sum, err := acc.Balance.Add(a)
	if err != nil {
		return broken(ErrOverflow, "%s and %s", acc.Balance, a)
	}
	acc.Balance = sum
	put(m.st, AccountKey(k), acc)
	return nil
}

// debit takes from a balance.
func (m *machine) debit(k protocol.PublicKey, a protocol.Amount) error {
	acc, _ := get[Account](m.st, AccountKey(k))
	rest, err := acc.Balance.Sub(a)
	if err != nil {
		return broken(ErrCannotPay, "%s, balance %s", a, acc.Balance)
	}
	acc.Balance = rest
	if a > 0 {
		put(m.st, AccountKey(k), acc)
	}
	return nil
}

// burn takes from a balance for good.
func (m *machine) burn(k protocol.PublicKey, a protocol.Amount) error {
	if err := m.debit(k, a); err != nil {
		return err
	}
	m.meta.Burned += a // at most what was issued
	return nil
}
