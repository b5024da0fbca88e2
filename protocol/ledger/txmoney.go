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
	if err := key.CheckPublic(b.To); err != nil {
		return broken(ErrBadKey, "recipient: %v", err)
	}
	if err := m.debit(from, b.Amount); err != nil {
		return err
	}
	name := m.nameOf(b.To)
	if to, _ := get[Account](m.st, AccountKey(name)); to.Balance+b.Amount < m.p.Fees.Deposit { // both at most what was issued
		return broken(ErrTooSmall, "%s for an account with %s, which keeps %s", b.Amount, to.Balance, m.p.Fees.Deposit)
	}
	return m.credit(name, b.Amount)
}

// mature returns the stake whose wait ends with this block.
func (m *machine) mature() {
	type due struct {
		coldkey protocol.PublicKey
		amount  protocol.Amount
	}
	var list []due
	err := walk(m.st, UnbondingPrefix(m.height), func(k []byte, u Unbonding) bool {
		list = append(list, due{coldkeyOf(k), u.Amount})
		return true
	})
	if err != nil {
		m.st.fail(err)
	}
	for _, d := range list {
		if err := m.credit(d.coldkey, d.amount); err != nil {
			m.st.fail(err)
		}
		m.meta.Unbonding -= d.amount
		del(m.st, UnbondingKey(m.height, d.coldkey))
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
