package fingerprint

import (
	"crypto/sha256"
	"math/bits"
)

// Root returns the root of the Merkle tree over the leaves (RFC 6962, section 2.1; the leaves are hashed already). Without
// leaves it is the hash of nothing.
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

// Proof returns the audit path of leaf i (RFC 6962, section 2.1.1): the hashes beside the way to the root, from the leaf up.
// i is within the leaves.
func Proof(leaves []Hash, i int) []Hash {
	if len(leaves) == 1 {
		return nil
	}
	k := split(len(leaves))
	if i < k {
		return append(Proof(leaves[:k], i), Root(leaves[k:]))
	}
	return append(Proof(leaves[k:], i-k), Root(leaves[:k]))
}

// VerifyProof tells whether path proves that the tree of n leaves with this root has the leaf at i (RFC 9162, section 2.1.3.2).
func VerifyProof(root, leaf Hash, i, n int, path []Hash) bool {
	if i < 0 || i >= n {
		return false
	}
	h, last := leaf, n-1
	for _, p := range path {
		if last == 0 {
			return false
		}
		if i&1 == 1 || i == last {
			h = node(p, h)
			for i&1 == 0 && i != 0 {
				i, last = i>>1, last>>1
			}
		} else {
			h = node(h, p)
		}
		i, last = i>>1, last>>1
	}
	return last == 0 && h == root
}

// split is the largest power of two below n, n ≥ 2.
func split(n int) int { return 1 << (bits.Len(uint(n-1)) - 1) }

func node(left, right Hash) Hash {
	b := make([]byte, 0, 1+2*sha256.Size)
	b = append(b, 1)
	b = append(b, left[:]...)
	return sha256.Sum256(append(b, right[:]...))
}
