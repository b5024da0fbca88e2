package wire

// Bits is a list of yes and no: number i is bit i mod 8, from the low one, of byte
// i ÷ 8. What is behind its end is no.
type Bits []byte

// Has reports whether number i is set.
func (b Bits) Has(i int) bool { return i >= 0 && i/8 < len(b) && b[i/8]>>(i%8)&1 == 1 }

// Set sets number i, at least 0.
func (b *Bits) Set(i int) {
	for len(*b) <= i/8 {
		*b = append(*b, 0)
	}
	(*b)[i/8] |= 1 << (i % 8)
}
