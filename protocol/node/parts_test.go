package node_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/rs/zerolog"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/wire"
)

func TestTheTipWakesWhoWaitsAndNeverFalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tip := node.NewTip()
		got := make(chan protocol.Height, 2)
		for range 2 {
			go func() {
				h, err := tip.Wait(t.Context(), 5)
				if err != nil {
					t.Error(err)
				}
				got <- h
			}()
		}
		for _, h := range []protocol.Height{3, 5, 4} {
			tip.Set(h)
			synctest.Wait()
			if len(got) > 0 {
				t.Fatalf("somebody who waits for more than 5 was woken at %d", h)
			}
		}
		tip.Set(9)
		if a, b := <-got, <-got; a != 9 || b != 9 {
			t.Errorf("got %d and %d, want 9", a, b)
		}
		tip.Set(8)
		if h, err := tip.Wait(t.Context(), 8); h != 9 || err != nil {
			t.Errorf("got %d, %v, want 9 at once", h, err)
		}
		stopped, stop := context.WithCancel(t.Context())
		stop()
		if _, err := tip.Wait(stopped, 9); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want the context's error", err)
		}
	})
}

func TestRecordsOfARoleAreItsOwn(t *testing.T) {
	db, err := store.Open(t.TempDir(), store.Options{})
	check(t, err)
	defer func() { check(t, db.Close()) }()
	check(t, db.Space("rounds").Set([]byte("a"), []byte("not a role's")))
	r := node.RecordsOf(db)
	check(t, r.Write(func(put func(string, []byte, []byte)) {
		put("rounds", []byte("a2"), []byte("2"))
		put("rounds", []byte("a1"), []byte("1"))
		put("rounds", []byte("b"), []byte("3"))
		put("other", []byte("a1"), []byte("4"))
	}))
	check(t, r.Write(func(put func(string, []byte, []byte)) { put("rounds", []byte("a2"), nil) }))
	var keys []string
	check(t, r.Scan("rounds", nil, func(k, v []byte) bool { keys = append(keys, string(k)+string(v)); return true }))
	if !slices.Equal(keys, []string{"a11", "b3"}) {
		t.Errorf("got %v, want a1 and b", keys)
	}
	keys = nil
	check(t, r.Scan("rounds", []byte("a"), func(k, _ []byte) bool { keys = append(keys, string(k)); return false }))
	if !slices.Equal(keys, []string{"a1"}) {
		t.Errorf("got %v, want a1", keys)
	}
	for k, want := range map[string]string{"a1": "1", "a2": "", "a": ""} {
		if got, err := r.Get("rounds", []byte(k)); err != nil || string(got) != want {
			t.Errorf("%s: got %q, %v, want %q", k, got, err, want)
		}
	}
}

// beaconState is a genesis state whose validator v0 has another chain.
func beaconState(t *testing.T, n *network, change func(*ledger.Seat)) *node.Beacons {
	t.Helper()
	tree := &ledger.MemTree{}
	_, err := ledger.Init(tree, n.g)
	check(t, err)
	seat, ok, err := ledger.ReadSeat(tree, 0)
	if err != nil || !ok {
		t.Fatalf("seat 0: %v, %v", ok, err)
	}
	change(&seat)
	check(t, tree.Set(ledger.SeatKey(0), wire.Encode(&seat)))
	return node.NewBeacons(hotkey(t, "v0"), n.g, func() (ledger.Reader, protocol.Height) { return tree, 1 })
}

func TestLinksAreOfTheChainThatTheLedgerSays(t *testing.T) {
	n := newNetwork(t, 1)
	genesis := beaconState(t, n, func(*ledger.Seat) {})
	maker, err := node.GenesisBeacon(hotkey(t, "v0"), n.g)
	check(t, err)
	for _, h := range []protocol.Height{1, 2, 39, 40} {
		want, _ := maker.Link(h)
		if got, ok := genesis.Link(h); !ok || got != want {
			t.Errorf("height %d: got %s, %v, want the genesis chain's link", h, got, ok)
		}
	}
	if _, ok := genesis.Link(1 + ledger.ChainLength); ok {
		t.Error("a link beyond the end")
	}

	const start = 40
	next, err := genesis.Maker(start)
	check(t, err)
	later := beaconState(t, n, func(s *ledger.Seat) { s.Beacon = ledger.Chain{Start: start, Link: next.Anchor()} })
	next, err = later.Maker(start)
	check(t, err)
	want, _ := next.Link(start)
	if got, ok := later.Link(start); !ok || got != want || got == maker.Anchor() {
		t.Errorf("after the switch: got %s, %v, want the new chain's first link", got, ok)
	}
	if again, _ := later.Maker(start); again != next {
		t.Error("the chain was computed twice")
	}
	if _, ok := later.Link(start - 1); ok {
		t.Error("the new chain has a link before its start")
	}

	// A chain of another hotkey's has no link: a false one would cost the block.
	others := beaconState(t, n, func(s *ledger.Seat) { s.Beacon = ledger.Chain{Start: start, Link: protocol.Hash{1}} })
	if _, ok := others.Link(start); ok {
		t.Error("another's chain has a link")
	}

	none := beaconState(t, n, func(s *ledger.Seat) { s.Beacon = ledger.Chain{} })
	if _, ok := none.Link(1); ok {
		t.Error("a seat without a chain has a link")
	}
}

func TestTwoNetworksHaveTwoChains(t *testing.T) {
	n := newNetwork(t, 1)
	k := hotkey(t, "v0")
	one, err := node.GenesisBeacon(k, n.g)
	check(t, err)
	other := *n.g
	other.Time++
	two, err := node.GenesisBeacon(k, &other)
	check(t, err)
	if one.Anchor() == two.Anchor() {
		t.Error("one hotkey opens the same links in two networks")
	}
}

func TestEachEventIsOneLine(t *testing.T) {
	tree := &ledger.MemTree{}
	_, err := ledger.Init(tree, newNetwork(t, 1).g)
	check(t, err)
	check(t, tree.Set(ledger.EpochKey(3), wire.Encode(&ledger.EpochRecord{Miners: 5, Validators: 4, Carried: 1})))
	want := map[ledger.EventName]string{
		ledger.EventBeacon:      `"message":"beacon moved on"`,
		ledger.EventTaskSeed:    `"round":2`,
		ledger.EventDutySeed:    `"duties":6`,
		ledger.EventCommit:      `"message":"commitment recorded"`,
		ledger.EventRegistered:  `"message":"seat registered"`,
		ledger.EventPruned:      `"message":"seat pruned"`,
		ledger.EventSealed:      `"message":"weights sealed"`,
		ledger.EventOpened:      `"entries":6`,
		ledger.EventCardsSealed: `"message":"findings sealed"`,
		ledger.EventCards:       `"cards":6`,
		ledger.EventPermit:      `"message":"permit given"`,
		ledger.EventPermitLost:  `"level":"warn"`,
		ledger.EventPaid:        `"miners":"0.000000005"`,
	}
	for kind, text := range want {
		var out bytes.Buffer
		e := ledger.Event{Name: kind, Height: 33, Epoch: 3, Round: 2, Count: 6, Amount: 10}
		node.LogEvents(zerolog.New(&out), protocol.PublicKey{}, false, consensus.Head{Height: 33, Result: &ledger.Result{Events: []ledger.Event{e}}}, tree)
		got := out.String()
		if !strings.Contains(got, text) || !strings.Contains(got, `"height":33`) || strings.Count(got, "\n") != 1 {
			t.Errorf("%v: got %q, want one line with %s", kind, got, text)
		}
		for _, others := range []struct {
			own protocol.PublicKey
			old bool
		}{{protocol.PublicKey{1}, false}, {protocol.PublicKey{}, true}} { // of another seat, or of an old block
			out.Reset()
			node.LogEvents(zerolog.New(&out).Level(zerolog.InfoLevel), others.own, others.old, consensus.Head{Height: 33, Result: &ledger.Result{Events: []ledger.Event{e}}}, tree)
			if shown := kind == ledger.EventPaid && !others.old; (out.Len() > 0) != shown {
				t.Errorf("%v of others: got %q", kind, out.String())
			}
		}
	}
	var out bytes.Buffer
	node.LogEvents(zerolog.New(&out), protocol.PublicKey{}, false, consensus.Head{}, tree)
	node.LogEvents(zerolog.New(&out), protocol.PublicKey{}, false, consensus.Head{Result: &ledger.Result{Txs: []ledger.TxResult{{}, {Err: errors.New("too late")}}}}, tree)
	if got := out.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "too late") {
		t.Errorf("got %q, want the one transaction that was refused", got)
	}
}

// TestWhatIsFoundOfTheOwnSeatIsTold, though a challenge names no hotkey.
func TestWhatIsFoundOfTheOwnSeatIsTold(t *testing.T) {
	tree := &ledger.MemTree{}
	_, err := ledger.Init(tree, newNetwork(t, 1).g)
	check(t, err)
	own := hotkey(t, "v0").PublicKey()
	seat, ok, err := ledger.ReadSeatByHotkey(tree, own)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	for _, accused := range []protocol.SeatID{seat.ID, {UID: seat.ID.UID, Registered: seat.ID.Registered + 1}} {
		var out bytes.Buffer
		e := ledger.Event{Name: ledger.EventGuilty, Height: 33, Seat: accused, Amount: 10}
		node.LogEvents(zerolog.New(&out).Level(zerolog.InfoLevel), own, false, consensus.Head{Height: 33, Result: &ledger.Result{Events: []ledger.Event{e}}}, tree)
		if told := strings.Contains(out.String(), `"level":"warn"`); told != (accused == seat.ID) {
			t.Errorf("of seat %+v: got %q", accused, out.String())
		}
	}
}

func TestNodesNameTheFieldThatIsMissing(t *testing.T) {
	n := newNetwork(t, 1)
	for field, spoil := range map[string]func(*node.Config){
		"genesis":  func(c *node.Config) { c.Genesis = nil },
		"database": func(c *node.Config) { c.DB = nil },
		"hotkey":   func(c *node.Config) { c.Hotkey = nil },
	} {
		c := n.config(t, "v0")
		spoil(&c)
		_, err := node.NewFull(node.FullConfig{Config: c})
		errIs(t, field, err, node.ErrConfig)
		_, err = node.NewLight(c)
		errIs(t, field, err, node.ErrConfig)
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("got %v, want it to name the %s", err, field)
		}
	}
}
