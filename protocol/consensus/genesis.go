package consensus

import (
	"fmt"
	"time"

	"github.com/cometbft/cometbft/crypto/secp256k1"
	"github.com/cometbft/cometbft/types"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
)

// genesisDoc returns what CometBFT starts from. All of it follows from the
// ledger's genesis; nothing is read from a file.
func genesisDoc(g *ledger.Genesis) (*types.GenesisDoc, error) {
	set, err := ledger.Init(&ledger.MemTree{}, g)
	if err != nil {
		return nil, err
	}
	p := types.DefaultConsensusParams()
	p.Validator.PubKeyTypes = []string{types.ABCIPubKeyTypeSecp256k1}
	p.Block.MaxBytes = int64(g.Params.Block.MaxBytes)
	// A proof is too old when both its ages are exceeded, and stake returns then.
	blocks, seconds := ledger.EvidenceAge(&g.Params)
	p.Evidence.MaxAgeNumBlocks, p.Evidence.MaxAgeDuration = int64(blocks), time.Duration(seconds)*time.Second
	p.Evidence.MaxBytes = p.Block.MaxBytes / 4
	p.Version.App = uint64(g.Params.Upgraded(g.First()))
	doc := &types.GenesisDoc{
		GenesisTime:     time.Unix(g.Time, 0).UTC(),
		ChainID:         protocol.ShortChainID(g.ChainID()),
		InitialHeight:   int64(g.First()),
		ConsensusParams: p,
	}
	for _, v := range validators(set) {
		doc.Validators = append(doc.Validators, types.GenesisValidator{Address: v.Address, PubKey: v.PubKey, Power: v.VotingPower})
	}
	if err := doc.ValidateAndComplete(); err != nil {
		return nil, fmt.Errorf("genesis for consensus: %w", err)
	}
	return doc, nil
}

// validators is a consensus set, or updates of one, in CometBFT's words.
func validators(set []ledger.Power) []*types.Validator {
	out := make([]*types.Validator, len(set))
	for i, v := range set {
		out[i] = types.NewValidator(cometKey(v.Key), int64(v.Power))
	}
	return out
}

// cometKey is a consensus key in CometBFT's words: the same bytes.
func cometKey(k protocol.PublicKey) secp256k1.PubKey { return secp256k1.PubKey(k[:]) }

// ourKey is the reverse, zero for a key of another kind.
func ourKey(v *types.Validator) protocol.PublicKey {
	p, ok := v.PubKey.(secp256k1.PubKey)
	if !ok || len(p) != len(protocol.PublicKey{}) {
		return protocol.PublicKey{}
	}
	return protocol.PublicKey(p)
}
