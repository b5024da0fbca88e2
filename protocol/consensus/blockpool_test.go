package consensus_test

import (
	"testing"
	"time"

	"github.com/cometbft/cometbft/blocksync"
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/types"
)

// A peer that leaves takes its blocks out of the pool at once, while one of them
// may be in the midst of its check, which takes it from the pool afterwards.
// CometBFT v0.40.0 ended the process there: a validator could end any node that
// fetched blocks, by leaving at the right moment, and did so by chance in a test.
func TestAPeerMayLeaveWhileItsBlockIsChecked(t *testing.T) {
	const peer = p2p.ID("leaves")
	asked := make(chan blocksync.BlockRequest, 10)
	pool := blocksync.NewBlockPool(1, asked, errorsOf(blocksync.NewBlockPool))
	check(t, pool.Start())
	t.Cleanup(func() { check(t, pool.Stop()) })
	pool.SetPeerRange(peer, 1, 2)
	for range 2 {
		r := <-asked
		check(t, pool.AddBlock(peer, &types.Block{Header: types.Header{Height: r.Height}}, nil, 1))
	}
	first, second, _ := pool.PeekTwoBlocks()
	if first == nil || second == nil {
		t.Fatal("a block that was given is not there")
	}
	pool.RemovePeer(peer)
	for first != nil { // the pool's own goroutine takes it away
		time.Sleep(time.Millisecond)
		first, _, _ = pool.PeekTwoBlocks()
	}
	pool.PopRequest()
	if h := pool.Height(); h != 2 {
		t.Errorf("the pool is at block %d, want 2", h)
	}
}

// errorsOf makes the channel to which a pool tells errors, whose type has no name
// here: what is slow is told there, under the pool's lock.
func errorsOf[E any](func(int64, chan<- blocksync.BlockRequest, chan<- E) *blocksync.BlockPool) chan E {
	return make(chan E, 100)
}
