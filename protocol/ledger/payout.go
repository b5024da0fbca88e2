package ledger

import "github.com/assaynet/assay/protocol"

// What keeps a payout from who makes others silent. Rows of weights count in
// proportion to the stake of those who opened theirs, so that few would decide on
// everything where most cannot speak, and a pot that was carried over meanwhile
// would be theirs:
//
//	quorum   rows count if those of judges with more than half of the stake of
//	         all of their epoch are open; else there are none, and the pot is
//	         carried. Two thirds would let a third starve everybody
//	cap      one epoch pays at most 1¼ times what an epoch issues: a pot that was
//	         carried is paid over many epochs, to all who work in them. A 256th of
//	         the pot may be paid in any, or with the last issue what was carried
//	         would be nobody's for ever
//	window   a validator that drew no duty in an epoch is paid by those of the
//	         ten before, or who did none would be paid in full when it drew none

// dutyWindow is over how many epochs before the last duties count: as long as a
// score remembers.
const dutyWindow = 10

// heard returns the rows of epoch e that count, by uid: those that its judges
// opened, if that were judges with more than half of the stake of all that it had.
// Stakes are those of the roster, which nobody can change when silence has begun.
func (m *machine) heard(e protocol.Epoch) map[protocol.UID]Weights {
	rows := make(map[protocol.UID]Weights)
	var stake, open protocol.Amount // twice all that is issued fits 64 bits
	for _, j := range all[RosterJudge](m.st, RosterJudgePrefix(e)) {
		stake += j.Stake
		if row, ok := get[Weights](m.st, WeightsKey(e, j.ID.UID)); ok && row.Seat == j.ID {
			open += j.Stake
			rows[j.ID.UID] = row
		}
	}
	if 2*open <= stake {
		return nil
	}
	return rows
}

// potEpochs is how many epochs' pay a pot is at least. While less than 320 epochs'
// issue is carried, 1¼ of one's is more than its 256th, and the cap alone counts.
const potEpochs = 256

// budget is what an epoch may pay of what is payable.
func (m *machine) budget() protocol.Amount {
	most, err := blockEmission(m.meta.Issued, m.p.Emission).MulDiv(5*m.p.Schedule.Tempo, 4)
	if err != nil { // more than there can be
		return m.payable()
	}
	payable := m.payable()
	return min(payable, max(most, (payable+potEpochs-1)/potEpochs)) // rounded up, so that it ends
}

// earned is what a seat did in the epoch before, and what that leaves of an amount.
type earned struct {
	duties
	left func(protocol.Amount) protocol.Amount
}

// earned returns what seats did, at the end of epoch now.
func (m *machine) earned(now protocol.Epoch, seats []candidate) []earned {
	done := make([]duties, len(seats))
	if now > 0 {
		done = m.fulfilled(now-1, seats)
	}
	out := make([]earned, len(seats))
	for i, d := range done {
		out[i] = earned{d, m.kept(now, &seats[i].seat, d)}
	}
	return out
}

// kept returns the function that says what duties leave of an amount to a seat,
// at the end of epoch now: those of the epoch before, or of the window before that
// where it drew none.
func (m *machine) kept(now protocol.Epoch, s *Seat, d duties) func(protocol.Amount) protocol.Amount {
	if sum(d.drawn) > 0 || !s.Permit { // without a permit there is no dividend
		return func(a protocol.Amount) protocol.Amount { return d.scale(m.p.Kinds, a) }
	}
	var drawn, fulfilled uint64
	for e := now - min(now, dutyWindow); e < now; e++ {
		if p, ok := get[Payment](m.st, PaymentKey(e, s.ID.UID)); ok && p.Seat == s.ID {
			drawn += uint64(p.Drawn)
			fulfilled += uint64(p.Fulfilled)
		}
	}
	return func(a protocol.Amount) protocol.Amount {
		if drawn == 0 {
			return a
		}
		return part(a, fulfilled, drawn)
	}
}
