package gate

import (
	"crypto/sha256"
	"encoding/binary"
)

// The shape of a signature: two records share one of 14 bands of 8 positions
// half of the time where they share 73 % of their grams.
const (
	Bands     = 14
	Rows      = 8
	Positions = Bands * Rows
)

// Signature is a MinHash of a text's grams (A. Broder, 1997): two texts have
// about the share of equal positions that they have of grams in common. A
// position is the low 16 bits of the least of a·gram + b mod 2⁶⁴ over all grams
// (b-bit MinHash: P. Li, A. C. König, 2010), where a and b are the first and second
// eight bytes, big-endian, of SHA-256("assay/1/minhash" ‖ 0 ‖ position), a
// made odd.
type Signature [Positions]uint16

// factors are the a and b of each position.
var factors = func() (f [Positions][2]uint64) {
	for i := range f {
		h := sha256.Sum256(append([]byte("assay/1/minhash\x00"), byte(i)))
		f[i] = [2]uint64{binary.BigEndian.Uint64(h[:8]) | 1, binary.BigEndian.Uint64(h[8:16])}
	}
	return f
}()

// columns are the factors as vectors take them: every a, the upper half of every a,
// every b with its highest bit turned over, so that a comparison of numbers with
// signs finds the least.
type columns [3][Positions]uint64

var byColumn = func() (c columns) {
	for i, f := range factors {
		c[0][i], c[1][i], c[2][i] = f[0], f[0]>>32, f[1]^1<<63
	}
	return c
}()

// Sign returns the signature of grams, of which there is at least one.
func Sign(grams []uint64) Signature {
	if !vectors {
		return plainSign(grams)
	}
	var least [Positions]uint64
	leasts(&least, &grams[0], len(grams), &byColumn)
	var s Signature
	for i, v := range least {
		s[i] = uint16(v)
	}
	return s
}

// plainSign is Sign without vectors.
func plainSign(grams []uint64) Signature {
	const most = ^uint64(0)
	var s Signature
	for i := 0; i < Positions; i += 2 { // two at a time, neither of which waits for the other; more find no registers
		a, b, c, d := factors[i][0], factors[i][1], factors[i+1][0], factors[i+1][1]
		least, other := most, most
		for _, g := range grams {
			least, other = min(least, a*g+b), min(other, c*g+d)
		}
		s[i], s[i+1] = uint16(least), uint16(other)
	}
	return s
}

// Equal returns how many positions are equal.
func (s *Signature) Equal(t *Signature) int {
	n := 0
	for i := range s {
		if s[i] == t[i] {
			n++
		}
	}
	return n
}

// Band returns the positions of one band.
func (s *Signature) Band(b int) [Rows]uint16 { return [Rows]uint16(s[b*Rows:]) }
