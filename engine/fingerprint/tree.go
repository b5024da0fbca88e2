package fingerprint

import (
	"crypto/sha256"
	"math/bits"
)

// Root returns the root of the Merkle tree over the leaves (RFC 6962, section
// 2.1; the leaves are hashed already). Without leaves it is the hash of
// nothing.
func Root(leaves []Hash) Hash {
	switch len(leaves) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return leaves[0]
	}
	k := split(len(leaves))
	return node(Root(leaves[:k]), Root(leaves[k:]))
}

// split is the largest power of two below n, n ≥ 2.
func split(n int) int { return 1 << (bits.Len(uint(n-1)) - 1) }

func node(left, right Hash) Hash {
	b := make([]byte, 0, 1+2*sha256.Size)
	b = append(b, 1)
	b = append(b, left[:]...)
	return sha256.Sum256(append(b, right[:]...))
}
