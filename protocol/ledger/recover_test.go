package ledger_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// goOn is a network that begins where another stopped.
func (n *network) goOn(g *ledger.Genesis) *network {
	n.tb.Helper()
	next := *n
	next.g, next.p, next.chain, next.tree = g, &g.Params, g.ChainID(), &ledger.MemTree{}
	if _, err := ledger.Init(next.tree, g); err != nil {
		n.tb.Fatal(err)
	}
	next.proposer = protocol.PublicKey{}
	return &next
}

// Two of four are dead, in the middle of an epoch, with a request's escrow, a
// stake on its way back and rows of weights on the ledger. The two that are left
// go on at the next height with all of it; the dead have their stake, and come
// back.
func TestTwoOfFourBringTheNetworkBack(t *testing.T) {
	g := fourValidators()
	g.Seats = append(g.Seats, seat("m1", 0, false))
	n := newNetwork(t, g)
	n.vote(0, []protocol.UID{4}, []uint16{1})
	n.made(1)
	n.until(60)
	if err := n.do("v1 cold", &wire.RemoveStake{Hotkey: secret("v1").Public(), Amount: 5 * protocol.Unit}); err != nil {
		t.Fatal(err)
	}
	n.until(70)
	before, err := ledger.CountSupply(n.tree)
	if err != nil || before.Escrow == 0 || before.Unbonding == 0 {
		t.Fatalf("%+v, %v", before, err)
	}
	old := n.tree.Clone()
	drop := []protocol.UID{2, 3}
	fresh, err := ledger.Recover(n.g, n.tree, n.tree.Hash(), 1_800_000_000, drop)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := ledger.Recover(n.g, n.tree, n.tree.Hash(), 1_800_000_000, drop)
	if n.tree.Hash() != old.Hash() || fresh.ChainID() == n.chain || again.ChainID() != fresh.ChainID() || fresh.Origin() != n.g.Origin() || fresh.First() != 71 {
		t.Errorf("%s after %s, first %d, origin %s", fresh.ChainID(), n.chain, fresh.First(), fresh.Origin())
	}
	file, err := json.Marshal(fresh)
	if err != nil {
		t.Fatal(err)
	}
	if fresh, err = ledger.ReadGenesis(file); err != nil || fresh.ChainID() != again.ChainID() {
		t.Fatalf("read again: %v", err)
	}

	n = n.goOn(fresh)
	if after, err := ledger.CountSupply(n.tree); err != nil || after != before {
		t.Errorf("supply: got %+v, %v, want %+v", after, err, before)
	}
	n.inSet("v1", "v2")
	for _, name := range []string{"v1", "v2", "v3", "v4", "m1"} {
		was, _, _ := ledger.ReadSeatByHotkey(old, secret(name).Public())
		is := n.seat(name)
		if dead := name == "v3" || name == "v4"; is.Permit == dead && name != "m1" || is.Jail.Held != dead || is.Average != was.Average || is.ID != was.ID {
			t.Errorf("%s: %+v, was %+v", name, is, was)
		}
		stake, err := ledger.ReadStake(old, secret(name).Public(), secret(name+" cold").Public())
		if err != nil || n.staked(name, name+" cold") != stake {
			t.Errorf("%s has a stake of %s, had %s, %v", name, n.staked(name, name+" cold"), stake, err)
		}
	}
	n.until(75) // blocks without links: all chains were those of the former network
	if _, ok, err := ledger.ReadWeights(n.tree, 0, 0); !ok || err != nil {
		t.Errorf("rows of the former network: %v, %v", ok, err)
	}
	for _, name := range []string{"v1", "v2"} {
		n.makers[name] = append(n.makers[name], chainOf(name, 100))
		if err := n.do(name, &wire.ExtendBeacon{Start: 100, Anchor: chainOf(name, 100).Anchor()}); err != nil {
			t.Fatal(err)
		}
	}
	n.until(106)
	n.inSet("v1", "v2")
	if r, _, _ := ledger.ReadRound(n.tree, 10); r.TaskSeed.IsZero() {
		t.Error("no tasks are drawn with the new chains")
	}

	// v4 is mended: it registers a chain, asks, and is a validator again.
	n.makers["v4"] = append(n.makers["v4"], chainOf("v4", 140))
	if err := n.do("v4", &wire.ExtendBeacon{Start: 140, Anchor: chainOf("v4", 140).Anchor()}); err != nil {
		t.Fatal(err)
	}
	if err := n.do("v4", &wire.Unjail{Epoch: 5}); err != nil {
		t.Fatal(err)
	}
	n.until(140)
	n.inSet("v1", "v2", "v4")
}

func TestWhatCannotGoOnIsRefused(t *testing.T) {
	n := newNetwork(t, fourValidators())
	n.until(30)
	for what, drop := range map[string][]protocol.UID{"a seat that is none": {9}, "everybody": {0, 1, 2, 3}} {
		if _, err := ledger.Recover(n.g, n.tree, protocol.Hash{}, 1, drop); !errors.Is(err, ledger.ErrGenesis) {
			t.Errorf("%s: got %v, want %v", what, err, ledger.ErrGenesis)
		}
	}
	whole, err := ledger.Recover(n.g, n.tree, protocol.Hash{}, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	for what, spoil := range map[string]func(*ledger.Genesis){
		"another height":     func(g *ledger.Genesis) { g.Former.Height++ },
		"a byte cut off":     func(g *ledger.Genesis) { g.Former.Records = g.Former.Records[:len(g.Former.Records)-1] },
		"nothing":            func(g *ledger.Genesis) { g.Former.Records = nil },
		"a record twice":     func(g *ledger.Genesis) { g.Former.Records = slices.Concat(g.Former.Records, g.Former.Records) },
		"a length of all":    func(g *ledger.Genesis) { g.Former.Records[0] = 0xff },
		"accounts beside it": func(g *ledger.Genesis) { g.Accounts = n.g.Accounts },
		"a coin more": func(g *ledger.Genesis) {
			i := slices.Index(g.Former.Records, 'a') // the letter of the first account
			for ; i < len(g.Former.Records); i++ {
				if g.Former.Records[i] == 0x1b { // an amount in eight bytes
					g.Former.Records[i+8]++
					return
				}
			}
		},
	} {
		g := *whole
		former := *whole.Former
		former.Records = slices.Clone(former.Records)
		g.Former = &former
		spoil(&g)
		if err := g.Check(); !errors.Is(err, ledger.ErrGenesis) {
			t.Errorf("%s: got %v, want %v", what, err, ledger.ErrGenesis)
		}
	}
}

// FuzzFormerRecords: whatever a file has for a state is refused or checked whole.
func FuzzFormerRecords(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0, 0, 0, 1, 'm', 0, 0, 0, 1, 0})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 'm'})
	p := testParams()
	f.Fuzz(func(t *testing.T, records []byte) {
		g := &ledger.Genesis{Params: p, Former: &ledger.Former{Height: 1, Records: records}}
		if err := g.Check(); err == nil {
			t.Error("a state that nobody made")
		}
	})
}
