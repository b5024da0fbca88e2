package ledger_test

import (
	"encoding/json"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

func FuzzReadGenesis(f *testing.F) {
	raw, err := json.Marshal(testGenesis())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte(`{"params":{},"seats":[{}]}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		g, err := ledger.ReadGenesis(b)
		if err != nil {
			return
		}
		if _, err := ledger.Init(&ledger.MemTree{}, g); err != nil {
			t.Errorf("a genesis that was read cannot begin: %v", err)
		}
	})
}

// FuzzApply signs whatever the fuzzer makes as a transaction, so that it gets
// behind the signature, and puts it into a block raw and signed.
func FuzzApply(f *testing.F) {
	base := newNetwork(f, rated())
	base.until(2)
	ask := &wire.Request{Specification: "{}", Count: 2, Price: 2, Maximum: 3, Deadline: 26}
	if err := base.do("v1 cold", ask); err != nil {
		f.Fatal(err)
	}
	request := ledger.RequestID(secret("v1 cold").Public(), base.height, ask)
	base.until(24)
	for _, body := range []wire.Body{
		&wire.Transfer{To: secret("m1 cold").Public(), Amount: 5}, base.register("v1 cold", "m3", protocol.Unit),
		&wire.AddStake{Hotkey: secret("v1").Public(), Amount: protocol.Unit}, &wire.RemoveStake{Hotkey: secret("v1").Public(), Amount: protocol.Unit},
		base.serveAs("v1", 2), base.consensusAs("v1", " consensus", "a:1"),
		&wire.ExtendBeacon{Start: 60, Anchor: protocol.Hash{1}}, &wire.Unjail{Epoch: 1}, &wire.ExtendPlants{Start: 2, Anchor: protocol.Hash{1}}, &wire.OpenPlants{Epoch: 1, Proofs: []wire.PlantProof{{Round: 2, Leaves: 1}}}, &wire.LeakedLink{Seat: protocol.SeatID{UID: 3}}, &wire.SealLeak{Seal: protocol.Hash{1}}, &wire.AddCollateral{Hotkey: secret("m1").Public(), Amount: 3}, &wire.TakeCollateral{Hotkey: secret("m1").Public()}, &wire.SetCommission{Hotkey: secret("m1").Public(), Rate: 1 << 15}, &wire.Commit{Round: 2}, &wire.CommitWeights{Epoch: 1},
		&wire.RevealWeights{UIDs: []protocol.UID{1}, Values: []uint16{2}}, &wire.SealCards{}, &wire.OpenCards{Findings: []byte{1}, Shown: []wire.Card{{Finding: wire.FindingPassed, Kind: "a", Body: []byte{1}, Answer: protocol.Hash{1}}}},
		&wire.ExtendSetter{Start: 4, Anchor: protocol.Hash{1}}, &wire.SetPairs{Round: 4, Root: protocol.Hash{1}},
		&wire.OpenPairs{Round: 2, Link: protocol.Hash{1}, Origins: []byte{0, 13, 26}}, &wire.DoubtPairs{Round: 2}, &wire.OpenRatings{Round: 3, Ratings: []byte{0x12}},
		ask, &wire.SealRecords{Request: request, Seals: []protocol.Hash{{1}}}, record(request, "Tea is a leaf."),
		&wire.Challenge{}, &wire.JudgeChallenge{Epoch: 1, Evidence: wire.Evidence{Case: wire.Case{Round: 1, UID: 3, Accused: 3}}}, &wire.SealVote{Ballot: 1}, &wire.OpenVote{Ballot: 1}, &wire.Appeal{},
		&wire.SealFinding{Request: request}, &wire.OpenFinding{Request: request, Pays: []wire.RecordPay{{Amount: 1}}},
	} {
		f.Add(uint8(body.Type()), wire.Encode(body), uint8(0))
		f.Add(uint8(body.Type()), wire.Encode(body), uint8(1))
	}
	signers := []string{"v1", "v1 cold", "m1"}
	f.Fuzz(func(t *testing.T, typ uint8, body []byte, who uint8) {
		n := *base
		n.tb, n.tree = t, base.tree.Clone()
		name := signers[int(who)%len(signers)]
		tx := wire.Tx{Type: wire.TxType(typ), ChainID: n.chain, Signer: secret(name).Public(), Nonce: n.nonce(secret(name).Public()), Body: body}
		if tx.Type.Known() && !tx.Type.Lane() {
			tx.Fee = protocol.Unit / 500
		}
		sig, err := signer{secret(name)}.Sign(string(wire.DomainTx), wire.Encode(&tx))
		if err != nil {
			t.Fatal(err)
		}
		tx.Sig = sig
		for _, raw := range [][]byte{wire.Encode(&tx), body} {
			_, pool := ledger.CheckTx(n.tree, n.chain, n.p, raw)
			b := n.draft(raw)
			err := ledger.CheckBlock(n.tree, n.chain, n.p, b)
			if pool == nil && err != nil {
				t.Errorf("the pool took what a block may not hold: %v", err)
			}
			if err == nil {
				n.apply(b)
				n.until(n.height + 20)
			}
		}
	})
}
