package ledger

import (
	"math/bits"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
)

// How stake is kept. All stake on a hotkey is one pool, and each coldkey has shares
// of it: its stake is what they are worth. So what the pool earns is one addition
// for all who have a part, however many they are; nobody walks them.
//
//	worth   ⌊shares · amount ÷ all shares⌋                         of one's shares
//	enter   n = ⌊a · all shares ÷ amount⌋ shares for ⌈n · amount ÷ all shares⌉, at
//	        most a; a pool that is empty gives one share for each unit
//	leave   n = ⌈a · all shares ÷ amount⌉ shares, all of them for what they are
//	        worth, go with ⌊n · amount ÷ all shares⌋, at least a
//	earn    amount grows
//
// What enters above the worth of its shares, and what leaves above what was asked
// for, goes to the pot. So nobody's stake falls when others come and go, and there
// is nothing to be had by making a share dear and others' parts of one worthless.
//
// A share that is worth two units or more is split in two, until it is worth less;
// so no rounding takes as much as two units, whatever a pool earned since it began.
// A stake says how often shares had been split when it was written, and doubles its
// own as often as the pool has split since: exactly, and without being visited.

// Pool is kept under PoolKey(name) while anybody has stake there.
// Invariants: Shares is the sum of all shares in it, at their newest split;
// Amount < 2·Shares.
type Pool struct {
	_      struct{} `cbor:",toarray"`
	Amount protocol.Amount
	Shares uint64
	Splits uint32 // how often every share became two
}

// Stake is kept under StakeKey(name, coldkey).
type Stake struct {
	_      struct{} `cbor:",toarray"`
	Shares uint64   // of the hotkey's pool, at least one
	Splits uint32   // those of the pool when Shares was written
}

// now returns the shares of a stake after all splits of the pool, false for what
// no state holds.
func (p *Pool) now(s Stake) (uint64, bool) {
	if s.Splits > p.Splits || bits.Len64(s.Shares)+int(min(p.Splits-s.Splits, 64)) > 64 {
		return 0, false
	}
	n := s.Shares << (p.Splits - s.Splits)
	return n, n <= p.Shares
}

// Worth returns what a stake in the pool is worth. Error: [ErrCorrupt], where the
// stake is none of this pool's.
func (p *Pool) Worth(s Stake) (protocol.Amount, error) {
	n, ok := p.now(s)
	switch {
	case !ok:
		return 0, ErrCorrupt
	case n == 0:
		return 0, nil
	}
	return p.Amount.MulDiv(n, p.Shares)
}

// costOf returns what n shares, at most all, are worth, rounded up.
func (p *Pool) costOf(n uint64) protocol.Amount {
	hi, lo := bits.Mul64(uint64(p.Amount), n)
	q, r := bits.Div64(hi, lo, p.Shares)
	if r > 0 {
		q++
	}
	return protocol.Amount(q)
}

// enter adds to a stake the shares that amount buys, and returns what it left. It
// changes nothing where they would be more than 2^64: [protocol.ErrOverflow].
func (p *Pool) enter(s *Stake, amount protocol.Amount) (protocol.Amount, error) {
	own, ok := p.now(*s)
	if !ok {
		return 0, ErrCorrupt
	}
	n, cost := uint64(amount), amount
	if p.Shares > 0 {
		bought, err := amount.MulDiv(p.Shares, uint64(p.Amount))
		if err != nil {
			return 0, err
		}
		n = uint64(bought)
		cost = p.costOf(n)
	}
	all, err := protocol.Amount(p.Shares).Add(protocol.Amount(n))
	if err != nil {
		return 0, err
	}
	sum, err := p.Amount.Add(cost)
	if err != nil {
		return 0, err
	}
	p.Amount, p.Shares = sum, uint64(all)
	s.Shares, s.Splits = own+n, p.Splits
	p.split()
	return amount - cost, nil
}

// leave takes from a stake the shares that amount needs, at most what they are
// worth, and returns what goes with them above it.
func (p *Pool) leave(s *Stake, amount protocol.Amount) (protocol.Amount, error) {
	worth, err := p.Worth(*s)
	if err != nil {
		return 0, err
	}
	own, _ := p.now(*s)
	n := own
	if amount < worth {
		hi, lo := bits.Mul64(uint64(amount), p.Shares)
		q, r := bits.Div64(hi, lo, uint64(p.Amount)) // below own
		if n = q; r > 0 {
			n++
		}
	}
	gone, err := p.Amount.MulDiv(n, p.Shares)
	if err != nil {
		return 0, err
	}
	p.Amount -= gone
	p.Shares -= n
	s.Shares, s.Splits = own-n, p.Splits
	p.split()
	if p.Shares == 0 {
		*p = Pool{} // no stake is left that knows its splits
	}
	return gone - amount, nil
}

// earn gives amount to all shares alike. There are some.
func (p *Pool) earn(amount protocol.Amount) error {
	sum, err := p.Amount.Add(amount)
	if err != nil {
		return err
	}
	p.Amount = sum
	p.split()
	return nil
}

// split keeps a share below two units. Amounts are at most 2^62, so shares stay
// below 2^62 by it.
func (p *Pool) split() {
	for p.Shares > 0 && uint64(p.Amount)/2 >= p.Shares {
		p.Shares *= 2
		p.Splits++
	}
}

// keepStake writes a pool and a stake in it.
func (m *machine) keepStake(name, coldkey protocol.PublicKey, p Pool, s Stake) {
	keep(m.st, PoolKey(name), p.Shares > 0, p)
	keep(m.st, StakeKey(name, coldkey), s.Shares > 0, s)
}

// stakeOf reads a stake and its pool.
func (m *machine) stakeOf(name, coldkey protocol.PublicKey) (Pool, Stake, protocol.Amount) {
	p, _ := get[Pool](m.st, PoolKey(name))
	s, _ := get[Stake](m.st, StakeKey(name, coldkey))
	worth, err := p.Worth(s)
	if err != nil {
		m.st.fail(err)
	}
	return p, s, worth
}

func (m *machine) addStake(coldkey protocol.PublicKey, b *wire.AddStake) error {
	seat, ok := m.seatOf(b.Hotkey)
	if !ok {
		return broken(ErrNoSeat, "hotkey %s", b.Hotkey)
	}
	if err := m.debit(coldkey, b.Amount); err != nil {
		return err
	}
	name := seat.PoolName()
	if m.contested(name) {
		return broken(ErrDeadline, "a challenge holds stake of the seat: more can be added when that is decided")
	}
	pool, s, worth := m.stakeOf(name, coldkey)
	if sum := worth + b.Amount; sum < MinStakeEntry { // both at most what was issued
		return broken(ErrTooSmall, "stake of %s, at least %s", sum, MinStakeEntry)
	}
	rest, err := pool.enter(&s, b.Amount)
	if err != nil {
		return broken(ErrOverflow, "stake of %s: %v", b.Amount, err)
	}
	m.keepStake(name, coldkey, pool, s)
	m.meta.Stakes += b.Amount - rest
	m.meta.Pot += rest
	return nil
}

// removeStake works on a hotkey without a seat, too, for stake outlives the seat,
// and on one that was swapped.
func (m *machine) removeStake(coldkey protocol.PublicKey, b *wire.RemoveStake) error {
	name := m.poolNameOf(b.Hotkey)
	if m.answersFor(name) {
		return broken(ErrDeadline, "the seat judged in the epoch before: its stake can be removed from block %d on", m.p.Schedule.OpenPlantsDeadline(m.currentEpoch()-1)+1)
	}
	if m.contested(name) {
		return broken(ErrDeadline, "a challenge holds stake of the seat: it can be removed when that is decided")
	}
	pool, s, worth := m.stakeOf(name, coldkey)
	amount := b.Amount
	if amount == 0 {
		amount = worth
	}
	switch {
	case worth == 0 && b.Amount == 0:
		return broken(ErrCannotPay, "all of it, staked %s", worth)
	case amount > worth:
		return broken(ErrCannotPay, "%s, staked %s", amount, worth)
	}
	rest, err := pool.leave(&s, amount)
	if err != nil {
		m.st.fail(err)
		return nil
	}
	left, err := pool.Worth(s)
	switch {
	case err != nil:
		m.st.fail(err)
		return nil
	case s.Shares > 0 && left < MinStakeEntry:
		return broken(ErrTooSmall, "%s would be left, at least %s or nothing", left, MinStakeEntry)
	}
	m.keepStake(name, coldkey, pool, s)
	record := UnbondingKey(name, m.height, coldkey)
	u, _ := get[Unbonding](m.st, record)
	u.Amount += amount // both at most what was issued
	put(m.st, record, u)
	m.wait(stakeWaits, append(name[:], coldkey[:]...)...)
	m.meta.Stakes -= amount + rest
	m.meta.Unbonding += amount
	m.meta.Pot += rest
	return nil
}

// payStakers gives a of the pot to the pool of a seat's hotkey, less the owner's
// commission, for which the owner gets shares. It returns what arrived.
func (m *machine) payStakers(seat *Seat, a protocol.Amount) protocol.Amount {
	if a == 0 {
		return 0
	}
	pool, s, _ := m.stakeOf(seat.PoolName(), seat.Coldkey)
	if pool.Shares == 0 {
		return 0
	}
	commission, err := a.MulDiv(uint64(seat.Commission.At(m.currentEpoch())), params.One) // at most all of it
	if err == nil {
		err = pool.earn(a - commission)
	}
	if err != nil {
		m.st.fail(err)
		return 0
	}
	rest, err := pool.enter(&s, commission)
	if err != nil { // more shares than there can be: it stays in the pot
		rest = commission
	}
	a -= rest
	m.fromPot(a)
	m.meta.Stakes += a
	m.keepStake(seat.PoolName(), seat.Coldkey, pool, s)
	return a
}
