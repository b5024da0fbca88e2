package consensus

import (
	"bytes"
	"fmt"
	"maps"
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
// ever. The pool remembers why the last of those that went did, for who sent
// them was told that they were taken. All methods may run at the same time.
type Pool struct {
	chain string
	p     *params.Params
	state func() ledger.Reader

	mu     sync.Mutex
	txs    map[protocol.PublicKey]map[uint64]*pooled // by signer and nonce
	places map[protocol.Hash]place                   // of those in txs
	gone   gone
	count  int
	bytes  int
	seq    uint64 // of the next arrival
}

// place is where a transaction waits.
type place struct {
	signer protocol.PublicKey
	nonce  uint64
}

type pooled struct {
	raw   []byte
	hash  protocol.Hash
	seq   uint64
	ahead uint64 // how many nonces are before it, as of the newest state
	age   int    // in blocks
}

func newPool(chain string, p *params.Params, state func() ledger.Reader) *Pool {
	return &Pool{
		chain: chain, p: p, state: state,
		txs: make(map[protocol.PublicKey]map[uint64]*pooled), places: make(map[protocol.Hash]place),
	}
}

// Add takes a transaction. Errors: those of [ledger.CheckTx], [ErrKnown] for the
// same transaction again, [ErrNonceTaken] for another one in its place,
// [ErrPoolFull]. The pool keeps raw.
func (q *Pool) Add(raw []byte) (*wire.Tx, error) {
	if len(raw) > wire.MaxTxBytes { // before its signature costs anything
		return nil, fmt.Errorf("transaction of %d bytes: %w", len(raw), wire.ErrTooLarge)
	}
	tx, err := ledger.CheckTx(q.state(), q.chain, q.p, raw, q.before(raw)...)
	if err != nil {
		return nil, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	// A block may have come since. What is put in here is looked at again after
	// the next one, so that the state that counts is the one of now.
	acc, _, err := ledger.ReadAccount(q.state(), tx.Signer)
	if err != nil {
		return nil, err
	}
	if tx.Nonce < acc.Nonce {
		return nil, &ledger.RuleError{Reason: ledger.ErrBadNonce, Detail: fmt.Sprintf("nonce %d, want %d", tx.Nonce, acc.Nonce)}
	}
	ahead := tx.Nonce - acc.Nonce
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
	hash := tx.Hash()
	q.txs[tx.Signer][tx.Nonce] = &pooled{raw: raw, hash: hash, seq: q.seq, ahead: ahead}
	q.places[hash] = place{tx.Signer, tx.Nonce}
	q.gone.forget(hash)
	q.seq++
	q.count++
	q.bytes += len(raw)
	return tx, nil
}

// before returns what waits of the signer of raw, with the nonces before its
// own: what they spend, it cannot spend again.
func (q *Pool) before(raw []byte) [][]byte {
	var tx wire.Tx
	if wire.Decode(raw, wire.MaxTxBytes, &tx) != nil {
		return nil // which the check says
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	var out [][]byte
	own := q.txs[tx.Signer]
	for _, nonce := range slices.Sorted(maps.Keys(own)) {
		if nonce < tx.Nonce {
			out = append(out, own[nonce].raw)
		}
	}
	return out
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
		q.gone.add(last.hash, ErrPoolFull)
		q.dropLocked(signer, nonce)
	}
	return true
}

func (q *Pool) dropLocked(signer protocol.PublicKey, nonce uint64) {
	own := q.txs[signer]
	delete(q.places, own[nonce].hash)
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

// NextNonce returns the nonce for the next transaction of signer: after its
// account's, and after all that wait and follow on that.
func (q *Pool) NextNonce(signer protocol.PublicKey) (uint64, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	acc, _, err := ledger.ReadAccount(q.state(), signer)
	if err != nil {
		return 0, err
	}
	return q.freeLocked(signer, acc.Nonce), nil
}

// freeLocked returns the first nonce from the given one on that is not taken.
func (q *Pool) freeLocked(signer protocol.PublicKey, nonce uint64) uint64 {
	for q.txs[signer][nonce] != nil {
		nonce++
	}
	return nonce
}

// Standing says how a transaction stands that is in no block.
type Standing struct {
	Nonce uint64
	// Missing is the first nonce that neither a block nor the pool has yet; if
	// it is below Nonce, the transaction waits for one that is not there.
	Missing uint64
	// Dropped is why it does not wait any more, nil if it waits: [ErrReplaced],
	// [ErrWaited], [ErrPoolFull], or the rule that it broke when its turn came.
	Dropped error
}

// Standing returns how a transaction stands; false for one that the pool never
// had, or dropped long ago.
func (q *Pool) Standing(hash protocol.Hash) (Standing, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if at, ok := q.places[hash]; ok {
		acc, _, err := ledger.ReadAccount(q.state(), at.signer)
		if err != nil {
			return Standing{}, false
		}
		return Standing{Nonce: at.nonce, Missing: q.freeLocked(at.signer, acc.Nonce)}, true
	}
	why, ok := q.gone.why[hash]
	return Standing{Dropped: why}, ok
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

// recheck is called after each block, with the hashes of its transactions. It
// drops what the newest state has passed by: transactions with a used nonce,
// those that waited too long for others, and those whose turn it is and that
// have no place any more, such as a commitment after its deadline. It returns
// how many went for that last reason.
func (q *Pool) recheck(included []protocol.Hash) int {
	r := q.state()
	q.mu.Lock()
	defer q.mu.Unlock()
	refused := 0
	in := make(map[protocol.Hash]bool, len(included))
	for _, hash := range included {
		in[hash] = true
		q.gone.forget(hash) // it waited elsewhere
	}
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
				if !in[t.hash] {
					q.gone.add(t.hash, ErrReplaced)
				}
			case t.ahead > 0 && t.age > maxPoolAge:
				q.gone.add(t.hash, ErrWaited)
			case nonce == acc.Nonce:
				broken := q.broken(r, t.raw)
				if broken == nil {
					continue
				}
				q.gone.add(t.hash, broken)
				refused++
			default:
				continue
			}
			q.dropLocked(signer, nonce)
		}
	}
	return refused
}

// broken returns the rule that a transaction breaks, nil if none.
func (q *Pool) broken(r ledger.Reader, raw []byte) error {
	if _, err := ledger.CheckTx(r, q.chain, q.p, raw); ledger.ReasonOf(err) != "" {
		return err
	}
	return nil
}

// gone remembers why the last maxGone transactions that were dropped were.
type gone struct {
	why   map[protocol.Hash]error
	order []protocol.Hash // oldest first; some may be forgotten already
}

// maxGone bounds what is remembered to about a megabyte: errors are short.
const maxGone = maxPoolTxs

func (g *gone) add(hash protocol.Hash, why error) {
	if g.why == nil {
		g.why = make(map[protocol.Hash]error)
	}
	if len(g.order) >= maxGone {
		delete(g.why, g.order[0])
		g.order = g.order[1:]
	}
	g.why[hash] = why
	g.order = append(g.order, hash)
}

func (g *gone) forget(hash protocol.Hash) { delete(g.why, hash) }
