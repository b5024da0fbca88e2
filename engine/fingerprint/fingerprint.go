package fingerprint

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
)

// Hash is a SHA-256 hash.
type Hash = [sha256.Size]byte

const (
	stateTag = "assay/ac1/state\x00"
	leafTag  = "\x00assay/ac1/leaf\x00" // begins with RFC 6962's prefix of a leaf
	failTag  = "assay/ac1/fail\x00"
)

// Binding is what ties a run to who made it and what for. Its bytes, hotkey
// first, enter every leaf.
type Binding struct {
	Hotkey [33]byte // compressed public key
	Task   [32]byte // task id
}

// State returns h_t, the hash of a final-normed state.
func State(state []float32) Hash {
	b := make([]byte, 0, len(stateTag)+4*len(state))
	b = append(b, stateTag...)
	for _, x := range state {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return sha256.Sum256(b)
}

// Leaf returns the leaf of the token that was chosen at a position, with the
// hash of the state there.
func Leaf(b Binding, position int, token int32, state Hash) Hash {
	m := make([]byte, 0, len(leafTag)+len(b.Hotkey)+len(b.Task)+8+4+len(state))
	m = b.append(append(m, leafTag...))
	m = binary.LittleEndian.AppendUint64(m, uint64(position))
	m = binary.LittleEndian.AppendUint32(m, uint32(token))
	return sha256.Sum256(append(m, state[:]...))
}

// Leaves returns the leaves of choices made at the positions first, first+1 …;
// tokens and states are of equal length.
func Leaves(b Binding, first int, tokens []int32, states []Hash) []Hash {
	leaves := make([]Hash, len(tokens))
	for i, token := range tokens {
		leaves[i] = Leaf(b, first+i, token, states[i])
	}
	return leaves
}

// Failed returns the root of a run that fails at a position.
func Failed(b Binding, position int) Hash {
	m := b.append([]byte(failTag))
	return sha256.Sum256(binary.LittleEndian.AppendUint64(m, uint64(position)))
}

func (b Binding) append(m []byte) []byte {
	return append(append(m, b.Hotkey[:]...), b.Task[:]...)
}
