package consensus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cometbft/cometbft/consensus"
	"github.com/cometbft/cometbft/libs/log"
	"github.com/cometbft/cometbft/mempool"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/cometbft/cometbft/proxy"
	sm "github.com/cometbft/cometbft/state"
	"github.com/cometbft/cometbft/types"

	"github.com/assaynet/assay/protocol"
)

// Generate makes the blocks up to a height as the one validator of a chain does,
// before the node runs: those of CometBFT's own executor, an interval apart from
// the genesis on, by their own time, without rounds, timers and a log of votes. It
// returns the first.
func (n *Node) Generate(to protocol.Height, apart time.Duration) (first protocol.Checkpoint, err error) {
	conns := proxy.NewAppConns(proxy.NewConnSyncLocalClientCreator(n.app), proxy.NopMetrics())
	if err := conns.Start(); err != nil {
		return first, err
	}
	defer func() { err = errors.Join(err, conns.Stop()) }()
	blocks, states := n.archive.blocks, n.archive.sets
	st, err := states.LoadFromDBOrGenesisDoc(n.doc)
	if err != nil {
		return first, err
	}
	if err := consensus.NewHandshaker(states, st, blocks, n.doc).Handshake(conns); err != nil {
		return first, err
	}
	if st, err = states.Load(); err != nil {
		return first, err
	}
	signs, err := n.signer.GetPubKey()
	if err != nil {
		return first, err
	}
	exec := sm.NewBlockExecutor(states, log.NewNopLogger(), conns.Consensus(), &mempool.NopMempool{}, sm.EmptyEvidencePool{}, blocks)
	last := &types.ExtendedCommit{}
	for h := st.InitialHeight; h <= int64(to); h++ {
		block, err := exec.CreateProposalBlock(context.Background(), h, st, last, signs.Address())
		if err != nil {
			return first, fmt.Errorf("propose block %d: %w", h, err)
		}
		parts, err := block.MakePartSet(types.BlockPartSizeBytes)
		if err != nil {
			return first, err
		}
		id := types.BlockID{Hash: block.Hash(), PartSetHeader: parts.Header()}
		vote := &types.Vote{
			Type: cmtproto.PrecommitType, Height: h, BlockID: id, Timestamp: block.Time.Add(apart),
			ValidatorAddress: signs.Address(),
		}
		signed := vote.ToProto()
		if err := n.signer.SignVote(n.chain, signed); err != nil {
			return first, err
		}
		vote.Signature, vote.Timestamp = signed.Signature, signed.Timestamp
		last = &types.ExtendedCommit{Height: h, BlockID: id, ExtendedSignatures: []types.ExtendedCommitSig{{CommitSig: vote.CommitSig()}}}
		blocks.SaveBlock(block, parts, last.ToCommit())
		if st, err = exec.ApplyBlock(st, id, block); err != nil {
			return first, fmt.Errorf("carry out block %d: %w", h, err)
		}
	}
	first = protocol.Checkpoint{Height: protocol.Height(st.InitialHeight), Hash: protocol.Hash(blocks.LoadBlockMeta(st.InitialHeight).BlockID.Hash)}
	return first, nil
}
