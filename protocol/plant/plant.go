package plant

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/assaynet/assay/engine/fingerprint"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// One is the whole of a rate: rates are counted in 65536ths.
const One = 1 << 16

// Round is what decides on the plants of one seat in one round.
type Round struct{ beta protocol.Hash }

// Of returns the plants of a seat in the round with this task seed, by the link
// that serves its epoch.
func Of(link, taskSeed protocol.Hash, seat protocol.SeatID) Round {
	b := binary.BigEndian.AppendUint16(nil, uint16(seat.UID))
	b = binary.BigEndian.AppendUint64(b, uint64(seat.Registered))
	return Round{wire.HashOf("assay/1/plant", link[:], taskSeed[:], b)}
}

// draw returns SHA-256(β ‖ slot).
func (r Round) draw(slot uint16) protocol.Hash {
	return sha256.Sum256(binary.BigEndian.AppendUint16(r.beta[:], slot))
}

// Has reports whether a slot is planted at a rate of plants, in 65536ths.
func (r Round) Has(slot uint16, rate uint32) bool {
	d := r.draw(slot)
	return rate >= One || binary.BigEndian.Uint64(d[:]) < uint64(rate)<<48
}

// Place returns which of n leaves of a planted slot is altered, n above 0.
func (r Round) Place(slot uint16, n int) int {
	d := r.draw(slot)
	return int(binary.BigEndian.Uint64(d[8:]) % uint64(n))
}

// State returns what stands for a state hash in the altered leaf.
func (r Round) State(slot uint16, place int, state protocol.Hash) protocol.Hash {
	b := binary.BigEndian.AppendUint16(nil, slot)
	b = binary.BigEndian.AppendUint32(b, uint32(place))
	return wire.HashOf("assay/1/plant/state", r.beta[:], b, state[:])
}

// Choice is what a leaf is made of, beside hotkey and task.
type Choice struct {
	Position int   // of the token, prompt included
	Token    int32 // that was chosen there
	State    protocol.Hash
}

// Leaf returns the altered leaf of a planted slot.
func (r Round) Leaf(b fingerprint.Binding, slot uint16, place int, c Choice) protocol.Hash {
	return fingerprint.Leaf(b, c.Position, c.Token, r.State(slot, place, c.State))
}

// Alter puts the altered leaf of a planted slot into leaves, which it changes, and
// returns its place and the new root. There are as many choices as leaves, and at
// least one.
func (r Round) Alter(b fingerprint.Binding, slot uint16, leaves []protocol.Hash, choices []Choice) (place int, root protocol.Hash) {
	place = r.Place(slot, len(leaves))
	leaves[place] = r.Leaf(b, slot, place, choices[place])
	return place, wire.MerkleRoot(leaves)
}
