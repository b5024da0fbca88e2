package apitest

import (
	"context"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/ledger"
)

// Proving is a network whose node proves single records of the ledger and no
// lists, as a miner's does: of lists it says [api.ErrNotKept].
type Proving struct{ *Network }

// State implements [api.State].
func (n Proving) State(ctx context.Context) (ledger.Reader, protocol.Height, error) {
	r, h, err := n.Network.State(ctx)
	return single{r}, h, err
}

type single struct{ ledger.Reader }

func (single) Iterate([]byte, func(key, value []byte) bool) error {
	return fmt.Errorf("%w: no lists; ask a validator", api.ErrNotKept)
}
