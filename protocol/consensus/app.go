package consensus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/crypto/secp256k1"
	"github.com/rs/zerolog"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/audit"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/state"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/wire"
)

// app is the ledger as CometBFT drives it. The calls of its consensus
// connection come one after the other, from one goroutine at a time:
//
//	PrepareProposal   we propose: our link, and what of the pool fits
//	ProcessProposal   somebody proposed: accept what ledger.CheckBlock accepts
//	FinalizeBlock     decided: carry the block out on the working tree
//	Commit            make that durable, then tell of it
//
// A crash between the last two leaves the state of the block before, and
// CometBFT gives the block again. Everything that the state after h depends on
// is written no later than the state itself.
type app struct {
	abci.BaseApplication
	g     *ledger.Genesis
	chain string
	link  func(protocol.Height) (protocol.Hash, bool)
	log   zerolog.Logger
	rules uint32 // the newest that the program knows

	st      *state.State
	genesis *ledger.MemTree // the state before the first block
	pool    *Pool
	results results
	heads   heads

	space   *store.Space
	history *store.Space
	old     *forgetting
	rot     *rotation // after the newest block; consensus connection only
	next    *decided  // between FinalizeBlock and Commit
	// checked is the newest proposal that was accepted, and of which block it is.
	checked   *ledger.Checked
	checkedOf []byte

	admit func(id string) error // nil: any peer may stay
	trust protocol.Checkpoint   // the zero value: none

	served   *snapshots
	into     *restoring                // a snapshot that is being fetched; snapshot connection only
	expected atomic.Pointer[proposers] // after the snapshot
	progress atomic.Uint64             // of the fetching, for who waits for it
	mark     mark
	marked   bool // until the first block after a snapshot; consensus connection only

	refused atomic.Uint64 // proposals
	rounds  atomic.Uint64 // beyond the first of each height
}

// decided is a block that is carried out and not yet durable.
type decided struct {
	head   Head
	rot    *rotation
	record *audit.Record
}

func newApp(c *Config) (*app, error) {
	g, db := c.Genesis, c.DB
	mark := mark{db.Space("joining")}
	if err := mark.clean(db); err != nil {
		return nil, err
	}
	st, err := state.Open(db.Space("state"))
	if err != nil {
		return nil, err
	}
	a := &app{g: g, chain: g.ChainID(), link: c.Link, log: c.Logger, rules: c.Rules, st: st, genesis: &ledger.MemTree{}, space: db.Space("rotation"), history: db.Space(historySpace), mark: mark, marked: st.Version() == 0}
	if a.served, err = newSnapshots(filepath.Join(c.Dir, "snapshots"), c.SnapshotEvery); err != nil {
		return nil, err
	}
	if a.old, err = newForgetting(c.Retention, a.history); err != nil {
		return nil, err
	}
	if st.Version() == 0 {
		st.Begin(g.First())
	}
	set, err := ledger.Init(a.genesis, g)
	if err != nil {
		return nil, err
	}
	a.rot = newRotation(set)
	a.pool = newPool(a.chain, &g.Params, func() ledger.Reader { r, _ := a.latest(); return r })
	if h := st.Version(); h > 0 {
		b, err := a.space.Get(store.Key(uint64(h)))
		if err != nil {
			return nil, fmt.Errorf("read proposers of block %d: %w", h, err)
		}
		if a.rot, err = decodeRotation(b); err != nil {
			return nil, fmt.Errorf("proposers of block %d: %w: %w", h, store.ErrCorrupt, err)
		}
	}
	_, newest := a.latest()
	if err := a.knows(newest + 1); err != nil {
		return nil, err
	}
	return a, a.align(db)
}

// latest returns the newest state, and the height of its block.
func (a *app) latest() (ledger.Reader, protocol.Height) {
	if s := a.st.Latest(); s.Height() > 0 {
		return s, s.Height()
	}
	return a.genesis, a.g.First() - 1
}

// signsNext reports whether a key is of the set that signs the next block.
func (a *app) signsNext(k protocol.PublicKey) bool {
	r, _ := a.latest()
	ok, err := ledger.SignsNext(r, k)
	return ok && err == nil // the block's own reads will meet and report the failure
}

// retired reports whether the ledger says that another hotkey works in the seat of
// this one. A successor takes that of another, and has none before the swap is
// announced, or where it was stopped: then the other works in it.
func retired(r ledger.Reader, hotkey protocol.PublicKey, successor bool) bool {
	_, now, err := ledger.ReadHotkey(r, hotkey)
	if err != nil {
		return false // as above
	}
	if now != hotkey || !successor {
		return now != hotkey
	}
	_, sits, err := ledger.ReadSeatByHotkey(r, hotkey)
	return err == nil && !sits // as above
}

// Info implements the handshake after a start.
func (a *app) Info(context.Context, *abci.RequestInfo) (*abci.ResponseInfo, error) {
	_, newest := a.latest()
	res := &abci.ResponseInfo{Data: "assay", AppVersion: uint64(a.g.Params.Upgraded(newest + 1))}
	if s := a.st.Latest(); s.Height() > 0 {
		h := s.Hash()
		res.LastBlockHeight, res.LastBlockAppHash = int64(s.Height()), h[:]
	}
	return res, nil
}

// Query answers CometBFT alone, which asks who may be a peer.
func (a *app) Query(_ context.Context, r *abci.RequestQuery) (*abci.ResponseQuery, error) {
	if id, ok := strings.CutPrefix(r.Path, filterByID); ok && a.admit != nil {
		if err := a.admit(id); err != nil {
			return refusal(err), nil
		}
	}
	return &abci.ResponseQuery{}, nil
}

// CheckTx refuses all: transactions come by our own pool.
func (*app) CheckTx(context.Context, *abci.RequestCheckTx) (*abci.ResponseCheckTx, error) {
	return &abci.ResponseCheckTx{Code: 1}, nil
}

// InitChain writes the genesis into the working tree. The set of validators is
// the one that genesisDoc gave.
func (a *app) InitChain(_ context.Context, r *abci.RequestInitChain) (*abci.ResponseInitChain, error) {
	if want := protocol.ShortChainID(a.chain); r.ChainId != want {
		return nil, fmt.Errorf("chain %q, want %q: %w", r.ChainId, want, store.ErrOtherChain)
	}
	if err := a.begin(int64(a.g.First())); err != nil {
		return nil, err
	}
	h := a.st.WorkingHash()
	return &abci.ResponseInitChain{AppHash: h[:]}, nil
}

// begin clears the working tree for block h.
func (a *app) begin(h int64) error {
	a.st.Rollback()
	if h != int64(a.g.First()) {
		return nil
	}
	if _, err := ledger.Init(a.st, a.g); err != nil {
		return fmt.Errorf("write genesis: %w", err)
	}
	return nil
}

// told is what CometBFT tells with a block, alike where it is proposed and where it
// is decided.
type told interface {
	GetHeight() int64
	GetProposerAddress() []byte
	GetTime() time.Time
	GetMisbehavior() []abci.Misbehavior
	GetTxs() [][]byte
}

// block is a proposed or decided block in the ledger's words.
func (a *app) block(r told, last *abci.CommitInfo) *ledger.Block {
	var read []ledger.ReadTx
	if txs := r.GetTxs(); len(txs) > 0 {
		read = a.pool.readOf(txs[1:])
	}
	return &ledger.Block{
		Read:         read,
		Height:       protocol.Height(r.GetHeight()),
		Proposer:     a.rot.proposer(r.GetProposerAddress()),
		PrevEligible: a.rot.eligible(last.Round),
		Txs:          r.GetTxs(),
		Time:         r.GetTime().UnixNano(),
		Votes:        votes(last),
		Misbehaviour: misbehaviour(r.GetMisbehavior()),
		Verified:     a.pool.verified,
	}
}

// proposeShare is which part of the time that others wait for a proposal it may
// take to choose its transactions: the rest is for its way and their check.
const proposeShare = 4

// PrepareProposal opens our link and takes what fits from the pool. Where our chain
// has none for the height the link is zero. Without one that it has the proposal is
// empty, which everybody refuses, ourselves included.
func (a *app) PrepareProposal(_ context.Context, r *abci.RequestPrepareProposal) (*abci.ResponsePrepareProposal, error) {
	if err := a.knows(protocol.Height(r.Height)); err != nil {
		return nil, err
	}
	state, _ := a.latest()
	link, ok := a.link(protocol.Height(r.Height))
	if !ok && !a.serves(state, r) {
		link, ok = protocol.Hash{}, true
		a.log.Warn().Int64("height", r.Height).Msg("our beacon chain has ended, so the block has no link; another chain is registered")
	}
	if !ok {
		a.log.Warn().Int64("height", r.Height).Msg("no beacon link for this height, so no proposal")
		return &abci.ResponsePrepareProposal{}, nil
	}
	head := wire.Encode(&wire.BlockHead{Link: link})
	room := r.MaxTxBytes - frame(head)
	txs := [][]byte{head}
	deadline := time.Now().Add(time.Duration(a.g.Params.Block.ProposeMillis) * time.Millisecond / proposeShare)
	candidates, read := a.pool.candidates()
	selection := ledger.Selection{
		Candidates: candidates, Read: read, MaxBytes: int(room), Salt: link, Verified: a.pool.verified,
		Stop: func() bool { return time.Now().After(deadline) },
	}
	for _, tx := range ledger.SelectTxs(state, a.chain, &a.g.Params, &selection) {
		if room -= frame(tx); room < 0 {
			break
		}
		txs = append(txs, tx)
	}
	return &abci.ResponsePrepareProposal{Txs: txs}, nil
}

// serves reports whether the proposer's chain has a link for the height.
func (a *app) serves(r ledger.Reader, p *abci.RequestPrepareProposal) bool {
	set, _, err := ledger.ReadValidators(r)
	own := a.rot.proposer(p.ProposerAddress)
	for _, v := range slices.Concat(set.Set, set.Prev) {
		if v.Key == own && err == nil {
			seat, ok, err := ledger.ReadSeat(r, v.UID)
			return err != nil || !ok || seat.Beacon.Serves(protocol.Height(p.Height))
		}
	}
	return true
}

// frame is what a transaction takes in a block: protobuf adds a tag and a length.
func frame(tx []byte) int64 { return int64(len(tx)) + 6 }

// ProcessProposal accepts what the ledger accepts.
func (a *app) ProcessProposal(_ context.Context, r *abci.RequestProcessProposal) (*abci.ResponseProcessProposal, error) {
	if err := a.knows(protocol.Height(r.Height)); err != nil {
		return nil, err
	}
	state, _ := a.latest()
	b := a.block(r, &r.ProposedLastCommit)
	checked, err := ledger.TryBlock(state, a.chain, &a.g.Params, b)
	if err != nil {
		a.refused.Add(1)
		a.log.Warn().Err(err).Int64("height", r.Height).Stringer("proposer", b.Proposer).Msg("proposal refused")
		return &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_REJECT}, nil
	}
	a.checked, a.checkedOf = checked, r.Hash
	return &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_ACCEPT}, nil
}

// checkTrust refuses another block in the place of the operator's checkpoint.
func (a *app) checkTrust(h int64, hash []byte) error {
	if int64(a.trust.Height) != h || bytes.Equal(hash, a.trust.Hash[:]) {
		return nil
	}
	return fmt.Errorf("block %d is %x, the checkpoint is %s: %w", h, hash, a.trust.Hash, ErrCheckpoint)
}

// FinalizeBlock carries out a decided block on the working tree.
func (a *app) FinalizeBlock(_ context.Context, r *abci.RequestFinalizeBlock) (*abci.ResponseFinalizeBlock, error) {
	if err := errors.Join(a.checkTrust(r.Height, r.Hash), a.knows(protocol.Height(r.Height))); err != nil {
		return nil, err
	}
	if err := a.begin(r.Height); err != nil {
		return nil, err
	}
	b := a.block(r, &r.DecidedLastCommit)
	if len(r.Hash) > 0 && bytes.Equal(a.checkedOf, r.Hash) {
		b.Checked = a.checked
	}
	a.checked, a.checkedOf = nil, nil
	res, err := ledger.Apply(a.st, a.chain, &a.g.Params, b)
	if err != nil {
		return nil, fmt.Errorf("carry out block %d: %w", r.Height, err)
	}
	rot, err := a.rot.after(res.Validators)
	if err != nil {
		return nil, fmt.Errorf("carry out block %d: %w", r.Height, err)
	}
	hash := a.st.WorkingHash()
	record, err := audit.RecordOf(b, a.g.Params.Schedule, a.st, hash)
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	a.next = &decided{rot: rot, record: record, head: Head{
		Height: b.Height, Time: r.Time, StateHash: hash, Proposer: b.Proposer,
		Rounds: int(r.DecidedLastCommit.Round), Result: res,
	}}
	out := &abci.ResponseFinalizeBlock{AppHash: hash[:], TxResults: make([]*abci.ExecTxResult, 1, len(r.Txs))}
	out.TxResults[0] = &abci.ExecTxResult{} // the head
	for i := range res.Txs {
		out.TxResults = append(out.TxResults, &abci.ExecTxResult{Code: codeOf(&res.Txs[i])})
	}
	for _, v := range res.Validators {
		out.ValidatorUpdates = append(out.ValidatorUpdates, abci.UpdateValidator(v.Key[:], int64(v.Power), secp256k1.KeyType))
	}
	out.ConsensusParamUpdates = a.upgrade(b.Height)
	return out, nil
}

// Commit makes the block durable and tells of it.
func (a *app) Commit(context.Context, *abci.RequestCommit) (*abci.ResponseCommit, error) {
	if a.next == nil {
		return nil, fmt.Errorf("commit without a block: %w", ErrHalted)
	}
	d := a.next
	rot, err := d.rot.encode()
	if err != nil {
		return nil, err
	}
	// Not synced by itself: the state's synced write comes behind it in one log.
	h := uint64(d.head.Height)
	db := a.space.View()
	if err := db.Set(store.Key(h), rot); err != nil {
		return nil, fmt.Errorf("keep proposers of block %d: %w", h, err)
	}
	if err := keepRecord(a.history.View(), d.record); err != nil {
		return nil, err
	}
	retain, err := a.old.after(d.head.Height)
	if err != nil {
		return nil, err
	}
	hash, version, err := a.st.Commit()
	if err != nil {
		return nil, err
	}
	if hash != d.head.StateHash || version != d.head.Height {
		return nil, fmt.Errorf("block %d became state %d with hash %s, want %s: %w", h, version, hash, d.head.StateHash, ErrHalted)
	}
	if h > 1 {
		if err := db.Delete(store.Key(h - 2)); err != nil {
			return nil, fmt.Errorf("forget proposers of block %d: %w", h-2, err)
		}
	}
	if a.marked {
		if err := a.mark.space.Clear(); err != nil {
			return nil, err
		}
		a.marked = false
	}
	a.rot, a.next = d.rot, nil
	a.rounds.Add(uint64(d.head.Rounds))
	a.results.add(d.head.Height, d.head.Result.Txs)
	a.heads.publish(d.head) // who waits for it need not wait for the pool
	if n := a.pool.recheck(d.head.Result.Txs); n > 0 {
		a.log.Debug().Int("transactions", n).Msg("waiting transactions lost their place")
	}
	return &abci.ResponseCommit{RetainHeight: int64(retain)}, nil
}
