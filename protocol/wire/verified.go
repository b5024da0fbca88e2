package wire

import (
	"sync"

	"github.com/assaynet/assay/protocol"
)

// Verified remembers transactions whose signatures were found right, so that a node
// looks once at each: when it comes, and not again when it is proposed and carried
// out. It forgets the older half when it is full. Methods may run at the same time;
// a nil *Verified remembers nothing.
type Verified struct {
	most int // in each half

	mu         sync.Mutex
	young, old map[protocol.Hash]struct{} // guarded by mu
}

// NewVerified returns a memory of at most so many transactions, at least two, of
// some 80 bytes each.
func NewVerified(most int) *Verified {
	return &Verified{most: max(1, most/2), young: make(map[protocol.Hash]struct{})}
}

// Verify is [Tx.Verify] of what is not remembered; what is right is, from then on.
func (v *Verified) Verify(t *Tx) error {
	if v == nil {
		return t.Verify()
	}
	name := t.Hash() // of the signature, too
	if v.knows(name) {
		return nil
	}
	if err := t.Verify(); err != nil {
		return err
	}
	v.Add(name)
	return nil
}

func (v *Verified) knows(name protocol.Hash) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	_, young := v.young[name]
	_, old := v.old[name]
	return young || old
}

// Add remembers a transaction by its hash, whose signature was found right.
func (v *Verified) Add(name protocol.Hash) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.young) >= v.most {
		v.old, v.young = v.young, make(map[protocol.Hash]struct{})
	}
	v.young[name] = struct{}{}
}
