package ledger

import (
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/wire"
)

// MinStakeEntry is the least that a coldkey may have on a hotkey, unless
// nothing: each is a record that all nodes hold.
const MinStakeEntry = protocol.Unit / 100

func (m *machine) transfer(from protocol.PublicKey, b *wire.Transfer) error {
	name := m.nameOf(b.To)
	to, known := get[Account](m.st, AccountKey(name))
	if !known { // whoever has an account was looked at before
		if err := key.CheckPublic(b.To); err != nil {
			return broken(ErrBadKey, "recipient: %v", err)
		}
	}
	if err := m.debit(from, b.Amount); err != nil {
		return err
	}
	if to.Balance+b.Amount < m.p.Fees.Deposit { // both at most what was issued
		return broken(ErrTooSmall, "%s for an account with %s, which keeps %s", b.Amount, to.Balance, m.p.Fees.Deposit)
	}
	return m.credit(name, b.Amount)
}

// mature returns the stake whose wait ends with this block.
func (m *machine) mature() {
	const keys = 2 * len(protocol.PublicKey{})
	for _, e := range m.waited(stakeWaits) {
		if len(e.what) != keys {
			m.st.fail(ErrCorrupt)
			return
		}
		name, coldkey := protocol.PublicKey(e.what[:keys/2]), protocol.PublicKey(e.what[keys/2:])
		record := UnbondingKey(name, e.began, coldkey)
		u, _ := get[Unbonding](m.st, record)
		lost := m.lostOf(name, e.began, u.Amount)
		if err := m.credit(coldkey, u.Amount-lost); err != nil {
			m.st.fail(err)
		}
		m.meta.Unbonding -= u.Amount
		m.meta.Burned += lost
		del(m.st, record)
	}
}

// money is what happens to money in every block, by itself.
func (m *machine) money() {
	paid := blockEmission(m.meta.Issued, m.p.Emission)
	m.meta.Issued += paid
	m.meta.Pot += paid
	m.meta.Price = clampPrice(decay(m.meta.Price, m.p.Seats.PriceHalfLife), &m.p.Seats)
	m.mature()
	m.matureCollateral()
	m.divideHeld()
	m.expose()
	m.forgetAddresses()
	m.dueRequests()
}
