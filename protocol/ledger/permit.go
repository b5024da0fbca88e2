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
	LackSelf  Lack = "self"  // less than the least of it is its owner's
	LackKey   Lack = "key"   // no consensus key
	LackChain Lack = "chain" // no beacon chain that serves the epochs to come
	LackRank  Lack = "rank"  // others have more stake, and there is no room
	LackTurn  Lack = "turn"  // others enter or leave the set first: an epoch's changes are bounded
	LackJail  Lack = "jail"  // it was silent, or proven to have misbehaved: see Outlook.Jail
)

// Outlook says whether a seat has a permit in the epochs to come, if nothing
// changes until then.
type Outlook struct {
	From  protocol.Epoch  // the first of them with a permit, where nothing lacks
	Lacks Lack            // why there is none, empty if there is
	Stake protocol.Amount // on the hotkey
	Needs protocol.Amount // for [LackStake], [LackSelf] and [LackRank]: at least this much, more where ranks are equal
	Jail  Jail            // of the seat; for [LackJail]
}

// outlookEpochs is how many epochs are looked at: a chain that is registered
// now serves after two, and so long a seat that lost its permit may wait.
const outlookEpochs = 3

// PermitOutlook looks ahead for the seat of a hotkey, over a state that can be
// walked; now is the epoch of the block to come, which may still change the one
// after it. Errors are the tree's, or [ErrCorrupt].
func PermitOutlook(r Reader, p *params.Params, hotkey protocol.PublicKey, now protocol.Epoch) (Outlook, error) {
	all, err := candidatesOf(r, 0)
	if err != nil {
		return Outlook{}, err
	}
	i := slices.IndexFunc(all, func(c candidate) bool { return c.seat.Hotkey == hotkey })
	if i < 0 {
		return Outlook{Lacks: LackSeat}, nil
	}
	set, _, err := ReadValidators(r)
	if err != nil {
		return Outlook{}, err
	}
	signed, err := ReadSigned(r)
	if err != nil {
		return Outlook{}, err
	}
	if err := takeSelf(r, p.Seats.MinSelf, all); err != nil {
		return Outlook{}, err
	}
	members := set.Set
	out := Outlook{Stake: all[i].stake, Jail: all[i].seat.Jail}
	last := now + outlookEpochs
	for e := now + 1; e <= last; e++ {
		takeChains(all, e)
		var can []bool
		for k := range all {
			if j := &all[k].seat.Jail; j.Asks {
				j.Held, j.Asks = false, false
			}
		}
		members, can = validatorsOf(p, all, members, func(uid protocol.UID) protocol.Height { return signed.Of(uid).Last }, e)
		if can[i] && slices.ContainsFunc(members, func(v Power) bool { return int(v.UID) == i }) {
			out.From = e
			return out, nil
		}
	}
	out.Lacks, out.Needs = lacks(p, all, i, members, last)
	return out, nil
}

// lacks says why seat i is not among the members of epoch e.
func lacks(p *params.Params, all []candidate, i int, members []Power, e protocol.Epoch) (Lack, protocol.Amount) {
	s := &all[i].seat
	switch {
	case s.Jail.Held:
		return LackJail, 0
	case all[i].stake == 0 || all[i].stake < p.Seats.MinStake:
		return LackStake, max(p.Seats.MinStake, MinStakeEntry)
	case all[i].self < p.Seats.MinSelf:
		return LackSelf, p.Seats.MinSelf
	case s.Consensus.Key.IsZero():
		return LackKey, 0
	case !lasts(p.Schedule, s, e):
		return LackChain, 0
	case len(members) < int(p.Seats.MaxValidators):
		return LackTurn, 0
	}
	least := all[members[0].UID].stake
	for _, v := range members {
		least = min(least, all[v.UID].stake)
	}
	if all[i].stake > least {
		return LackTurn, 0
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
