package ledger

import (
	"fmt"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring/yuma"
)

// A block h acts in this order, each step on what the ones before left:
//
//	link          the proposer's next link is checked and kept
//	transactions  in their order
//	offences      who is proven to have misbehaved is jailed
//	votes         whom the block shows to be alive
//	beacon        the link of h − 1 counts or not; seeds, and with them duties
//	verdicts      electors are drawn, votes counted, what is held burned
//	money         emission of the block, price decay, unbonding that matures
//	epoch         at the last block of an epoch: Yuma, payment, permits, rosters
//
// So whether a transaction may stand in a block follows from the state after
// h − 1 and the transactions before it alone, and a seed that a block draws is
// known to nobody whose transaction the same block holds.

// Block is what consensus decided on.
type Block struct {
	Height protocol.Height
	// Proposer is the consensus key that the header names.
	Proposer protocol.PublicKey
	// PrevEligible are the consensus keys of the true proposers of the rounds
	// 0 … R of Height − 1, R being the round that committed it. [Apply] alone
	// looks at it, and at Votes and Misbehaviour; without it the link of
	// Height − 1 does not count.
	PrevEligible []protocol.PublicKey
	// Txs begins with the proposer's wire.BlockHead.
	Txs [][]byte
	// Time is the header's, in nanoseconds since 1970 UTC: the median, by power, of
	// when the validators voted for the block before.
	Time int64
	// Votes are those on the block before, as this one brings them: of each member of
	// its set, in the set's order; none in block 1.
	Votes []BlockVote
	// Misbehaviour is what validators were proven to have done.
	Misbehaviour []Misbehaviour
	// Read, if it is not nil, is what was read of Txs[1:] before, one for one; it
	// changes no result.
	Read []ReadTx
	// Verified, if it is not nil, remembers signatures, and changes no result.
	Verified *wire.Verified
	// Checked, if it is not nil, is what [TryBlock] made of this block on the state
	// that [Apply] is given. It changes no result, and serves once.
	Checked *Checked
	// Beside, if it is not nil, does work that reads and writes nothing of the tree
	// beside what follows, and returns what waits until it is done. It changes no
	// result; the ledger itself starts no goroutine.
	Beside func(work func()) (wait func())
}

// Checked are the transactions of a block, carried out and written nowhere.
type Checked struct {
	m   *machine
	txs []TxResult
}

// ReadTx is what [wire.ReadTx] gives of a transaction; the zero value is that
// of one that was not read, or cannot be.
type ReadTx struct {
	Tx   *wire.Tx
	Body wire.Body
	// Right says that the signature was found right, and is not looked at again.
	Right bool
}

// TxResult says what became of one transaction.
type TxResult struct {
	Hash   protocol.Hash
	Type   wire.TxType
	Signer protocol.PublicKey
	Err    error // a *RuleError, nil when it was carried out
	Used   Cost  // of its work; at most what its weight says
}

// Result is what a block did.
type Result struct {
	Txs []TxResult // of Block.Txs[1:]
	// Validators are the updates of the consensus set: Power 0 removes.
	Validators []Power
	Events     []Event
	// Own is the cost of what the block did by itself; at most [OwnCost].
	Own Cost
	// Yuma is what the epoch that the block closed was computed from; nil in all
	// other blocks.
	Yuma *yuma.Input
}

// machine carries out one block over an overlay.
type machine struct {
	chain  string
	p      *params.Params
	height protocol.Height
	now    int64 // the block's time; 0 where only transactions are looked at
	st     *overlay
	meta   Meta
	// link, proposer and proposerKey are what this block opened.
	link        protocol.Hash
	proposer    protocol.SeatID
	proposerKey protocol.PublicKey
	events      []Event
	updates     []Power
	yuma        *yuma.Input   // of the epoch that this block closed
	set         *ValidatorSet // nil until it is read
	beside      func(work func()) (wait func())
	byTxs       Cost // of what was done, that of transactions
}

func newMachine(r Reader, chain string, p *params.Params) (*machine, error) {
	m := &machine{chain: chain, p: p, st: newOverlay(r)}
	raw, err := r.Get(MetaKey())
	if err != nil {
		return nil, fmt.Errorf("read %x: %w", MetaKey(), err)
	}
	if raw == nil {
		return nil, fmt.Errorf("%w: no genesis", ErrCorrupt)
	}
	meta, err := lastMeta.of(raw, MetaKey())
	if err != nil {
		return nil, err
	}
	m.meta = *meta
	m.height = meta.Height + 1
	m.p = p.At(m.height)
	return m, nil
}

// Apply carries out b and writes the new state into t. A transaction that
// breaks a rule is reported in the result. An error is [ErrBlock] where
// [CheckBlock] would have refused b, [ErrCorrupt], or the tree's own; nothing
// of the block holds then, unless the tree failed while it was written to.
func Apply(t Tree, chain string, p *params.Params, b *Block) (*Result, error) {
	done := b.Checked
	if done == nil || done.m.height != b.Height {
		var err error
		if done, err = TryBlock(t, chain, p, b); err != nil {
			return nil, err
		}
	}
	m, res := done.m, &Result{Txs: done.txs}
	if m.beside = b.Beside; m.beside == nil {
		m.beside = atOnce
	}
	m.convict(b.Misbehaviour)
	m.hear(b.Votes, b.PrevEligible)
	m.finalise(b.PrevEligible)
	m.availability()
	m.settlePlants()
	m.judgeChallenges()
	m.money()
	if p.Schedule.IsEpochEnd(m.height) {
		if err := m.epoch(); err != nil {
			return nil, m.blame(err)
		}
	}
	m.meta.Height = m.height
	put(m.st, MetaKey(), m.meta)
	if err := m.blame(nil); err != nil {
		return nil, err
	}
	res.Events, res.Validators, res.Own, res.Yuma = m.events, m.updates, m.st.done.minus(m.byTxs), m.yuma
	return res, m.st.flush(t)
}

// atOnce does work before what follows.
func atOnce(work func()) (wait func()) {
	work()
	return func() {}
}

// CheckBlock refuses, with [ErrBlock] and the rule that is broken, what no
// honest proposer sends: a link that does not serve the height, a transaction
// that does not verify, cannot pay or has another nonce, a Commit that does
// not count. It looks at everything but b.PrevEligible, b.Votes and b.Misbehaviour.
func CheckBlock(r Reader, chain string, p *params.Params, b *Block) error {
	_, err := TryBlock(r, chain, p, b)
	return err
}

// TryBlock is [CheckBlock], and gives what [Apply] need not do again where the
// block is decided.
func TryBlock(r Reader, chain string, p *params.Params, b *Block) (*Checked, error) {
	m, err := newMachine(r, chain, p)
	if err != nil {
		return nil, err
	}
	m.now = b.Time
	txs, err := m.block(b)
	if err := m.blame(err); err != nil {
		return nil, err
	}
	return &Checked{m, txs}, nil
}

// blame returns the tree's error before any other: where the tree fails the
// rules see an empty state, and what they say of a block is nobody's fault.
func (m *machine) blame(err error) error {
	if *m.st.fault != nil {
		return *m.st.fault
	}
	return err
}

// block opens the link and carries out the transactions.
func (m *machine) block(b *Block) ([]TxResult, error) {
	if b.Height != m.height {
		return nil, fmt.Errorf("%w: height %d, want %d", ErrBlock, b.Height, m.height)
	}
	if len(b.Txs) == 0 {
		return nil, fmt.Errorf("%w: no head", ErrBlock)
	}
	size := 0
	for _, raw := range b.Txs {
		size += len(raw)
	}
	if size > int(m.p.Block.MaxBytes) {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrBlock, size, m.p.Block.MaxBytes)
	}
	txs, err := m.readTxs(b)
	if err != nil {
		return nil, err
	}
	if err := m.openLink(b.Proposer, b.Txs[0]); err != nil {
		return nil, err
	}
	results := make([]TxResult, 0, len(txs))
	for i := range txs {
		res, err := m.carryOutTx(&txs[i], b.Verified)
		if err != nil {
			return nil, fmt.Errorf("%w: transaction %d: %w", ErrBlock, i+1, err)
		}
		results = append(results, res)
	}
	return results, nil
}

// decoded is a transaction of a block, its signature not looked at.
type decoded struct {
	raw   []byte
	tx    *wire.Tx
	body  wire.Body
	right bool // it was, before
}

// weight returns what the transaction weighs.
func (d *decoded) weight() uint64 { return TxCost(d.body, len(d.raw)).Weight() }

// readTxs decodes the transactions of a block that were not read before, and
// refuses what weighs too much together before any signature is looked at,
// which costs most.
func (m *machine) readTxs(b *Block) ([]decoded, error) {
	var weight uint64
	out := make([]decoded, len(b.Txs)-1)
	for i, raw := range b.Txs[1:] {
		var read ReadTx
		if b.Read != nil {
			read = b.Read[i]
		}
		read, err := read.of(raw, m.chain)
		if err != nil {
			return nil, fmt.Errorf("%w: transaction %d: %w", ErrBlock, i+1, err)
		}
		out[i] = decoded{raw, read.Tx, read.Body, read.Right}
		if weight += out[i].weight(); weight > m.p.Block.MaxWeight {
			return nil, fmt.Errorf("%w: a weight above %d", ErrBlock, m.p.Block.MaxWeight)
		}
	}
	return out, nil
}

// carryOutTx looks at the signature, and carries the transaction out.
func (m *machine) carryOutTx(d *decoded, known *wire.Verified) (TxResult, error) {
	before := *m.st.done
	m.st.done.Checks++
	m.st.done.Bytes += uint64(len(d.raw))
	if !d.right {
		if err := known.Verify(d.tx); err != nil {
			return TxResult{}, err
		}
	}
	ruled, err := m.include(d)
	if err != nil {
		return TxResult{}, err
	}
	used := m.st.done.minus(before)
	m.byTxs = m.byTxs.plus(used)
	return TxResult{Hash: wire.TxHash(d.raw), Type: d.tx.Type, Signer: d.tx.Signer, Err: ruled, Used: used}, nil
}

// openLink checks the head of a block against the chain of the seat that the
// header names, and keeps the link: it is public from now on. A chain that has
// none for the height is answered for by zeros.
func (m *machine) openLink(proposer protocol.PublicKey, head []byte) error {
	h, err := wire.DecodeBlockHead(head)
	if err != nil {
		return fmt.Errorf("%w: head: %w", ErrBlock, err)
	}
	seat, ok := m.validator(proposer)
	if !ok {
		return fmt.Errorf("%w: proposer %s is not in the set", ErrBlock, proposer)
	}
	if h.Link.IsZero() && !seat.Beacon.Serves(m.height) { // offered freely it would be a way to withhold
		m.link, m.proposer, m.proposerKey = h.Link, seat.ID, proposer
		return nil
	}
	m.st.done.Bytes += seat.Beacon.hashed(m.height)
	if seat.Beacon, ok = seat.Beacon.open(m.height, h.Link); !ok {
		return fmt.Errorf("%w: link %s of seat %d does not serve height %d", ErrBlock, h.Link.Short(), seat.ID.UID, m.height)
	}
	m.putSeat(seat)
	m.link, m.proposer, m.proposerKey = h.Link, seat.ID, proposer
	return nil
}

// validator returns the seat that a consensus key of the running set, or of
// the one before, stands for.
func (m *machine) validator(k protocol.PublicKey) (Seat, bool) {
	set := m.validators()
	members := set.Set
	if m.height <= m.meta.LastStep+1 {
		members = set.Prev
	}
	i := slices.IndexFunc(members, func(v Power) bool { return v.Key == k })
	if i < 0 {
		return Seat{}, false
	}
	return get[Seat](m.st, SeatKey(members[i].UID))
}

// validators returns the consensus set, which is large and asked for many times in
// a block. Only [machine.setValidators] changes it.
func (m *machine) validators() *ValidatorSet {
	if m.set != nil {
		return m.set
	}
	m.set = new(ValidatorSet)
	raw, err := m.st.Get(ValidatorsKey())
	if raw != nil && err == nil {
		var set *ValidatorSet
		if set, err = lastValidators.of(raw, ValidatorsKey()); err == nil {
			m.set = set
		}
	}
	if err != nil {
		m.st.fail(err)
	}
	return m.set
}

func (m *machine) setValidators(set ValidatorSet) {
	put(m.st, ValidatorsKey(), set)
	m.set = &set
}

func (m *machine) putSeat(s Seat) { put(m.st, SeatKey(s.ID.UID), s) }

func (m *machine) emit(e Event) {
	e.Height = m.height
	m.events = append(m.events, e)
}

// currentEpoch is the epoch of the block that is carried out.
func (m *machine) currentEpoch() protocol.Epoch { return m.p.Schedule.EpochOf(m.height) }
