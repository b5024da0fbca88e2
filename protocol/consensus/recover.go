package consensus

import (
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/state"
	"github.com/assaynet/assay/protocol/store"
)

// Recover returns the genesis of a network that goes on after the newest block of
// a stopped node's database, without some of its validators: that of
// [ledger.Recover], with the time of that block. [ErrNoBlock] where there is none.
func Recover(g *ledger.Genesis, db *store.DB, drop []protocol.UID) (*ledger.Genesis, error) {
	st, err := state.Open(db.Space("state"))
	if err != nil {
		return nil, err
	}
	last := st.Latest()
	if last.Height() == 0 {
		return nil, fmt.Errorf("a network without a block: %w", ErrNoBlock)
	}
	meta := OpenArchive(db).blocks.LoadBlockMeta(int64(last.Height()))
	if meta == nil {
		return nil, fmt.Errorf("block %d: %w", last.Height(), ErrNoBlock)
	}
	return ledger.Recover(g, last, last.Hash(), meta.Header.Time.Unix(), drop)
}
