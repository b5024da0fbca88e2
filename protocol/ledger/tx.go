package ledger

import (
	"errors"
	"math"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// origin says who stands behind a transaction.
type origin struct {
	seat  Seat               // of the hotkey; zero for what a coldkey signs
	payer protocol.PublicKey // the name of the coldkey
	key   protocol.PublicKey // that signed
}

// hotkeyFees is how many times its least fee a transaction may burn that a hotkey
// signs: its coldkey pays, and shall not be robbed by who steals the hotkey.
const hotkeyFees = 16

// admit says whether a transaction may stand in a block as far as records of its
// signer and payer say, its nonce aside: it is cheap, and comes before its
// signature.
func (m *machine) admit(d *decoded) (origin, error) {
	tx := d.tx
	o := origin{key: tx.Signer}
	if tx.Type.ByColdkey() {
		name, err := m.actor(tx.Signer)
		if err != nil {
			return o, err
		}
		o.payer = name
	} else {
		seat, ok := m.seatOf(tx.Signer)
		if !ok {
			return o, broken(ErrNoSeat, "hotkey %s", tx.Signer)
		}
		o.seat, o.payer = seat, seat.Coldkey
	}
	if tx.Type.Lane() {
		return o, nil
	}
	least := m.p.Fees.Of(d.weight(), len(d.raw))
	if tx.Fee < least || !tx.Type.ByColdkey() && tx.Fee > hotkeyFees*least {
		return o, broken(ErrFee, "fee %s, at least %s", tx.Fee, least)
	}
	if payer, _ := get[Account](m.st, AccountKey(o.payer)); !m.affords(&payer, tx.Fee) {
		return o, broken(ErrCannotPay, "fee %s, balance %s of %s", tx.Fee, payer.Balance, o.payer)
	}
	return o, nil
}

// include takes nonce and fee of a transaction and carries it out. ruled is why it
// failed in execution; err is why it may not stand in a block at all: of a lane
// that is whatever rule it breaks, for it pays nothing.
func (m *machine) include(d *decoded) (ruled, err error) {
	o, err := m.admit(d)
	if err != nil {
		return nil, err
	}
	return m.includeOf(d, &o)
}

// includeOf is include of what admit has let in, in the same state.
func (m *machine) includeOf(d *decoded, o *origin) (ruled, err error) {
	if d.tx.Type.Lane() {
		return nil, m.try(d, o)
	}
	signer, _ := get[Account](m.st, AccountKey(d.tx.Signer))
	if d.tx.Nonce != signer.Nonce || d.tx.Nonce == math.MaxUint64 {
		return nil, broken(ErrBadNonce, "nonce %d, want %d", d.tx.Nonce, signer.Nonce)
	}
	signer.Nonce++
	put(m.st, AccountKey(d.tx.Signer), signer)
	if err := m.burn(o.payer, d.tx.Fee); err != nil {
		return nil, err // admit looked
	}
	return m.try(d, o), nil
}

// try executes in an overlay of its own, which a failure forgets.
func (m *machine) try(d *decoded, o *origin) error {
	parent, meta, events := m.st, m.meta, len(m.events)
	m.st = parent.child()
	err := m.execute(d.body, o)
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

func (m *machine) execute(body wire.Body, o *origin) error {
	switch b := body.(type) {
	case *wire.Transfer:
		return m.transfer(o.payer, b)
	case *wire.Register:
		return m.register(o.payer, b)
	case *wire.AddStake:
		return m.addStake(o.payer, b)
	case *wire.RemoveStake:
		return m.removeStake(o.payer, b)
	case *wire.Serve:
		return m.serve(o.seat, b)
	case *wire.SetConsensusKey:
		return m.setConsensusKey(o.seat, b)
	case *wire.ExtendBeacon:
		return m.extendBeacon(o.seat, b)
	case *wire.Unjail:
		return m.unjail(o.seat, b)
	case *wire.Commit:
		return m.commit(o.seat, b)
	case *wire.CommitWeights:
		return m.commitWeights(o.seat, b)
	case *wire.RevealWeights:
		return m.revealWeights(o.seat, b)
	case *wire.Attest:
		return m.attest(o.seat, b)
	case *wire.SealCards:
		return m.sealCards(o.seat, b)
	case *wire.OpenCards:
		return m.openCards(o.seat, b)
	case *wire.ExtendSetter:
		return m.extendSetter(o.seat, b)
	case *wire.SetPairs:
		return m.setPairs(o.seat, b)
	case *wire.OpenPairs:
		return m.openPairs(o.seat, b)
	case *wire.DoubtPairs:
		return m.doubtPairs(o.seat, b)
	case *wire.OpenRatings:
		return m.openRatings(o.seat, b)
	case *wire.Request:
		return m.request(o.payer, b)
	case *wire.SealRecords:
		return m.sealRecords(o.payer, b)
	case *wire.OpenRecord:
		return m.openRecord(o.payer, b)
	case *wire.SealFinding:
		return m.sealFinding(o.seat, b)
	case *wire.OpenFinding:
		return m.openFinding(o.seat, b)
	case *wire.SwapColdkey:
		return m.swapColdkey(o.payer, b)
	case *wire.StopSwap:
		return m.stopSwap(o.payer, b)
	case *wire.SetPayout:
		return m.setPayout(o.payer, b)
	case *wire.SwapHotkey:
		return m.swapHotkey(o.payer, b)
	case *wire.StopHotkeySwap:
		return m.stopHotkeySwap(o.payer, b)
	case *wire.ExtendPlants:
		return m.extendPlants(o.seat, b)
	case *wire.OpenPlants:
		return m.openPlants(o.seat, b)
	case *wire.LeakedLink:
		return m.leakedLink(o, b)
	case *wire.SealLeak:
		return m.sealLeak(o, b)
	case *wire.AddCollateral:
		return m.addCollateral(o.payer, b)
	case *wire.TakeCollateral:
		return m.takeCollateral(o.payer, b)
	case *wire.SetCommission:
		return m.setCommission(o.payer, b)
	case *wire.Challenge:
		return m.challenge(o.payer, b)
	case *wire.JudgeChallenge:
		return m.judgeChallenge(o.seat, b)
	case *wire.SealVote:
		return m.sealVote(o.seat, b)
	case *wire.OpenVote:
		return m.openVote(o.seat, b)
	case *wire.Appeal:
		return m.appeal(o.payer, b)
	case *wire.KeepHotkey:
		return m.keepHotkey(o.seat, b)
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
	m.meta.Balances += a
	put(m.st, AccountKey(k), acc)
	return nil
}

// affords reports whether an account can give an amount away: its deposit stays.
func (m *machine) affords(acc *Account, a protocol.Amount) bool {
	return a == 0 || acc.Balance >= a && acc.Balance-a >= m.p.Fees.Deposit
}

// debit takes from a balance.
func (m *machine) debit(k protocol.PublicKey, a protocol.Amount) error {
	acc, _ := get[Account](m.st, AccountKey(k))
	if !m.affords(&acc, a) {
		return broken(ErrCannotPay, "%s, balance %s, of which %s stay", a, acc.Balance, m.p.Fees.Deposit)
	}
	if a > 0 {
		acc.Balance -= a
		m.meta.Balances -= a
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
