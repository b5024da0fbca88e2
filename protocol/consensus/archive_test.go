package consensus_test

import (
	"bytes"
	"errors"
	"testing"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/cometbft/cometbft/types"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/state"
	"github.com/assaynet/assay/protocol/wire"
)

// proofs asks a running node for proofs while blocks go on, and checks them as
// somebody does who knows the validators and nothing else.
func proofs(t *testing.T, n *network) {
	t.Helper()
	r := n.nodes[0]
	key := ledger.AccountKey(secret("rich").Public())
	for range 5 {
		p, err := r.Prove(key)
		check(t, err)
		check(t, state.Verify(p.StateHash, key, p.Value, p.ICS23))
		lb := lightBlock(t, n, p.Block)
		if lb.Height != int64(p.Height)+1 || !bytes.Equal(lb.AppHash, p.StateHash[:]) {
			t.Fatalf("header %d carries %x, proven is state %d with hash %s", lb.Height, lb.AppHash, p.Height, p.StateHash)
		}
		acc, ok, err := ledger.ReadAccount(p.State, secret("rich").Public())
		check(t, err)
		if !ok || !bytes.Equal(wire.Encode(acc), p.Value) {
			t.Fatalf("the state beside the proof has %+v, proven is %x", acc, p.Value)
		}
		r.await(t, p.Height+3)
	}
	absent := ledger.AccountKey(secret("nobody").Public())
	p, err := r.Prove(absent)
	check(t, err)
	check(t, state.Verify(p.StateHash, absent, nil, p.ICS23))
	if p.Value != nil {
		t.Errorf("an account that is not there: got %x", p.Value)
	}
}

// lightBlock decodes a light block that the genesis' validators signed.
func lightBlock(t *testing.T, n *network, b []byte) *types.LightBlock {
	t.Helper()
	var p cmtproto.LightBlock
	check(t, p.Unmarshal(b))
	lb, err := types.LightBlockFromProto(&p)
	check(t, err)
	check(t, lb.ValidateBasic(protocol.ShortChainID(n.g.ChainID())))
	set, err := n.nodes[1].SetsAt(1)
	check(t, err)
	if !bytes.Equal(set.Hash(), lb.ValidatorsHash) {
		t.Fatalf("validators %s, want those of the genesis", lb.ValidatorsHash)
	}
	check(t, set.VerifyCommitLight(protocol.ShortChainID(n.g.ChainID()), lb.Commit.BlockID, lb.Height, lb.Commit))
	return lb
}

func TestNothingIsProvenBeforeTheSecondBlock(t *testing.T) {
	if _, err := idle(t).Prove(ledger.MetaKey()); !errors.Is(err, consensus.ErrNoBlock) {
		t.Fatalf("got %v, want %v", err, consensus.ErrNoBlock)
	}
}
