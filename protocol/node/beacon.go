package node

import (
	"fmt"

	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/ledger"
)

// GenesisBeacon returns the beacon chain that a validator registers in a
// genesis. The chain id is not known yet, being the hash of what holds the
// anchors; name and time of the network stand in for it, so that one hotkey
// in two networks has two chains.
func GenesisBeacon(d keystore.Deriver, g *ledger.Genesis) (*ledger.ChainMaker, error) {
	seed, err := d.DeriveBeacon(fmt.Sprintf("genesis/%s/%d", g.Params.Name, g.Time), 1)
	if err != nil {
		return nil, fmt.Errorf("derive beacon chain: %w", err)
	}
	defer seed.Wipe()
	return ledger.NewChainMaker(seed.Expose(), 1), nil
}
