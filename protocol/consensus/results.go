package consensus

import (
	"sync"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
)

// resultBlocks is for how many blocks the outcome of a transaction is
// remembered: who sent it asks within a few.
const resultBlocks = 200

// results remembers what became of the transactions of recent blocks. A block's
// are here before the pool drops them, so that one that was taken is always
// found in one of the two.
type results struct {
	mu     sync.Mutex
	byHash map[protocol.Hash]outcome
	blocks []blockTxs // ascending heights
}

type outcome struct {
	result ledger.TxResult
	height protocol.Height
}

type blockTxs struct {
	height protocol.Height
	hashes []protocol.Hash
}

// add remembers a block and forgets those that are too old.
func (r *results) add(h protocol.Height, txs []ledger.TxResult) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byHash == nil {
		r.byHash = map[protocol.Hash]outcome{}
	}
	b := blockTxs{height: h}
	for _, t := range txs {
		r.byHash[t.Hash] = outcome{t, h}
		b.hashes = append(b.hashes, t.Hash)
	}
	r.blocks = append(r.blocks, b)
	for len(r.blocks) > 0 && r.blocks[0].height+resultBlocks <= h {
		for _, hash := range r.blocks[0].hashes {
			delete(r.byHash, hash)
		}
		r.blocks = r.blocks[1:]
	}
}

func (r *results) get(hash protocol.Hash) (ledger.TxResult, protocol.Height, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	o, ok := r.byHash[hash]
	return o.result, o.height, ok
}
