package consensus_test

import (
	"errors"
	"math"
	"sync/atomic"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/store/storetest"
)

// TestARunningNetworkIsUpgraded: while blocks come, three of four validators are
// started again, one by one, with programs that know the next rules and a genesis
// that says from which block they hold; the chain is the same one. The fourth has
// not heard of it: it ends at that block, with the blocks before it, and so does an
// old program that has heard. The three go on, and pay what the upgrade says from
// that block on; with a new program the fourth comes to the same state.
func TestARunningNetworkIsUpgraded(t *testing.T) {
	n := newNetwork(t, 4)
	n.g.Params.Seats.MaxSilence = 2000 // nobody is jailed for being away
	var homes [4]string
	var disks [4]store.FS
	// From gate on nobody proposes until the three have been started again, however
	// long that takes.
	const at = protocol.Height(40)
	var gate atomic.Uint64
	gate.Store(uint64(at - 2))
	gated := func(i int) func(*consensus.Config) {
		return func(c *consensus.Config) {
			c.StallAfter = patience
			c.Link = func(h protocol.Height) (protocol.Hash, bool) {
				if uint64(h) >= gate.Load() {
					return protocol.Hash{}, false
				}
				return maker(name(i)).Link(h)
			}
		}
	}
	for i := range homes {
		homes[i], disks[i] = t.TempDir(), storetest.NewCrash()
		n.open(t, i, homes[i], disks[i], gated(i)).start()
	}
	t.Cleanup(func() {
		for _, r := range n.nodes {
			r.halt(t)
		}
	})
	n.nodes[3].await(t, 5)
	next := *n.g
	more := params.Emission{PerBlock: 3 * n.g.Params.Emission.PerBlock, MaxSupply: n.g.Params.Emission.MaxSupply}
	next.Params.Upgrades = []params.Upgrade{{Height: at, Rules: 2, Emission: &more}}
	if next.ChainID() != n.g.ChainID() {
		t.Fatal("the upgrade makes it another chain")
	}
	upgraded := func(c *consensus.Config) { c.Genesis, c.Rules = &next, 2 }
	for i := range 3 {
		n.nodes[i].halt(t)
		r := n.open(t, i, homes[i], disks[i], func(c *consensus.Config) {
			gated(i)(c)
			upgraded(c)
		})
		before := r.Stats().Height
		r.start()
		if before < at-3 { // else no block comes before the others are there
			r.await(t, min(before+2, at-3))
		}
		r.synced(t)
	}
	if h := n.nodes[0].Stats().Height; h >= at {
		t.Fatalf("the network is at block %d before all were started again; it was to be before %d", h, at)
	}
	gate.Store(math.MaxUint64)

	old := n.nodes[3]
	if err := <-old.done; !errors.Is(err, consensus.ErrUpgrade) {
		t.Errorf("who has not heard of it: got %v, want %v", err, consensus.ErrUpgrade)
	}
	if h := old.Stats().Height; h != at-1 {
		t.Errorf("it ended at block %d, want %d", h, at-1)
	}
	old.stop = nil
	check(t, old.db.Close())
	c := n.config(t, 3, homes[3], disks[3])
	c.Genesis, c.Rules = &next, 1
	if _, err := consensus.New(c); !errors.Is(err, consensus.ErrUpgrade) {
		t.Errorf("an old program that has heard of it: got %v, want %v", err, consensus.ErrUpgrade)
	}
	check(t, c.DB.Close())

	n.nodes[0].await(t, at+3)
	late := n.open(t, 3, homes[3], disks[3], nil) // it was away, and fetches the block from others
	late.SetStall(patience)
	if err := late.Run(t.Context()); !errors.Is(err, consensus.ErrUpgrade) {
		t.Errorf("who comes later and has not heard of it: got %v, want %v", err, consensus.ErrUpgrade)
	}
	check(t, late.db.Close())

	n.open(t, 3, homes[3], disks[3], upgraded).start()
	n.sameState(t, at+5)
	issued := func(h protocol.Height) protocol.Amount {
		r, _, err := n.nodes[3].At(h)
		check(t, err)
		meta, _, err := ledger.ReadMeta(r)
		check(t, err)
		return meta.Issued
	}
	before := n.g.Params.Emission.PerBlock
	for h := at - 2; h <= at+1; h++ {
		want := before
		if h >= at {
			want = 3 * before
		}
		if got := issued(h) - issued(h-1); got != want {
			t.Errorf("block %d issued %s, want %s", h, got, want)
		}
	}
}

// TestAnOldProgramStopsBeforeTheBlock: it knows of the upgrade, and not its rules.
func TestAnOldProgramStopsBeforeTheBlock(t *testing.T) {
	n := newNetwork(t, 1)
	n.g.Params.Upgrades = []params.Upgrade{{Height: 6, Rules: 2}}
	r := n.open(t, 0, t.TempDir(), storetest.NewCrash(), nil)
	if err := r.Run(t.Context()); !errors.Is(err, consensus.ErrUpgrade) {
		t.Errorf("got %v, want %v", err, consensus.ErrUpgrade)
	}
	if _, h := r.Latest(); h != 5 {
		t.Errorf("it is at block %d, want 5", h)
	}
	check(t, r.db.Close())
}

// TestAnUpgradeOfThePastIsRefused: the chain has blocks after it that were made
// without, and who carries them out again would refuse the first of them.
func TestAnUpgradeOfThePastIsRefused(t *testing.T) {
	n := newNetwork(t, 1)
	home, disk := t.TempDir(), storetest.NewCrash()
	r := n.open(t, 0, home, disk, nil)
	r.start()
	r.await(t, 4)
	r.halt(t)
	for _, at := range []protocol.Height{2, 3} {
		late := *n.g
		more := params.Emission{PerBlock: 2 * n.g.Params.Emission.PerBlock, MaxSupply: n.g.Params.Emission.MaxSupply}
		late.Params.Upgrades = []params.Upgrade{{Height: at, Rules: 1, Emission: &more}}
		c := n.config(t, 0, home, disk)
		c.Genesis = &late
		if _, err := consensus.New(c); !errors.Is(err, consensus.ErrUpgrade) {
			t.Errorf("from block %d on: got %v, want %v", at, err, consensus.ErrUpgrade)
		}
		check(t, c.DB.Close())
	}
}
