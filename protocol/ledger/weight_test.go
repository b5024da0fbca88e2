package ledger_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/task/preference"
	"github.com/assaynet/assay/protocol/wire"
)

// members is the most that a consensus set has.
const members = 256

// largest is a network whose records are as long as the limits allow: 256
// validators, seats with all offers and addresses, sets of pairs of all of them.
func largest(t *testing.T) *network {
	t.Helper()
	g := rated()
	g.Params.Seats.Max, g.Params.Seats.MaxValidators, g.Params.Seats.Immunity = members+3, members, 1
	g.Params.Seats.MaxSilence = 2 * members
	g.Params.Preference.Pairs, g.Params.Preference.Checkers = wire.MaxPairs, members
	g.Accounts = nil
	for i := len(g.Seats); len(g.Seats) < members+3; i++ {
		s := seat(fmt.Sprintf("large %d", i), 11*protocol.Unit, false)
		if i < members+2 {
			s.Consensus, s.Beacon = &ledger.Consensus{Key: secret(fmt.Sprintf("large %d consensus", i)).Public(), Address: longAddress}, &protocol.Hash{1}
		}
		g.Seats = append(g.Seats, s)
	}
	for _, s := range g.Seats {
		g.Accounts = append(g.Accounts, ledger.GenesisAccount{Key: s.Coldkey, Balance: 1000 * protocol.Unit})
	}
	g.Accounts = append(g.Accounts, ledger.GenesisAccount{Key: secret("rich cold").Public(), Balance: 1000 * protocol.Unit})
	n := begin(t, g, ledger.Begin)
	n.only = 3
	return n
}

// longAddress is as long as that of a consensus transport may be.
var longAddress = strings.Repeat("a", 60) + "." + strings.Repeat("b", 60) + ":26656"

// fatten makes the seat of an actor as long as it can be.
func (n *network) fatten(name string) {
	n.tb.Helper()
	s := n.seat(name)
	s.Offers = nil
	for i := range 8 {
		o := wire.Offer{Kind: protocol.Kind(fmt.Sprintf("kind of %d letters", i))[:16], Capacity: 9}
		for k := range 16 {
			o.Models = append(o.Models, protocol.Hash{byte(i), byte(k)})
		}
		s.Offers = append(s.Offers, o)
	}
	s.Addresses = slices.Repeat([]string{strings.Repeat("a", 128)}, 8)
	s.Average, s.Emission = 1<<62, 1<<62
	n.set(ledger.SeatKey(s.ID.UID), s)
}

func (n *network) set(key []byte, record any) {
	n.tb.Helper()
	if err := n.tree.Set(key, wire.Encode(record)); err != nil {
		n.tb.Fatal(err)
	}
}

// worst makes of a network in its round 2 the transaction of a type that costs
// most, and its signer.
var worst = map[wire.TxType]func(n *network) (string, wire.Body){
	wire.TxTransfer: func(*network) (string, wire.Body) {
		return "rich cold", &wire.Transfer{To: secret("nobody").Public(), Amount: protocol.Unit}
	},
	wire.TxRegister: func(n *network) (string, wire.Body) { // all seats are taken, and one goes
		order, err := ledger.ReadPruneOrder(n.tree)
		if err != nil || len(order) == 0 {
			n.tb.Fatalf("%v, %v", order, err)
		}
		s, _, _ := ledger.ReadSeat(n.tree, order[0])
		n.names[s.Hotkey] = "pruned"
		s.Addresses = slices.Repeat([]string{strings.Repeat("a", 128)}, 8)
		s.Consensus = ledger.Consensus{Key: secret("c").Public(), TransportKey: protocol.Hash{1}, Address: longAddress}
		s.Swap = ledger.HotkeySwap{To: secret("next").Public(), From: 1 << 40}
		s.Jail = ledger.Jail{Held: true, Lied: true, From: 1 << 40, Wait: 16, Told: 1 << 40}
		n.set(ledger.SeatKey(s.ID.UID), s)
		n.set(ledger.KeptJailKey(secret("new").Public()), s.Jail)
		n.set(ledger.BondsKey(s.ID.UID), ledger.Bonds{})
		n.set(ledger.CoverKey(s.ID.UID), ledger.CoverRecord{})
		return "rich cold", n.register("rich cold", "new", 100*protocol.Unit)
	},
	wire.TxSwapColdkey: func(n *network) (string, wire.Body) { // not the first
		n.set(ledger.OwnerKey(secret("rich cold").Public()), ledger.Owner{Now: secret("rich cold").Public(), Next: secret("old").Public(), From: 1})
		n.set(ledger.NameKey(secret("old").Public()), secret("rich cold").Public())
		if err := n.do("m1 cold", &wire.Transfer{To: secret("new").Public(), Amount: protocol.Unit}); err != nil {
			n.tb.Fatal(err)
		}
		return "old", n.swap("rich cold", "new")
	},
	wire.TxStopSwap: func(n *network) (string, wire.Body) { // of one that is not the first
		n.set(ledger.OwnerKey(secret("rich cold").Public()), ledger.Owner{Now: secret("old").Public(), Next: secret("new").Public(), From: 1 << 40})
		n.set(ledger.NameKey(secret("old").Public()), secret("rich cold").Public())
		n.set(ledger.NameKey(secret("new").Public()), secret("rich cold").Public())
		return "old", &wire.StopSwap{To: secret("new").Public()}
	},
	wire.TxSwapHotkey: func(n *network) (string, wire.Body) { // by an owner whose key was swapped, and on
		n.fatten("m1")
		n.set(ledger.OwnerKey(secret("m1 cold").Public()), ledger.Owner{Now: secret("old").Public()})
		n.set(ledger.NameKey(secret("old").Public()), secret("m1 cold").Public())
		if err := n.do("m2 cold", &wire.Transfer{To: secret("m4").Public(), Amount: protocol.Unit}); err != nil {
			n.tb.Fatal(err)
		}
		return "old", n.swapHotkey("m1 cold", "m1", "m4")
	},
	wire.TxStopHotkeySwap: func(n *network) (string, wire.Body) {
		n.fatten("m1")
		if err := n.do("m1 cold", n.swapHotkey("m1 cold", "m1", "m4")); err != nil {
			n.tb.Fatal(err)
		}
		return "m1 cold", &wire.StopHotkeySwap{Hotkey: secret("m1").Public(), To: secret("m4").Public()}
	},
	wire.TxKeepHotkey: func(n *network) (string, wire.Body) {
		n.fatten("m1")
		if err := n.do("m1 cold", n.swapHotkey("m1 cold", "m1", "m4")); err != nil {
			n.tb.Fatal(err)
		}
		return "m1", &wire.KeepHotkey{From: n.seat("m1").Swap.From, To: secret("m4").Public()}
	},
	wire.TxExtendPlants:   worstExtendPlants,
	wire.TxOpenPlants:     worstOpenPlants,
	wire.TxLeakedLink:     worstLeakedLink,
	wire.TxChallenge:      worstChallenge,
	wire.TxJudgeChallenge: worstJudgeChallenge,
	wire.TxSealVote:       worstSealVote,
	wire.TxOpenVote:       worstOpenVote,
	wire.TxAppeal:         worstAppeal,
	wire.TxSealLeak: func(n *network) (string, wire.Body) { // in the place of another
		n.set(ledger.LeakKey(secret("rich cold").Public()), ledger.LeakSeal{Seal: protocol.Hash{1}, Height: 1 << 40})
		return "rich cold", &wire.SealLeak{Seal: protocol.Hash{2}}
	},
	wire.TxAddCollateral: func(n *network) (string, wire.Body) {
		n.fatten("m1")
		return "m1 cold", &wire.AddCollateral{Hotkey: secret("m1").Public(), Amount: protocol.Unit}
	},
	wire.TxTakeCollateral: func(n *network) (string, wire.Body) { // while some is on its way back
		n.fatten("m1")
		for _, body := range []wire.Body{
			&wire.AddCollateral{Hotkey: secret("m1").Public(), Amount: protocol.Unit},
			&wire.TakeCollateral{Hotkey: secret("m1").Public(), Amount: protocol.Unit / 2},
		} {
			if err := n.do("m1 cold", body); err != nil {
				n.tb.Fatal(err)
			}
		}
		return "m1 cold", &wire.TakeCollateral{Hotkey: secret("m1").Public()}
	},
	wire.TxSetCommission: func(n *network) (string, wire.Body) {
		n.fatten("m1")
		return "m1 cold", &wire.SetCommission{Hotkey: secret("m1").Public(), Rate: 1 << 16}
	},
	wire.TxSetPayout: func(n *network) (string, wire.Body) {
		n.fatten("m1")
		return "m1 cold", &wire.SetPayout{Hotkey: secret("m1").Public(), To: secret("purse").Public()}
	},
	wire.TxAddStake: func(n *network) (string, wire.Body) {
		n.fatten("v1")
		return "v1 cold", &wire.AddStake{Hotkey: secret("v1").Public(), Amount: protocol.Unit}
	},
	wire.TxRemoveStake: func(*network) (string, wire.Body) {
		return "v1 cold", &wire.RemoveStake{Hotkey: secret("v1").Public(), Amount: protocol.Unit}
	},
	wire.TxServe: func(n *network) (string, wire.Body) {
		n.fatten("m1")
		s := n.serveAs("m1", 4)
		s.Addresses = slices.Repeat([]string{strings.Repeat("a", 128)}, 8)
		return "m1", s
	},
	wire.TxSetConsensusKey: func(n *network) (string, wire.Body) {
		n.fatten("v1")
		return "v1", n.consensusAs("v1", " next", longAddress)
	},
	wire.TxExtendBeacon: func(n *network) (string, wire.Body) {
		n.fatten("m1")
		return "m1", &wire.ExtendBeacon{Start: n.p.Schedule.EpochStart(n.p.Schedule.EpochOf(n.next()) + 2), Anchor: protocol.Hash{1}}
	},
	wire.TxUnjail: func(n *network) (string, wire.Body) {
		n.fatten("m1")
		s := n.seat("m1")
		s.Jail = ledger.Jail{Held: true, From: 1, Wait: 1}
		n.set(ledger.SeatKey(s.ID.UID), s)
		return "m1", &wire.Unjail{Epoch: n.p.Schedule.EpochOf(n.next())}
	},
	wire.TxCommit: func(n *network) (string, wire.Body) {
		n.fatten("m1")
		return "m1", &wire.Commit{Round: n.p.Schedule.RoundOf(n.next()), Root: protocol.Hash{1}}
	},
	wire.TxCommitWeights: func(n *network) (string, wire.Body) {
		n.until(n.p.Schedule.WeightsStart(n.p.Schedule.EpochOf(n.next())) - 1)
		n.fatten("v1")
		return "v1", &wire.CommitWeights{Epoch: n.p.Schedule.EpochOf(n.next()), Hash: protocol.Hash{1}}
	},
	wire.TxRevealWeights: func(n *network) (string, wire.Body) {
		n.fatten("v1")
		epoch := n.p.Schedule.EpochOf(n.next()) - 1
		row := &wire.RevealWeights{Epoch: epoch}
		for uid := range protocol.UID(4096) {
			row.UIDs, row.Values = append(row.UIDs, uid), append(row.Values, 60_000+uint16(uid))
		}
		meta, _, _ := ledger.ReadMeta(n.tree)
		meta.Seats = 4096
		n.set(ledger.MetaKey(), meta)
		n.set(ledger.SealKey(epoch, 0), ledger.SealedWeights{Seat: n.seat("v1").ID, Hash: row.Seal(secret("v1").Public()), Height: 3})
		return "v1", row
	},
	wire.TxSealCards: func(n *network) (string, wire.Body) {
		e := n.p.Schedule.EpochOf(n.next())
		n.until(n.p.Schedule.EpochEnd(e))
		n.fatten("v1")
		return "v1", &wire.SealCards{Epoch: e, Seal: protocol.Hash{1}}
	},
	wire.TxOpenCards: func(n *network) (string, wire.Body) { // of one who judged as much as can be, and shows what fits
		e := n.p.Schedule.EpochOf(n.next())
		n.until(n.p.Schedule.SealCardsDeadline(e) + 2)
		n.fatten("v1")
		seat := n.seat("v1").ID
		drawn := ledger.DrawnRecord{Judge: seat, Kinds: make([]wire.AnswerKeys, 2)}
		for i := range wire.MaxFindings {
			drawn.Kinds[1].Add(wire.AnswerKey{Round: 1, UID: protocol.UID(i / 8), Slot: uint16(i % 8)})
		}
		n.set(ledger.DrawnKey(e, seat.UID), drawn)
		b := n.opens("v1", e, bytes.Repeat([]byte{wire.FoundPassed}, wire.MaxFindings), 3000)
		n.set(ledger.CardsKey(e, seat.UID), ledger.CardsRecord{Seat: seat, Seal: b.Seal(secret("v1").Public())})
		return "v1", b
	},
	wire.TxAttest: func(n *network) (string, wire.Body) {
		round := n.p.Schedule.RoundOf(n.next())
		n.until(n.p.Schedule.OpenDeadline(round))
		n.fatten("v1")
		n.set(ledger.RoundKey(round), ledger.RoundRecord{Round: round, Published: 8 * wire.MaxAttestBytes})
		return "v1", &wire.Attest{Round: round, Bits: bytes.Repeat([]byte{0xff}, wire.MaxAttestBytes)}
	},
	wire.TxExtendSetter: func(n *network) (string, wire.Body) {
		n.fatten("v1")
		n.set(ledger.SetterKey(0), ledger.SetterRecord{Seat: n.seat("v1").ID, Now: ledger.Chain{Start: 1, Link: protocol.Hash{1}}})
		return "v1", &wire.ExtendSetter{Start: n.p.Schedule.RoundOf(n.next()) + 2, Anchor: protocol.Hash{1}}
	},
	wire.TxSetPairs: func(n *network) (string, wire.Body) {
		n.fatten("v1")
		round := n.p.Schedule.RoundOf(n.next()) + 1
		n.crowd(round)
		n.set(ledger.SetterKey(0), ledger.SetterRecord{Seat: n.seat("v1").ID, Now: ledger.Chain{Start: 1, Link: protocol.Hash{1}}})
		return "v1", &wire.SetPairs{Round: round, Root: protocol.Hash{1}}
	},
	wire.TxOpenPairs: func(n *network) (string, wire.Body) { // of a chain that stood still for as long as it may
		round := protocol.Round(ledger.MaxUnseen + 2)
		n.jump(n.p.Schedule.CommitDeadline(round + 1))
		n.fatten("v1")
		n.crowd(round)
		sets, _ := ledger.ReadSets(n.tree, round)
		sets = slices.Insert(sets, 0, preference.Set{Setter: n.seat("v1").ID, Coldkey: secret("v1 cold").Public(), Root: protocol.Hash{1}})
		n.set(ledger.SetsKey(round), ledger.SetsRecord{Sets: sets})
		link := protocol.Hash{9}
		seen := link
		for range ledger.MaxUnseen {
			seen = ledger.LinkHash(seen)
		}
		n.set(ledger.SetterKey(0), ledger.SetterRecord{Seat: n.seat("v1").ID, Now: ledger.Chain{Start: 3, Link: seen}})
		return "v1", &wire.OpenPairs{Round: round, Link: link, Origins: make([]byte, wire.MaxPairs)}
	},
	wire.TxDoubtPairs: func(n *network) (string, wire.Body) { // the last that was drawn, of as many as may judge
		round := protocol.Round(2)
		n.fatten("v1")
		n.crowd(round)
		setter := protocol.SeatID{UID: 4000}
		sets := append(n.sets(round), preference.Set{
			Setter: setter, Coldkey: secret("rich cold").Public(), Root: protocol.Hash{1}, Link: protocol.Hash{2}, Origins: make([]byte, wire.MaxPairs),
		})
		n.set(ledger.SetsKey(round), ledger.SetsRecord{Sets: sets})
		n.set(ledger.RoundKey(round+1), ledger.RoundRecord{Round: round + 1, TaskSeed: protocol.Hash{1}, DutySeed: protocol.Hash{2}})
		return "v1", &wire.DoubtPairs{Round: round, Setter: setter}
	},
	wire.TxOpenRatings: func(n *network) (string, wire.Body) {
		open := n.rates("m1", 3, slices.Repeat([]byte{0x12}, wire.MaxRatings/2)...)
		n.until(37)
		n.fatten("m1")
		return "m1", open
	},
	wire.TxRequest: func(n *network) (string, wire.Body) {
		return "rich cold", &wire.Request{
			Specification: strings.Repeat("s", wire.MaxSpecification), Count: wire.MaxRequested, Price: 1, Maximum: protocol.Unit, Deadline: n.next() + 1,
		}
	},
	wire.TxSealRecords: func(n *network) (string, wire.Body) {
		id, _ := n.asked(0)
		b := &wire.SealRecords{Request: id}
		for i := range byte(wire.MaxSeals - 1) {
			b.Seals = append(b.Seals, protocol.Hash{i, 1})
		}
		b.Seals = append(b.Seals, protocol.Hash{255, 1})
		return "rich cold", b
	},
	wire.TxOpenRecord: func(n *network) (string, wire.Body) {
		_, records := n.asked(1)
		return "rich cold", records[0]
	},
	wire.TxSealFinding: func(n *network) (string, wire.Body) {
		id := n.made(1)
		n.fatten("v1")
		return "v1", &wire.SealFinding{Request: id, Seal: protocol.Hash{1}}
	},
	wire.TxOpenFinding: func(n *network) (string, wire.Body) { // the last of all judges
		id := n.made(1)
		asked := n.read(id)
		asked.Sealed, asked.Opened, asked.Escrow, asked.Asked.Price = wire.MaxRequested, wire.MaxRequested, 1<<52, 1<<41
		n.set(ledger.RequestKey(id), asked)
		b := &wire.OpenFinding{Request: id}
		for i := range uint32(wire.MaxRequested) {
			b.Pays = append(b.Pays, wire.RecordPay{Number: i, Amount: 1 << 40})
		}
		for uid := range protocol.UID(members) {
			s, _, _ := ledger.ReadSeat(n.tree, uid)
			n.set(ledger.RequestFindingKey(id, uid), ledger.RequestFinding{Seat: s.ID, Owner: s.Coldkey, Stake: 1 << 60, Found: protocol.Hash{1}})
		}
		n.set(ledger.RequestFindingKey(id, 0), ledger.RequestFinding{
			Seat: n.seat("v1").ID, Owner: secret("v1 cold").Public(), Stake: 1 << 60, Seal: b.Seal(secret("v1").Public()), Hotkey: secret("v1").Public(),
		})
		n.jump(asked.JudgeDeadline(n.p))
		n.fatten("v1")
		return "v1", b
	},
}

// made makes a request, and opens so many of the longest records of it; it returns
// at a height at which judges may seal what they find.
func (n *network) made(count int) protocol.Hash {
	n.tb.Helper()
	id, records := n.asked(count)
	for _, r := range records {
		if err := n.do("rich cold", r); err != nil {
			n.tb.Fatal(err)
		}
	}
	r := n.read(id)
	n.until(r.OpenDeadline(n.p))
	return id
}

// asked makes a request with the longest specification, and seals as many of the
// longest records; it returns at a height at which they may be opened, or sealed
// where there are none.
func (n *network) asked(count int) (protocol.Hash, []*wire.OpenRecord) {
	n.tb.Helper()
	body := &wire.Request{
		Specification: strings.Repeat("s", wire.MaxSpecification), Count: wire.MaxRequested, Price: 64, Maximum: protocol.Unit, Deadline: n.next() + 2,
	}
	if err := n.do("rich cold", body); err != nil {
		n.tb.Fatal(err)
	}
	id := ledger.RequestID(secret("rich cold").Public(), n.height, body)
	if count == 0 {
		return id, nil
	}
	var records []*wire.OpenRecord
	var seals []protocol.Hash
	for i := range count {
		r := &wire.OpenRecord{Request: id, Salt: [32]byte{byte(i)}, Text: strings.Repeat(string(rune('a'+i)), wire.MaxRecordText)}
		records, seals = append(records, r), append(seals, r.Seal(secret("rich cold").Public()))
	}
	slices.SortFunc(seals, func(a, b protocol.Hash) int { return bytes.Compare(a[:], b[:]) })
	if err := n.do("rich cold", &wire.SealRecords{Request: id, Seals: seals}); err != nil {
		n.tb.Fatal(err)
	}
	n.until(body.Deadline)
	return id, records
}

// jump makes h the height of the newest block, as if all before had been empty.
func (n *network) jump(h protocol.Height) {
	n.tb.Helper()
	meta, _, err := ledger.ReadMeta(n.tree)
	if err != nil {
		n.tb.Fatal(err)
	}
	meta.Height, n.height = h, h
	n.set(ledger.MetaKey(), meta)
}

// crowd gives a round the pairs of all validators but v1.
func (n *network) crowd(round protocol.Round) {
	var sets []preference.Set
	for uid := protocol.UID(1); uid < members; uid++ {
		sets = append(sets, preference.Set{
			Setter: protocol.SeatID{UID: uid}, Coldkey: secret("rich cold").Public(), Root: protocol.Hash{1}, Link: protocol.Hash{2}, Origins: make([]byte, wire.MaxPairs),
		})
	}
	n.set(ledger.SetsKey(round), ledger.SetsRecord{Sets: sets})
}

// TestNoTransactionCostsMoreThanItsRow drives each type of transaction to its
// worst, and each must have a row, and a worst case here.
func TestNoTransactionCostsMoreThanItsRow(t *testing.T) {
	base := largest(t)
	base.until(33)
	for typ := range wire.TxType(255) {
		if !typ.Known() {
			continue
		}
		t.Run(typ.String(), func(t *testing.T) {
			if !ledger.HasCost(typ) || worst[typ] == nil {
				t.Fatal("a transaction without a row in the table of costs, or without a worst case in this test")
			}
			n := *base
			n.tb, n.tree = t, base.tree.Clone()
			name, body := worst[typ](&n)
			raw := n.tx(name, body)
			b := n.draft(raw)
			res, err := ledger.Apply(n.tree, n.chain, n.p, b)
			if err != nil {
				t.Fatal(err)
			}
			if err := res.Txs[0].Err; err != nil {
				t.Fatal(err)
			}
			most := ledger.TxCost(body, len(raw))
			t.Logf("%d bytes, weight %d: used %+v of %+v", len(raw), most.Weight(), res.Txs[0].Used, most)
			n.checkCosts(b, res)
			if used := res.Txs[0].Used; 2*used.Weight() < most.Weight() {
				t.Errorf("the row weighs %d, more than twice of what its worst does, %d", most.Weight(), used.Weight())
			}
		})
	}
}

// TestABlockBoundsWhatThreeDelaysBringTogether: blocks that were full of stake
// removed, of seats bought and of keys given up meet, each by its own delay, at one
// height. What that height costs is within what it may grow with blocks' weight.
func TestABlockBoundsWhatThreeDelaysBringTogether(t *testing.T) {
	own := func(entries bool) ledger.Cost {
		n := newNetwork(t, testGenesis())
		n.until(4)
		if entries {
			most := func(b wire.Body) uint64 { return n.p.Block.MaxWeight / ledger.TxCost(b, 0).Weight() }
			meta, _, _ := ledger.ReadMeta(n.tree)
			for i := range most(&wire.RemoveStake{}) {
				name, cold := secret("m1").Public(), secret(fmt.Sprint("staker ", i)).Public()
				n.set(ledger.UnbondingKey(name, 1, cold), ledger.Unbonding{Amount: 1})
				n.set(ledger.UnbondingWaitKey(1, name, cold), int64(0))
				meta.Unbonding++
				meta.Issued++
			}
			n.set(ledger.MetaKey(), meta)
			for i := range most(&wire.Register{}) {
				id := protocol.SeatID{UID: protocol.UID(100 + i)}
				n.set(ledger.SeatKey(id.UID), ledger.Seat{ID: id})
				n.set(ledger.ImmuneKey(n.next()+1, id.UID), id)
			}
			for i := range max(most(&wire.Register{}), most(&wire.SetConsensusKey{})) {
				a := key.AddressOf(secret(fmt.Sprint("signer ", i)).Public())
				n.set(ledger.AddressKey(a), ledger.AddressRecord{Left: n.next()})
				n.set(ledger.LeftAddressKey(n.next(), a), a)
			}
		}
		return n.block().Own
	}
	p := testParams()
	most, _ := ledger.OwnCost(&p)
	p.Block.MaxWeight = 0
	quiet, _ := ledger.OwnCost(&p)
	full, empty := own(true), own(false)
	full.Reads, full.Writes, full.Bytes = full.Reads-empty.Reads, full.Writes-empty.Writes, full.Bytes-empty.Bytes
	most.Reads, most.Writes, most.Bytes = most.Reads-quiet.Reads, most.Writes-quiet.Writes, most.Bytes-quiet.Bytes
	if !full.Within(most) {
		t.Errorf("entries cost %+v, at most %+v", full, most)
	}
}

// TestABlockIsRefusedForItsWeight before anything of it is carried out.
func TestABlockIsRefusedForItsWeight(t *testing.T) {
	g := testGenesis()
	g.Params.Block.MaxWeight = 500_000
	n := newNetwork(t, g)
	n.until(2)
	var txs [][]byte
	var weight uint64
	for i := uint64(0); ; i++ {
		raw := n.txAt("rich cold", i, &wire.Transfer{To: secret("m1 cold").Public(), Amount: 1})
		w, err := ledger.TxWeight(raw, n.chain)
		if err != nil {
			t.Fatal(err)
		}
		txs = append(txs, raw)
		if weight += w; weight > n.p.Block.MaxWeight {
			break
		}
	}
	b := n.draft(txs...)
	for what, err := range map[string]error{
		"check": ledger.CheckBlock(n.tree, n.chain, n.p, b),
		"apply": func() error { _, err := ledger.Apply(n.tree, n.chain, n.p, b); return err }(),
	} {
		if !errors.Is(err, ledger.ErrBlock) || !strings.Contains(err.Error(), "weight") {
			t.Errorf("%s: got %v, want a block that weighs too much", what, err)
		}
	}
	if got := n.selected(txs, 1<<20); len(got) != len(txs)-1 {
		t.Errorf("%d of %d were selected, want all but one", len(got), len(txs))
	}
	n.block(txs[:len(txs)-1]...)
}

// TestASeatCostsTheSameAmongFewAndMany: what a purchase reads and writes does not
// depend on how many seats there are.
func TestASeatCostsTheSameAmongFewAndMany(t *testing.T) {
	var used []ledger.Cost
	for _, seats := range []int{8, 200} {
		n := largeNetwork(t, seats, 3)
		n.p.Seats.Immunity = 1
		n.tree = &ledger.MemTree{}
		if _, err := ledger.Init(n.tree, n.g); err != nil {
			t.Fatal(err)
		}
		n.chain = n.g.ChainID()
		res := n.block(n.tx("rich cold", n.register("rich cold", "m4", 1<<62)))
		if res.Txs[0].Err != nil {
			t.Fatal(res.Txs[0].Err)
		}
		used = append(used, res.Txs[0].Used)
	}
	if used[0].Reads != used[1].Reads || used[0].Writes != used[1].Writes {
		t.Errorf("among 8 seats %+v, among 200 %+v", used[0], used[1])
	}
}

func TestTheSpecificationHasTheTableOfCosts(t *testing.T) {
	spec, err := os.ReadFile("../SPEC.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := ledger.SpecTable(); !strings.Contains(string(spec), want) {
		t.Errorf("SPEC.md has another table than\n%s", want)
	}
}
