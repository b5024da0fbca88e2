package node_test

import (
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/door/doortest"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/wire"
)

// TestWhatANodeAloneWasGivenReachesABlock: an observer that has no peers yet
// takes a payment. It never proposes a block itself, so it must tell others later.
// Of its own it sends nothing.
func TestWhatANodeAloneWasGivenReachesABlock(t *testing.T) {
	n := newNetwork(t, 1)
	c := node.FullConfig{Config: n.config(t, "observer"), Dir: t.TempDir(), ConsensusListen: doortest.FreePort(t), Observe: true}
	c.Bootstrap, c.Registerer = nil, prometheus.NewRegistry()
	observer, err := node.NewFull(c)
	check(t, err)
	errIs(t, "what it says itself", observer.Submit(t.Context(), &wire.Unjail{}), consensus.ErrObserves)
	pay := transfer(t, n.g.ChainID(), 0, 7*protocol.Unit)
	submit(t, observer, wire.Encode(pay)) // nothing runs: it tells nobody
	v := n.full(t, 0, nil)
	run(t, observer.Run)
	until(t, v, "the payment in a block", func(r ledger.Reader, _ protocol.Height) bool {
		a, _, err := ledger.ReadAccount(r, hotkey(t, "x").PublicKey())
		check(t, err)
		return a.Balance == 7*protocol.Unit
	})
	if known, err := v.SubmitRaw(t.Context(), wire.Encode(pay)); err != nil || !known {
		t.Errorf("what a block has: known %v, %v", known, err)
	}
}

func TestWhatWaitsIsSentAgainAndAgain(t *testing.T) {
	var r node.Resender
	name := func(b byte) protocol.Hash { return protocol.Hash{b} }
	waiting := map[protocol.Hash]bool{name(1): true, name(2): true}
	due := func(h protocol.Height) (out []byte) {
		for _, raw := range r.Due(h, func(hash protocol.Hash) bool { return waiting[hash] }) {
			out = append(out, raw[0])
		}
		return out
	}
	r.Add(name(1), []byte{1}, 10)
	r.Add(name(2), []byte{2}, 11)
	for _, tc := range []struct {
		at   protocol.Height
		want []byte
	}{
		{10 + node.ResendEvery - 1, nil},
		{10 + node.ResendEvery, []byte{1}},
		{11 + node.ResendEvery, []byte{2}},
		{10 + 2*node.ResendEvery, []byte{1}},
	} {
		if got := due(tc.at); !slices.Equal(got, tc.want) {
			t.Errorf("at %d: got %d, want %d", tc.at, got, tc.want)
		}
	}
	delete(waiting, name(1)) // a block has it
	if got := due(100); !slices.Equal(got, []byte{2}) {
		t.Errorf("after a block: got %d, want 2", got)
	}
	waiting[name(1)] = true
	for i := range byte(255) {
		r.Add(name(i), []byte{i}, 200)
		waiting[name(i)] = true
	}
	r.Add(name(9), []byte{9}, 200)
	r.Add(name(9), []byte{9}, 200)
	if got := due(300); len(got) != node.MaxResends || got[0] == 2 {
		t.Errorf("%d are kept, want the newest %d", len(got), node.MaxResends)
	}
}
