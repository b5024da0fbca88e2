package consensus

import (
	"fmt"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/audit"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/wire"
)

// A node keeps a record of every block that it carries out, for who re-derives
// what was paid: votes, misbehaviour, times and true proposers are in no
// transaction, and the payments of an epoch leave the state after some. The
// transactions themselves are in CometBFT's own store.

// historySpace holds by height an audit.Record without its transactions.
const historySpace = "history"

func votes(last *abci.CommitInfo) []ledger.BlockVote {
	out := make([]ledger.BlockVote, len(last.Votes))
	for i, v := range last.Votes {
		out[i] = ledger.BlockVote{Address: consensusAddress(v.Validator.Address), Power: uint64(v.Validator.Power), Flag: ledger.VoteFlag(v.BlockIdFlag)}
	}
	return out
}

func misbehaviour(list []abci.Misbehavior) []ledger.Misbehaviour {
	out := make([]ledger.Misbehaviour, len(list))
	for i, m := range list {
		out[i] = ledger.Misbehaviour{
			Offence: ledger.Offence(m.Type), Address: consensusAddress(m.Validator.Address), Power: uint64(m.Validator.Power),
			Height: uint64(m.Height), Time: m.Time.UnixNano(), Total: uint64(m.TotalVotingPower),
		}
	}
	return out
}

// consensusAddress is CometBFT's address, which always has the length.
func consensusAddress(b []byte) (a ledger.ConsensusAddress) {
	copy(a[:], b)
	return a
}

// Record returns the record of a block: [ErrNoBlock] where it is not kept.
func (a *Archive) Record(h protocol.Height) (*audit.Record, error) {
	b, err := a.history.Get(store.Key(uint64(h)))
	if err != nil {
		return nil, fmt.Errorf("read record of block %d: %w", h, err)
	}
	block := a.blocks.LoadBlock(int64(h))
	if b == nil || block == nil {
		return nil, fmt.Errorf("record of block %d: %w", h, ErrNoBlock)
	}
	r, err := audit.DecodeRecord(b)
	if err != nil {
		return nil, fmt.Errorf("record of block %d: %w: %w", h, store.ErrCorrupt, err)
	}
	txs := make([][]byte, len(block.Txs))
	for i, tx := range block.Txs {
		txs[i] = tx
	}
	r.Txs = audit.Pack(txs)
	return r, nil
}

// keepRecord writes the record of a block, not synced by itself: the state's synced
// write comes behind it in one log.
func keepRecord(space store.View, r *audit.Record) error {
	kept := *r
	kept.Txs = nil
	if err := space.Set(store.Key(uint64(r.Height)), wire.Encode(&kept)); err != nil {
		return fmt.Errorf("keep record of block %d: %w", r.Height, err)
	}
	return nil
}
