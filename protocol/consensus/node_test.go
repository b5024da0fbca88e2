package consensus_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/store/storetest"
	"github.com/assaynet/assay/protocol/wire"
)

func TestFourValidatorsAgreeAndCarryOutATransfer(t *testing.T) {
	n := newNetwork(t, 4)
	n.launch(t, nil, nil)
	to := secret("poor").Public()
	tx, err := ledger.NewTx(signer{secret("rich")}, n.g.ChainID(), &n.g.Params.Fees, 0, &wire.Transfer{To: to, Amount: 5 * protocol.Unit})
	check(t, err)
	n.nodes[0].await(t, 1)
	for _, r := range n.nodes { // as gossip would
		r.Remember(1 << 40)
		check(t, r.Submit(wire.Encode(tx)))
	}
	head := n.nodes[1].await(t, 10)
	n.sameState(t, 10)
	r, _, err := n.nodes[2].At(10)
	check(t, err)
	acc, _, err := ledger.ReadAccount(r, to)
	check(t, err)
	if acc.Balance != 5*protocol.Unit {
		t.Fatalf("balance at %d: got %s, want 5", head.Height, acc.Balance)
	}
	supply, err := ledger.ReadSupply(r)
	check(t, err)
	if !supply.Conserved() {
		t.Fatalf("supply: %+v", supply)
	}
	for h := protocol.Height(1); h < 9; h++ {
		b, ok, err := ledger.ReadBeacon(r, h)
		check(t, err)
		if !ok || !b.Counted {
			t.Fatalf("beacon of %d: got %+v, %v, want a link that counted", h, b, ok)
		}
	}
	t.Run("light readers follow", func(t *testing.T) { readers(t, n) })
	t.Run("light readers learn what became of a transaction", func(t *testing.T) { outcomes(t, n, tx) })
	t.Run("what a node keeps re-derives what was paid", func(t *testing.T) { replays(t, n) })
	t.Run("what a node has is proven", func(t *testing.T) { proofs(t, n) })
	t.Run("bad requests are refused", func(t *testing.T) { badRequests(t, n.nodes[1]) })
	got := n.nodes[0].Stats()
	// Two that dialled each other while the machine stood still do so again.
	for deadline := time.Now().Add(patience); got.Peers != 3 && time.Now().Before(deadline); got = n.nodes[0].Stats() {
		time.Sleep(10 * time.Millisecond)
	}
	if got.Waiting != 0 || got.Peers != 3 || got.Refused != 0 {
		t.Fatalf("stats: %+v", got)
	}
}

// TestACheckpointOfAnotherChainEndsANode: whether it is met, or behind already.
func TestACheckpointOfAnotherChainEndsANode(t *testing.T) {
	n := newNetwork(t, 1)
	wrong := protocol.Checkpoint{Height: 3, Hash: protocol.Hash{1}}
	ends := func(r *running) error {
		r.start()
		err := <-r.done
		r.stop = nil
		check(t, r.db.Close())
		return err
	}
	if err := ends(n.open(t, 0, t.TempDir(), nil, func(c *consensus.Config) { c.Trust = wrong })); !errors.Is(err, consensus.ErrCheckpoint) {
		t.Errorf("met while it ran: got %v, want %v", err, consensus.ErrCheckpoint)
	}
	home := t.TempDir()
	r := n.open(t, 0, home, nil, nil)
	r.start()
	r.await(t, 4)
	right := r.Checkpoint()
	r.halt(t)
	db, err := store.Open(filepath.Join(home, "db"), store.Options{})
	check(t, err)
	defer db.Close() //nolint:errcheck // nothing was written
	c := consensus.Config{
		Genesis: n.g, DB: db, Dir: home, Consensus: mustConsensus(t, "v0"), Transport: mustConsensus(t, "v0 transport"), Listen: n.addrs[0], Trust: wrong,
	}
	if _, err := consensus.New(c); !errors.Is(err, consensus.ErrCheckpoint) {
		t.Errorf("behind at the start: got %v, want %v", err, consensus.ErrCheckpoint)
	}
	c.Trust = right
	if _, err := consensus.New(c); err != nil || right.Height < 4 {
		t.Errorf("with its own block %s: %v", right, err)
	}
}

// TestAnObserverSignsNothing, although its key is of the set: the validator whose
// home it has a copy of may run elsewhere.
func TestAnObserverSignsNothing(t *testing.T) {
	n := newNetwork(t, 4)
	for _, observes := range []bool{false, true} {
		db := storetest.Open(t, storetest.Memory(), "db")
		node, err := consensus.New(consensus.Config{
			Genesis: n.g, DB: db, Dir: t.TempDir(), Consensus: mustConsensus(t, "v0"), Transport: mustConsensus(t, "v0 transport"), Listen: n.addrs[0], Observe: observes,
		})
		check(t, err)
		v, p := vote(cmtproto.PrecommitType, 1, 0, 1, 100), &cmtproto.Proposal{Type: cmtproto.ProposalType, Height: 1}
		proposes, votes := node.Signer().SignProposal("c", p), node.Signer().SignVote("c", v)
		if errors.Is(proposes, consensus.ErrObserves) != observes || errors.Is(votes, consensus.ErrObserves) != observes || (v.Signature == nil) != observes || (p.Signature == nil) != observes {
			t.Errorf("observes %t: a proposal %v, a vote %v", observes, proposes, votes)
		}
	}
}

func mustConsensus(t *testing.T, name string) key.Secret {
	t.Helper()
	s, err := secret(name).DeriveConsensus("net", 0)
	check(t, err)
	return s
}
