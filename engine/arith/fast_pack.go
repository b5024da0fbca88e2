package arith

// Packing says in which forms the kernels of a matrix want quantised activations.
type Packing uint8

// The packings: four 16-bit lanes or two 32-bit lanes to a word, for weights of
// four and of eight bits.
const (
	Pack4 Packing = 1 << iota
	Pack8
	// PackLanes is for eight tokens in the lanes of a vector, weights of any type.
	PackLanes
)

// The words of a packed block.
type (
	words4 [BlockLen / 4]uint64
	words8 [BlockLen / 2]uint64
)

// pack4 lays out one block for weights of four bits. A word holds four signed
// values in 16-bit lanes, the first in the top lane: multiplied by a word with
// the four weights in ascending lanes, the top lane of the product is their dot
// product. The values are in the order in which nibbles come out of two
// little-endian words of a Q4 block: from each word the low nibbles of its even
// and odd bytes, then the high nibbles.
func pack4(q *[BlockLen]int8) (w words4) {
	for half := range 2 {
		for i, first := range [4]int{0, 1, 16, 17} {
			e := first + 8*half
			w[4*half+i] = uint64(int64(q[e]))<<48 + uint64(int64(q[e+2]))<<32 + uint64(int64(q[e+4]))<<16 + uint64(int64(q[e+6]))
		}
	}
	return w
}

// pack8 lays out one block for weights of eight bits: two values in 32-bit
// lanes, bytes i and i+4 of each of the four words.
func pack8(q *[BlockLen]int8) (w words8) {
	for i := range w {
		e := i/4*8 + i%4
		w[i] = uint64(int64(q[e]))<<32 + uint64(int64(q[e+4]))
	}
	return w
}

// quad is four tokens' packed activations side by side.
type quad struct {
	lanes4 [][4]words4  // [blocks]
	lanes8 [][4]words8  // [blocks]
	dx     [][4]float32 // [blocks]
	tx     [][4]float64 // [blocks]
	t      [][4]int32   // [blocks]
}
