package consensus_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/crypto/secp256k1"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/store/storetest"
	"github.com/assaynet/assay/protocol/wire"
)

// TestWhichProposalWasCheckedChangesNoState: of several proposals of a height, one
// is decided, the one that was checked last or another, or one that was never
// checked, as after a restart. All nodes have the state of who only carries out
// what is decided.
func TestWhichProposalWasCheckedChangesNoState(t *testing.T) {
	n := newNetwork(t, 1)
	at := time.Unix(n.g.Time, 0)
	proposer := secp256k1.PubKey(n.g.Seats[0].Consensus.Key[:]).Address()
	app := func(home string) abci.Application {
		r := n.open(t, 0, home, storetest.Memory(), nil)
		t.Cleanup(func() { check(t, r.db.Close()) })
		_, err := r.App().InitChain(t.Context(), &abci.RequestInitChain{ChainId: protocol.ShortChainID(n.g.ChainID())})
		check(t, err)
		return r.App()
	}
	carry := func(a abci.Application, h protocol.Height, hash []byte, txs [][]byte) []byte {
		t.Helper()
		res, err := a.FinalizeBlock(t.Context(), &abci.RequestFinalizeBlock{
			Height: int64(h), Hash: hash, Time: at.Add(time.Duration(h) * time.Second), Txs: txs, ProposerAddress: proposer,
		})
		check(t, err)
		_, err = a.Commit(t.Context(), &abci.RequestCommit{})
		check(t, err)
		return res.AppHash
	}
	plain, checking := app(t.TempDir()), app(t.TempDir())
	var seen [][]byte
	for i := range 6 {
		h := n.g.First() + protocol.Height(i)
		link, ok := maker(name(0)).Link(h)
		if !ok {
			t.Fatal("no link")
		}
		head := wire.Encode(&wire.BlockHead{Link: link})
		var hashes [][]byte
		var blocks [][][]byte
		for k := range 3 { // each pays another amount
			hash := sha256.Sum256(fmt.Append(nil, i, k))
			hashes = append(hashes, hash[:])
			blocks = append(blocks, [][]byte{head, transfer(t, n, "rich", uint64(i), protocol.Amount(k+1)*protocol.Unit)})
		}
		for k := range i % 3 { // none, the first, or the first two
			res, err := checking.ProcessProposal(t.Context(), &abci.RequestProcessProposal{
				Height: int64(h), Hash: hashes[k], Time: at.Add(time.Duration(h) * time.Second), Txs: blocks[k], ProposerAddress: proposer,
			})
			check(t, err)
			if !res.IsAccepted() {
				t.Fatalf("block %d, proposal %d is refused", h, k)
			}
		}
		decided := i / 2
		want := carry(plain, h, hashes[decided], blocks[decided])
		if got := carry(checking, h, hashes[decided], blocks[decided]); !bytes.Equal(got, want) {
			t.Errorf("block %d: state %x, want %x", h, got, want)
		}
		seen = append(seen, want)
	}
	for i := 1; i < len(seen); i++ {
		if bytes.Equal(seen[i], seen[i-1]) {
			t.Errorf("block %d changed nothing", i)
		}
	}
}
