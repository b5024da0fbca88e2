package ledger_test

import (
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

func TestChainLinksLeadToTheAnchor(t *testing.T) {
	c := ledger.NewChainMaker([32]byte{7}, 5)
	link := func(x protocol.Hash) protocol.Hash { return wire.HashOf("assay/1/beacon/link", x[:]) }
	first, _ := c.Link(5)
	if link(first) != c.Anchor() {
		t.Error("the first link does not lead to the anchor")
	}
	for _, h := range []protocol.Height{6, 1023, 1024, 1028, 1029, 1030, 5 + ledger.ChainLength - 1} {
		before, ok1 := c.Link(h - 1)
		x, ok2 := c.Link(h)
		if !ok1 || !ok2 || link(x) != before {
			t.Errorf("link %d does not lead to the one before", h)
		}
	}
	if last, _ := c.Link(5 + ledger.ChainLength - 1); last != (protocol.Hash{7}) {
		t.Error("the last link is not the seed")
	}
	for _, h := range []protocol.Height{0, 4, 5 + ledger.ChainLength} {
		if _, ok := c.Link(h); ok {
			t.Errorf("a link for height %d", h)
		}
	}
}

func TestChainEndsWithItsLastLink(t *testing.T) {
	beyond := protocol.Hash{7} // what hashes to the last link serves nothing
	last := ledger.LinkHash(beyond)
	before := ledger.LinkHash(last)
	c := ledger.Chain{Start: 40, Seen: ledger.ChainLength - 1, Link: before}
	if !c.Open(c.End()-1, last) {
		t.Error("the last link does not serve")
	}
	if c.Open(c.End(), beyond) || c.Open(c.End()-2, before) || c.Open(39, before) {
		t.Error("a link serves a height beyond its chain, or one that was seen")
	}
}

func TestValidatorsNeedLinksForAllThatTheyMayPropose(t *testing.T) {
	sched := testParams().Schedule // epoch 3 is 60 … 79; its set may propose 61 … 80
	chain := func(start protocol.Height) ledger.Seat {
		return ledger.Seat{Beacon: ledger.Chain{Start: start, Link: protocol.Hash{1}}}
	}
	for name, c := range map[string]struct {
		seat ledger.Seat
		e    protocol.Epoch
		want bool
	}{
		"from the start":        {chain(60), 3, true},
		"from the second block": {chain(61), 3, true},
		"from the third":        {chain(62), 3, false},
		"none":                  {ledger.Seat{}, 3, false},
	} {
		if got := ledger.Lasts(sched, &c.seat, c.e); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
	// 1 + 2^20 is the first height without a link: 17 into epoch 52428, 1048560
	// … 1048579.
	s := chain(1)
	e := sched.EpochOf(s.Beacon.End())
	if ledger.Lasts(sched, &s, e) || !ledger.Lasts(sched, &s, e-1) {
		t.Error("a chain that ends in an epoch lasts for it, or does not for the one before")
	}
	// A chain that serves the last block of an epoch lasts only if another follows.
	e++
	s.Beacon.Start = sched.EpochStart(e) - ledger.ChainLength // 4
	if ledger.Lasts(sched, &s, e-1) {
		t.Error("no link for the first block after the epoch")
	}
	if s.NextFrom = e; !ledger.Lasts(sched, &s, e-1) {
		t.Error("the chain that waits is not counted")
	}
}
