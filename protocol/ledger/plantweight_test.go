package ledger_test

import (
	"fmt"

	"github.com/assaynet/assay/engine/fingerprint"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/plant"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/wire"
)

// The worst cases of transactions about plants (weight_test.go).

// longChain gives a seat a chain of which no link was seen, and returns the last.
func (n *network) longChain(name string) protocol.Hash {
	m := plant.NewMaker([32]byte{1}, 0)
	id := n.seat(name).ID
	n.set(ledger.PlanterKey(id.UID), ledger.Planter{Seat: id, Next: plant.NewChain(0, m.Anchor())})
	last, _ := m.Link(plant.Links - 1)
	return last
}

// sowing lets a network plant everything.
func (n *network) sowing() {
	p := *n.p
	p.Schedule.OpenPlantsBlocks = 13
	p.Plants = params.Plants{Rate: params.One, Slash: 1, Fine: params.One / 4, Appeal: 1}
	n.p = &p
}

func worstExtendPlants(n *network) (string, wire.Body) {
	n.sowing()
	n.longChain("m1")
	n.fatten("m1")
	return "m1", &wire.ExtendPlants{Start: n.p.Schedule.EpochOf(n.next()) + 1, Anchor: protocol.Hash{1}}
}

func worstLeakedLink(n *network) (string, wire.Body) { // of a seat with collateral on its way back
	n.sowing()
	n.fatten("m1")
	for _, body := range []wire.Body{
		&wire.AddCollateral{Hotkey: secret("m1").Public(), Amount: protocol.Unit},
		&wire.TakeCollateral{Hotkey: secret("m1").Public(), Amount: protocol.Unit / 2},
	} {
		if err := n.do("m1 cold", body); err != nil {
			n.tb.Fatal(err)
		}
	}
	last := n.longChain("m1")
	leak := &wire.LeakedLink{Seat: n.seat("m1").ID, Epoch: plant.Links - 1, Link: last}
	n.set(ledger.LeakKey(secret("rich cold").Public()), ledger.LeakSeal{Seal: leak.Seal(secret("rich cold").Public())})
	return "rich cold", leak
}

// worstOpenPlants: the last link of a chain, and as many proofs as there may be, of
// kinds that all take another time.
func worstOpenPlants(n *network) (string, wire.Body) {
	n.sowing()
	link := n.longChain("m1")
	n.fatten("m1")
	s := n.seat("m1")
	roster := ledger.RosterSeat{ID: s.ID, Hotkey: s.Hotkey, Coldkey: s.Coldkey}
	n.p.Kinds = nil
	for i, o := range s.Offers {
		n.p.Kinds = append(n.p.Kinds, params.Kind{Name: o.Kind, Slots: 5, Judges: 2, Rounds: 1 << i, Models: []params.Model{}})
		roster.Asked = append(roster.Asked, task.Asked{Kind: o.Kind, Slots: 5, Models: o.Models})
	}
	const e, r = plant.Links - 1, 2*plant.Links - 1 // two rounds an epoch
	seed := wire.HashOf("seed")
	for i := range s.Offers {
		set := protocol.Round(r + 1 - 1<<i)
		n.set(ledger.RoundKey(set), ledger.RoundRecord{Round: set, TaskSeed: seed})
	}
	n.set(ledger.RosterSeatKey(e, s.ID.UID), roster)
	var duties ledger.DutyRecord
	for i := range 256 {
		duties.Duties = append(duties.Duties, ledger.Duty{Slot: uint16(i % 40), Judge: protocol.SeatID{UID: protocol.UID(i), Registered: 1 << 40}})
	}
	n.set(ledger.DutyKey(r, s.ID.UID), duties)
	asked, err := ledger.ReadTasks(n.tree, n.chain, n.p, r, &roster)
	if err != nil || asked.Slots() != wire.MaxPlantProofs {
		n.tb.Fatal(fmt.Errorf("%d slots: %w", asked.Slots(), err))
	}
	plants := plant.Of(link, seed, s.ID)
	out := &wire.OpenPlants{Epoch: e, Link: link}
	var leaves []protocol.Hash
	for slot := range asked.Slots() {
		id, err := asked.ID(slot)
		if err != nil {
			n.tb.Fatal(err)
		}
		p := wire.PlantProof{Round: r, Slot: slot, Leaves: 1, Path: []protocol.Hash{}}
		p.Fingerprint = plants.Leaf(fingerprint.Binding{Hotkey: s.Hotkey, Task: id}, slot, 0, plant.Choice{})
		leaves = append(leaves, wire.SlotLeaf(n.chain, id, s.Hotkey, p.Salt, wire.Sum{Fingerprint: p.Fingerprint}))
		out.Proofs = append(out.Proofs, p)
	}
	for i := range out.Proofs {
		out.Proofs[i].Proof = wire.MerkleProof(leaves, i)
	}
	n.set(ledger.CommitKey(r, s.ID.UID), ledger.CommitRecord{Seat: s.ID, Root: wire.MerkleRoot(leaves)})
	n.jump(n.p.Schedule.OpenCardsDeadline(e))
	return "m1", out
}
