package arith

// sums sets out[l] = Σ x[i]·m[i·stride+l], fused over ascending i from +0. The
// products are multiples of 2⁻¹⁷⁸ (see add). Elements of a multiple of 32 go in
// vectors where the processor has them, others four together.
func sums(out, x, m []float32, stride int) {
	at := 0
	if vectors && len(x) > 0 {
		_ = m[(len(x)-1)*stride:][:len(out)]
		for ; at+32 <= len(out); at += 32 {
			sums32((*[32]float32)(out[at:]), &x[0], &m[at], len(x), stride)
		}
	}
	plainSums(out[at:], x, m[at:], stride)
}

// plainSums is sums in plain Go.
func plainSums(out, x, m []float32, stride int) {
	at := 0
	for ; at+4 <= len(out); at += 4 {
		y, ok := sums4(x, m[at:], stride)
		if !ok {
			for i := range y {
				y[i] = sum1(x, m[at+i:], stride)
			}
		}
		copy(out[at:], y[:])
	}
	for ; at < len(out); at++ {
		out[at] = sum1(x, m[at:], stride)
	}
}

func sums4(x, m []float32, stride int) (y [4]float32, ok bool) {
	var a0, a1, a2, a3 float64
	for i, f := range x {
		x, w := float64(f), (*[4]float32)(m[i*stride:])
		p0, p1, p2, p3 := x*float64(w[0]), x*float64(w[1]), x*float64(w[2]), x*float64(w[3])
		s0, s1, s2, s3 := p0+a0, p1+a1, p2+a2, p3+a3
		if wrong(s0, p0, a0) || wrong(s1, p1, a1) || wrong(s2, p2, a2) || wrong(s3, p3, a3) {
			return y, false
		}
		a0, a1, a2, a3 = round32(s0), round32(s1), round32(s2), round32(s3)
	}
	return [4]float32{float32(a0), float32(a1), float32(a2), float32(a3)}, true
}

func sum1(x, m []float32, stride int) float32 {
	var s float64
	for i, f := range x {
		s = add(float64(f)*float64(m[i*stride]), s)
	}
	return float32(s)
}
