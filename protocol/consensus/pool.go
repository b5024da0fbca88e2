package consensus

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
)

// Limits of the pool, lanes aside.
const (
	maxPoolTxs   = 4096
	maxPoolBytes = 16 << 20 // four full blocks
	// maxPoolAge is for how many blocks a transaction waits for those of its
	// signer that come before it. Waiting costs nothing, so it must end.
	maxPoolAge = 60
	// maxSwaps is how many times a transaction is replaced between two blocks: a
	// person who pays more does it once.
	maxSwaps = 4
	// recheckStep is how many signers, and how many of the lanes, are looked at
	// after a block that did not concern them: all in turn, but no block waits for
	// thousands.
	recheckStep = 128
)

// Pool holds transactions that wait for a block. Each was valid in the newest
// state when it came, and those that a later state refuses go.
//
// Those of lanes have room of their own: one for each type, seat and turn. They are
// bounded by the seats, for the ledger takes none that does not count, so that no
// flood of others keeps one out, and none is ever asked to go.
//
// Where there is no room for the others, what waits for others of its signer goes
// first, for it may never pay; then who pays least for its weight. None waits for
// others for ever. The pool remembers why the last of those that went did, for who
// sent them was told that they were taken. All methods may run at the same time.
type Pool struct {
	chain    string
	p        *params.Params
	state    func() ledger.Reader
	verified *wire.Verified

	mu     sync.Mutex
	lanes  map[laneKey]*pooled
	txs    map[protocol.PublicKey]map[uint64]*pooled // by signer and nonce
	places map[protocol.Hash]place                   // of those in lanes and txs
	read   map[string]*pooled                        // of them, by their bytes
	gone   gone
	count  int    // of txs
	bytes  int    // of txs
	seq    uint64 // of the next arrival
	// floor is what the one that is worth least pays for its weight, once txs were
	// found full of such; of no weight where that is not known.
	floor ledger.Rate
}

// laneKey is what there is one of in a lane.
type laneKey struct {
	typ    wire.TxType
	signer protocol.PublicKey
	turn   wire.Turn
}

// place is where a transaction waits: in a lane, or with a nonce of its signer.
type place struct {
	lane   laneKey // zero outside of lanes
	signer protocol.PublicKey
	nonce  uint64
}

type pooled struct {
	raw   []byte
	tx    *wire.Tx // what raw holds, and its body
	body  wire.Body
	hash  protocol.Hash
	fee   protocol.Amount
	rate  ledger.Rate
	seq   uint64
	ahead uint64 // how many nonces are before it, as of the newest state
	age   int    // in blocks
	swaps int    // how many others had its place since the newest block
}

func newPool(chain string, p *params.Params, state func() ledger.Reader) *Pool {
	return &Pool{
		chain: chain, p: p, state: state, verified: wire.NewVerified(4 * maxPoolTxs),
		lanes: make(map[laneKey]*pooled), txs: make(map[protocol.PublicKey]map[uint64]*pooled), places: make(map[protocol.Hash]place), read: make(map[string]*pooled),
	}
}

// Add takes a transaction. Errors: those of [ledger.CheckTx], [ErrKnown] for the
// same transaction again, [ErrNonceTaken] for another one in its place that does
// not pay a tenth more, [ErrPoolFull]. The pool keeps raw.
func (q *Pool) Add(raw []byte) (*wire.Tx, error) {
	if len(raw) > wire.MaxTxBytes { // before its signature costs anything
		return nil, fmt.Errorf("transaction of %d bytes: %w", len(raw), wire.ErrTooLarge)
	}
	tx, body, err := wire.ReadTx(raw, q.chain)
	if err != nil {
		return nil, err
	}
	rate := ledger.RateOf(tx, body, len(raw))
	t := &pooled{raw: raw, tx: tx, body: body, hash: wire.TxHash(raw), fee: tx.Fee, rate: rate}
	if lane, ok := body.(wire.LaneBody); ok {
		return tx, q.addLane(t, laneKey{tx.Type, tx.Signer, lane.Turn()})
	}
	before, err := q.before(tx, t)
	if err != nil {
		return nil, err
	}
	if err := ledger.CheckReadTx(q.state(), q.chain, q.p, raw, ledger.ReadTx{Tx: tx, Body: body}, before...); err != nil {
		return nil, err
	}
	q.verified.Add(t.hash)
	q.mu.Lock()
	defer q.mu.Unlock()
	return tx, q.addLocked(tx, t)
}

// addLane puts a transaction into its place of a lane.
func (q *Pool) addLane(t *pooled, key laneKey) error {
	q.mu.Lock()
	err := q.laneFreeLocked(t, key)
	q.mu.Unlock()
	if err != nil { // before its signature is looked at
		return err
	}
	if err := ledger.CheckReadTx(q.state(), q.chain, q.p, t.raw, ledger.ReadTx{Tx: t.tx, Body: t.body}); err != nil {
		return err
	}
	q.verified.Add(t.hash)
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := q.laneFreeLocked(t, key); err != nil {
		return err
	}
	q.lanes[key] = t
	q.places[t.hash] = place{lane: key}
	q.read[string(t.raw)] = t
	q.gone.forget(t.hash)
	return nil
}

func (q *Pool) laneFreeLocked(t *pooled, key laneKey) error {
	switch old := q.lanes[key]; {
	case old == nil:
		return nil
	case old.hash == t.hash:
		return fmt.Errorf("%s of %s: %w", key.typ, key.signer.Short(), ErrKnown)
	}
	return fmt.Errorf("%s of %s: %w", key.typ, key.signer.Short(), ErrNonceTaken)
}

// addLocked puts a transaction that was checked behind those of its signer, or in
// the place of one that pays less.
func (q *Pool) addLocked(tx *wire.Tx, t *pooled) error {
	// A block may have come since. What is put in here is looked at again after
	// the next one, so that the state that counts is the one of now.
	acc, _, err := ledger.ReadAccount(q.state(), tx.Signer)
	if err != nil {
		return err
	}
	if tx.Nonce < acc.Nonce {
		return &ledger.RuleError{Reason: ledger.ErrBadNonce, Detail: fmt.Sprintf("nonce %d, want %d", tx.Nonce, acc.Nonce)}
	}
	t.ahead = tx.Nonce - acc.Nonce
	if err := q.takenLocked(tx, t); err != nil {
		return err
	}
	if old := q.txs[tx.Signer][tx.Nonce]; old != nil {
		if old.age == 0 {
			t.swaps = old.swaps + 1
		}
		q.gone.add(old.hash, ErrReplaced)
		q.dropLocked(tx.Signer, tx.Nonce)
	}
	if own := len(q.txs[tx.Signer]); own >= ledger.NonceWindow || !q.makeRoomLocked(t) {
		return fmt.Errorf("%d transactions, %d of %s: %w", q.count, own, tx.Signer.Short(), ErrPoolFull)
	}
	if q.txs[tx.Signer] == nil {
		q.txs[tx.Signer] = make(map[uint64]*pooled)
	}
	t.seq = q.seq
	q.txs[tx.Signer][tx.Nonce] = t
	q.places[t.hash] = place{signer: tx.Signer, nonce: tx.Nonce}
	q.read[string(t.raw)] = t
	q.gone.forget(t.hash)
	q.seq++
	q.count++
	q.bytes += len(t.raw)
	return nil
}

// takenLocked refuses a transaction whose place another has, unless it pays a tenth
// more, and not too often between two blocks: only the last one is ever paid, and
// all are verified and passed on.
func (q *Pool) takenLocked(tx *wire.Tx, t *pooled) error {
	switch old := q.txs[tx.Signer][tx.Nonce]; {
	case old != nil && old.hash != t.hash && old.age == 0 && old.swaps >= maxSwaps:
		return fmt.Errorf("nonce %d of %s, %d times since the newest block: %w", tx.Nonce, tx.Signer.Short(), old.swaps, ErrNonceTaken)
	case old == nil || old.hash != t.hash && t.fee > old.fee && t.fee-old.fee >= old.fee/10:
		return nil
	case old.hash == t.hash:
		return fmt.Errorf("nonce %d of %s: %w", tx.Nonce, tx.Signer.Short(), ErrKnown)
	}
	return fmt.Errorf("nonce %d of %s: %w", tx.Nonce, tx.Signer.Short(), ErrNonceTaken)
}

// before returns what waits of the signer, with the nonces before a transaction's
// own: what they spend, it cannot spend again. What has no room it refuses, before
// the signature is looked at.
func (q *Pool) before(tx *wire.Tx, t *pooled) ([][]byte, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := q.takenLocked(tx, t); err != nil {
		return nil, err
	}
	if q.fullLocked(len(t.raw)) && q.floor.Weight() > 0 && t.rate.Compare(q.floor) <= 0 {
		return nil, fmt.Errorf("%d transactions, none of which pays less: %w", q.count, ErrPoolFull)
	}
	var out [][]byte
	own := q.txs[tx.Signer]
	for _, nonce := range slices.Sorted(maps.Keys(own)) {
		if nonce < tx.Nonce {
			out = append(out, own[nonce].raw)
		}
	}
	return out, nil
}

func (q *Pool) fullLocked(size int) bool {
	return q.count >= maxPoolTxs || q.bytes+size > maxPoolBytes
}

// makeRoomLocked drops what is worth less than a newcomer until there is room for
// it, and reports whether there is.
func (q *Pool) makeRoomLocked(t *pooled) bool {
	for q.fullLocked(len(t.raw)) {
		last, signer, nonce := q.lastLocked()
		if last == nil {
			return false
		}
		if last.compare(t) >= 0 {
			if last.ahead == 0 {
				q.floor = last.rate
			}
			return false
		}
		q.gone.add(last.hash, ErrPoolFull)
		q.dropLocked(signer, nonce)
	}
	return true
}

// lastLocked returns the transaction that is worth least, of equals the newest; nil
// where none waits.
func (q *Pool) lastLocked() (last *pooled, signer protocol.PublicKey, nonce uint64) {
	for s, own := range q.txs {
		for n, t := range own {
			if last == nil || cmp.Or(t.compare(last), cmp.Compare(last.seq, t.seq)) < 0 {
				last, signer, nonce = t, s, n
			}
		}
	}
	return last, signer, nonce
}

// compare returns −1, 0 or 1 where t is worth less than, as much as, or more than
// other: what has nonces before it less than what has none, and the more the less;
// of two with as many, who pays less for its weight.
func (t *pooled) compare(other *pooled) int {
	return cmp.Or(cmp.Compare(other.ahead, t.ahead), t.rate.Compare(other.rate))
}

func (q *Pool) dropLocked(signer protocol.PublicKey, nonce uint64) {
	own := q.txs[signer]
	delete(q.places, own[nonce].hash)
	delete(q.read, string(own[nonce].raw))
	q.count--
	q.bytes -= len(own[nonce].raw)
	delete(own, nonce)
	if len(own) == 0 {
		delete(q.txs, signer)
	}
	q.floor = ledger.Rate{} // there is room
}

func (q *Pool) dropLaneLocked(key laneKey) {
	delete(q.places, q.lanes[key].hash)
	delete(q.read, string(q.lanes[key].raw))
	delete(q.lanes, key)
}

// Size returns how many transactions wait.
func (q *Pool) Size() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.count + len(q.lanes)
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
	// it is below Nonce, the transaction waits for one that is not there. Both are 0
	// in a lane.
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
	if at, ok := q.places[hash]; ok && at.lane.typ != 0 {
		return Standing{}, true
	} else if ok {
		acc, _, err := ledger.ReadAccount(q.state(), at.signer)
		if err != nil {
			return Standing{}, false
		}
		return Standing{Nonce: at.nonce, Missing: q.freeLocked(at.signer, acc.Nonce)}, true
	}
	why, ok := q.gone.why[hash]
	return Standing{Dropped: why}, ok
}

// candidates returns what the next block is chosen from: all of the lanes, and the
// others in the order of what they pay for their weight, of each signer those whose
// turn may come, until they weigh twice as much as a block.
func (q *Pool) candidates() (out [][]byte, read []ledger.ReadTx) {
	q.mu.Lock()
	defer q.mu.Unlock()
	take := func(t *pooled) { out, read = append(out, t.raw), append(read, t.asRead()) }
	for _, t := range q.lanes {
		take(t)
	}
	all := make([]*pooled, 0, q.count)
	for _, own := range q.txs {
		for _, t := range own {
			all = append(all, t)
		}
	}
	slices.SortFunc(all, func(a, b *pooled) int { return cmp.Or(b.compare(a), cmp.Compare(a.seq, b.seq)) })
	for left := 2 * q.p.Block.MaxWeight; len(all) > 0 && left >= all[0].rate.Weight(); all = all[1:] {
		left -= all[0].rate.Weight()
		take(all[0])
	}
	return out, read
}

// asRead is what the ledger need not read and look at again: all that is here was
// verified when it came.
func (t *pooled) asRead() ledger.ReadTx {
	return ledger.ReadTx{Tx: t.tx, Body: t.body, Right: true}
}

// readOf returns what was read of transactions that wait here, one for one; of
// others nothing.
func (q *Pool) readOf(txs [][]byte) []ledger.ReadTx {
	q.mu.Lock()
	defer q.mu.Unlock()
	out := make([]ledger.ReadTx, len(txs))
	for i, raw := range txs {
		if t := q.read[string(raw)]; t != nil {
			out[i] = t.asRead()
		}
	}
	return out
}

// recheck is called after each block, with what it holds. It drops what the newest
// state has passed by: transactions with a used nonce, those that waited too long
// for others, and those whose turn it is and that have no place any more, such as a
// commitment after its deadline. What the block does not concern is looked at some
// at a time. It returns how many went for that last reason.
func (q *Pool) recheck(included []ledger.TxResult) int {
	r := q.state()
	q.mu.Lock()
	defer q.mu.Unlock()
	in := make(map[protocol.Hash]bool, len(included))
	refused := 0
	for i := range included {
		hash := included[i].Hash
		in[hash] = true
		q.gone.forget(hash) // it waited elsewhere
		if at, ok := q.places[hash]; ok && at.lane.typ != 0 {
			q.dropLaneLocked(at.lane)
		}
	}
	for i := range included {
		refused += q.recheckSignerLocked(r, included[i].Signer, in)
	}
	q.agedLocked()
	looked := 0
	for signer := range q.txs { // from anywhere
		if looked++; looked > recheckStep {
			break
		}
		refused += q.recheckSignerLocked(r, signer, in)
	}
	return refused + q.recheckLanesLocked(r)
}

// agedLocked counts the block, and drops what waited too long for others.
func (q *Pool) agedLocked() {
	for signer, own := range q.txs {
		for nonce, t := range own {
			if t.age++; t.ahead > 0 && t.age > maxPoolAge {
				q.gone.add(t.hash, ErrWaited)
				q.dropLocked(signer, nonce)
			}
		}
	}
}

// recheckSignerLocked looks at what waits of a signer, and returns how many broke a
// rule.
func (q *Pool) recheckSignerLocked(r ledger.Reader, signer protocol.PublicKey, in map[protocol.Hash]bool) (refused int) {
	own := q.txs[signer]
	if len(own) == 0 {
		return 0
	}
	acc, _, err := ledger.ReadAccount(r, signer)
	if err != nil {
		return 0 // the block's own work will meet the failure
	}
	for nonce, t := range own {
		t.ahead = nonce - min(nonce, acc.Nonce)
		switch {
		case nonce < acc.Nonce:
			if !in[t.hash] {
				q.gone.add(t.hash, ErrReplaced)
			}
		case nonce == acc.Nonce:
			broken := q.broken(r, t)
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
	return refused
}

// recheckLanesLocked looks at some of what waits in lanes, and returns how many
// broke a rule.
func (q *Pool) recheckLanesLocked(r ledger.Reader) (refused int) {
	looked := 0
	for key, t := range q.lanes { // from anywhere
		if looked++; looked > recheckStep {
			break
		}
		if broken := q.broken(r, t); broken != nil {
			q.gone.add(t.hash, broken)
			q.dropLaneLocked(key)
			refused++
		}
	}
	return refused
}

// broken returns the rule that a transaction breaks, nil if none.
func (q *Pool) broken(r ledger.Reader, t *pooled) error {
	if err := ledger.RecheckReadTx(r, q.chain, q.p, t.raw, t.asRead()); ledger.ReasonOf(err) != "" {
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
