package wire

import (
	"crypto/sha256"

	"github.com/assaynet/assay/protocol"
)

// The trees are those of RFC 6962, section 2.1: leaf = SHA-256(0 ‖ data),
// node = SHA-256(1 ‖ left ‖ right), and an uneven tree splits at the largest
// power of two below its size.

func leafHash(data protocol.Hash) protocol.Hash {
	return sha256.Sum256(append([]byte{0}, data[:]...))
}

func nodeHash(l, r protocol.Hash) protocol.Hash {
	b := append(append(make([]byte, 0, 65), 1), l[:]...)
	return sha256.Sum256(append(b, r[:]...))
}

// split returns the largest power of two below n ≥ 2.
func split(n int) int {
	k := 1
	for k*2 < n {
		k *= 2
	}
	return k
}

// MerkleRoot returns the root over leaves; of none it is SHA-256 of nothing.
func MerkleRoot(leaves []protocol.Hash) protocol.Hash {
	switch len(leaves) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return leaves[0]
	}
	k := split(len(leaves))
	return nodeHash(MerkleRoot(leaves[:k]), MerkleRoot(leaves[k:]))
}

// MerkleProof returns the audit path of leaf i, nearest sibling first. It
// returns nil when i is no index of leaves.
func MerkleProof(leaves []protocol.Hash, i int) []protocol.Hash {
	if i < 0 || i >= len(leaves) || len(leaves) == 1 {
		return nil
	}
	k := split(len(leaves))
	if i < k {
		return append(MerkleProof(leaves[:k], i), MerkleRoot(leaves[k:]))
	}
	return append(MerkleProof(leaves[k:], i-k), MerkleRoot(leaves[:k]))
}

// MerkleVerify reports whether leaf is number i of the n leaves under root.
func MerkleVerify(root, leaf protocol.Hash, i, n int, proof []protocol.Hash) bool {
	if i < 0 || i >= n {
		return false
	}
	got, rest, ok := climb(leaf, i, n, proof)
	return ok && len(rest) == 0 && got == root
}

// climb rebuilds the root of a tree of n leaves from leaf i and its path; the
// path is consumed from its front, the deepest sibling first.
func climb(leaf protocol.Hash, i, n int, proof []protocol.Hash) (protocol.Hash, []protocol.Hash, bool) {
	if n == 1 {
		return leaf, proof, true
	}
	k := split(n)
	left := i < k
	if left {
		n = k
	} else {
		i, n = i-k, n-k
	}
	sub, rest, ok := climb(leaf, i, n, proof)
	if !ok || len(rest) == 0 {
		return protocol.Hash{}, nil, false
	}
	if left {
		return nodeHash(sub, rest[0]), rest[1:], true
	}
	return nodeHash(rest[0], sub), rest[1:], true
}
