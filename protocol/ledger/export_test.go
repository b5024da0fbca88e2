package ledger

import (
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
)

// For tests of the arithmetic alone.
var (
	BlockEmission = blockEmission
	DecayFactor   = decayFactor
	Decay         = decay
	LowerMedian   = lowerMedian
)

// Vote is a vote, for tests.
type Vote = vote

// MakeVote returns a vote.
func MakeVote(value uint32, stake uint64) Vote { return vote{value, protocol.Amount(stake)} }

// DrawByStake draws n of judges by a seed.
func DrawByStake(seed protocol.Hash, judges []RosterJudge, n int) []RosterJudge {
	return seatDraw{seed: seed}.byStake(judges, n)
}

// Open returns whether link serves height h of the chain.
func (c Chain) Open(h protocol.Height, link protocol.Hash) bool {
	_, ok := c.open(h, link)
	return ok
}

// ReadAllDuties returns the duties of a round, by uid.
func ReadAllDuties(r Reader, n protocol.Round) ([]DutyRecord, error) {
	return list[DutyRecord](r, DutyPrefix(n))
}

// ReadDrawn returns how many duties a judge drew in epoch e.
func ReadDrawn(r Reader, e protocol.Epoch, uid protocol.UID) (DrawnRecord, bool, error) {
	return read[DrawnRecord](r, DrawnKey(e, uid))
}

// LinkHash and Lasts are for tests of chains at their end.
var (
	LinkHash = linkHash
	Lasts    = lasts
)

// Scale returns what duties leave of an amount.
func Scale(drawn, fulfilled []uint32, kinds []params.Kind, a protocol.Amount) protocol.Amount {
	return duties{drawn, fulfilled}.scale(kinds, a)
}
