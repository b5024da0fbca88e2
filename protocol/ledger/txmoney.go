package ledger

import (
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/wire"
)

// MinStakeEntry is the least that a coldkey may have on a hotkey, unless
// nothing: each entry is visited when dividends are paid, and so has a price.
const MinStakeEntry = protocol.Unit / 100

func (m *machine) transfer(from protocol.PublicKey, b *wire.Transfer) error {
	if err := key.CheckPublic(b.To); err != nil {
		return broken(ErrBadKey, "recipient: %v", err)
	}
	if err := m.debit(from, b.Amount); err != nil {
		return err
	}
	if to, _ := get[Account](m.st, AccountKey(b.To)); to.Balance+b.Amount < m.p.Fees.Deposit { // both at most what was issued
		return broken(ErrTooSmall, "%s for an account with %s, which keeps %s", b.Amount, to.Balance, m.p.Fees.Deposit)
	}
	return m.credit(b.To, b.Amount)
}

func (m *machine) addStake(coldkey protocol.PublicKey, b *wire.AddStake) error {
	if _, ok := m.seatOf(b.Hotkey); !ok {
		return broken(ErrNoSeat, "hotkey %s", b.Hotkey)
	}
	if err := m.debit(coldkey, b.Amount); err != nil {
		return err
	}
	at := StakeKey(b.Hotkey, coldkey)
	s, _ := get[Stake](m.st, at)
	sum, err := s.Amount.Add(b.Amount)
	if err != nil {
		return broken(ErrOverflow, "%s and %s", s.Amount, b.Amount)
	}
	if sum < MinStakeEntry {
		return broken(ErrTooSmall, "stake of %s, at least %s", sum, MinStakeEntry)
	}
	put(m.st, at, Stake{Amount: sum})
	m.meta.Stakes += b.Amount // at most what was issued
	return nil
}

// removeStake works on a hotkey without a seat, too: stake outlives the seat.
func (m *machine) removeStake(coldkey protocol.PublicKey, b *wire.RemoveStake) error {
	at := StakeKey(b.Hotkey, coldkey)
	s, _ := get[Stake](m.st, at)
	rest, err := s.Amount.Sub(b.Amount)
	if err != nil {
		return broken(ErrCannotPay, "%s, staked %s", b.Amount, s.Amount)
	}
	switch {
	case rest == 0:
		del(m.st, at)
	case rest < MinStakeEntry:
		return broken(ErrTooSmall, "%s would be left, at least %s or nothing", rest, MinStakeEntry)
	default:
		put(m.st, at, Stake{Amount: rest})
	}
	queue := UnbondingKey(m.height+protocol.Height(m.p.Seats.Unbonding), coldkey)
	u, _ := get[Unbonding](m.st, queue)
	if u.Amount, err = u.Amount.Add(b.Amount); err != nil {
		return broken(ErrOverflow, "unbonding of %s", b.Amount)
	}
	put(m.st, queue, u)
	m.meta.Stakes -= b.Amount
	m.meta.Unbonding += b.Amount
	return nil
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
	m.expose()
	m.dueRequests()
}
