package consensus

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	sm "github.com/cometbft/cometbft/state"
	cmtstore "github.com/cometbft/cometbft/store"
	"github.com/cometbft/cometbft/types"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/state"
	"github.com/assaynet/assay/protocol/store"
)

// Archive reads the blocks that a node's database keeps, beside CometBFT itself
// or without it. All methods may run at the same time.
type Archive struct {
	blocks  *cmtstore.BlockStore
	sets    sm.Store
	history *store.Space
}

// OpenArchive returns the blocks of a database. It reads no more than their
// range.
func OpenArchive(db *store.DB) *Archive {
	return &Archive{
		blocks:  cmtstore.NewBlockStore(cometDB(db, "blockstore")),
		sets:    sm.NewStore(cometDB(db, "state"), sm.StoreOptions{DiscardABCIResponses: true}),
		history: db.Space(historySpace),
	}
}

// Newest returns the height of the newest block here, 0 for none. Where a node was
// stopped between a block and what it does, or was copied then, it is one more than
// that of the state.
func (a *Archive) Newest() protocol.Height { return protocol.Height(max(0, a.blocks.Height())) }

// Proof shows what the state after a block has under a key, to whoever knows
// the validators: Block is the block after it, whose signed header carries
// StateHash.
type Proof struct {
	Height    protocol.Height
	StateHash protocol.Hash
	Key       []byte
	Value     []byte // nil for none
	ICS23     []byte // protobuf of the commitment proof
	Block     []byte // protobuf of the light block of Height + 1: header, commit and validators
	// State is the whole state after Height; it is read for some minutes.
	State ledger.Reader
}

// Prove proves a key in the newest state whose hash a signed header carries,
// which is the one before the newest. [ErrNoBlock] before the second block.
func (a *Archive) Prove(st *state.State, key []byte) (Proof, error) {
	newest := st.Version()
	if newest < 2 {
		return Proof{}, fmt.Errorf("prove at %d, before the second block: %w", newest, ErrNoBlock)
	}
	h := newest - 1
	s, err := st.At(h)
	if errors.Is(err, state.ErrVersion) {
		return Proof{}, fmt.Errorf("%w: %w", ErrNoBlock, err)
	}
	if err != nil {
		return Proof{}, err
	}
	p := Proof{Height: h, StateHash: s.Hash(), Key: key, State: s}
	if p.Value, p.ICS23, err = s.Prove(key); err != nil {
		return Proof{}, err
	}
	p.Block, err = a.lightBlock(newest)
	return p, err
}

// lightBlock returns the light block at h as others are sent it.
func (a *Archive) lightBlock(h protocol.Height) ([]byte, error) {
	lb, err := a.load(int64(h))
	if err != nil {
		return nil, err
	}
	p, err := lb.ToProto()
	if err != nil {
		return nil, fmt.Errorf("encode light block %d: %w", h, err)
	}
	b, err := p.Marshal()
	if err != nil {
		return nil, fmt.Errorf("encode light block %d: %w", h, err)
	}
	return b, nil
}

func (a *Archive) load(h int64) (*types.LightBlock, error) {
	meta := a.blocks.LoadBlockMeta(h)
	commit := a.blocks.LoadBlockCommit(h) // from the block after, the same for all
	if commit == nil {
		commit = a.blocks.LoadSeenCommit(h)
	}
	if meta == nil || commit == nil {
		return nil, fmt.Errorf("light block %d: %w", h, ErrNoBlock)
	}
	set, err := a.sets.LoadValidators(h)
	if err != nil {
		return nil, fmt.Errorf("light block %d: %w: %w", h, ErrNoBlock, err)
	}
	return &types.LightBlock{SignedHeader: &types.SignedHeader{Header: &meta.Header, Commit: commit}, ValidatorSet: set}, nil
}

// signed implements signedBlocks by the commits that are kept.
func (a *Archive) signed(from, to int64, addresses [][]byte) int64 {
	for h := to; h >= max(from, 1); h-- {
		commit := a.blocks.LoadBlockCommit(h) // in the block after
		if commit == nil {
			commit = a.blocks.LoadSeenCommit(h)
		}
		if commit == nil {
			continue
		}
		for _, s := range commit.Signatures {
			if s.BlockIDFlag != types.BlockIDFlagAbsent && slices.ContainsFunc(addresses, func(a []byte) bool { return bytes.Equal(a, s.ValidatorAddress) }) {
				return h
			}
		}
	}
	return 0
}

// member implements signedBlocks by the sets that are kept; one that is not may
// have had anybody.
func (a *Archive) member(h int64, addresses [][]byte) bool {
	set, err := a.sets.LoadValidators(h)
	return err != nil || slices.ContainsFunc(addresses, set.HasAddress)
}
