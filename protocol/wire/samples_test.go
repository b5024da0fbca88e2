package wire_test

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/wire"
)

const chain = "assay-test-01234567"

// signer lends a key to wire.
type signer struct{ key.Private }

func (s signer) PublicKey() protocol.PublicKey { return s.Public() }

func (s signer) Sign(domain string, message []byte) (wire.Signature, error) {
	return s.Private.Sign(domain, message)
}

// named returns the key that a name stands for.
func named(name string) signer {
	seed := sha256.Sum256([]byte(name))
	k, err := key.FromSeed(seed[:], "wire-test")
	if err != nil {
		panic(err)
	}
	return signer{k}
}

// mute is a signer whose key is gone.
type mute struct{ signer }

var errMute = errors.New("no key")

func (mute) Sign(string, []byte) (wire.Signature, error) { return wire.Signature{}, errMute }

func hash(s string) protocol.Hash { return sha256.Sum256([]byte(s)) }

// sampleEvidence accuses a judge of a false card.
func sampleEvidence() wire.Evidence {
	return wire.Evidence{
		Case: wire.Case{Round: 8, UID: 3, Slot: 2, Accused: 1}, Salt: [32]byte{1}, Digest: hash("digest"), Fingerprint: hash("fingerprint"),
		Proof: []protocol.Hash{hash("slot")}, Cards: []wire.Card{*sampleCard()},
	}
}

// bodies returns one transaction body of every type.
func bodies() []wire.Body {
	pub := named("bob").PublicKey()
	return []wire.Body{
		&wire.Transfer{To: pub, Amount: 12 * protocol.Unit},
		&wire.Register{Hotkey: pub, MaxPrice: protocol.Unit, Consent: wire.Consent{Until: 900, Sig: wire.Signature{4}}},
		&wire.AddStake{Hotkey: pub, Amount: 1},
		&wire.RemoveStake{Hotkey: pub, Amount: 1 << 40},
		&wire.Serve{Coldkey: pub, Offers: []wire.Offer{{Kind: "inference", Capacity: 3, Models: []protocol.ModelID{hash("model")}}}, Addresses: []string{"/ip4/10.0.0.1/tcp/4001"}, Identity: pub, IdentitySig: wire.Signature{1}},
		&wire.SetConsensusKey{Key: pub, KeySig: wire.Signature{2}, TransportKey: [32]byte{3}, TransportSig: wire.Signature{5}, Address: "10.0.0.1:26656"},
		&wire.ExtendBeacon{Start: 40, Anchor: hash("anchor")},
		&wire.Unjail{Epoch: 9},
		&wire.ExtendPlants{Start: 9, Anchor: hash("anchor")},
		&wire.OpenPlants{Epoch: 9, Link: hash("link"), Proofs: []wire.PlantProof{{
			Round: 8, Slot: 3, Salt: [32]byte{1}, Digest: hash("digest"), Fingerprint: hash("fingerprint"), Proof: []protocol.Hash{hash("slot")},
			Leaves: 2, Position: 40, Token: -1, State: hash("state"), Path: []protocol.Hash{hash("leaf")},
		}}},
		&wire.LeakedLink{Seat: protocol.SeatID{UID: 3, Registered: 9}, Epoch: 9, Link: hash("link")},
		&wire.Challenge{Evidence: sampleEvidence()},
		&wire.JudgeChallenge{Epoch: 9, Evidence: sampleEvidence()},
		&wire.SealVote{Case: sampleEvidence().Case, Ballot: 1, Seal: hash("vote")},
		&wire.OpenVote{Case: sampleEvidence().Case, Ballot: 1, Finding: wire.FoundFalse, Found: wire.FoundOf([]byte("state")), Backends: wire.ByReference | wire.ByCUDA, Salt: [32]byte{7}},
		&wire.Appeal{Case: sampleEvidence().Case},
		&wire.SealLeak{Seal: hash("seal")},
		&wire.AddCollateral{Hotkey: pub, Amount: protocol.Unit},
		&wire.TakeCollateral{Hotkey: pub, Amount: 1 << 40},
		&wire.SetCommission{Hotkey: pub, Rate: 1 << 16},
		&wire.Commit{Round: 7, Root: hash("root")},
		&wire.CommitWeights{Epoch: 2, Hash: hash("weights")},
		&wire.RevealWeights{Epoch: 2, UIDs: []protocol.UID{0, 3, 4095}, Values: []uint16{1, 0, 65535}, Salt: [32]byte{9}},
		&wire.ExtendSetter{Start: 9, Anchor: hash("anchor")},
		&wire.SetPairs{Round: 9, Root: hash("pairs")},
		&wire.OpenPairs{Round: 9, Link: hash("link"), Origins: []byte{0, 13, 26}},
		&wire.DoubtPairs{Round: 9, Setter: protocol.SeatID{UID: 1, Registered: 7}},
		&wire.OpenRatings{Round: 9, Salt: [32]byte{7}, Ratings: []byte{0x51, 0x30}, Proof: []protocol.Hash{hash("sibling")}},
		&wire.SealCards{Epoch: 2, Seal: hash("findings")},
		&wire.OpenCards{Epoch: 2, Findings: []byte{wire.FoundPassed, wire.FoundNothing}, Root: hash("cards"), Salt: [32]byte{7}, Shown: []wire.Card{*sampleCard()}},
		&wire.Attest{Round: 7, Bits: wire.Bits{0xa5, 1}, Root: hash("custody")},
		&wire.Request{Specification: `{"topic":"tea"}`, Count: 3, Price: 5, Maximum: 15, Deadline: 99},
		&wire.SealRecords{Request: hash("request"), Seals: []protocol.Hash{{1}, {2}}},
		&wire.OpenRecord{Request: hash("request"), Salt: [32]byte{7}, Text: "Tea is a leaf."},
		&wire.SwapColdkey{To: pub, Consent: wire.Consent{Until: 900, Sig: wire.Signature{6}}},
		&wire.StopSwap{To: pub},
		&wire.SetPayout{Hotkey: pub, To: pub},
		&wire.SwapHotkey{Hotkey: pub, To: pub, Consent: wire.Consent{Until: 900, Sig: wire.Signature{6}}},
		&wire.StopHotkeySwap{Hotkey: pub, To: pub},
		&wire.KeepHotkey{From: 7, To: pub},
		&wire.SealFinding{Request: hash("request"), Seal: hash("finding")},
		&wire.OpenFinding{Request: hash("request"), Salt: [32]byte{7}, Pays: []wire.RecordPay{{Number: 0, Amount: 5}, {Number: 300, Amount: 1 << 40}}},
	}
}

func sampleAnswer() *wire.Answer {
	return &wire.Answer{
		Round: 7, Seat: protocol.SeatID{UID: 3, Registered: 41}, Slot: 1, Slots: 2, Task: hash("task"), Salt: [32]byte{4},
		Body:  []byte("what was answered"),
		Proof: []protocol.Hash{hash("sibling")},
	}
}

func sampleCard() *wire.Card {
	return &wire.Card{
		Judge: protocol.SeatID{UID: 1}, Round: 7, Seat: protocol.SeatID{UID: 3, Registered: 41}, Slot: 1, Task: hash("task"),
		Answer: hash("answer"), Kind: "inference", Finding: wire.FindingFalse, Body: []byte("why"),
		Proof: []protocol.Hash{hash("sibling")},
	}
}

func samplePairs() *wire.Pairs {
	return &wire.Pairs{Round: 9, Setter: protocol.SeatID{UID: 1}, Texts: [][3]string{{"which?", "this", "that"}, {"why?", "so", "hence"}}}
}

func sampleTask() *wire.Task {
	return &wire.Task{ID: hash("task"), Kind: "inference", Round: 7, Seat: protocol.SeatID{UID: 3, Registered: 41}, Slot: 1, Body: []byte("what is asked")}
}

func sampleReceipt() *wire.Receipt {
	return &wire.Receipt{ChainID: chain, Task: *sampleTask(), Answer: []byte{1}, Cards: [][]byte{{2}, {3}}}
}

// messages returns every message by name, signed ones by alice.
func messages() (names []string, all map[string]any) {
	all = make(map[string]any)
	add := func(name string, v any) {
		names = append(names, name)
		all[name] = v
	}
	for _, b := range bodies() {
		name := fmt.Sprintf("%T", b)[len("*wire."):]
		add(name, b)
		tx, err := wire.NewTx(named("alice"), chain, 5, 9, b)
		if err != nil {
			panic(err)
		}
		add("Tx "+name, tx)
	}
	add("BlockHead", &wire.BlockHead{Link: hash("link")})
	add("Task", sampleTask())
	add("Answer", sampleAnswer())
	add("Pairs", samplePairs())
	add("Card", sampleCard())
	add("Receipt", sampleReceipt())
	add("EvidenceRequest", &wire.EvidenceRequest{Part: wire.EvidenceCards, Key: sampleAnswer().Key()})
	add("CardList", &wire.CardList{Cards: [][]byte{{1}, {2, 3}}})
	for _, m := range []struct {
		domain  wire.Domain
		payload any
	}{{wire.DomainAnswer, sampleAnswer()}, {wire.DomainCard, sampleCard()}, {wire.DomainPairs, samplePairs()}} {
		e, err := wire.Seal(named("alice"), m.domain, chain, 99, wire.Encode(m.payload))
		if err != nil {
			panic(err)
		}
		add("Envelope "+string(m.domain), e)
	}
	return names, all
}
