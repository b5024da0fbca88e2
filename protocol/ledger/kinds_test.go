package ledger_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
)

// twoKinds is a network that pays for echoes, too: two slots, three judges, and
// both rounds of an epoch to answer. M1 offers both kinds, m2 echoes alone.
func twoKinds() *ledger.Genesis {
	g := testGenesis()
	g.Params.Kinds[0].Share = 3 * params.One / 4
	g.Params.Kinds = append([]params.Kind{{
		Name: "echo", Share: params.One / 4, Full: 10, Slots: 2, Judges: 3, Rounds: 2, Keep: params.One / 2,
	}}, g.Params.Kinds...)
	echo := wire.Offer{Kind: "echo", Capacity: 2}
	for i := range g.Seats {
		switch g.Seats[i].Hotkey {
		case secret("m1").Public():
			g.Seats[i].Offers = append([]wire.Offer{echo}, g.Seats[i].Offers...)
		case secret("m2").Public():
			g.Seats[i].Offers = []wire.Offer{echo}
		}
	}
	return g
}

// commitAll commits for those who are asked, shortly before the deadline, and
// goes on until the duties are drawn.
func (n *network) commitAll(r protocol.Round, names ...string) {
	n.tb.Helper()
	n.until(n.p.Schedule.CommitDeadline(r) - 1)
	var txs [][]byte
	for _, name := range names {
		txs = append(txs, n.tx(name, &wire.Commit{Round: r, Root: protocol.Hash{1}}))
	}
	n.block(txs...)
	n.until(n.p.Schedule.RoundStart(r+1) + 1)
}

func TestKindsFallDueInTheirOwnRoundsUnderOneCommitment(t *testing.T) {
	n := newNetwork(t, twoKinds())
	roster, ok, err := ledger.ReadRosterSeat(n.tree, 0, 3)
	if err != nil || !ok || len(roster.Asked) != 2 || roster.Asked[0].Kind != "echo" || roster.Asked[1].Kind != "inference" {
		t.Fatalf("m1 is asked %+v, %v, %v", roster.Asked, ok, err)
	}
	n.until(4)
	n.refused(n.tx("m2", &wire.Commit{Round: 0, Root: protocol.Hash{1}}), ledger.ErrNotPermitted) // echoes take two rounds
	n.commitAll(0, "m1")
	n.commitAll(1, "m1", "m2")
	rounds := [2]ledger.RoundRecord{}
	for r := range rounds {
		rounds[r], _, _ = ledger.ReadRound(n.tree, protocol.Round(r))
	}
	for r, want := range [][]protocol.Hash{{rounds[0].TaskSeed}, {rounds[0].TaskSeed, rounds[1].TaskSeed}} {
		asked, err := ledger.ReadTasks(n.tree, n.chain, n.p, protocol.Round(r), &roster)
		if err != nil || len(asked.Due) != len(want) {
			t.Fatalf("round %d: %+v, %v", r, asked.Due, err)
		}
		for i := range want {
			if asked.Due[i].Seed != want[i] || want[i].IsZero() {
				t.Errorf("round %d: tasks of kind %s follow from %s, want %s", r, asked.Due[i].Kind, asked.Due[i].Seed.Short(), want[i].Short())
			}
		}
	}
}

func TestDutiesAreDrawnAndCountedByKind(t *testing.T) {
	n := newNetwork(t, twoKinds())
	n.commitAll(0, "m1")
	n.commitAll(1, "m1", "m2")
	slots := func(r protocol.Round, uid protocol.UID) (out []uint16) {
		rec, _, err := ledger.ReadDuties(n.tree, r, uid)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range rec.Duties {
			out = append(out, d.Slot)
		}
		return out
	}
	// The first answers of a kind are drawn by all three judges: m1's inference in
	// round 0, its echo (slot 0) in round 1, where inference has slot 1.
	if got := slots(0, 3); !slices.Equal(got, []uint16{0, 0, 0}) {
		t.Errorf("m1 in round 0: duties in slots %v", got)
	}
	if got := slots(1, 3); len(got) < 5 || !slices.Equal(got[:3], []uint16{0, 0, 0}) || got[3] != 1 {
		t.Errorf("m1 in round 1: duties in slots %v", got)
	}
	if got := slots(1, 4); !slices.Equal(got, []uint16{0, 0, 0}) {
		t.Errorf("m2 in round 1: duties in slots %v", got)
	}
	var echoes, inference uint32
	for uid := range protocol.UID(3) {
		rec, _, err := ledger.ReadDrawn(n.tree, 0, uid)
		if err != nil || len(rec.Kinds) != 2 {
			t.Fatalf("judge %d drew %v, %v", uid, rec.Kinds, err)
		}
		echoes, inference = echoes+rec.Counts()[0], inference+rec.Counts()[1]
	}
	if want := uint32(len(slots(0, 3)) + len(slots(1, 3)) - 3); echoes != 6 || inference != want {
		t.Errorf("%d duties of echoes, %d of inference, want 6 and %d", echoes, inference, want)
	}
}

func TestASeatGrowsInTheKindThatItShowed(t *testing.T) {
	n := newNetwork(t, twoKinds())
	n.until(20)
	for name, counts := range map[string][]uint32{"m1": {1, 3}, "m2": {2}} {
		id := n.seat(name).ID
		n.set(ledger.ShownKey(0, id.UID), ledger.ShownRecord{Seat: id, Counts: counts})
	}
	n.until(40)
	m1, _, _ := ledger.ReadRosterSeat(n.tree, 2, 3)
	m2, _, _ := ledger.ReadRosterSeat(n.tree, 2, 4)
	// Echoes fall due once an epoch, so that one answer shows two; inference twice.
	if m1.Asked[0].Slots != 2 || m1.Asked[1].Slots != 3 || m2.Asked[0].Slots != 2 || n.seat("m1").Slots != 5 {
		t.Errorf("m1 is asked %+v, m2 %+v", m1.Asked, m2.Asked)
	}
}

func TestAnOfferOfAKindOrModelThatTheNetworkLacksIsRefused(t *testing.T) {
	n := newNetwork(t, twoKinds())
	for what, o := range map[string]wire.Offer{
		"a kind":               {Kind: "whisper", Capacity: 1},
		"a model of no kind":   {Kind: "inference", Capacity: 1, Models: []protocol.ModelID{{1}}},
		"a model of the other": {Kind: "echo", Capacity: 1, Models: []protocol.ModelID{params.SmolLM2().ID}},
	} {
		serve := n.serveAs("m1", 1)
		serve.Offers = []wire.Offer{o}
		if err := n.do("m1", serve); !errors.Is(err, ledger.ErrUnknown) {
			t.Errorf("%s: got %v, want %v", what, err, ledger.ErrUnknown)
		}
	}
}

func TestADividendStandsForEachKindByItsShare(t *testing.T) {
	kinds := []params.Kind{{Share: params.One / 4}, {Share: 3 * params.One / 4}}
	unpaid := []params.Kind{{}, {}}
	for name, c := range map[string]struct {
		kinds            []params.Kind
		drawn, fulfilled []uint32
		want             protocol.Amount
	}{
		"all was done":               {kinds, []uint32{3, 7}, []uint32{3, 7}, 1000},
		"none was drawn":             {kinds, nil, nil, 1000},
		"nothing was done":           {kinds, []uint32{3, 7}, []uint32{0, 0}, 0},
		"the small kind was not":     {kinds, []uint32{300, 1}, []uint32{0, 1}, 750},
		"the large kind was not":     {kinds, []uint32{1, 300}, []uint32{1, 0}, 250},
		"half of each":               {kinds, []uint32{2, 8}, []uint32{1, 4}, 500},
		"one kind alone was drawn":   {kinds, []uint32{0, 3}, []uint32{0, 1}, 333},
		"kinds without a share":      {unpaid, []uint32{4, 4}, []uint32{4, 0}, 500},
		"one kind without, and paid": {[]params.Kind{{}, {Share: 1}}, []uint32{4, 4}, []uint32{0, 4}, 1000},
	} {
		if got := ledger.Scale(c.drawn, c.fulfilled, c.kinds, 1000); got != c.want {
			t.Errorf("%s: got %d of 1000, want %d", name, got, c.want)
		}
	}
}

func TestWhatNobodyEarnedStaysInThePotAndIsPaidToNoOne(t *testing.T) {
	n := newNetwork(t, testGenesis())
	for e := range protocol.Epoch(4) {
		n.until(n.p.Schedule.WeightsStart(e) - 1)
		row := &wire.RevealWeights{Epoch: e, UIDs: []protocol.UID{3, 4, protocol.Nobody}, Values: []uint16{100, 100, 200}}
		for _, name := range []string{"v1", "v2", "v3"} {
			if err := n.do(name, &wire.CommitWeights{Epoch: e, Hash: row.Seal(secret(name).Public())}); err != nil {
				t.Fatal(err)
			}
		}
		n.until(n.p.Schedule.EpochEnd(e))
		for _, name := range []string{"v1", "v2", "v3"} {
			if err := n.do(name, row); err != nil {
				t.Fatal(err)
			}
		}
	}
	n.until(99)
	var unearned protocol.Amount
	for e := protocol.Epoch(2); e <= 4; e++ {
		rec, ok, err := ledger.ReadEpoch(n.tree, e)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		for what, got := range map[string]protocol.Amount{"miners": 2 * rec.Miners, "validators": 2 * rec.Validators, "nobody": rec.Unearned} {
			if half := rec.Emission / 2; got+half/1000 < half || got > half+half/1000 {
				t.Errorf("epoch %d: %s have %s of %s", e, what, got, rec.Emission)
			}
		}
		unearned += rec.Unearned
		if want := 20*protocol.Unit*protocol.Amount(e+1) - protocol.Unit - n.allPaid(e) - unearned; rec.Carried != want {
			t.Errorf("epoch %d carries %s to be paid, want %s: what was not earned comes back, or is lost", e, rec.Carried, want)
		}
	}
	meta, _, err := ledger.ReadMeta(n.tree)
	if err != nil || meta.Unearned != unearned || meta.Pot < unearned {
		t.Errorf("the pot of %s holds %s that nobody earned, want %s; %v", meta.Pot, meta.Unearned, unearned, err)
	}
}
