package ledger_test

import (
	"cmp"
	"math/rand"
	"slices"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
)

// scanned returns who can be pruned by the next block, in order, by looking at
// every seat.
func (n *network) scanned() []protocol.UID {
	n.tb.Helper()
	set, _, err := ledger.ReadValidators(n.tree)
	if err != nil {
		n.tb.Fatal(err)
	}
	var seats []ledger.Seat
	err = ledger.Seats(n.tree, func(s ledger.Seat) bool {
		held := slices.ContainsFunc(slices.Concat(set.Set, set.Prev), func(p ledger.Power) bool { return p.UID == s.ID.UID })
		if uint64(n.next()-s.ID.Registered) >= n.p.Seats.Immunity && !held {
			seats = append(seats, s)
		}
		return true
	})
	if err != nil {
		n.tb.Fatal(err)
	}
	slices.SortFunc(seats, func(a, b ledger.Seat) int {
		return cmp.Or(cmp.Compare(a.Average, b.Average), cmp.Compare(a.ID.Registered, b.ID.Registered), cmp.Compare(a.ID.UID, b.ID.UID))
	})
	var out []protocol.UID
	for _, s := range seats {
		out = append(out, s.ID.UID)
	}
	return out
}

// TestTheOrderOfPruningIsWhatAScanGives: seats come and go at random, validators
// among them, under several immunities; after each block the kept order is that of
// a scan, and the kept counts are those of the owners' seats.
func TestTheOrderOfPruningIsWhatAScanGives(t *testing.T) {
	for _, immunity := range []uint64{0, 1, 7} {
		g := testGenesis()
		g.Params.Seats.Immunity, g.Params.Seats.MinStake = immunity, protocol.Unit
		g.Params.Seats.PriceMax = protocol.Unit
		n := newNetwork(t, g)
		random := rand.New(rand.NewSource(int64(immunity)))
		pruned := 0
		for range 130 {
			var txs [][]byte
			if random.Intn(3) == 0 {
				coldkey := []string{"rich cold", "v1 cold", "m1 cold"}[random.Intn(3)]
				hotkey := []string{"m3", "m4", "v4", "a", "b", "c", "d", "e"}[random.Intn(8)]
				txs = append(txs, n.tx(coldkey, n.register(coldkey, hotkey, 2*protocol.Unit)))
			}
			n.block(txs...)
			if slices.Contains(n.events(), ledger.EventPruned) {
				pruned++
			}
			kept, err := ledger.ReadPruneOrder(n.tree)
			if want := n.scanned(); err != nil || !slices.Equal(kept, want) {
				t.Fatalf("immunity %d, height %d: got %v, %v, want %v", immunity, n.height, kept, err, want)
			}
			owned := make(map[protocol.PublicKey]uint32)
			_ = ledger.Seats(n.tree, func(s ledger.Seat) bool { owned[s.Coldkey]++; return true })
			for _, name := range []string{"v1", "v2", "v3", "m1", "m2", "rich"} {
				coldkey := secret(name + " cold").Public()
				if got, _, err := ledger.ReadOwned(n.tree, coldkey); err != nil || got != owned[coldkey] {
					t.Fatalf("height %d: %s has %d seats by the count, %v, and %d by a scan", n.height, name, got, err, owned[coldkey])
				}
			}
		}
		if pruned == 0 {
			t.Errorf("immunity %d: nobody was pruned", immunity)
		}
	}
}

// TestAnEpochWithoutPayMakesNobodyEqual: the reveals of one epoch do not come, so
// that nobody is paid; the one who never earned goes still, not the best.
func TestAnEpochWithoutPayMakesNobodyEqual(t *testing.T) {
	g := testGenesis()
	g.Params.Seats.Max = 5
	n := newNetwork(t, g)
	for e := range protocol.Epoch(4) {
		n.vote(e, []protocol.UID{3}, []uint16{1})
	}
	n.until(n.p.Schedule.EpochEnd(6)) // epoch 4 sealed nothing, so that 6 pays nothing
	if before, now := n.payment(5, 3).Miner, n.payment(6, 3).Miner; before == 0 || now != 0 {
		t.Fatalf("m1 was paid %s and %s, want something and nothing", before, now)
	}
	if err := n.do("rich cold", n.register("rich cold", "m4", 2*protocol.Unit)); err != nil {
		t.Fatal(err)
	}
	if uid := n.seat("m4").ID.UID; uid != 4 {
		t.Errorf("the newcomer has seat %d, want 4, that of m2, which never earned", uid)
	}
}
