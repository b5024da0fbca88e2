package ledger

import (
	"cmp"
	"math/bits"
	"slices"
	"sync"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
)

// cmpShares compares a·b with c·d.
func cmpShares(a, b, c, d uint64) int {
	ahi, alo := bits.Mul64(a, b)
	chi, clo := bits.Mul64(c, d)
	return cmp.Or(cmp.Compare(ahi, chi), cmp.Compare(alo, clo))
}

// judgeChallenges does what is due of challenges in this block: electors are drawn,
// votes are counted, and what is held is burned.
func (m *machine) judgeChallenges() {
	if !m.p.Verdicts.On() {
		return
	}
	sealing := sync.OnceValue(m.sealing) // no ballot that is counted in this block is sealed in it
	for _, k := range all[wire.Case](m.st, ChallengeDuePrefix(m.height)) {
		del(m.st, ChallengeDueKey(m.height, k))
		c, ok := get[ChallengeRecord](m.st, ChallengeKey(k))
		if !ok || c.Due != m.height {
			continue // an appeal moved it
		}
		switch c.Stage {
		case StageCalled:
			m.call(&c, sealing)
		case StageVoting:
			m.decide(&c)
		case StageGuilty:
			m.divide(&c)
		}
	}
}

// decide counts the votes in the last block in which they are opened.
func (m *machine) decide(c *ChallengeRecord) {
	votes := all[VoteRecord](m.st, VotePrefix(c.Case))
	t := count(c, votes)
	guilty, right := t.guilty(), t.right()
	m.forfeit(c.forfeits(votes, &m.p.Verdicts, &t)...)
	switch {
	case c.Appealed:
		m.decideAppeal(c, right)
	case guilty:
		m.convicted(c, &t)
	case right:
		c.Decided = c.Finding
		m.lost(c)
	case more(t.most, t.whole, 1, 6) && more(t.accused, t.whole, 1, 6):
		m.undecided(c, StageDisputed, &t)
	case c.Ballot == 1:
		c.Stage = StageCalled
		m.scheduled(c, m.nextEpoch())
	default:
		m.undecided(c, StageNoQuorum, &t)
	}
}

// nextEpoch returns the height at which electors of the next epoch are drawn: in
// the second block of it, by the beacon of the first.
func (m *machine) nextEpoch() protocol.Height {
	return m.p.Schedule.EpochStart(m.currentEpoch()+1) + 1
}

// forfeits returns the electors who opened nothing, or not what was decided, and so
// lose their duties. Of each ballot after the first that an elector has the time to
// run ([params.Verdicts.InTime]), as where many lie at once, also at the end of one
// epoch and at the beginning of the next, who says that it cannot tell is taken to
// have no time, and keeps its duties. So a friend of liars who all lie at once
// pays, too, to say nothing of the first; and to put others in their places costs a
// fee for each, or a judge its challenge of the epoch.
func (c *ChallengeRecord) forfeits(votes []VoteRecord, p *params.Verdicts, t *tally) (list []protocol.SeatID) {
	crowded := c.Place > p.InTime()
	guilty, right := t.guilty(), t.right()
	for i := range votes {
		v := &votes[i]
		with := c.says(v)
		if guilty {
			with = v.Finding == t.finding && v.Found == t.found
		}
		switch told := v.Opened && v.Finding != wire.FoundNothing; {
		case !told && v.Opened && crowded:
		case !told || (guilty || right) && !with:
			list = append(list, v.Elector)
		}
	}
	return list
}

// Forfeits returns the electors whose part in the last ballot that was counted took
// their duties of its epoch, by uid; none while a ballot is open, which [ReadVotes]
// has then. votes are those of ReadVotes.
func Forfeits(c *ChallengeRecord, votes []VoteRecord, p *params.Verdicts) []protocol.SeatID {
	if c.Stage == StageVoting {
		return nil
	}
	t := count(c, votes)
	return c.forfeits(votes, p, &t)
}

// lost ends a challenge of what was right: the challenger pays.
func (m *machine) lost(c *ChallengeRecord) {
	m.charge(c)
	m.finish(c, StageNotGuilty)
	m.emit(Event{Name: EventNotGuilty, Round: c.Case.Round, Seat: c.Accused, Hash: c.Fingerprint, Amount: c.Fee})
}

// charge has the challenger pay.
func (m *machine) charge(c *ChallengeRecord) {
	c.Charged = true
	if c.Fee > 0 {
		m.meta.Collateral -= c.Fee
		m.meta.Burned += c.Fee
	} else {
		m.forfeit(c.Judge)
	}
}

// undecided ends a challenge by which the accused does not lose. The challenger
// pays where as many say that it is wrong as say any one thing else: where less
// than a third of all stake lies, a true one has more for it than against it, and
// a false one has not, also where an elector is the accused's only judge beside
// two. Unless more than half of the stake tells anything that says nothing: all
// others may be away, and who tells a friend of the accused.
func (m *machine) undecided(c *ChallengeRecord, s Stage, t *tally) {
	fee := protocol.Amount(0)
	if more(t.told, t.whole, 1, 2) && t.accused >= t.most {
		m.charge(c)
		fee = c.Fee
	} else {
		m.repay(c.By, c.Fee)
	}
	m.finish(c, s)
	m.emit(Event{Name: EventUndecided, Round: c.Case.Round, Seat: c.Accused, Hash: c.Fingerprint, Amount: fee})
}

// repay gives back what is held of somebody's balance.
func (m *machine) repay(to protocol.PublicKey, a protocol.Amount) {
	if a == 0 {
		return
	}
	if err := m.credit(to, a); err != nil {
		m.st.fail(err)
	}
	m.meta.Collateral -= a
}

// convicted takes what a verdict costs, and holds it.
func (m *machine) convicted(c *ChallengeRecord, t *tally) {
	c.Decided, c.Found, c.Convicted = t.finding, t.found, m.height
	e := m.currentEpoch()
	d := m.docket(e)
	if !slices.Contains(d.Guilty, c.Accused) {
		d.Guilty = append(d.Guilty, c.Accused)
		if c.OfCard() {
			j, _ := get[RosterJudge](m.st, RosterJudgeKey(e, c.Accused.UID))
			if j.ID == c.Accused {
				d.Stake += j.Stake
			}
		}
		put(m.st, DocketKey(e), d)
	}
	if c.OfCard() {
		c.Held = m.takeOfJudge(c)
	} else {
		c.Held = m.takeAll(c.Accused)
	}
	c.Stage = StageGuilty
	m.scheduled(c, m.height+protocol.Height(m.p.Verdicts.Appeal))
	m.emit(Event{Name: EventGuilty, Round: c.Case.Round, Seat: c.Accused, Hash: c.Fingerprint, Amount: c.Held})
}

// takeAll takes the collateral of a seat, and what of it is on its way back. It
// stays counted as collateral, for it is held.
func (m *machine) takeAll(id protocol.SeatID) (taken protocol.Amount) {
	if s, ok := get[Seat](m.st, SeatKey(id.UID)); ok && s.ID == id {
		taken, s.Collateral = s.Collateral, 0
		m.putSeat(s)
	}
	if l, ok := get[Leaving](m.st, LeavingKey(id)); ok {
		taken += l.Amount
		l.Amount = 0
		put(m.st, LeavingKey(id), l)
	}
	return taken
}

// takeOfJudge takes the duties of who signed a false card, and of who said that a
// false answer is right, or made up a root, a share of the stake on it, once for
// all cards of an epoch: whoever found a right answer false may have a broken
// machine.
func (m *machine) takeOfJudge(c *ChallengeRecord) protocol.Amount {
	e := m.p.Schedule.EpochOfRound(c.Case.Round)
	if cards, ok := get[CardsRecord](m.st, CardsKey(e, c.Accused.UID)); ok && cards.Seat == c.Accused {
		cards.Lazy = true
		put(m.st, CardsKey(e, c.Accused.UID), cards)
	}
	if c.Finding != wire.FoundPassed {
		return 0
	}
	name := m.accusedName(c)
	taken, first := m.takeOnce(name, e, m.p.Verdicts.Slash)
	if !first {
		return 0
	}
	m.noteSlash(name, m.p.Schedule.EpochStart(e), m.p.Verdicts.Slash)
	if last, before := get[protocol.Epoch](m.st, LazyKey(name)); !before || last != e { // else by a plant
		m.noteLazy(name, c.Accused, e)
	}
	return taken
}

// accusedName returns the name of the stake with which an accused judge judged.
func (m *machine) accusedName(c *ChallengeRecord) protocol.PublicKey {
	j, _ := get[RosterJudge](m.st, RosterJudgeKey(m.p.Schedule.EpochOfRound(c.Case.Round), c.Accused.UID))
	name, _ := m.judgedWith(&j)
	return name
}

// judgedWith returns the name of the stake with which a judge judged, which answers
// for that when its seat was pruned, too, and the hotkey that has the seat now, or
// had it when it judged.
func (m *machine) judgedWith(j *RosterJudge) (name, hotkey protocol.PublicKey) {
	if s, ok := get[Seat](m.st, SeatKey(j.ID.UID)); ok && s.ID == j.ID {
		return s.PoolName(), s.Hotkey
	}
	return m.poolNameOf(j.Hotkey), j.Hotkey
}

// takeStake takes a share of a pool, which is held then.
func (m *machine) takeStake(name protocol.PublicKey, share uint32) protocol.Amount {
	pool, ok := get[Pool](m.st, PoolKey(name))
	if !ok {
		return 0
	}
	taken := part(pool.Amount, uint64(share), params.One)
	pool.Amount -= taken
	put(m.st, PoolKey(name), pool)
	m.meta.Stakes -= taken
	m.meta.Collateral += taken
	return taken
}

// noteLazy notes that a judge with the stake of a name judged without looking in
// epoch e, and jails who has that stake, or gets it, if it did before.
func (m *machine) noteLazy(name protocol.PublicKey, judge protocol.SeatID, e protocol.Epoch) {
	last, before := get[protocol.Epoch](m.st, LazyKey(name))
	put(m.st, LazyKey(name), e)
	if !before || e > last+lazyMemory {
		return
	}
	if s, sits := m.seatOfPool(name); sits {
		m.imprison(&s, true)
		m.putSeat(s)
		return
	}
	gone := Seat{ID: judge, Hotkey: name}
	gone.Jail, _ = get[Jail](m.st, KeptJailKey(name))
	m.imprison(&gone, true)
	put(m.st, KeptJailKey(name), gone.Jail)
}

// tooMany reports whether so many were found guilty about an epoch that it may be a
// broken build that speaks.
func (m *machine) tooMany(e protocol.Epoch) bool {
	n, stake := 0, protocol.Amount(0)
	for near := e - min(e, 1); near <= e+1; near++ {
		d := m.docket(near)
		n += len(d.Guilty)
		stake += d.Stake
	}
	var whole protocol.Amount
	for _, j := range all[RosterJudge](m.st, RosterJudgePrefix(e)) {
		whole += j.Stake
	}
	return n >= int(m.p.Verdicts.Breaker) || more(stake, whole, 1, 3)
}

// divide burns what was held, but a quarter for judges who had sealed the finding
// that electors came to, and gives the challenger its fee back. Where too many were
// guilty it waits for three appeals more, once.
func (m *machine) divide(c *ChallengeRecord) {
	if !c.Longer && m.tooMany(m.p.Schedule.EpochOf(c.Convicted)) {
		c.Longer, c.Stage = true, StageGuilty
		m.scheduled(c, m.height+3*protocol.Height(m.p.Verdicts.Appeal))
		return
	}
	m.burnHeld(c)
}

// burnHeld ends a challenge of what was false.
func (m *machine) burnHeld(c *ChallengeRecord) {
	m.repay(c.By, c.Fee)
	m.settleTaken(c, false)
	found := m.foundThemselves(c)
	paid := protocol.Amount(0)
	if len(found) > 0 {
		each := c.Held / 4 / protocol.Amount(len(found))
		for _, owner := range found {
			m.repay(owner, each)
			paid += each
		}
	}
	m.meta.Collateral -= c.Held - paid
	m.meta.Burned += c.Held - paid
	m.finish(c, StageBurned)
	m.emit(Event{Name: EventBurned, Round: c.Case.Round, Seat: c.Accused, Hash: c.Fingerprint, Amount: c.Held, Count: uint32(len(found))})
}

// foundThemselves returns the owners of the judges who drew the answer and opened
// the finding that electors came to, by uid.
func (m *machine) foundThemselves(c *ChallengeRecord) (owners []protocol.PublicKey) {
	e := m.p.Schedule.EpochOfRound(c.Case.Round)
	duties, _ := get[DutyRecord](m.st, DutyKey(c.Case.Round, c.Case.UID))
	s := settlement{m: m, epoch: e, found: map[protocol.UID]*foundOf{}}
	for _, d := range duties.Duties {
		if d.Slot != c.Case.Slot || d.Judge == c.Accused || s.finding(d.Judge, c.Case.Answer()) != c.Decided {
			continue
		}
		if j, ok := get[RosterJudge](m.st, RosterJudgeKey(e, d.Judge.UID)); ok && j.ID == d.Judge {
			owners = append(owners, j.Coldkey)
		}
	}
	return owners
}
