package ledger_test

import (
	"bytes"
	"cmp"
	"maps"
	"math/big"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// carry does what a transaction does, and returns whether its rule was kept. Of
// what moves no money it believes the ledger's word, told.
func (m *model) carry(tx *wire.Tx, body wire.Body, told bool, world *outside) bool {
	payer := m.name(tx.Signer)
	if !tx.Type.ByColdkey() {
		payer = m.seat(tx.Signer).cold
	} else if m.signer(payer) != tx.Signer {
		world.fail("%s signs for %s, and should not", tx.Signer, payer)
	}
	if !tx.Type.Lane() {
		m.purse(tx.Signer).nonce++
		if !m.burn(payer, num(tx.Fee)) {
			world.fail("a fee of %s that is not there", tx.Fee)
		}
	}
	switch b := body.(type) {
	case *wire.Transfer:
		return m.transfer(payer, b)
	case *wire.Register:
		return m.register(payer, b, world)
	case *wire.AddStake:
		return m.addStake(payer, b)
	case *wire.RemoveStake:
		return m.removeStake(payer, b)
	case *wire.SwapColdkey:
		return m.swapColdkey(payer, b)
	case *wire.StopSwap:
		return m.stopSwap(payer, b)
	case *wire.SetPayout:
		s := m.seat(b.Hotkey)
		if s == nil || s.cold != payer {
			return false
		}
		s.payout = b.To
		return true
	case *wire.SwapHotkey:
		return m.swapHotkey(payer, b)
	case *wire.StopHotkeySwap:
		s := m.seat(b.Hotkey)
		return s != nil && s.cold == payer && m.dropSwap(s, b.To, false)
	case *wire.AddCollateral:
		s := m.seat(b.Hotkey)
		if s == nil || s.cold != payer || !m.debit(payer, num(b.Amount)) {
			return false
		}
		s.collateral = add(s.collateral, num(b.Amount))
		return true
	case *wire.TakeCollateral:
		return m.takeCollateral(payer, b)
	case *wire.SetCommission:
		return m.setCommission(payer, b)
	case *wire.Challenge:
		return told && m.post(payer, b.Evidence.Case, true, world)
	case *wire.JudgeChallenge:
		return told && m.post(payer, b.Evidence.Case, false, world)
	case *wire.OpenVote:
		m.disputes[b.Case].votes[m.uid(tx.Signer)].said = b
	case *wire.Appeal:
		return m.appeal(payer, b)
	case *wire.LeakedLink:
		return told && m.leak(payer, b)
	case *wire.KeepHotkey:
		s := m.seat(tx.Signer)
		return !s.kept && s.from == uint64(b.From) && m.dropSwap(s, b.To, true)
	case *wire.Request:
		return m.ask(payer, b)
	case *wire.SealRecords:
		return m.seal(payer, b)
	case *wire.OpenRecord:
		return m.open(payer, b)
	case *wire.OpenFinding:
		m.found(m.uid(tx.Signer), b)
	case *wire.SealFinding:
		r := m.requests[b.Request]
		r.findings[m.uid(tx.Signer)] = &finding{}
	}
	return told
}

func (m *model) uid(hot protocol.PublicKey) protocol.UID {
	return protocol.UID(slices.IndexFunc(m.seats, func(s *place) bool { return s.hot == hot }))
}

func (m *model) transfer(from protocol.PublicKey, b *wire.Transfer) bool {
	a, to := num(b.Amount), m.name(b.To)
	before := m.balance(from)
	if !m.debit(from, a) {
		return false
	}
	if add(m.balance(to), a).Cmp(num(m.p.Fees.Deposit)) < 0 {
		m.purse(from).balance = before
		return false
	}
	m.credit(to, a)
	return true
}

func (m *model) register(cold protocol.PublicKey, b *wire.Register, world *outside) bool {
	name := m.poolName(b.Hotkey)
	now, swapped := m.hotkeys[name]
	if !swapped {
		now = name
	}
	own := 0
	for _, s := range m.seats {
		if s.cold == cold {
			own++
		}
	}
	if m.seat(b.Hotkey) != nil || now != b.Hotkey || !m.agrees(wire.DomainConsent, &b.Consent, b.Hotkey, cold) ||
		m.price.Cmp(num(b.MaxPrice)) > 0 || own >= int(m.p.Seats.MaxPerColdkey) {
		return false
	}
	uid := len(m.seats)
	if uid == int(m.p.Seats.Max) {
		if uid = m.worst(world); uid < 0 {
			return false
		}
	}
	if !m.burn(cold, m.price) {
		return false
	}
	m.price = m.clamp(down(m.price, of(int64(100+m.p.Seats.BumpPercent)), of(100)))
	s := &place{registered: m.height, hot: b.Hotkey, cold: cold, name: name, emission: of(0), average: of(0), collateral: of(0), rate: m.p.Seats.Commission}
	if uid == len(m.seats) {
		m.seats = append(m.seats, s)
		return true
	}
	old := m.seats[uid]
	if !old.next.IsZero() {
		delete(m.poolNames, old.next)
	}
	m.release(uid, old, old.collateral)
	m.seats[uid] = s
	return true
}

// worst is the uid of the seat that is pruned next, −1 where none can be.
func (m *model) worst(world *outside) int {
	worst := -1
	for uid, s := range m.seats {
		if m.height-s.registered < m.p.Seats.Immunity || world.validates[protocol.UID(uid)] {
			continue
		}
		if worst < 0 || cmp.Or(s.average.Cmp(m.seats[worst].average), cmp.Compare(s.registered, m.seats[worst].registered)) < 0 {
			worst = uid
		}
	}
	return worst
}

func (m *model) addStake(cold protocol.PublicKey, b *wire.AddStake) bool {
	s, a := m.seat(b.Hotkey), num(b.Amount)
	if s == nil || m.contested(s.name) || add(m.pool(s.name).worth(cold), a).Cmp(leastStake) < 0 || !m.debit(cold, a) {
		return false
	}
	m.pot = add(m.pot, m.pool(s.name).enter(cold, a))
	return true
}

func (m *model) removeStake(cold protocol.PublicKey, b *wire.RemoveStake) bool {
	p, a := m.pool(m.poolName(b.Hotkey)), num(b.Amount)
	worth := p.worth(cold)
	if a.Sign() == 0 {
		a = worth
	}
	if m.contested(m.poolName(b.Hotkey)) || a.Cmp(worth) > 0 || worth.Sign() == 0 && a.Sign() == 0 {
		return false
	}
	after := &pool{p.amount, maps.Clone(p.shares)}
	rest := after.leave(cold, a)
	if after.shares[cold] != nil && after.worth(cold).Cmp(leastStake) < 0 {
		return false
	}
	*p = *after
	m.pot = add(m.pot, rest)
	name := m.poolName(b.Hotkey)
	for i := range m.unbonding { // what leaves in one block is fined together
		if u := &m.unbonding[i]; u.name == name && u.to == cold && u.since.height == m.height {
			u.amount = add(u.amount, a)
			return true
		}
	}
	m.unbonding = append(m.unbonding, unbonding{name, cold, a, since{m.height, m.now}})
	return true
}

// rate is what a seat's owner takes of dividends.
func (m *model) rate(s *place) uint32 {
	if s.rateFrom > 0 && m.height/m.p.Schedule.Tempo >= s.rateFrom {
		return s.nextRate
	}
	return s.rate
}

func (m *model) setCommission(cold protocol.PublicKey, b *wire.SetCommission) bool {
	s := m.seat(b.Hotkey)
	if s == nil || s.cold != cold {
		return false
	}
	now := m.rate(s)
	s.rate, s.nextRate, s.rateFrom = b.Rate, 0, 0
	if b.Rate > now {
		s.rate, s.nextRate, s.rateFrom = now, b.Rate, (m.height+m.delay()-1)/m.p.Schedule.Tempo+1
	}
	return true
}

func (m *model) takeCollateral(cold protocol.PublicKey, b *wire.TakeCollateral) bool {
	s := m.seat(b.Hotkey)
	if s == nil || s.cold != cold {
		return false
	}
	a := num(b.Amount)
	if a.Sign() == 0 {
		a = s.collateral
	}
	if a.Sign() == 0 || a.Cmp(s.collateral) > 0 {
		return false
	}
	s.collateral = sub(s.collateral, a)
	m.release(int(m.uid(b.Hotkey)), s, a)
	return true
}

func (m *model) release(uid int, s *place, a *big.Int) {
	if a.Sign() == 0 {
		return
	}
	id := [2]uint64{uint64(uid), s.registered}
	if m.leaving[id] == nil {
		m.leaving[id] = &leaving{amount: of(0)}
	}
	l := m.leaving[id]
	l.to, l.amount, l.since = s.cold, add(l.amount, a), since{m.height, m.now}
}

func (m *model) waits(name protocol.PublicKey) bool {
	o := m.owners[name]
	return o != nil && !o.next.IsZero() && m.height < o.from
}

func (m *model) swapColdkey(name protocol.PublicKey, b *wire.SwapColdkey) bool {
	if m.waits(name) || !m.fresh(b.To) || !m.agrees(wire.DomainSwap, &b.Consent, b.To, name) {
		return false
	}
	m.owners[name] = &owner{now: m.signer(name), next: b.To, from: m.height + m.delay()}
	m.names[b.To] = name
	if a := m.accounts[b.To]; a != nil {
		delete(m.accounts, b.To)
		m.touched[b.To] = true
		m.credit(name, a.balance)
	}
	return true
}

func (m *model) stopSwap(name protocol.PublicKey, b *wire.StopSwap) bool {
	if !m.waits(name) || m.owners[name].next != b.To {
		return false
	}
	delete(m.names, b.To)
	if o := m.owners[name]; o.now == name {
		delete(m.owners, name)
	} else {
		*o = owner{now: o.now}
	}
	return true
}

func (m *model) swapHotkey(name protocol.PublicKey, b *wire.SwapHotkey) bool {
	s := m.seat(b.Hotkey)
	if s == nil || s.cold != name || !s.next.IsZero() || !m.fresh(b.To) || m.pools[b.To] != nil && m.pools[b.To].amount.Sign() > 0 ||
		!m.agrees(wire.DomainConsent, &b.Consent, b.To, name) {
		return false
	}
	tempo := m.p.Schedule.Tempo
	s.next, s.from = b.To, (m.height+m.delay()+tempo-1)/tempo
	m.poolNames[b.To] = s.name
	return true
}

func (m *model) dropSwap(s *place, to protocol.PublicKey, kept bool) bool {
	if s.next.IsZero() || s.next != to {
		return false
	}
	delete(m.poolNames, to)
	s.next, s.from, s.kept = protocol.PublicKey{}, 0, kept
	return true
}

func (m *model) ask(by protocol.PublicKey, b *wire.Request) bool {
	d := uint64(b.Deadline)
	id := ledger.RequestID(by, protocol.Height(m.height), b)
	if d <= m.height || d > m.height+m.p.Tasks.Retention*m.p.Schedule.Tempo || m.requests[id] != nil {
		return false
	}
	fee := new(big.Int).Div(num(b.Maximum), of(32))
	if least := new(big.Int).Mul(num(m.p.Fees.Weight), of(4*int64(m.p.Seats.MaxValidators))); fee.Cmp(least) < 0 {
		fee = least
	}
	judges := new(big.Int).Rsh(fee, 1)
	before, burned := m.balance(by), m.burned
	if !m.burn(by, sub(fee, judges)) || !m.debit(by, add(num(b.Maximum), judges)) {
		m.purse(by).balance, m.burned = before, burned
		return false
	}
	m.requests[id] = &ask{
		id: id, by: by, made: m.height, body: b, escrow: num(b.Maximum), fee: judges, stake: of(0),
		seals: map[[65]byte]uint64{}, findings: map[protocol.UID]*finding{},
	}
	return true
}

func sealOf(seal protocol.Hash, maker protocol.PublicKey) (k [65]byte) {
	copy(k[:], seal[:])
	copy(k[len(seal):], maker[:])
	return k
}

func (m *model) seal(maker protocol.PublicKey, b *wire.SealRecords) bool {
	r := m.requests[b.Request]
	if r == nil || r.ended > 0 || m.height > uint64(r.body.Deadline) || r.sealed+len(b.Seals) > 16384 {
		return false
	}
	for _, s := range b.Seals {
		if _, there := r.seals[sealOf(s, maker)]; there {
			return false
		}
	}
	if !m.debit(maker, new(big.Int).Mul(m.deposit(r), of(int64(len(b.Seals))))) {
		return false
	}
	for _, s := range b.Seals {
		r.seals[sealOf(s, maker)] = m.height
	}
	r.sealed += len(b.Seals)
	return true
}

func (m *model) open(maker protocol.PublicKey, b *wire.OpenRecord) bool {
	r := m.requests[b.Request]
	if r == nil || r.ended > 0 || m.height <= uint64(r.body.Deadline) || m.height > uint64(r.body.Deadline)+m.p.Schedule.Tempo {
		return false
	}
	seal := b.Seal(maker)
	if _, there := r.seals[sealOf(seal, maker)]; !there {
		return false
	}
	delete(r.seals, sealOf(seal, maker))
	m.credit(maker, m.deposit(r))
	if _, paid := m.paid[b.Text]; paid {
		r.sealed--
		return true
	}
	r.records = append(r.records, made{seal: seal, maker: maker, text: b.Text})
	slices.SortFunc(r.records, func(a, b made) int { return bytes.Compare(a.seal[:], b.seal[:]) })
	return true
}

func (m *model) found(uid protocol.UID, b *wire.OpenFinding) {
	r := m.requests[b.Request]
	f := r.findings[uid]
	f.open, f.pays = true, b.Pays
	for _, g := range r.findings {
		if !g.open {
			return
		}
	}
	r.allOpen = m.height
}

// epoch pays what the epoch's records say that it divides, and puts hotkeys in
// their places. It returns what was paid.
func (m *model) epoch(e uint64, payments []ledger.Payment, world *outside) *big.Int {
	sum, miners := of(0), of(0)
	for i := range payments {
		s, p := m.seats[i], &payments[i]
		if p.Miner > 0 {
			to := s.cold
			if !s.payout.IsZero() {
				to = m.name(s.payout)
			}
			m.credit(to, num(p.Miner))
		}
		if p.Validator > 0 {
			m.dividend(s, num(p.Validator), world)
		}
		s.emission = add(num(p.Miner), num(p.Validator))
		m.pot = sub(m.pot, s.emission)
		sum, miners = add(sum, s.emission), add(miners, num(p.Miner))
	}
	for _, s := range m.seats {
		if miners.Sign() > 0 {
			s.average = add(sub(s.average, new(big.Int).Div(s.average, of(10))), new(big.Int).Div(s.emission, of(10)))
		}
		if !s.next.IsZero() && s.from <= e+1 {
			s.hot, s.next, s.from, s.kept = s.next, protocol.PublicKey{}, 0, false
			m.hotkeys[s.name] = s.hot
		}
	}
	return sum
}

// dividend puts what arrived into a seat's pool. What was paid is that, or by what
// shares could not take up to two units more: as much as it takes so that the owner
// gets shares for its commission.
func (m *model) dividend(s *place, arrived *big.Int, world *outside) {
	p := m.pool(s.name)
	for more := range int64(3) {
		a := add(arrived, of(more))
		after := &pool{p.amount, maps.Clone(p.shares)}
		commission := down(a, of(int64(m.rate(s))), of(65536))
		after.amount = add(after.amount, sub(a, commission))
		after.settle()
		if rest := after.enter(s.cold, commission); rest.Cmp(of(more)) == 0 && world.holds(s.name, s.cold, after.worth(s.cold)) {
			*p = *after
			return
		}
	}
	world.fail("no dividend of seat %s makes %s of it", s.hot, arrived)
}
