package arith

// Turn turns one head in place by the pairs (cosine, sine) of its position
// (SPEC.md §5, step 3): pairs of elements are (i, i + rot/2) where halves is
// set, else (2i, 2i + 1); those from rot on stay.
func Turn(head, pairs []float32, halves bool) {
	half := len(pairs) / 2
	for i := range half {
		c, s := pairs[2*i], pairs[2*i+1]
		ia, ib := 2*i, 2*i+1
		if halves {
			ia, ib = i, i+half
		}
		a, b := head[ia], head[ib]
		head[ia] = FMA(a, c, -float32(b*s))
		head[ib] = FMA(a, s, float32(b*c))
	}
}
