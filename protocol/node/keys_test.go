package node_test

import (
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/wire"
)

// TestDerivedKeysDifferByNetworkAndGeneration, and each says whose it is. Before a
// genesis is whole they are what they will be.
func TestDerivedKeysDifferByNetworkAndGeneration(t *testing.T) {
	h := hotkey(t, "v0")
	here := &ledger.Genesis{Params: testParams(), Time: 1}
	whole := *here
	whole.Accounts = []ledger.GenesisAccount{{Key: h.PublicKey(), Balance: 1}}
	there := &ledger.Genesis{Params: testParams(), Time: 2}
	seen := map[protocol.PublicKey]bool{}
	transports := map[[32]byte]bool{}
	for _, c := range []struct {
		g          *ledger.Genesis
		generation uint32
	}{{here, 0}, {here, 1}, {there, 0}} {
		id, sig, err := node.Identity(h, c.g, c.generation)
		check(t, err)
		check(t, wire.CheckBind(id, c.g.ChainID(), h.PublicKey(), sig))
		b, err := node.ConsensusKey(h, c.g, c.generation, "h:1")
		check(t, err)
		check(t, wire.CheckBind(b.Key, c.g.ChainID(), h.PublicKey(), b.KeySig))
		check(t, wire.CheckTransport(b.TransportKey, c.g.ChainID(), h.PublicKey(), b.TransportSig))
		seen[id], seen[b.Key], transports[b.TransportKey] = true, true, true
	}
	if len(seen) != 6 || len(transports) != 3 {
		t.Errorf("%d keys and %d of transports, want 6 and 3", len(seen), len(transports))
	}
	if id, _, err := node.Identity(h, &whole, 0); err != nil || !seen[id] {
		t.Errorf("another identity once the genesis is whole: %v", err)
	}
	a, err := node.Salt(h, here.ChainID(), "miner")
	check(t, err)
	b, err := node.Salt(h, there.ChainID(), "miner")
	check(t, err)
	if a == b {
		t.Error("one salt on two chains")
	}
}

// TestTwoRotationsInOneEpochTakeNobodyOut: the set has the key of the generation
// before last until the epoch ends, and the node signs with it.
func TestTwoRotationsInOneEpochTakeNobodyOut(t *testing.T) {
	h := hotkey(t, "v0")
	former, err := node.FormerConsensus(h, "net", 3)
	check(t, err)
	if len(former) != 3 {
		t.Fatalf("%d former keys of generation 3, want those of 2, 1 and 0", len(former))
	}
	for i, g := range []uint32{2, 1, 0} {
		want, err := h.DeriveConsensus("net", g)
		check(t, err)
		if former[i].Expose() != want.Expose() {
			t.Errorf("number %d is not the key of generation %d", i, g)
		}
	}
	if former, err = node.FormerConsensus(h, "net", 1<<32-1); err != nil || len(former) != 16 {
		t.Errorf("%d former keys of the last generation, %v, want 16", len(former), err)
	}
}
