package ledger

import (
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// appeal asks for another ballot, of all judges of the next epoch, while what was
// lost is held; once.
func (m *machine) appeal(name protocol.PublicKey, b *wire.Appeal) error {
	c, ok := get[ChallengeRecord](m.st, ChallengeKey(b.Case))
	switch {
	case !ok:
		return broken(ErrUnknown, "no challenge of slot %d of seat %d in round %d", b.Case.Slot, b.Case.UID, b.Case.Round)
	case c.Owner != name:
		return broken(ErrNotPermitted, "seat %d is another's", c.Accused.UID)
	case c.Appealed:
		return broken(ErrDuplicate, "there was an appeal")
	case c.Stage != StageGuilty:
		return broken(ErrDeadline, "the challenge is %s", c.Stage)
	}
	if err := m.debit(name, m.p.Verdicts.Fee); err != nil {
		return err
	}
	m.meta.Collateral += m.p.Verdicts.Fee
	del(m.st, ChallengeDueKey(c.Due, c.Case))
	c.Appealed, c.Bond, c.Stage = true, m.p.Verdicts.Fee, StageCalled
	m.scheduled(&c, m.nextEpoch())
	m.emit(Event{Name: EventAppealed, Round: c.Case.Round, Seat: c.Accused, Hash: c.Fingerprint, Amount: c.Held})
	return nil
}

// decideAppeal ends a challenge after an appeal: free is who more than two thirds
// say is right.
func (m *machine) decideAppeal(c *ChallengeRecord, right bool) {
	bond := c.Bond
	c.Bond = 0
	if !right {
		m.meta.Collateral -= bond
		m.meta.Burned += bond
		m.divide(c)
		return
	}
	m.repay(c.Owner, bond)
	m.settleTaken(c, true)
	m.giveBack(c)
	m.lost(c)
	m.finish(c, StageFreed)
}

// giveBack returns what was held to where it came from; to the owner where there is
// nothing of that left.
func (m *machine) giveBack(c *ChallengeRecord) {
	if c.OfCard() {
		m.giveBackStake(c)
		return
	}
	if s, ok := get[Seat](m.st, SeatKey(c.Accused.UID)); ok && s.ID == c.Accused {
		s.Collateral += c.Held
		m.putSeat(s)
		return
	}
	m.repay(c.Owner, c.Held)
}

// giveBackStake returns what a judge's stake lost, if it did.
func (m *machine) giveBackStake(c *ChallengeRecord) {
	if c.Finding != wire.FoundPassed {
		return
	}
	name, v := m.accusedName(c), &m.p.Verdicts
	since := m.p.Schedule.EpochStart(m.p.Schedule.EpochOfRound(c.Case.Round))
	m.forgetSlash(name, Slash{From: since, At: c.Convicted, Share: v.Slash})
	pool, ok := get[Pool](m.st, PoolKey(name))
	if !ok || pool.Shares == 0 {
		m.repay(c.Owner, c.Held)
		return
	}
	if err := pool.earn(c.Held); err != nil {
		m.st.fail(err)
		return
	}
	put(m.st, PoolKey(name), pool)
	m.meta.Collateral -= c.Held
	m.meta.Stakes += c.Held
}
