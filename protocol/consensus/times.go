package consensus

import (
	"fmt"
	"time"

	"github.com/assaynet/assay/protocol"
)

// BlockTime returns the time in the header of a block: [ErrNoBlock] where it is not
// kept.
func (a *Archive) BlockTime(h protocol.Height) (time.Time, error) {
	meta := a.blocks.LoadBlockMeta(int64(h))
	if meta == nil {
		return time.Time{}, fmt.Errorf("time of block %d: %w", h, ErrNoBlock)
	}
	return meta.Header.Time, nil
}

// TimeOf returns the time in the header of a block: [ErrNoBlock] where it is not
// kept.
func (n *Node) TimeOf(h protocol.Height) (time.Time, error) { return n.archive.BlockTime(h) }
