//go:build !amd64

package arith

// vectors is false where nobody has written fast_amd64.s anew.
const vectors = false

func rows4(*[4][8]float32, *words4, *[4][2]float32, *[BlockLen / 2][8]uint32, *[8]float32, *[8]float32, int, bool) {
	panic("arith: no vectors")
}

func sums32(*[32]float32, *float32, *float32, int, int) { panic("arith: no vectors") }
