package api

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
)

// Challenge is a challenge of an answer or of a card, and what came of it.
type Challenge struct {
	Round protocol.Round `json:"round"`
	UID   protocol.UID   `json:"uid"` // of the seat that gave the answer
	Slot  uint16         `json:"slot"`
	// Accused is UID, where the answer is said to be false, else the judge whose card
	// is.
	Accused     protocol.UID       `json:"accused"`
	Fingerprint protocol.Hash      `json:"fingerprint"`
	Challenger  protocol.PublicKey `json:"challenger"`
	Fee         protocol.Amount    `json:"fee"`
	Posted      protocol.Height    `json:"posted"`
	Stage       string             `json:"stage"`
	Ballot      uint8              `json:"ballot"`
	// Due is the height at which it goes on, or did.
	Due protocol.Height `json:"due"`
	// Decided is what electors found of the answer; empty while, or where, that is
	// nothing.
	Decided wire.Finding    `json:"decided"`
	Held    protocol.Amount `json:"held"`
	// Convicted is the height at which it was held; 0 before, and where nothing was.
	Convicted protocol.Height `json:"convicted"`
	Appealed  bool            `json:"appealed"`
	Longer    bool            `json:"longer"`
	// Charged says that the challenger paid for it: its fee, or a judge its duties of
	// an epoch.
	Charged  bool      `json:"charged"`
	Electors []Elector `json:"electors"`
}

// Elector is one of those who vote on a challenge.
type Elector struct {
	UID    protocol.UID    `json:"uid"`
	Stake  protocol.Amount `json:"stake"`
	Sealed bool            `json:"sealed"`
	Opened bool            `json:"opened"`
	// Finding is what it found of the answer; empty while that is sealed, or where it
	// cannot tell.
	Finding wire.Finding `json:"finding"`
	// Backends are those that came to it, as it says: reference, native, cuda.
	Backends []string `json:"backends"`
	// Forfeits says that its part in this ballot, which is counted, cost its duties of
	// the epoch.
	Forfeits bool `json:"forfeits"`
}

// challenges lists them by height, then by what they are about: those about a seat,
// as who answered or who judged, that were posted in some epochs.
func (h *Handler) challenges(r *request) (any, error) {
	v, err := h.view(r.ctx())
	if err != nil {
		return nil, err
	}
	p, err := newPager[Challenge](r)
	if err != nil {
		return nil, err
	}
	want, err := h.epochs(r)
	if err != nil {
		return nil, err
	}
	seat, err := h.seated(r, "seat")
	if err != nil {
		return nil, err
	}
	all, err := ledger.ReadAllChallenges(v)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b ledger.ChallengeRecord) int {
		return cmp.Or(cmp.Compare(a.Posted, b.Posted), bytes.Compare(a.Case.Bytes(), b.Case.Bytes()))
	})
	places := make([]position, len(all)) // by the block, and how many it has before
	for i := range all {
		if places[i].epoch = protocol.Epoch(all[i].Posted); i > 0 && places[i-1].epoch == places[i].epoch {
			places[i].a = places[i-1].a + 1
		}
	}
	for i := range p.inOrder(len(all)) {
		c := &all[i]
		e := h.params.Schedule.EpochOf(c.Posted)
		about := seat.any || seat.uid == c.Case.UID || seat.uid == c.Case.Accused
		if !p.wants(places[i]) || e < want.from || e > want.to || !about {
			continue
		}
		if p.full() {
			break
		}
		votes, err := ledger.ReadVotes(v, c.Case)
		if err != nil {
			return nil, err
		}
		p.add(places[i], shownChallenge(c, votes, &h.params.Verdicts))
		p.scanned += len(votes) // of an appeal there are hundreds
	}
	return p.page(), nil
}

func shownChallenge(c *ledger.ChallengeRecord, votes []ledger.VoteRecord, p *params.Verdicts) Challenge {
	forfeits := ledger.Forfeits(c, votes, p)
	out := Challenge{
		Round: c.Case.Round, UID: c.Case.UID, Slot: c.Case.Slot, Accused: c.Case.Accused, Fingerprint: c.Fingerprint, Challenger: c.By, Fee: c.Fee,
		Posted: c.Posted, Stage: c.Stage.String(), Ballot: c.Ballot, Due: c.Due, Decided: wire.FindingOf(c.Decided), Held: c.Held, Convicted: c.Convicted,
		Appealed: c.Appealed, Longer: c.Longer, Charged: c.Charged, Electors: []Elector{},
	}
	for i := range votes {
		e := &votes[i]
		out.Electors = append(out.Electors, Elector{
			UID: e.Elector.UID, Stake: e.Stake, Sealed: !e.Seal.IsZero(), Opened: e.Opened, Finding: wire.FindingOf(e.Finding), Backends: e.Backends.Names(),
			Forfeits: slices.Contains(forfeits, e.Elector),
		})
	}
	return out
}
