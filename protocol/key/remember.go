package key

import (
	"crypto/sha256"
	"sync"
	"sync/atomic"

	"github.com/assaynet/assay/protocol"
)

// memory is what [Verify] has found right lately; nil where it remembers nothing.
var memory atomic.Pointer[found]

// found holds hashes of key, digest and signature, in a younger and an older half.
type found struct {
	most int // in each half

	mu         sync.Mutex
	young, old map[[sha256.Size]byte]struct{} // guarded by mu
}

// Remember has [Verify] remember what it finds right from now on, at least so many
// signatures and at most twice as many, about 100 bytes each, instead of looking at
// them again. It changes no result. It is for a program that plays many nodes, each
// of which is handed the same messages; one node alone looks at most of them once.
func Remember(signatures int) {
	memory.Store(&found{most: max(1, signatures), young: map[[sha256.Size]byte]struct{}{}})
}

// nameOf is what a signature is remembered by: all three parts have a fixed length.
func nameOf(pub protocol.PublicKey, digest [sha256.Size]byte, sig []byte) [sha256.Size]byte {
	b := make([]byte, 0, len(pub)+len(digest)+SignatureSize)
	return sha256.Sum256(append(append(append(b, pub[:]...), digest[:]...), sig...))
}

func (f *found) has(name [sha256.Size]byte) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, young := f.young[name]
	_, old := f.old[name]
	return young || old
}

func (f *found) add(name [sha256.Size]byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.young) >= f.most {
		f.old, f.young = f.young, map[[sha256.Size]byte]struct{}{}
	}
	f.young[name] = struct{}{}
}
