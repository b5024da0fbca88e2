package pair

import (
	"cmp"
	"errors"
	"fmt"
)

// ErrOrigin says that a byte is no [Origin].
var ErrOrigin = errors.New("pair: not the origin of a pair")

// MaxBytes bounds a prompt and each of its responses: what a person reads in
// half a minute.
const MaxBytes = 512

// Pair is what a rater sees: each text is UTF-8 of 1 to [MaxBytes] bytes, and the
// responses differ.
type Pair struct {
	Prompt, A, B string
}

// Sides. What names a side is one of them.
const (
	A       int8 = -1
	Neither int8 = 0
	B       int8 = 1
)

// Longer returns the side of the longer response, in bytes.
func (p Pair) Longer() int8 { return int8(cmp.Compare(len(p.B), len(p.A))) }

// Origin is what a setter tells of a pair once its ratings are in.
type Origin struct {
	Sign int8 // the side of the longer response
	Z    int8 // the side that the engine chooses
	Gold int8 // the right side of a gold; Neither in an ordinary pair
	// Cell is 1 for a gold on which Z is not right, else 0: it follows from the
	// others.
	Cell uint8
}

// origin is the Origin of a pair: its cell follows.
func origin(sign, z, gold int8) Origin {
	o := Origin{Sign: sign, Z: z, Gold: gold}
	if gold != Neither && z != gold {
		o.Cell = 1
	}
	return o
}

// Byte is ((Sign + 1)·3 + Z + 1)·3 + Gold + 1, below 27; the cell takes no place.
func (o Origin) Byte() byte { return byte(((o.Sign+1)*3+o.Z+1)*3 + o.Gold + 1) }

// ParseOrigin reads what [Origin.Byte] wrote; [ErrOrigin].
func ParseOrigin(b byte) (Origin, error) {
	if b >= 27 {
		return Origin{}, fmt.Errorf("byte %d: %w", b, ErrOrigin)
	}
	n := int8(b)
	return origin(n/9-1, n/3%3-1, n%3-1), nil
}
