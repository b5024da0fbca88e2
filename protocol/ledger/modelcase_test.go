package ledger_test

import (
	"bytes"
	"math/big"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// Challenges of the model: whose money is held, for how long, and where it goes. It
// takes from outside who is accused of what, who votes with how much stake, and who
// had found the truth before.

// stage is where a dispute stands.
type stage int

const (
	called stage = iota
	voted
	held
	over
)

// dispute is a challenge.
type dispute struct {
	k                wire.Case
	posted           uint64
	seat             protocol.SeatID // accused
	owner, by        protocol.PublicKey
	fee, taken, bond *big.Int
	finding          byte // of the accused, and in which words; a miner's words do not count
	words            protocol.Hash
	stage            stage
	ballots          int
	due              uint64
	votes            map[protocol.UID]*paper
	convicted        uint64
	truth            byte
	appealed, longer bool
	counted          bool // among those that ended
}

// paper is one elector's vote.
type paper struct {
	stake *big.Int
	said  *wire.OpenVote // nil until it is open
}

// fine is a share that stake which began to leave from … at loses.
type fine struct{ from, at uint64 }

// taking is what was taken of a name for cards of an epoch, which may be given
// back while it is held.
type taking struct {
	epoch uint64
	held  bool
}

// guilt is what verdicts of an epoch have in common.
type guilt struct {
	seats []protocol.SeatID
	stake *big.Int
	paid  []posting
}

type posting struct {
	by   protocol.PublicKey
	seat protocol.SeatID
}

func (m *model) epochOf(height uint64) uint64 { return height / m.p.Schedule.Tempo }

func (m *model) guilt(e uint64) *guilt {
	if m.guilts[e] == nil {
		m.guilts[e] = &guilt{stake: of(0)}
	}
	return m.guilts[e]
}

// post takes the fee of a challenge whose evidence the ledger found right; a judge
// pays none.
func (m *model) post(by protocol.PublicKey, k wire.Case, paid bool, world *outside) bool {
	rec, ok, err := ledger.ReadChallenge(world.tree, k)
	if err != nil || !ok {
		world.fail("no challenge of %+v, %v", k, err)
	}
	d := &dispute{
		k: k, posted: m.height, seat: rec.Accused, owner: rec.Owner, by: by, fee: of(0), taken: of(0), bond: of(0),
		finding: rec.Finding, words: rec.Said, due: m.height + 2, votes: map[protocol.UID]*paper{},
	}
	g := m.guilt(m.epochOf(m.height))
	if m.disputes[k] != nil || slices.Contains(g.seats, d.seat) {
		return false
	}
	if paid {
		mine, against := uint32(0), uint32(0)
		for _, p := range g.paid {
			if p.by == by {
				mine++
			}
			if p.seat == d.seat {
				against++
			}
		}
		v := &m.p.Verdicts
		if mine >= v.PerChallenger || against >= v.PerAccused || len(g.paid) >= int(v.PerEpoch) || !m.debit(by, num(v.Fee)) {
			return false
		}
		d.fee = num(v.Fee)
		g.paid = append(g.paid, posting{by, d.seat})
	}
	m.disputes[k] = d
	return true
}

func (m *model) appeal(by protocol.PublicKey, b *wire.Appeal) bool {
	d := m.disputes[b.Case]
	if d == nil || d.owner != by || d.appealed || d.stage != held || !m.debit(by, num(m.p.Verdicts.Fee)) {
		return false
	}
	d.bond, d.appealed, d.stage, d.due = num(m.p.Verdicts.Fee), true, called, m.nextVote()
	return true
}

// nextVote is the second block of the next epoch.
func (m *model) nextVote() uint64 { return (m.epochOf(m.height)+1)*m.p.Schedule.Tempo + 1 }

// judge is what disputes do by themselves in a block.
func (m *model) judge(world *outside) {
	var due []*dispute
	for _, d := range m.disputes {
		if d.due == m.height && d.stage != over {
			due = append(due, d)
		}
	}
	slices.SortFunc(due, func(a, b *dispute) int { return bytes.Compare(a.k.Bytes(), b.k.Bytes()) })
	for _, d := range due {
		switch d.stage {
		case called:
			m.call(d, world)
		case voted:
			m.decide(d, world)
		case held:
			m.divide(d, world)
		}
	}
}

func (m *model) call(d *dispute, world *outside) {
	list, err := ledger.ReadVotes(world.tree, d.k)
	if err != nil {
		world.fail("electors of %+v: %v", d.k, err)
	}
	d.votes = map[protocol.UID]*paper{}
	for i := range list {
		d.votes[list[i].Elector.UID] = &paper{stake: num(list[i].Stake)}
	}
	d.stage, d.due = voted, m.height+m.p.Verdicts.SealBlocks+m.p.Verdicts.OpenBlocks
	d.ballots++
}

// above reports whether part is more than n of whole's parts.
func above(part, whole *big.Int, n, parts int64) bool {
	return part.Sign() > 0 && new(big.Int).Mul(part, of(parts)).Cmp(new(big.Int).Mul(whole, of(n))) > 0
}

// count returns the stake of all electors, of those who side with the accused, and
// of the most who say otherwise alike, with what these say.
func (d *dispute) count() (whole, told, accused, most *big.Int, truth byte) {
	whole, told, accused, most = of(0), of(0), of(0), of(0)
	type words struct {
		finding byte
		found   protocol.Hash
	}
	groups := map[words]*big.Int{}
	var uids []protocol.UID
	for uid, p := range d.votes {
		uids = append(uids, uid)
		whole = add(whole, p.stake)
	}
	slices.Sort(uids)
	for _, uid := range uids {
		p := d.votes[uid]
		if p.said == nil || p.said.Finding == wire.FoundNothing {
			continue
		}
		told = add(told, p.stake)
		switch {
		case p.said.Finding == d.finding && (d.k.Accused == d.k.UID || p.said.Found == d.words):
			accused = add(accused, p.stake)
		default:
			w := words{p.said.Finding, p.said.Found}
			if groups[w] == nil {
				groups[w] = of(0)
			}
			groups[w] = add(groups[w], p.stake)
		}
	}
	for _, uid := range uids { // of equals what the first said
		if p := d.votes[uid]; p.said != nil {
			if sum := groups[words{p.said.Finding, p.said.Found}]; sum != nil && sum.Cmp(most) > 0 {
				most, truth = sum, p.said.Finding
			}
		}
	}
	return whole, told, accused, most, truth
}

// proven reports whether the verdict of most would rest on the reference, beside
// another backend or by more than two thirds.
func (d *dispute) proven(whole, most *big.Int) bool {
	type words struct {
		finding byte
		found   protocol.Hash
	}
	groups := map[words][]*paper{}
	for _, p := range d.votes {
		if p.said == nil || p.said.Finding == wire.FoundNothing {
			continue
		}
		w := words{p.said.Finding, p.said.Found}
		groups[w] = append(groups[w], p)
	}
	for _, group := range groups { // that of two thirds is one alone
		sum, by := of(0), map[string]*big.Int{"reference": of(0)}
		for _, p := range group {
			sum = add(sum, p.stake)
			for _, name := range p.said.Backends.Names() {
				if by[name] == nil {
					by[name] = of(0)
				}
				by[name] = add(by[name], p.stake)
			}
		}
		if sum.Cmp(most) != 0 || !above(sum, whole, 2, 3) {
			continue
		}
		heavy := 0
		for _, stake := range by {
			if above(stake, whole, 1, 3) {
				heavy++
			}
		}
		return heavy > 1 && above(by["reference"], whole, 1, 3) || above(by["reference"], whole, 2, 3)
	}
	return false
}

func (m *model) decide(d *dispute, world *outside) {
	whole, told, accused, most, truth := d.count()
	guilty, right := above(most, whole, 2, 3) && d.proven(whole, most), above(accused, whole, 2, 3)
	disputed := above(most, whole, 1, 6) && above(accused, whole, 1, 6)
	switch {
	case d.appealed && right:
		m.credit(d.owner, d.bond)
		d.bond = of(0)
		m.letGo(d, true, world)
		m.giveBack(d, world)
		m.burned = add(m.burned, d.fee)
		d.stage = over
	case d.appealed:
		m.burned = add(m.burned, d.bond)
		d.bond = of(0)
		m.divide(d, world)
	case guilty:
		d.truth = truth
		m.convict(d, world)
	case right:
		m.burned = add(m.burned, d.fee)
		d.stage = over
	case (disputed || d.ballots > 1) && above(told, whole, 1, 2) && accused.Cmp(most) >= 0:
		m.burned = add(m.burned, d.fee)
		d.stage = over
	case disputed || d.ballots > 1:
		m.credit(d.by, d.fee)
		d.stage = over
	default:
		d.stage, d.due = called, m.nextVote()
	}
}

// judged is with how much stake, and under what name, an accused judge judged.
func (m *model) judged(d *dispute, e uint64, world *outside) (name protocol.PublicKey, stake *big.Int) {
	j, _, err := ledger.ReadRosterJudge(world.tree, protocol.Epoch(e), d.seat.UID)
	if err != nil {
		world.fail("judge %d of epoch %d: %v", d.seat.UID, e, err)
	}
	if stake = of(0); j.ID == d.seat {
		stake = num(j.Stake)
	}
	if s := m.sits(d.seat); s != nil {
		return s.name, stake
	}
	return m.poolName(j.Hotkey), stake
}

// sits returns the seat with an id, if it is there still.
func (m *model) sits(id protocol.SeatID) *place {
	if int(id.UID) < len(m.seats) && m.seats[id.UID].registered == uint64(id.Registered) {
		return m.seats[id.UID]
	}
	return nil
}

// answered is the epoch of the answer.
func (m *model) answered(d *dispute) uint64 {
	return uint64(d.k.Round) * m.p.Schedule.RoundLength / m.p.Schedule.Tempo
}

func (m *model) convict(d *dispute, world *outside) {
	now := m.epochOf(m.height)
	g := m.guilt(now)
	if !slices.Contains(g.seats, d.seat) {
		g.seats = append(g.seats, d.seat)
		if d.k.Accused != d.k.UID {
			_, stake := m.judged(d, now, world)
			g.stake = add(g.stake, stake)
		}
	}
	switch {
	case d.k.Accused == d.k.UID:
		if s := m.sits(d.seat); s != nil {
			d.taken, s.collateral = s.collateral, of(0)
		}
		if l := m.leaving[[2]uint64{uint64(d.seat.UID), uint64(d.seat.Registered)}]; l != nil {
			d.taken, l.amount = add(d.taken, l.amount), of(0)
		}
	case d.finding == wire.FoundPassed:
		from := m.answered(d)
		name, _ := m.judged(d, from, world)
		if !m.first(name, from) {
			break
		}
		p := m.pool(name)
		d.taken = down(p.amount, of(int64(m.p.Verdicts.Slash)), of(65536))
		p.amount = sub(p.amount, d.taken)
		m.takings[name] = append(m.takings[name], taking{from, d.taken.Sign() > 0})
		m.fines[name] = append(m.fines[name], fine{from * m.p.Schedule.Tempo, m.height})
	}
	d.convicted, d.stage, d.due = m.height, held, m.height+m.p.Verdicts.Appeal
}

// first reports whether no verdict took stake of a name for cards of epoch e yet.
func (m *model) first(name protocol.PublicKey, e uint64) bool {
	old := func(k taking) bool { return !k.held && k.epoch+4 < m.epochOf(m.height) }
	m.takings[name] = slices.DeleteFunc(m.takings[name], old)
	return !slices.ContainsFunc(m.takings[name], func(k taking) bool { return k.epoch == e })
}

// contested reports whether a dispute holds stake of a name.
func (m *model) contested(name protocol.PublicKey) bool {
	return slices.ContainsFunc(m.takings[name], func(k taking) bool { return k.held })
}

// letGo lets go of the stake that a dispute holds.
func (m *model) letGo(d *dispute, back bool, world *outside) {
	if d.k.Accused == d.k.UID || d.finding != wire.FoundPassed || d.taken.Sign() == 0 {
		return
	}
	e := m.answered(d)
	name, _ := m.judged(d, e, world)
	if i := slices.Index(m.takings[name], taking{e, true}); i >= 0 && back {
		m.takings[name] = slices.Delete(m.takings[name], i, i+1)
	} else if i >= 0 {
		m.takings[name][i].held = false
	}
}

func (m *model) giveBack(d *dispute, world *outside) {
	s := m.sits(d.seat)
	switch {
	case d.k.Accused == d.k.UID && s != nil:
		s.collateral = add(s.collateral, d.taken)
		return
	case d.k.Accused == d.k.UID:
		m.credit(d.owner, d.taken)
		return
	case d.finding != wire.FoundPassed:
		return
	}
	from := m.answered(d)
	name, _ := m.judged(d, from, world)
	if i := slices.Index(m.fines[name], fine{from * m.p.Schedule.Tempo, d.convicted}); i >= 0 {
		m.fines[name] = slices.Delete(m.fines[name], i, i+1)
	}
	p := m.pool(name)
	if p.sum().Sign() == 0 {
		m.credit(d.owner, d.taken)
		return
	}
	p.amount = add(p.amount, d.taken)
	p.settle()
}

// divide burns what was taken, but for a quarter, unless so many are guilty that it
// waits once more.
func (m *model) divide(d *dispute, world *outside) {
	e := m.epochOf(d.convicted)
	seats, stake, whole := 0, of(0), of(0)
	for near := max(e, 1) - 1; near <= e+1; near++ {
		seats += len(m.guilt(near).seats)
		stake = add(stake, m.guilt(near).stake)
	}
	judges, err := ledger.ReadRosterJudges(world.tree, protocol.Epoch(e))
	if err != nil {
		world.fail("judges of epoch %d: %v", e, err)
	}
	for i := range judges {
		whole = add(whole, num(judges[i].Stake))
	}
	if !d.longer && (seats >= int(m.p.Verdicts.Breaker) || above(stake, whole, 1, 3)) {
		d.longer, d.stage, d.due = true, held, m.height+3*m.p.Verdicts.Appeal
		return
	}
	m.credit(d.by, d.fee)
	m.letGo(d, false, world)
	owners := m.foundBefore(d, world)
	paid := of(0)
	for _, owner := range owners {
		each := new(big.Int).Div(down(d.taken, of(1), of(4)), of(int64(len(owners))))
		m.credit(owner, each)
		paid = add(paid, each)
	}
	m.burned = add(m.burned, sub(d.taken, paid))
	d.stage = over
}

// foundBefore returns the owners of judges who opened, of this answer, the finding
// that electors came to.
func (m *model) foundBefore(d *dispute, world *outside) (owners []protocol.PublicKey) {
	e := protocol.Epoch(m.answered(d))
	duties, _, err := ledger.ReadDuties(world.tree, d.k.Round, d.k.UID)
	if err != nil {
		world.fail("duties of %+v: %v", d.k, err)
	}
	for _, duty := range duties.Duties {
		if duty.Slot != d.k.Slot || duty.Judge == d.seat {
			continue
		}
		cards, _, _ := ledger.ReadCards(world.tree, e, duty.Judge.UID)
		drawn, _, _ := ledger.ReadDrawn(world.tree, e, duty.Judge.UID)
		judge, _, _ := ledger.ReadRosterJudge(world.tree, e, duty.Judge.UID)
		keys := drawn.Flat()
		for i := range min(keys.Len(), len(cards.Findings)) {
			if keys.At(i) == d.k.Answer() && cards.Findings[i] == d.truth && cards.Seat == duty.Judge && judge.ID == duty.Judge {
				owners = append(owners, judge.Coldkey)
			}
		}
	}
	return owners
}

// leak takes part of the collateral of a seat whose link is known too early.
func (m *model) leak(by protocol.PublicKey, b *wire.LeakedLink) bool {
	s, l := m.sits(b.Seat), m.leaving[[2]uint64{uint64(b.Seat.UID), uint64(b.Seat.Registered)}]
	if s == nil {
		return false
	}
	all := s.collateral
	if l != nil {
		all = add(all, l.amount)
	}
	lost := down(all, of(int64(m.p.Plants.Fine)), of(65536))
	own := lost
	if own.Cmp(s.collateral) > 0 {
		own = s.collateral
	}
	s.collateral = sub(s.collateral, own)
	if l != nil {
		l.amount = sub(l.amount, sub(lost, own))
	}
	quarter := new(big.Int).Div(lost, of(4))
	m.credit(by, quarter)
	m.burned = add(m.burned, sub(lost, quarter))
	return true
}

// lost is what stake that left a name's pool has been fined since.
func (m *model) lost(u *unbonding) *big.Int {
	left := u.amount
	for _, f := range m.fines[u.name] {
		if f.from <= u.since.height && u.since.height <= f.at {
			left = sub(left, down(left, of(int64(m.p.Verdicts.Slash)), of(65536)))
		}
	}
	return sub(u.amount, left)
}

// withChallenges is what disputes hold.
func (m *model) withChallenges() *big.Int {
	sum := of(0)
	for _, d := range m.disputes {
		if d.stage != over {
			sum = add(sum, add(d.fee, add(d.taken, d.bond)))
		}
	}
	return sum
}

// compareDisputes holds challenges against the ledger's, and forgets those that the
// ledger has forgotten.
func (x *modelled) compareDisputes() {
	x.tb.Helper()
	for k, d := range x.m.disputes {
		got, ok, err := ledger.ReadChallenge(x.tree, k)
		if !ok && err == nil && d.stage == over {
			delete(x.m.disputes, k)
			continue
		}
		at := map[ledger.Stage]stage{ledger.StageCalled: called, ledger.StageVoting: voted, ledger.StageGuilty: held}
		want, runs := at[got.Stage]
		if !runs {
			want = over
		}
		if err != nil || !ok || want != d.stage || int(got.Ballot) != d.ballots || num(got.Fee).Cmp(d.fee) != 0 || num(got.Bond).Cmp(d.bond) != 0 ||
			num(got.Held).Cmp(d.taken) != 0 || runs && uint64(got.Due) != d.due {
			x.fail("the challenge is %+v, by the model %+v, %v", got, d, err)
		}
		if want == over && !d.counted {
			d.counted = true
			x.ended[got.Stage]++
		}
	}
}
