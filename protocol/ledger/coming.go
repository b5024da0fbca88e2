package ledger

import (
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/scoring/yuma"
)

// Coming returns what the running epoch would be computed from if the next block
// closed it: the stakes, permits and bonds of now, the rows of two epochs before,
// and what is payable by now. It is what a person tries other settings on; nothing
// of the state changes. Errors are the tree's, and [ErrCorrupt].
func Coming(r Reader, chain string, p *params.Params) (*yuma.Input, error) {
	m, err := newMachine(r, chain, p)
	if err != nil {
		return nil, err
	}
	in := m.yumaInput(m.currentEpoch(), m.candidates())
	if err := m.blame(nil); err != nil {
		return nil, err
	}
	return &in, nil
}
