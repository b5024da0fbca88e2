package ledger_test

import (
	"bytes"
	"cmp"
	"math/big"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
)

// model is the ledger's money, and who may move it, written down once more: by
// SPEC.md, in numbers of any size, with maps that are walked, and without a line
// of the ledger's. It takes from outside what is no arithmetic of money: who
// validates, what judges found, and how an epoch divides what it pays.
type model struct {
	p      *params.Params
	chain  string
	height uint64

	accounts           map[protocol.PublicKey]*purse
	issued, burned     *big.Int
	pot, price         *big.Int
	pools              map[protocol.PublicKey]*pool
	unbonding          []unbonding                               // in the order in which they began
	now                int64                                     // the block's time
	leaving            map[[2]uint64]*leaving                    // of seats, by uid and height
	names              map[protocol.PublicKey]protocol.PublicKey // of a key that signs for another, or did or shall
	owners             map[protocol.PublicKey]*owner
	seats              []*place
	poolNames, hotkeys map[protocol.PublicKey]protocol.PublicKey
	disputes           map[wire.Case]*dispute
	guilts             map[uint64]*guilt // by epoch
	fines              map[protocol.PublicKey][]fine
	takings            map[protocol.PublicKey][]taking
	requests           map[protocol.Hash]*ask
	paid               map[string]protocol.Hash    // texts, with the request that paid
	decay              *big.Int                    // of the price, in 2^32ths; once it is known
	touched            map[protocol.PublicKey]bool // accounts that may have changed
}

type purse struct {
	balance *big.Int
	nonce   uint64
}

// pool is all stake of one name: shares by owner, an amount for all.
type pool struct {
	amount *big.Int
	shares map[protocol.PublicKey]*big.Int
}

type owner struct {
	now, next protocol.PublicKey
	from      uint64
}

// place is a seat.
type place struct {
	registered              uint64
	hot, cold, name, payout protocol.PublicKey
	next                    protocol.PublicKey
	from                    uint64 // epoch
	kept                    bool
	emission, average       *big.Int
	collateral              *big.Int
	rate, nextRate          uint32
	rateFrom                uint64 // epoch; 0 if none was announced
}

// leaving is collateral that returns after a wait.
type leaving struct {
	to     protocol.PublicKey
	amount *big.Int
	since  since
}

// unbonding is stake on a name that returns after a wait.
type unbonding struct {
	name, to protocol.PublicKey
	amount   *big.Int
	since    since
}

// since is when a wait began.
type since struct {
	height uint64
	time   int64
}

// ask is a request.
type ask struct {
	id          protocol.Hash
	by          protocol.PublicKey
	made        uint64
	body        *wire.Request
	escrow, fee *big.Int
	sealed      int
	seals       map[[65]byte]uint64 // seal and maker
	records     []made              // by seal
	ended       uint64
	judges      int
	stake       *big.Int
	findings    map[protocol.UID]*finding
	allOpen     uint64 // the height at which the last finding was opened
}

type made struct {
	seal  protocol.Hash
	maker protocol.PublicKey
	text  string
}

type finding struct {
	owner protocol.PublicKey
	stake *big.Int
	pays  []wire.RecordPay
	open  bool
}

func num(a protocol.Amount) *big.Int { return new(big.Int).SetUint64(uint64(a)) }
func of(n int64) *big.Int            { return big.NewInt(n) }
func add(a, b *big.Int) *big.Int     { return new(big.Int).Add(a, b) }
func sub(a, b *big.Int) *big.Int     { return new(big.Int).Sub(a, b) }

// down is a·b ÷ c, up the same rounded up.
func down(a, b, c *big.Int) *big.Int { return new(big.Int).Div(new(big.Int).Mul(a, b), c) }

func up(a, b, c *big.Int) *big.Int {
	n := new(big.Int).Mul(a, b)
	return n.Div(n.Add(n, sub(c, of(1))), c)
}

func (m *model) purse(k protocol.PublicKey) *purse {
	m.touched[k] = true
	if m.accounts[k] == nil {
		m.accounts[k] = &purse{balance: of(0)}
	}
	return m.accounts[k]
}

func (m *model) balance(k protocol.PublicKey) *big.Int {
	if a := m.accounts[k]; a != nil {
		return a.balance
	}
	return of(0)
}

func (m *model) credit(k protocol.PublicKey, a *big.Int) {
	p := m.purse(k)
	p.balance = add(p.balance, a)
}

// debit takes an amount away, unless the deposit would not stay.
func (m *model) debit(k protocol.PublicKey, a *big.Int) bool {
	if a.Sign() == 0 {
		return true
	}
	left := sub(m.balance(k), a)
	if left.Cmp(num(m.p.Fees.Deposit)) < 0 {
		return false
	}
	m.purse(k).balance = left
	return true
}

func (m *model) burn(k protocol.PublicKey, a *big.Int) bool {
	if !m.debit(k, a) {
		return false
	}
	m.burned = add(m.burned, a)
	return true
}

// Who signs for whom, and which hotkey is whose.

func (m *model) name(k protocol.PublicKey) protocol.PublicKey {
	if n, ok := m.names[k]; ok {
		return n
	}
	return k
}

func (m *model) signer(name protocol.PublicKey) protocol.PublicKey {
	o := m.owners[name]
	switch {
	case o == nil:
		return name
	case !o.next.IsZero() && m.height >= o.from:
		return o.next
	}
	return o.now
}

func (m *model) poolName(hot protocol.PublicKey) protocol.PublicKey {
	if n, ok := m.poolNames[hot]; ok {
		return n
	}
	return hot
}

func (m *model) seat(hot protocol.PublicKey) *place {
	for _, s := range m.seats {
		if s.hot == hot {
			return s
		}
	}
	return nil
}

func (m *model) fresh(k protocol.PublicKey) bool {
	_, signs := m.names[k]
	_, works := m.poolNames[k]
	_, worked := m.hotkeys[k]
	owns := slices.ContainsFunc(m.seats, func(s *place) bool { return s.cold == k })
	return !signs && m.owners[k] == nil && !works && !worked && !owns && m.seat(k) == nil && (m.accounts[k] == nil || m.accounts[k].nonce == 0)
}

func (m *model) agrees(use wire.Domain, c *wire.Consent, k, name protocol.PublicKey) bool {
	until := uint64(c.Until)
	return m.height <= until && until-m.height <= 1<<19 && c.Check(use, m.chain, k, name) == nil
}

func (m *model) delay() uint64 { return max(m.p.Seats.Unbonding, m.p.Schedule.Tempo) }

// Stake.

func (p *pool) sum() *big.Int {
	n := of(0)
	for _, s := range p.shares {
		n = add(n, s)
	}
	return n
}

func (p *pool) worth(k protocol.PublicKey) *big.Int {
	if p == nil || p.shares[k] == nil {
		return of(0)
	}
	return down(p.shares[k], p.amount, p.sum())
}

// enter returns what the shares that a buys do not take.
func (p *pool) enter(k protocol.PublicKey, a *big.Int) *big.Int {
	n, cost := a, a
	if all := p.sum(); all.Sign() > 0 {
		n = down(a, all, p.amount)
		cost = up(n, p.amount, all)
	}
	if p.shares[k] == nil {
		p.shares[k] = of(0)
	}
	p.shares[k] = add(p.shares[k], n)
	p.amount = add(p.amount, cost)
	p.settle()
	return sub(a, cost)
}

// leave returns what goes above a.
func (p *pool) leave(k protocol.PublicKey, a *big.Int) *big.Int {
	all, n := p.sum(), p.shares[k]
	if a.Cmp(p.worth(k)) < 0 {
		n = up(a, all, p.amount)
	}
	gone := down(n, p.amount, all)
	p.shares[k] = sub(p.shares[k], n)
	p.amount = sub(p.amount, gone)
	p.settle()
	return sub(gone, a)
}

// settle splits shares until one is worth less than two units, and forgets those
// who have none.
func (p *pool) settle() {
	for k, s := range p.shares {
		if s.Sign() == 0 {
			delete(p.shares, k)
		}
	}
	for all := p.sum(); all.Sign() > 0 && new(big.Int).Rsh(p.amount, 1).Cmp(all) >= 0; all = p.sum() {
		for k, s := range p.shares {
			p.shares[k] = add(s, s)
		}
	}
}

func (m *model) pool(name protocol.PublicKey) *pool {
	if m.pools[name] == nil {
		m.pools[name] = &pool{of(0), map[protocol.PublicKey]*big.Int{}}
	}
	return m.pools[name]
}

var leastStake = of(10_000_000)

// Blocks.

// money is what a block does by itself: it issues, the price falls, stake returns,
// requests end.
func (m *model) money() {
	issue := m.issue()
	m.issued, m.pot = add(m.issued, issue), add(m.pot, issue)
	if m.decay == nil {
		m.decay = decayOf(m.p.Seats.PriceHalfLife)
	}
	m.price = m.clamp(new(big.Int).Rsh(new(big.Int).Mul(m.price, m.decay), 32))
	var begun []since
	for _, u := range m.unbonding {
		begun = append(begun, u.since)
	}
	last := m.lastThatEnds(begun)
	for len(m.unbonding) > 0 && m.unbonding[0].since.height <= last {
		u := &m.unbonding[0]
		lost := m.lost(u)
		m.credit(u.to, sub(u.amount, lost))
		m.burned = add(m.burned, lost)
		m.unbonding = m.unbonding[1:]
	}
	begun = nil
	for _, l := range m.leaving {
		begun = append(begun, l.since)
	}
	last = m.lastThatEnds(begun)
	for id, l := range m.leaving {
		if l.since.height <= last {
			m.credit(l.to, l.amount)
			delete(m.leaving, id)
		}
	}
	m.due()
}

// lastThatEnds returns the height of the newest wait that ends now: those of the
// two oldest heights can.
func (m *model) lastThatEnds(begun []since) (last uint64) {
	slices.SortFunc(begun, func(a, b since) int { return cmp.Compare(a.height, b.height) })
	begun = slices.Compact(begun)
	for _, s := range begun[:min(2, len(begun))] {
		if m.height-s.height >= m.p.Seats.Unbonding && m.now-s.time >= int64(m.p.Seats.UnbondingSeconds)*1e9 {
			last = s.height
		}
	}
	return last
}

func (m *model) issue() *big.Int {
	most := num(m.p.Emission.MaxSupply)
	left := sub(most, m.issued)
	if left.Sign() <= 0 {
		return of(0)
	}
	z := uint(0)
	for left.Cmp(new(big.Int).Rsh(most, z+1)) <= 0 {
		z++
	}
	e := new(big.Int).Rsh(num(m.p.Emission.PerBlock), z)
	if e.Cmp(left) > 0 {
		return left
	}
	return e
}

func (m *model) clamp(price *big.Int) *big.Int {
	if least := num(m.p.Seats.PriceMin); price.Cmp(least) < 0 {
		return least
	}
	if most := num(m.p.Seats.PriceMax); price.Cmp(most) > 0 {
		return most
	}
	return price
}

// decayOf is the largest f with f^half ≤ ½, in 2^32ths.
func decayOf(half uint64) *big.Int {
	one := new(big.Int).Lsh(of(1), 32)
	pow := func(f *big.Int) *big.Int {
		r := one
		for n := half; n > 0; n >>= 1 {
			if n%2 == 1 {
				r = new(big.Int).Rsh(new(big.Int).Mul(r, f), 32)
			}
			f = new(big.Int).Rsh(new(big.Int).Mul(f, f), 32)
		}
		return r
	}
	low, high := of(0), one // low fulfils it, high does not
	for sub(high, low).Cmp(of(1)) > 0 {
		mid := new(big.Int).Rsh(add(low, high), 1)
		if pow(mid).Cmp(new(big.Int).Rsh(one, 1)) <= 0 {
			low = mid
		} else {
			high = mid
		}
	}
	return low
}

// due is what requests do by themselves at the end of a block, by their ids.
func (m *model) due() {
	var list []*ask
	for _, r := range m.requests {
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b *ask) int { return bytes.Compare(a.id[:], b.id[:]) })
	tempo, memory := m.p.Schedule.Tempo, m.p.Tasks.Retention*m.p.Schedule.Tempo
	for _, r := range list {
		d := uint64(r.body.Deadline)
		switch {
		case r.ended > 0:
		case m.height == d && r.sealed == 0, m.height == d+tempo && len(r.records) == 0:
			m.end(r)
		case m.height == d+3*tempo, r.allOpen == m.height:
			m.conclude(r)
		}
	}
	for _, r := range list {
		if r.ended > 0 && m.height == r.ended+memory {
			for text, id := range m.paid {
				if id == r.id {
					delete(m.paid, text)
				}
			}
			delete(m.requests, r.id)
		}
	}
}

func (m *model) deposit(r *ask) *big.Int { return new(big.Int).Div(num(r.body.Price), of(32)) }

// held is what a request and its seals hold.
func (m *model) held(r *ask) *big.Int {
	if r.ended > 0 {
		return of(0)
	}
	return add(add(r.escrow, r.fee), new(big.Int).Mul(m.deposit(r), of(int64(r.sealed-len(r.records)))))
}

func (m *model) end(r *ask) {
	m.burned = add(m.burned, new(big.Int).Mul(m.deposit(r), of(int64(r.sealed-len(r.records)))))
	m.credit(r.by, add(r.escrow, r.fee))
	r.escrow, r.fee, r.ended = of(0), of(0), m.height
}

// conclude pays what most of the stake agrees on.
func (m *model) conclude(r *ask) {
	for _, f := range r.findings {
		var same []*finding
		stake := of(0)
		for _, g := range r.findings {
			if f.open && g.open && slices.Equal(f.pays, g.pays) {
				same, stake = append(same, g), add(stake, g.stake)
			}
		}
		if add(stake, stake).Cmp(r.stake) <= 0 || len(same) < min(2, r.judges) {
			continue
		}
		for _, p := range f.pays {
			v := &r.records[p.Number]
			if _, before := m.paid[v.text]; before {
				continue
			}
			m.credit(v.maker, num(p.Amount))
			r.escrow = sub(r.escrow, num(p.Amount))
			m.paid[v.text] = r.id
		}
		fee := r.fee
		for _, g := range same {
			part := down(fee, g.stake, stake)
			m.credit(g.owner, part)
			r.fee = sub(r.fee, part)
		}
		break
	}
	m.end(r)
}
