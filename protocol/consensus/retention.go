package consensus

import (
	"encoding/binary"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/state"
	"github.com/assaynet/assay/protocol/store"
)

// forgetPerBlock is how many old blocks go with each new one, for CometBFT forgets
// within the new block's time: four work off a long past without being felt.
const forgetPerBlock = 4

// MinRetention is the least number of blocks that a node of a network may keep:
// those in which a double signature is still punished, which CometBFT would leave
// behind for ever if their turn came earlier, and those of which states are kept.
func MinRetention(p *params.Params) protocol.Height {
	blocks, seconds := ledger.EvidenceAge(p)
	within := seconds * 1000 / uint64(p.Block.CommitMillis) // more blocks there are not in that time
	return protocol.Height(max(blocks, within, state.Keep) + 1)
}

// forgetting forgets blocks that are older than the retention, a few with each new
// one.
type forgetting struct {
	retention protocol.Height // 0 keeps all
	history   *store.Space
	oldest    protocol.Height // of what is kept; 0 before anything is
}

// newForgetting looks for the oldest block that is kept.
func newForgetting(retention protocol.Height, history *store.Space) (*forgetting, error) {
	f := &forgetting{retention: retention, history: history}
	err := history.Iterate(nil, nil, func(key, _ []byte) bool {
		f.oldest = protocol.Height(binary.BigEndian.Uint64(key))
		return false
	})
	if err != nil {
		return nil, fmt.Errorf("look for the oldest block: %w", err)
	}
	return f, nil
}

// after forgets the records of a few blocks before block h, which is kept, and
// returns the oldest height that CometBFT need keep; 0 for no change.
func (f *forgetting) after(h protocol.Height) (protocol.Height, error) {
	if f.oldest == 0 {
		f.oldest = h
	}
	if f.retention == 0 || h < f.retention || f.oldest > h-f.retention {
		return 0, nil
	}
	end := min(f.oldest+forgetPerBlock, h-f.retention+1)
	view := f.history.View() // not synced: what comes back after a crash is forgotten again
	for ; f.oldest < end; f.oldest++ {
		if err := view.Delete(store.Key(uint64(f.oldest))); err != nil {
			return 0, fmt.Errorf("forget block %d: %w", f.oldest, err)
		}
	}
	return end, nil
}
