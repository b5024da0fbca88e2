package consensus_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/crypto/secp256k1"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmtversion "github.com/cometbft/cometbft/proto/tendermint/version"
	"github.com/cometbft/cometbft/types"
	"github.com/cometbft/cometbft/version"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/ledger"
)

// fakeChain is a chain of headers that anybody can make who has the keys. The
// set of height h is members(h): names of hotkeys whose consensus keys sign.
type fakeChain struct {
	chain  string
	blocks []*types.LightBlock // of height i + 1
	asked  atomic.Int32
}

// contents are what blocks of a made-up chain have: by height, transactions, the
// first of which is the head, and the codes of their results.
type contents struct {
	txs   types.Txs
	codes []uint32
}

func (c *contents) results() types.ABCIResults {
	var out []*abci.ExecTxResult
	for _, code := range c.codes {
		out = append(out, &abci.ExecTxResult{Code: code})
	}
	return types.NewResults(out)
}

func consensusKey(t testing.TB, name string) secp256k1.PrivKey {
	t.Helper()
	s, err := secret(name).DeriveConsensus("net", 0)
	check(t, err)
	b := s.Expose()
	return secp256k1.PrivKey(b[:])
}

func fakeSet(t testing.TB, g *ledger.Genesis, members []string) *types.ValidatorSet {
	t.Helper()
	var vals []*types.Validator
	for _, m := range members {
		power := int64(100)
		for i, s := range g.Seats {
			if s.Hotkey == secret(m).Public() {
				power = int64(g.Seats[i].Stake / protocol.Unit)
			}
		}
		vals = append(vals, types.NewValidator(consensusKey(t, m).PubKey(), power))
	}
	return types.NewValidatorSet(vals)
}

// newFakeChain makes n blocks. Two chains differ where salt differs, from
// height fork on.
func newFakeChain(t testing.TB, g *ledger.Genesis, n, fork int, salt string, members func(h int) []string) *fakeChain {
	t.Helper()
	return newFullChain(t, g, n, fork, salt, members, nil)
}

// newFullChain is newFakeChain of blocks with contents.
func newFullChain(t testing.TB, g *ledger.Genesis, n, fork int, salt string, members func(h int) []string, full map[int]*contents) *fakeChain {
	t.Helper()
	f := &fakeChain{chain: protocol.ShortChainID(g.ChainID())}
	last := types.BlockID{}
	for h := 1; h <= n; h++ {
		set, next := fakeSet(t, g, members(h)), fakeSet(t, g, members(h+1))
		s := ""
		if h >= fork {
			s = salt
		}
		hash := func(what string) []byte { b := sha256.Sum256(fmt.Appendf(nil, "%s %s %d", what, s, h)); return b[:] }
		header := &types.Header{
			Version: cmtversion.Consensus{Block: version.BlockProtocol}, ChainID: f.chain, Height: int64(h),
			Time: time.Unix(g.Time, 0).Add(time.Duration(h) * time.Second).UTC(), LastBlockID: last,
			LastCommitHash: hash("commit"), DataHash: hash("data"), ConsensusHash: hash("params"), AppHash: hash("app"),
			LastResultsHash: hash("results"), EvidenceHash: hash("evidence"),
			ValidatorsHash: set.Hash(), NextValidatorsHash: next.Hash(), ProposerAddress: set.Validators[0].Address,
		}
		if c := full[h]; c != nil {
			header.DataHash = c.txs.Hash()
		}
		if c := full[h-1]; c != nil {
			header.LastResultsHash = c.results().Hash()
		}
		id := types.BlockID{Hash: header.Hash(), PartSetHeader: types.PartSetHeader{Total: 1, Hash: hash("parts")}}
		f.blocks = append(f.blocks, signedBlock(t, header, set, id, members(h)))
		last = id
	}
	return f
}

// signedBlock is a block that these members of its set signed.
func signedBlock(t testing.TB, header *types.Header, set *types.ValidatorSet, id types.BlockID, members []string) *types.LightBlock {
	t.Helper()
	h := header.Height
	commit := &types.Commit{Height: h, BlockID: id}
	for i, v := range set.Validators {
		vote := &types.Vote{Type: cmtproto.PrecommitType, Height: h, BlockID: id, Timestamp: header.Time, ValidatorAddress: v.Address, ValidatorIndex: int32(i)}
		for _, m := range members {
			k := consensusKey(t, m)
			if !k.PubKey().Equals(v.PubKey) {
				continue
			}
			sig, err := k.Sign(types.VoteSignBytes(header.ChainID, vote.ToProto()))
			check(t, err)
			vote.Signature = sig
		}
		commit.Signatures = append(commit.Signatures, vote.CommitSig())
	}
	return &types.LightBlock{SignedHeader: &types.SignedHeader{Header: header, Commit: commit}, ValidatorSet: set}
}

// timed is the block at a height with another time, signed by these members.
func (f *fakeChain) timed(t testing.TB, h int, at time.Time, members []string) *types.LightBlock {
	t.Helper()
	of := f.blocks[h-1]
	header := *of.Header
	header.Time = at.UTC()
	return signedBlock(t, &header, of.ValidatorSet, types.BlockID{Hash: header.Hash(), PartSetHeader: of.Commit.BlockID.PartSetHeader}, members)
}

func (f *fakeChain) bytes(t testing.TB, h int) []byte {
	t.Helper()
	p, err := f.blocks[h-1].ToProto()
	check(t, err)
	b, err := p.Marshal()
	check(t, err)
	return b
}

// provider returns a provider of the first n blocks.
func (f *fakeChain) provider(t testing.TB, name string, n int) consensus.Provider {
	return fakeProvider{name: name, block: func(h protocol.Height) ([]byte, error) {
		f.asked.Add(1)
		if h == 0 {
			h = protocol.Height(n)
		}
		if int(h) > n {
			return nil, consensus.ErrNoBlock
		}
		return f.bytes(t, int(h)), nil
	}}
}

type fakeProvider struct {
	name  string
	block func(h protocol.Height) ([]byte, error)
	state func(h protocol.Height, keys [][]byte) ([]consensus.Proven, error)
	tx    func(protocol.Hash) (protocol.Height, []consensus.Proven, error)
}

func (p fakeProvider) Outcome(_ context.Context, hash protocol.Hash) (protocol.Height, []consensus.Proven, error) {
	if p.tx == nil {
		return 0, nil, errors.New("no transactions here")
	}
	return p.tx(hash)
}

func (p fakeProvider) Name() string { return p.name }

func (p fakeProvider) LightBlock(_ context.Context, h protocol.Height) ([]byte, error) {
	return p.block(h)
}

func (p fakeProvider) State(_ context.Context, h protocol.Height, keys [][]byte) ([]consensus.Proven, error) {
	if p.state == nil {
		return nil, errors.New("no state here")
	}
	return p.state(h, keys)
}

func (p fakeProvider) Wait(ctx context.Context, _ protocol.Height) (protocol.Height, error) {
	<-ctx.Done()
	return 0, ctx.Err()
}
