package node_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/store"
)

// stopped is a database of a node that ran until the test stopped it.
type stopped struct {
	*node.Full
	db   *store.DB
	stop context.CancelFunc
	done chan error
}

// begin starts validator i over a database of its own, which outlives it.
func (n *network) begin(t *testing.T, i int) *stopped {
	t.Helper()
	c := node.FullConfig{Config: n.config(t, fmt.Sprintf("v%d", i)), Dir: t.TempDir(), ConsensusListen: n.ports[i]}
	c.Listen = n.addresses[i]
	db, err := store.Open(filepath.Join(t.TempDir(), "db"), store.Options{})
	check(t, err)
	c.DB = db
	f, err := node.NewFull(c)
	check(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	s := &stopped{Full: f, db: db, stop: cancel, done: make(chan error, 1)}
	go func() { s.done <- f.Run(ctx) }()
	return s
}

// end stops the node; its database stays open.
func (s *stopped) end(t *testing.T) {
	t.Helper()
	s.stop()
	check(t, <-s.done)
}

// Two of four validators die, and no block comes any more. The two that are left
// stop, make the same genesis of what they have, and go on with it at the next
// height, with all money where it was.
func TestFourValidatorsGoOnWithTwo(t *testing.T) {
	p := testParams()
	p.Schedule = protocol.Schedule{Tempo: 16, RoundLength: 16, CommitBlocks: 6, OpenBlocks: 7, AttestBlocks: 9, SealCardsBlocks: 5, OpenCardsBlocks: 10, WeightBlocks: 12}
	p.Seats.MaxValidators = 4
	n := newNetworkOf(t, p, 4)
	for i := range 4 {
		n.addresses = append(n.addresses, n.g.Seats[i].Addresses)
	}
	var nodes []*stopped
	for i := range 4 {
		nodes = append(nodes, n.begin(t, i))
	}
	until(t, nodes[0], "blocks", func(_ ledger.Reader, h protocol.Height) bool { return h >= 6 })
	for _, dead := range nodes[2:] {
		dead.end(t)
		check(t, dead.db.Close())
	}
	for _, left := range nodes[:2] {
		left.end(t)
	}
	newest := nodes[0]
	if _, h := nodes[1].Latest(); h > heightOf(newest) {
		newest = nodes[1]
	}
	last, height := newest.Latest()
	before, err := ledger.CountSupply(last)
	check(t, err)
	g, err := consensus.Recover(n.g, newest.db, []protocol.UID{2, 3})
	check(t, err)
	for _, left := range nodes[:2] {
		check(t, left.db.Close())
	}
	if g.ChainID() == n.g.ChainID() || g.First() != height+1 {
		t.Fatalf("chain %s from block %d, after %s", g.ChainID(), g.First(), n.g.ChainID())
	}

	set, err := ledger.Init(&ledger.MemTree{}, g)
	check(t, err)
	if len(set) != 2 || set[0].UID != 0 || set[1].UID != 1 {
		t.Fatalf("%+v validate, want the two that are left", set)
	}

	n.g = g
	for i := range 2 {
		s := n.begin(t, i)
		t.Cleanup(func() { s.end(t); check(t, s.db.Close()) })
		nodes[i] = s
	}
	until(t, nodes[1], "blocks of the network that goes on", func(r ledger.Reader, h protocol.Height) bool {
		if h == height {
			after, err := ledger.CountSupply(r)
			check(t, err)
			if after != before {
				t.Errorf("supply: got %+v, want %+v", after, before)
			}
		}
		return h >= height+6
	})
	r, h := nodes[1].Latest()
	s, err := ledger.CountSupply(r)
	check(t, err)
	if want := before.Issued + protocol.Amount(h-height)*protocol.Unit; !s.Conserved() || s.Issued != want {
		t.Errorf("supply at %d: %+v, want %s issued", h, s, want)
	}
}

func heightOf(s *stopped) protocol.Height {
	_, h := s.Latest()
	return h
}
