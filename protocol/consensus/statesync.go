package consensus

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	cfg "github.com/cometbft/cometbft/config"
	cmtstate "github.com/cometbft/cometbft/proto/tendermint/state"
	sm "github.com/cometbft/cometbft/state"
	"github.com/cometbft/cometbft/statesync"
	"github.com/cometbft/cometbft/types"
	"github.com/cometbft/cometbft/version"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/state"
	"github.com/assaynet/assay/protocol/store"
)

// Joining by a snapshot. A node without a block that knows a checkpoint fetches the
// ledger's state after a block near it or later in parts from its peers of
// consensus (snapshot.go), and only carries out the blocks after it. It believes
//
//	headers      that follow from the checkpoint by signatures, as a light reader
//	             does (light.go), or are before it by hashes, from the nodes that
//	             Config.Providers names
//	the state    whose root header h + 1 carries
//	the sets     of validators of h, h + 1 and h + 2, whose hashes those headers carry
//
// What no hash covers are the priorities by which proposers take turns. They are
// those that most providers say, and must give the proposers that the three headers
// name. With a lie about them that most providers tell alike, the state differs
// from what a later header says, and the node ends there; it begins anew in a new
// home.

// discover is how long peers are asked for snapshots before the best is taken.
const discover = 5 * time.Second

// joins reports whether a node begins with a snapshot: it knows a checkpoint and
// whom to ask, and has no block.
func (n *Node) joins() bool {
	return !n.cfg.Replay && !n.cfg.Trust.IsZero() && n.cfg.Providers != nil && n.app.st.Version() == 0
}

// stateSync sets CometBFT's part of it, after the other settings were checked: its
// own check wants servers of RPC, for which nodes of ours have another way. It also
// wants a pool of its own that can be switched on: until the next start there is
// one with no room, whose transactions the application refuses besides. The parts
// of a snapshot lie in the system's directory for temporary files meanwhile,
// whatever CometBFT's setting says: it does not read that.
func (n *Node) stateSync(f *cfg.Config) {
	f.StateSync.Enable = true
	f.StateSync.DiscoveryTime = discover
	f.StateSync.MaxSnapshotChunks = maxSnapshotParts
	f.Mempool.Type, f.Mempool.Broadcast, f.Mempool.Recheck = cfg.MempoolTypeFlood, false, false
	f.Mempool.Size, f.Mempool.CacheSize = 0, 0
}

// proposers are a rotation after a block.
type proposers struct {
	*rotation
	height protocol.Height
}

// verified gives CometBFT what it is to begin with, from verified headers. Its
// methods may run at the same time.
type verified struct {
	light  *Light
	doc    *types.GenesisDoc
	expect func(*proposers)
	other  *atomic.Bool // that providers have another block in the place of the checkpoint

	upgraded   func(protocol.Height) int
	otherRules *atomic.Bool // that a verified block is made by another list of upgrades

	mu    sync.Mutex
	known map[uint64]*types.LightBlock // guarded by mu
}

var _ statesync.StateProvider = (*verified)(nil)

// verifier returns one that begins with the checkpoint.
func (n *Node) verifier() (*verified, error) {
	light, err := NewLight(LightConfig{
		Genesis: n.cfg.Genesis, DB: n.cfg.DB, Providers: n.cfg.Providers, Trust: n.cfg.Trust, Logger: n.cfg.Logger,
	})
	if err != nil {
		return nil, err
	}
	return &verified{
		light: light, doc: n.doc, expect: n.app.expected.Store, other: &n.otherChain, known: map[uint64]*types.LightBlock{},
		upgraded: n.cfg.Genesis.Params.Upgraded, otherRules: &n.otherRules,
	}, nil
}

// block returns the verified light block at a height.
func (v *verified) block(ctx context.Context, h uint64) (*types.LightBlock, error) {
	v.mu.Lock()
	lb, from := v.known[h], (*types.LightBlock)(nil)
	for at, x := range v.known {
		if at > h && (from == nil || x.Height < from.Height) {
			from = x
		}
	}
	v.mu.Unlock()
	if lb != nil {
		return lb, nil
	}
	lb, err := v.light.at(ctx, protocol.Height(h), from)
	v.other.Store(errors.Is(err, ErrCheckpoint))
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.known) > 64 { // of snapshots that were not taken
		clear(v.known)
	}
	v.known[h] = lb
	return lb, nil
}

// AppHash implements [statesync.StateProvider].
func (v *verified) AppHash(ctx context.Context, h uint64) ([]byte, error) {
	// The later one first: State needs it, and where both are before the checkpoint,
	// the way back from there is gone once.
	if _, err := v.block(ctx, h+2); err != nil {
		return nil, err
	}
	next, err := v.block(ctx, h+1)
	if err != nil {
		return nil, err
	}
	if err := v.sameRules(next); err != nil {
		return nil, err
	}
	return next.AppHash, nil
}

// sameRules returns [ErrUpgrade] for a block that is made by another list of
// upgrades than the node's genesis has.
func (v *verified) sameRules(lb *types.LightBlock) error {
	want := uint64(v.upgraded(protocol.Height(lb.Height)))
	if lb.Version.App == want {
		return nil
	}
	v.otherRules.Store(true)
	return fmt.Errorf("block %d is made after %d upgrades, this node's genesis has %d by then: %w", lb.Height, lb.Version.App, want, ErrUpgrade)
}

// Commit implements [statesync.StateProvider].
func (v *verified) Commit(ctx context.Context, h uint64) (*types.Commit, error) {
	lb, err := v.block(ctx, h)
	if err != nil {
		return nil, err
	}
	return lb.Commit, nil
}

// State implements [statesync.StateProvider].
func (v *verified) State(ctx context.Context, h uint64) (sm.State, error) {
	var at [3]*types.LightBlock
	var sets [3]*types.ValidatorSet
	for i := range at {
		var err error
		if at[i], err = v.block(ctx, h+uint64(i)); err != nil {
			return sm.State{}, err
		}
		if err := v.sameRules(at[i]); err != nil {
			return sm.State{}, err
		}
		if sets[i], err = v.light.turns(ctx, at[i]); err != nil {
			return sm.State{}, err
		}
	}
	next := at[1]
	if !bytes.Equal(next.ConsensusHash, v.doc.ConsensusParams.Hash()) {
		return sm.State{}, fmt.Errorf("block %d is made under other settings of consensus than the genesis has: %w", next.Height, ErrLie)
	}
	settings := *v.doc.ConsensusParams
	settings.Version.App = next.Version.App
	v.expect(&proposers{height: protocol.Height(h), rotation: &rotation{last: sets[0], now: sets[1], next: sets[2]}})
	return sm.State{
		ChainID: v.doc.ChainID, InitialHeight: v.doc.InitialHeight,
		Version:         cmtstate.Version{Consensus: next.Version, Software: version.TMCoreSemVer},
		LastBlockHeight: at[0].Height, LastBlockTime: at[0].Time, LastBlockID: at[0].Commit.BlockID,
		AppHash: next.AppHash, LastResultsHash: next.LastResultsHash,
		LastValidators: sets[0].Copy(), Validators: sets[1].Copy(), NextValidators: sets[2].Copy(),
		LastHeightValidatorsChanged: at[2].Height,
		ConsensusParams:             settings, LastHeightConsensusParamsChanged: next.Height,
	}, nil
}

// maxBack is how many blocks before a trusted one a block may be that is verified
// backwards: the newest snapshot is so much older than the newest block, which a
// checkpoint mostly is, and twice that.
const maxBack = 2 * state.Keep

// at returns the block at h, verified from a trusted one: from, if it is not nil,
// else the newest that is trusted, which is the checkpoint as long as nothing else
// was asked.
func (l *Light) at(ctx context.Context, h protocol.Height, from *types.LightBlock) (*types.LightBlock, error) {
	all, _ := l.providers()
	return race(ctx, l, all, func(ctx context.Context, p Provider) (*types.LightBlock, error) {
		trusted := from
		if trusted == nil {
			var err error
			if trusted, err = l.root(ctx, p); err != nil {
				return nil, err
			}
		}
		if int64(h) <= trusted.Height {
			return l.back(ctx, p, trusted, int64(h))
		}
		target, err := l.block(ctx, p, h)
		if err != nil {
			return nil, err
		}
		if err := l.skip(ctx, p, trusted, target, nil); err != nil {
			return nil, err
		}
		return target, inTurn(target, target.ValidatorSet)
	})
}

// back returns the block at h, which is trusted or before it: each header has the
// hash of the one before.
func (l *Light) back(ctx context.Context, p Provider, trusted *types.LightBlock, h int64) (*types.LightBlock, error) {
	if trusted.Height-h > maxBack {
		return nil, fmt.Errorf("block %d, more than %d before %d, which is trusted: %w", h, maxBack, trusted.Height, ErrNoBlock)
	}
	if age := time.Since(trusted.Time); age > l.cfg.TrustPeriod {
		return nil, fmt.Errorf("header %d is %s old: %w", trusted.Height, age.Round(time.Second), ErrExpired)
	}
	for trusted.Height > h {
		before, err := l.block(ctx, p, protocol.Height(trusted.Height-1))
		if err != nil {
			return nil, err
		}
		if !bytes.Equal(before.Hash(), trusted.LastBlockID.Hash) {
			return nil, fmt.Errorf("block %d is not the one before %d: %w", before.Height, trusted.Height, ErrLie)
		}
		if err := l.signed(before); err != nil {
			return nil, err
		}
		trusted = before
	}
	return trusted, inTurn(trusted, trusted.ValidatorSet)
}

// maxAsked bounds how many providers are asked for priorities.
const maxAsked = 16

// turns returns the set of a verified block with the priorities that most providers
// say, among those that give the block's proposer.
func (l *Light) turns(ctx context.Context, lb *types.LightBlock) (*types.ValidatorSet, error) {
	all, _ := l.providers()
	all = all[:min(len(all), maxAsked)]
	said := make([]*types.ValidatorSet, len(all))
	var wg sync.WaitGroup
	for i, p := range all {
		wg.Go(func() {
			other, err := l.block(ctx, p, protocol.Height(lb.Height))
			if err == nil && bytes.Equal(other.Hash(), lb.Hash()) && inTurn(other, other.ValidatorSet) == nil {
				said[i] = other.ValidatorSet
			}
		})
	}
	wg.Wait()
	best, most, votes := lb.ValidatorSet, 0, map[string]int{}
	for _, set := range slices.DeleteFunc(said, func(s *types.ValidatorSet) bool { return s == nil }) {
		p, err := set.ToProto()
		if err != nil {
			return nil, err
		}
		b, err := p.Marshal()
		if err != nil {
			return nil, err
		}
		if votes[string(b)]++; votes[string(b)] > most {
			best, most = set, votes[string(b)]
		}
	}
	return best, nil
}

// inTurn returns nil if the priorities of a set make the proposer of a block whose
// header and commit are verified, in one of the rounds that its height took: who
// proposes a block again in a later round is not in its header. Else [ErrLie].
func inTurn(lb *types.LightBlock, set *types.ValidatorSet) error {
	set = set.Copy()
	for range min(lb.Commit.Round, maxRounds) + 1 {
		if bytes.Equal(set.GetProposer().Address, lb.ProposerAddress) {
			return nil
		}
		set.IncrementProposerPriority(1)
	}
	return fmt.Errorf("block %d is of a proposer whose turn it was not: %w", lb.Height, ErrLie)
}

// arrival watches over the fetching of a snapshot.
type arrival struct {
	parts uint64    // what was fetched
	since time.Time // when it was that
}

// look returns an error where nothing was fetched for Config.StallAfter:
// [ErrStalled], or [ErrCheckpoint] where those who were asked have another block
// there. It returns [ErrUpgrade] at once where blocks are made after other
// upgrades.
func (s *arrival) look(n *Node, now time.Time) error {
	if parts := n.app.progress.Load(); parts != s.parts {
		*s = arrival{parts: parts, since: now}
	}
	switch {
	case n.otherRules.Load():
		return ErrUpgrade
	case now.Sub(s.since) <= n.cfg.StallAfter:
		return nil
	case n.otherChain.Load():
		return fmt.Errorf("those who were asked have another block %d: %w", n.cfg.Trust.Height, ErrCheckpoint)
	}
	return fmt.Errorf("%w: no snapshot of the ledger came for %s; a network of fewer than %d blocks has none, and consensus.replay does without",
		ErrStalled, n.cfg.StallAfter, n.cfg.SnapshotEvery+snapshotBehind)
}

// mark remembers that a state was being put together, until a block came after it.
type mark struct{ space *store.Space }

var markKey = []byte("height")

func (m mark) set(h uint64) error { return m.space.Set(markKey, store.Key(h)) }

// clean removes what a crash left of a state that CometBFT did not get to begin
// with, so that the node joins anew. It runs before anything is opened.
func (m mark) clean(db *store.DB) error {
	b, err := m.space.Get(markKey)
	if err != nil || len(b) != 8 {
		return err
	}
	h := int64(binary.BigEndian.Uint64(b))
	comet, err := sm.NewStore(cometDB(db, "state"), sm.StoreOptions{}).Load()
	if err != nil {
		return fmt.Errorf("read the state of consensus: %w", err)
	}
	if comet.LastBlockHeight < h || comet.LastBlockHeight == h && OpenArchive(db).blocks.LoadSeenCommit(h) == nil {
		for _, name := range []string{"state", "rotation", historySpace, cometSpace + "state", cometSpace + "blockstore"} {
			err = errors.Join(err, db.Space(name).Clear())
		}
	}
	return errors.Join(err, m.space.Clear())
}
