package synth

import (
	"encoding/binary"
	"io"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/half"
)

// blockKind is how weights are stored in blocks: which type, and what of a
// block whose bytes are random has to be set. Layouts: ggml-common.h.
type blockKind struct {
	encoding gguf.Type
	outer    string  // the type of embedding and output beside it, by its name
	spread   float64 // standard deviation of the levels when their bytes are random
	set      func(block []byte, scale float64)
}

var kinds = map[string]blockKind{
	"q8_0":   {gguf.Q8_0, "q8_0", 73.9, setScale},
	"q4_0":   {gguf.Q4_0, "q8_0", 4.61, setScale},
	"q4_1":   {gguf.Q4_1, "q8_0", 4.61, setScaleAndLeast(7.5)},
	"q5_0":   {gguf.Q5_0, "q8_0", 9.23, setScale},
	"q5_1":   {gguf.Q5_1, "q8_0", 9.23, setScaleAndLeast(15.5)},
	"iq4_nl": {gguf.IQ4_NL, "q8_0", 67.2, setScale},
	"q4_k":   {gguf.Q4_K, "q6_k", 4.61, setScales45(7.5)},
	"q5_k":   {gguf.Q5_K, "q6_k", 9.23, setScales45(15.5)},
	"q6_k":   {gguf.Q6_K, "q6_k", 18.5, setScales6},
}

// Types returns the names of the types that matrices may have, in order.
func Types() []string { return slices.Sorted(maps.Keys(kinds)) }

// elements returns how many weights a block has.
func (k blockKind) elements() uint32 {
	n, _ := k.encoding.Block()
	return uint32(n)
}

// size returns the bytes of a block.
func (k blockKind) size() int {
	_, bytes := k.encoding.Block()
	return int(bytes)
}

func putHalf(b []byte, x float64) { binary.LittleEndian.PutUint16(b, half.Narrow(float32(x))) }

// setScale: a weight is its level times f16 d, which comes first.
func setScale(block []byte, scale float64) { putHalf(block, scale) }

// setScaleAndLeast: a weight is its level times f16 d plus f16 m; levels begin
// at 0, and middle is the mean of them.
func setScaleAndLeast(middle float64) func([]byte, float64) {
	return func(block []byte, scale float64) {
		putHalf(block, scale)
		putHalf(block[2:], -middle*scale)
	}
}

// unit is what all scales and minima of a K block are, in steps of its f16
// numbers: the middle of six bits.
const unit = 32

// setScales45: f16 d and dmin, then eight scales and eight minima of six bits in
// twelve bytes, whose upper two bits lie in the others' bytes. A weight is
// d·scale·level − dmin·minimum.
func setScales45(middle float64) func([]byte, float64) {
	return func(block []byte, scale float64) {
		putHalf(block, scale/unit)
		putHalf(block[2:], middle*scale/unit)
		for i := range 8 {
			block[4+i] = unit | unit>>4<<6
		}
		clear(block[12:16]) // the lower four bits of the last four of each
	}
}

// setScales6: 192 bytes of levels, sixteen signed scales, f16 d. A weight is
// d·scale·(level − 32).
func setScales6(block []byte, scale float64) {
	for i := range 16 {
		block[192+i] = unit
	}
	putHalf(block[208:], scale/unit)
}

// Each matrix is a stretch of a ring of random blocks, which is much faster than
// to draw every one. What matters is that all are other memory. The ring's
// length is a prime and matrices begin shift blocks after each other, another
// one, so that rows do not fall on rows.
const (
	ringBlocks = 65521
	shift      = 977
)

// rings are the rings of a model.
type rings struct {
	seed  uint64
	made  map[ringKey][]byte
	first uint64 // block at which the next stretch begins, before the ring is closed
}

type ringKey struct {
	encoding  gguf.Type
	deviation float64
}

// next returns what writes n blocks whose weights have that standard deviation.
func (r *rings) next(kind blockKind, deviation float64, n uint64) func(io.Writer) error {
	first := r.first % ringBlocks
	r.first += shift
	return func(w io.Writer) error {
		ring, size := r.ring(kind, deviation), uint64(kind.size())
		for at, left := first, n; left > 0; at = 0 {
			part := min(left, ringBlocks-at)
			if _, err := w.Write(ring[at*size : (at+part)*size]); err != nil {
				return err
			}
			left -= part
		}
		return nil
	}
}

func (r *rings) ring(kind blockKind, deviation float64) []byte {
	key := ringKey{kind.encoding, deviation}
	if made, ok := r.made[key]; ok {
		return made
	}
	var seed [32]byte
	binary.LittleEndian.PutUint64(seed[:], r.seed)
	binary.LittleEndian.PutUint32(seed[8:], uint32(kind.encoding))
	ring := make([]byte, ringBlocks*kind.size())
	_, _ = rand.NewChaCha8(seed).Read(ring) // never fails
	for b := 0; b < len(ring); b += kind.size() {
		kind.set(ring[b:], deviation/kind.spread)
	}
	if r.made == nil {
		r.made = map[ringKey][]byte{}
	}
	r.made[key] = ring
	return ring
}
