package consensus

import (
	"cmp"
	"slices"
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
	keep   protocol.Height // blocks; 0 stands for resultBlocks
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
	codes  []uint32 // of their results, as the chain has them
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
		b.hashes, b.codes = append(b.hashes, t.Hash), append(b.codes, codeOf(&t))
	}
	r.blocks = append(r.blocks, b)
	for len(r.blocks) > 0 && r.blocks[0].height+cmp.Or(r.keep, resultBlocks) <= h {
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

// codeOf is what the chain says of a result: whether the transaction was carried
// out.
func codeOf(t *ledger.TxResult) uint32 {
	if t.Err != nil {
		return 1
	}
	return 0
}

// place returns the block that has a transaction, its index there without the head,
// and the codes of all in it; false where it is remembered no more.
func (r *results) place(hash protocol.Hash) (h protocol.Height, index int, codes []uint32, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	o, ok := r.byHash[hash]
	if !ok {
		return 0, 0, nil, false
	}
	at, ok := slices.BinarySearchFunc(r.blocks, o.height, func(b blockTxs, h protocol.Height) int { return cmp.Compare(b.height, h) })
	if !ok {
		return 0, 0, nil, false
	}
	b := &r.blocks[at]
	index = slices.Index(b.hashes, hash)
	return b.height, index, b.codes, index >= 0
}
