package arith

const (
	// chunk is how many elements one running sum of a linear layer or a norm
	// takes (SPEC.md §2).
	chunk = 256
	// BlockLen is how many weights or activations share a scale.
	BlockLen = 32
	// chunkBlocks is the number of blocks of a full chunk.
	chunkBlocks = chunk / BlockLen
	// PageLen is how many positions an attention page holds.
	PageLen = 64
)

// lanes is the number of partial sums of fold16.
const lanes = 16

// fold adds the sixteen partial sums: s[l] = s[l] + s[l+w] for w = 8, 4, 2, 1.
func fold(s *[lanes]float32) float32 {
	for w := lanes / 2; w > 0; w /= 2 {
		for l := range w {
			s[l] += s[l+w]
		}
	}
	return s[0]
}

// SumSquares returns Σx² by chunks of 256, each by fold16 with fused steps
// (SPEC.md §2).
func SumSquares(x []float32) float32 {
	var total float32
	for len(x) > 0 {
		c := x[:min(len(x), chunk)]
		var s [lanes]float32
		for k, v := range c {
			s[k%lanes] = FMA(v, v, s[k%lanes])
		}
		total += fold(&s)
		x = x[len(c):]
	}
	return total
}

// SumPage returns Σp of an attention page by fold16; masked elements are +0.
func SumPage(p *[PageLen]float32) float32 {
	var s [lanes]float32
	for k, v := range p {
		s[k%lanes] += v
	}
	return 0 + fold(&s)
}
