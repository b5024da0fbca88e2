package ledger

import (
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
)

// Lack is what keeps a seat from a permit.
type Lack string

// What a seat may lack.
const (
	LackSeat  Lack = "seat"  // the hotkey has none
	LackStake Lack = "stake" // less than the least
	LackKey   Lack = "key"   // no consensus key
	LackChain Lack = "chain" // no beacon chain that serves the epochs to come
	LackRank  Lack = "rank"  // others have more stake, and there is no room
)

// Outlook says whether a seat has a permit in the epochs to come, if nothing
// changes until then.
type Outlook struct {
	From  protocol.Epoch  // the first of them with a permit, where nothing lacks
	Lacks Lack            // why there is none, empty if there is
	Stake protocol.Amount // on the hotkey
	Needs protocol.Amount // for [LackStake] and [LackRank]: at least this much, more where ranks are equal
}

// outlookEpochs is how many epochs are looked at: a chain that is registered
// now serves after two, and so long a seat that lost its permit may wait.
const outlookEpochs = 3

// PermitOutlook looks ahead for the seat of a hotkey, over a state that can be
// walked; now is the epoch of the block to come, which may still change the one
// after it. Errors are the tree's, or [ErrCorrupt].
func PermitOutlook(r Reader, p *params.Params, hotkey protocol.PublicKey, now protocol.Epoch) (Outlook, error) {
	all, err := candidatesOf(r)
	if err != nil {
		return Outlook{}, err
	}
	i := slices.IndexFunc(all, func(c candidate) bool { return c.seat.Hotkey == hotkey })
	if i < 0 {
		return Outlook{Lacks: LackSeat}, nil
	}
	out := Outlook{Stake: all[i].stake}
	var chosen []int
	last := now + outlookEpochs
	for e := now + 1; e <= last; e++ {
		takeChains(all, e)
		chosen = rank(p, all, e)
		if _, ok := slices.BinarySearch(chosen, i); ok {
			out.From = e
			return out, nil
		}
	}
	out.Lacks, out.Needs = lacks(p, all, i, chosen, last)
	return out, nil
}

// lacks says why seat i is not among those chosen for epoch e.
func lacks(p *params.Params, all []candidate, i int, chosen []int, e protocol.Epoch) (Lack, protocol.Amount) {
	s := &all[i].seat
	switch {
	case all[i].stake == 0 || all[i].stake < p.Seats.MinStake:
		return LackStake, max(p.Seats.MinStake, MinStakeEntry)
	case s.Consensus.Key.IsZero():
		return LackKey, 0
	case !lasts(p.Schedule, s, e):
		return LackChain, 0
	}
	var least protocol.Amount
	for _, k := range chosen {
		if least == 0 || all[k].stake < least {
			least = all[k].stake
		}
	}
	return LackRank, least
}

// takeChains puts the chains that serve from epoch e in the place of those before.
func takeChains(all []candidate, e protocol.Epoch) {
	for i := range all {
		if s := &all[i].seat; s.NextFrom == e {
			s.Beacon, s.NextChain, s.NextFrom = s.NextChain, Chain{}, 0
		}
	}
}
