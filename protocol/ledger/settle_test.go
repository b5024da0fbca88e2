package ledger_test

import (
	"fmt"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/plant"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/wire"
)

// manyPlants is a state in which 4,096 seats gave four answers each in epoch 0, all
// drawn by two of 64 judges, and proved what they planted of them: a sixteenth, as
// Local has it. Judge 0 found everything right.
func manyPlants(tb testing.TB) (*ledger.MemTree, *params.Params) {
	tb.Helper()
	const seats, judges, slots = 4096, 64, 4
	p := plantingParams()
	p.Plants.Rate = params.One / 16
	g := testGenesis()
	t := &ledger.MemTree{}
	if _, err := ledger.Init(t, g); err != nil {
		tb.Fatal(err)
	}
	set := func(key []byte, v any) {
		if err := t.Set(key, wire.Encode(v)); err != nil {
			tb.Fatal(err)
		}
	}
	seed := wire.HashOf("seed")
	set(ledger.RoundKey(0), &ledger.RoundRecord{TaskSeed: seed})
	set(ledger.RoundKey(1), &ledger.RoundRecord{Round: 1, TaskSeed: wire.HashOf("other")})
	drawn := make([]wire.AnswerKeys, judges)
	for uid := range protocol.UID(seats) {
		id := protocol.SeatID{UID: uid, Registered: 7}
		link := wire.HashOf("link", []byte(fmt.Sprint(uid)))
		rec := ledger.PlantsRecord{Seat: id, Link: link}
		var duties ledger.DutyRecord
		plants := plant.Of(link, seed, id)
		for slot := range uint16(slots) {
			k := wire.AnswerKey{UID: uid, Slot: slot}
			if plants.Has(slot, p.Plants.Rate) {
				rec.Proven.Add(k)
			}
			for _, j := range []int{(int(uid) + int(slot)) % judges, (int(uid) + int(slot) + 7) % judges} {
				duties.Duties = append(duties.Duties, ledger.Duty{Slot: slot, Judge: judgeID(j)})
				drawn[j].Add(k)
			}
		}
		set(ledger.RosterSeatKey(0, uid), &ledger.RosterSeat{ID: id, Coldkey: secret("m1 cold").Public(), Asked: []task.Asked{{Kind: "inference", Slots: slots}}})
		set(ledger.ShownKey(0, uid), &ledger.ShownRecord{Seat: id, Counts: []uint32{slots}})
		set(ledger.DutyKey(0, uid), &duties)
		set(ledger.PlantsKey(0, uid), &rec)
	}
	for j := range judges {
		id := judgeID(j)
		set(ledger.RosterJudgeKey(0, id.UID), &ledger.RosterJudge{ID: id, Coldkey: secret("v1 cold").Public()})
		set(ledger.DrawnKey(0, id.UID), &ledger.DrawnRecord{Judge: id, Kinds: []wire.AnswerKeys{drawn[j]}})
		found := make([]byte, drawn[j].Len())
		for i := range found {
			found[i] = wire.FoundFalse
			if j == 0 {
				found[i] = wire.FoundPassed
			}
		}
		set(ledger.CardsKey(0, id.UID), &ledger.CardsRecord{Seat: id, Root: protocol.Hash{1}, Findings: found})
	}
	return t, &p
}

// judgeID is the seat of judge j: the first ones are those of the genesis.
func judgeID(j int) protocol.SeatID { return protocol.SeatID{UID: protocol.UID(j)} }

// TestSettlementOfAFullNetwork: of 64 judges the one that found all right is lazy,
// by hashing alone, and no seat that proved its plants lost what it gave.
func TestSettlementOfAFullNetwork(t *testing.T) {
	tree, p := manyPlants(t)
	if err := ledger.SettlePlants(tree, p); err != nil {
		t.Fatal(err)
	}
	for j := range 64 {
		rec, _, err := ledger.ReadCards(tree, 0, protocol.UID(j))
		if err != nil || rec.Lazy != (j == 0) {
			t.Errorf("judge %d: lazy %t, %v", j, rec.Lazy, err)
		}
	}
	for _, uid := range []protocol.UID{0, 1000, 4095} {
		if rec, ok, err := ledger.ReadPlants(tree, 0, uid); err != nil || !ok || rec.Void() {
			t.Errorf("seat %d: %+v, %v", uid, rec, err)
		}
	}
}

// TestTheSecondTimeALazyJudgeIsJailed: in one of sixteen epochs it loses stake, in
// two of them also its permit, for the longest wait, as for misbehaviour.
func TestTheSecondTimeALazyJudgeIsJailed(t *testing.T) {
	for _, again := range []bool{false, true} {
		tree, p := manyPlants(t)
		if again {
			seat := judgeSeat(t, tree, 0)
			if err := tree.Set(ledger.LazyKey(seat.PoolName()), wire.Encode(protocol.Epoch(0))); err != nil {
				t.Fatal(err)
			}
		}
		if err := ledger.SettlePlants(tree, p); err != nil {
			t.Fatal(err)
		}
		want := ledger.Jail{}
		if again {
			want = ledger.Jail{Held: true, Lied: true, From: 2, Wait: 16, Told: 2}
		}
		if got := judgeSeat(t, tree, 0).Jail; got != want {
			t.Errorf("again %t: jail %+v, want %+v", again, got, want)
		}
		if got := judgeSeat(t, tree, 1).Jail; got != (ledger.Jail{}) {
			t.Errorf("again %t: who looked is in jail: %+v", again, got)
		}
	}
}

// judgeSeat reads the seat of a judge.
func judgeSeat(t *testing.T, tree *ledger.MemTree, uid protocol.UID) ledger.Seat {
	t.Helper()
	seat, ok, err := ledger.ReadSeat(tree, uid)
	if err != nil || !ok {
		t.Fatalf("seat %d: %t, %v", uid, ok, err)
	}
	return seat
}

func BenchmarkSettlementOfAFullNetwork(b *testing.B) {
	tree, p := manyPlants(b)
	for b.Loop() {
		if err := ledger.TrySettlePlants(tree, p); err != nil {
			b.Fatal(err)
		}
	}
}

// TestALazyJudgeLosesAtEveryStake prints what a judge that never looks has in an
// epoch on the shipped networks where they plant, from the least stake to the cap
// on power, with no miner's word and with that of a quarter. The dividend is what
// validators' half of an epoch's emission gives to its share, where the others are
// as few as the promise is meant for and have the least stake.
func TestALazyJudgeLosesAtEveryStake(t *testing.T) {
	for _, p := range []params.Params{params.Local(), params.Demo()} {
		if err := p.Check(); err != nil {
			t.Fatal(err)
		}
		least, n := uint64(p.Seats.MinStake), uint64(params.FewestJudges)
		half := uint64(p.Emission.PerBlock) * p.Schedule.Tempo / 2
		t.Logf("%s: rate %d, slash %d of 65536", p.Name, p.Plants.Rate, p.Plants.Slash)
		for _, times := range []uint64{1, 2, 3, 5, 10, 100, 1000} {
			stake := times * least
			earned, err := protocol.Amount(half).MulDiv(stake, stake+(n-1)*least)
			if err != nil || earned == 0 {
				t.Fatalf("stake %s earns %s, %v", protocol.Amount(stake), earned, err)
			}
			d := uint64(earned)
			if p.LazinessPays(protocol.Amount(stake), protocol.Amount(d)) {
				t.Errorf("with %s it pays not to look for %s", protocol.Amount(stake), protocol.Amount(d))
			}
			for _, duties := range []int{3, 6, 12} {
				caught := p.Caught(duties)
				gain := d / params.One * (params.One - caught)
				loss := stake / params.One * uint64(p.Plants.Slash) * caught / params.One
				t.Logf("stake %s, %d duties: dividend %s, caught %.3f, nets %.6f", protocol.Amount(stake), duties, protocol.Amount(d),
					float64(caught)/params.One, (float64(gain)-float64(loss))/float64(protocol.Unit))
				if gain >= loss {
					t.Errorf("stake %s, %d duties: gains %d, loses %d", protocol.Amount(stake), duties, gain, loss)
				}
			}
		}
	}
}
