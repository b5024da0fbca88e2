package consensus

import (
	"bytes"
	"fmt"
	"slices"
	"sync"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
)

// Limits of the pool.
const (
	maxPoolTxs   = 4096
	maxPoolBytes = 16 << 20 // four full blocks
	// maxPoolAge is for how many blocks a transaction waits for those of its
	// signer that come before it. Waiting costs nothing, so it must end.
	maxPoolAge = 60
)

// Pool holds transactions that wait for a block. Each was valid in the newest
// state when it came, and those that a later state refuses go. One whose turn
// has come pays when it enters a block; one that waits for others of its signer
// may never pay, so where there is no room it goes first, and none stays for
// ever. All methods may run at the same time.
type Pool struct {
	chain string
	p     *params.Params
	state func() ledger.Reader

	mu    sync.Mutex
	txs   map[protocol.PublicKey]map[uint64]*pooled // by signer and nonce
	count int
	bytes int
	seq   uint64 // of the next arrival
}

type pooled struct {
	raw   []byte
	seq   uint64
	ahead uint64 // how many nonces are before it, as of the newest state
	age   int    // in blocks
}

func newPool(chain string, p *params.Params, state func() ledger.Reader) *Pool {
	return &Pool{chain: chain, p: p, state: state, txs: make(map[protocol.PublicKey]map[uint64]*pooled)}
}

// Add takes a transaction. Errors: those of [ledger.CheckTx], [ErrKnown] for the
// same transaction again, [ErrNonceTaken] for another one in its place,
// [ErrPoolFull]. The pool keeps raw.
func (q *Pool) Add(raw []byte) (*wire.Tx, error) {
	if len(raw) > wire.MaxTxBytes { // before its signature costs anything
		return nil, fmt.Errorf("transaction of %d bytes: %w", len(raw), wire.ErrTooLarge)
	}
	tx, err := ledger.CheckTx(q.state(), q.chain, q.p, raw)
	if err != nil {
		return nil, err
	}
	acc, _, err := ledger.ReadAccount(q.state(), tx.Signer)
	if err != nil {
		return nil, err
	}
	ahead := tx.Nonce - min(tx.Nonce, acc.Nonce)
	q.mu.Lock()
	defer q.mu.Unlock()
	own := q.txs[tx.Signer]
	if t := own[tx.Nonce]; t != nil {
		if !bytes.Equal(t.raw, raw) {
			return nil, fmt.Errorf("nonce %d of %s: %w", tx.Nonce, tx.Signer.Short(), ErrNonceTaken)
		}
		return nil, fmt.Errorf("nonce %d of %s: %w", tx.Nonce, tx.Signer.Short(), ErrKnown)
	}
	if len(own) >= ledger.NonceWindow || !q.makeRoomLocked(len(raw), ahead) {
		return nil, fmt.Errorf("%d transactions, %d of %s: %w", q.count, len(own), tx.Signer.Short(), ErrPoolFull)
	}
	if q.txs[tx.Signer] == nil {
		q.txs[tx.Signer] = make(map[uint64]*pooled)
	}
	q.txs[tx.Signer][tx.Nonce] = &pooled{raw: raw, seq: q.seq, ahead: ahead}
	q.seq++
	q.count++
	q.bytes += len(raw)
	return tx, nil
}

// makeRoomLocked drops what waits behind more nonces than a newcomer would,
// the furthest and newest first, until there is room for it. It reports whether
// there is.
func (q *Pool) makeRoomLocked(size int, ahead uint64) bool {
	for q.count >= maxPoolTxs || q.bytes+size > maxPoolBytes {
		var last *pooled
		var signer protocol.PublicKey
		var nonce uint64
		for s, own := range q.txs {
			for n, t := range own {
				if last == nil || t.ahead > last.ahead || t.ahead == last.ahead && t.seq > last.seq {
					last, signer, nonce = t, s, n
				}
			}
		}
		if last == nil || last.ahead <= ahead {
			return false
		}
		q.dropLocked(signer, nonce)
	}
	return true
}

func (q *Pool) dropLocked(signer protocol.PublicKey, nonce uint64) {
	own := q.txs[signer]
	q.count--
	q.bytes -= len(own[nonce].raw)
	delete(own, nonce)
	if len(own) == 0 {
		delete(q.txs, signer)
	}
}

// Size returns how many transactions wait.
func (q *Pool) Size() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.count
}

// NextNonce returns the nonce after all transactions of signer that wait and
// that follow on nonce, the account's.
func (q *Pool) NextNonce(signer protocol.PublicKey, nonce uint64) uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.txs[signer][nonce] != nil {
		nonce++
	}
	return nonce
}

// candidates returns all that wait, in the order in which they came.
func (q *Pool) candidates() [][]byte {
	q.mu.Lock()
	defer q.mu.Unlock()
	all := make([]*pooled, 0, q.count)
	for _, own := range q.txs {
		for _, t := range own {
			all = append(all, t)
		}
	}
	slices.SortFunc(all, func(a, b *pooled) int {
		if a.seq < b.seq {
			return -1
		}
		return 1
	})
	out := make([][]byte, len(all))
	for i, t := range all {
		out[i] = t.raw
	}
	return out
}

// recheck is called after each block. It drops what the newest state has passed
// by: transactions with a used nonce, those that waited too long for others,
// and those whose turn it is and that have no place any more, such as a
// commitment after its deadline. It returns how many went for that last reason.
func (q *Pool) recheck() int {
	r := q.state()
	q.mu.Lock()
	defer q.mu.Unlock()
	refused := 0
	for signer, own := range q.txs {
		acc, _, err := ledger.ReadAccount(r, signer)
		if err != nil {
			continue // the block's own work will meet the failure
		}
		for nonce, t := range own {
			t.age++
			t.ahead = nonce - min(nonce, acc.Nonce)
			switch {
			case nonce < acc.Nonce:
			case t.ahead > 0 && t.age > maxPoolAge:
			case nonce == acc.Nonce && q.refused(r, t.raw):
				refused++
			default:
				continue
			}
			q.dropLocked(signer, nonce)
		}
	}
	return refused
}

func (q *Pool) refused(r ledger.Reader, raw []byte) bool {
	_, err := ledger.CheckTx(r, q.chain, q.p, raw)
	return ledger.KindOf(err) != ""
}
