package ledger_test

import (
	"bytes"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/plant"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/wire"
)

// The worst cases of transactions about challenges (weight_test.go).

// trials lets a network try everything.
func (n *network) trials() {
	p := *n.p
	p.Verdicts = params.Verdicts{
		SealBlocks: 9, OpenBlocks: 9, Appeal: 9, Electors: 256, Fee: protocol.Unit, PerChallenger: 1, PerAccused: 1, PerEpoch: 256,
		Slash: 1, Breaker: 2, DoubleSign: 1,
	}
	n.p = &p
}

// docketed fills the docket of an epoch.
func (n *network) docketed(e protocol.Epoch) {
	d := ledger.Docket{Stake: 1 << 60}
	id := func(i int) protocol.SeatID {
		return protocol.SeatID{UID: protocol.UID(1000 + i), Registered: 1 << 40}
	}
	for i := range members - 1 {
		d.Paid = append(d.Paid, ledger.DocketEntry{By: secret("nobody").Public(), Accused: id(i)})
	}
	for i := range 2 * members {
		d.Guilty = append(d.Guilty, id(i))
	}
	for i := range members {
		d.Forfeit = append(d.Forfeit, id(i))
	}
	d.Posted = d.Forfeit
	n.set(ledger.DocketKey(e), d)
}

// worstEvidence accuses v2 of a false card about an answer of m1, in a round in
// which eight kinds fall due that were set in as many others; v2 judged as much as
// can be. It returns at the first height at which that can be challenged.
func worstEvidence(n *network) wire.Evidence {
	n.trials()
	n.fatten("m1")
	s, judge := n.seat("m1"), n.seat("v2")
	roster := ledger.RosterSeat{ID: s.ID, Hotkey: s.Hotkey, Coldkey: s.Coldkey}
	n.p.Kinds = nil
	for i, o := range s.Offers {
		n.p.Kinds = append(n.p.Kinds, params.Kind{Name: o.Kind, Slots: 5, Judges: 2, Rounds: 1 << i, Models: []params.Model{}})
		roster.Asked = append(roster.Asked, task.Asked{Kind: o.Kind, Slots: 5, Models: o.Models})
	}
	const e, r = plant.Links - 1, 2*plant.Links - 1 // two rounds an epoch
	for i := range s.Offers {
		set := protocol.Round(r + 1 - 1<<i)
		n.set(ledger.RoundKey(set), ledger.RoundRecord{Round: set, TaskSeed: wire.HashOf("seed")})
	}
	n.set(ledger.RosterSeatKey(e, s.ID.UID), roster)
	n.set(ledger.PlantsKey(e, s.ID.UID), ledger.PlantsRecord{Seat: s.ID, Link: protocol.Hash{1}})
	n.set(ledger.GivenKey(r, s.ID.UID), ledger.GivenRecord{Seat: s.ID, Slots: wire.Bits{0xff, 0xff, 0xff}})
	asked, err := ledger.ReadTasks(n.tree, n.chain, n.p, r, &roster)
	if err != nil {
		n.tb.Fatal(err)
	}
	id, err := asked.ID(0)
	if err != nil {
		n.tb.Fatal(err)
	}
	out := wire.Evidence{Case: wire.Case{Round: r, UID: s.ID.UID, Accused: judge.ID.UID}}
	leaves := make([]protocol.Hash, asked.Slots())
	leaves[0] = wire.SlotLeaf(n.chain, id, s.Hotkey, out.Salt, wire.Sum{})
	out.Proof = wire.MerkleProof(leaves, 0)
	n.set(ledger.CommitKey(r, s.ID.UID), ledger.CommitRecord{Seat: s.ID, Root: wire.MerkleRoot(leaves)})

	n.set(ledger.RosterJudgeKey(e, judge.ID.UID), ledger.RosterJudge{ID: judge.ID, Hotkey: judge.Hotkey, Coldkey: judge.Coldkey, Stake: 1 << 60})
	drawn := ledger.DrawnRecord{Judge: judge.ID, Kinds: make([]wire.AnswerKeys, len(n.p.Kinds))}
	for i := range wire.MaxFindings {
		drawn.Kinds[0].Add(wire.AnswerKey{Round: r, UID: s.ID.UID + protocol.UID(i/8), Slot: uint16(i % 8)})
	}
	n.set(ledger.DrawnKey(e, judge.ID.UID), drawn)
	card := wire.Card{
		Judge: judge.ID, Round: r, Seat: s.ID, Answer: protocol.Hash{1}, Kind: n.p.Kinds[0].Name, Finding: wire.FindingPassed, Body: []byte{1},
	}
	cards := make([]protocol.Hash, wire.MaxFindings)
	cards[0] = card.Leaf(judge.Hotkey)
	card.Proof = wire.MerkleProof(cards, 0)
	out.Cards = []wire.Card{card}
	n.set(ledger.CardsKey(e, judge.ID.UID), ledger.CardsRecord{
		Seat: judge.ID, Seal: protocol.Hash{1}, Root: wire.MerkleRoot(cards), Findings: bytes.Repeat([]byte{wire.FoundPassed}, wire.MaxFindings),
	})
	n.docketed(e + 1)
	n.jump(ledger.ChallengeFrom(n.p.Schedule, e) - 1)
	return out
}

func worstChallenge(n *network) (string, wire.Body) {
	return "rich cold", &wire.Challenge{Evidence: worstEvidence(n)}
}

func worstJudgeChallenge(n *network) (string, wire.Body) {
	b := &wire.JudgeChallenge{Evidence: worstEvidence(n)}
	b.Epoch = n.p.Schedule.EpochOf(n.next())
	n.fatten("v1")
	s := n.seat("v1")
	n.set(ledger.RosterJudgeKey(b.Epoch, s.ID.UID), ledger.RosterJudge{ID: s.ID, Hotkey: s.Hotkey, Coldkey: s.Coldkey, Stake: 1 << 60})
	return "v1", b
}

// tried writes a challenge that v1 is an elector of, in a stage.
func (n *network) tried(s ledger.Stage, open *wire.OpenVote) wire.Case {
	n.trials()
	n.fatten("v1")
	n.fatten("m1")
	m1, v1 := n.seat("m1"), n.seat("v1")
	c := ledger.ChallengeRecord{
		Case: wire.Case{Round: 1, UID: m1.ID.UID, Slot: 1000, Accused: m1.ID.UID}, Seat: m1.ID, Accused: m1.ID, Owner: m1.Coldkey, By: v1.Coldkey, Judge: v1.ID,
		Posted: 1 << 40, Finding: wire.FoundPassed, Stage: s, Ballot: 1, Called: n.height, Due: n.height + 18, Convicted: 1 << 40,
	}
	if open != nil {
		open.Case, open.Ballot, open.Finding, open.Found, open.Backends = c.Case, 1, wire.FoundFalse, protocol.Hash{1}, wire.ByCUDA
		c.Called -= 9
		n.set(ledger.VoteKey(c.Case, v1.ID.UID), ledger.VoteRecord{Elector: v1.ID, Hotkey: v1.Hotkey, Stake: 1 << 60, Seal: open.Seal(v1.Hotkey)})
	} else {
		n.set(ledger.VoteKey(c.Case, v1.ID.UID), ledger.VoteRecord{Elector: v1.ID, Hotkey: v1.Hotkey, Stake: 1 << 60})
	}
	n.set(ledger.ChallengeKey(c.Case), c)
	n.set(ledger.ChallengeDueKey(c.Due, c.Case), c.Case)
	return c.Case
}

func worstSealVote(n *network) (string, wire.Body) {
	return "v1", &wire.SealVote{Case: n.tried(ledger.StageVoting, nil), Ballot: 1, Seal: protocol.Hash{1}}
}

func worstOpenVote(n *network) (string, wire.Body) {
	var b wire.OpenVote
	n.tried(ledger.StageVoting, &b)
	return "v1", &b
}

func worstAppeal(n *network) (string, wire.Body) {
	return "m1 cold", &wire.Appeal{Case: n.tried(ledger.StageGuilty, nil)}
}
