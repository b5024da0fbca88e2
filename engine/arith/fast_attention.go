package arith

// scores sets s[j] = q·k_j for the keys k, one running sum over ascending
// elements each. Four keys go together.
func scores(s, q, k []float32) {
	d, j := len(q), 0
	for ; j+4 <= len(s); j += 4 {
		k0, k1, k2, k3 := k[j*d:][:d], k[j*d+d:][:d], k[j*d+2*d:][:d], k[j*d+3*d:][:d]
		s[j], s[j+1], s[j+2], s[j+3] = dots4(q, k0, k1, k2, k3)
	}
	for ; j < len(s); j++ {
		s[j] = dot(q, k[j*d:][:d])
	}
}

func dots4(q, k0, k1, k2, k3 []float32) (float32, float32, float32, float32) {
	var a0, a1, a2, a3 float64
	k0, k1, k2, k3 = k0[:len(q)], k1[:len(q)], k2[:len(q)], k3[:len(q)]
	for e, f := range q {
		x := float64(f)
		p0, p1, p2, p3 := x*float64(k0[e]), x*float64(k1[e]), x*float64(k2[e]), x*float64(k3[e])
		s0, s1, s2, s3 := p0+a0, p1+a1, p2+a2, p3+a3
		if wrong(s0, p0, a0) || wrong(s1, p1, a1) || wrong(s2, p2, a2) || wrong(s3, p3, a3) {
			return dot(q, k0), dot(q, k1), dot(q, k2), dot(q, k3)
		}
		a0, a1, a2, a3 = round32(s0), round32(s1), round32(s2), round32(s3)
	}
	return float32(a0), float32(a1), float32(a2), float32(a3)
}

// mix sets o[e] = fma(o[e], α, Σ p_j·v_j[e]), the sum fused over ascending j.
// Four elements go together.
func mix(o []float32, alpha float32, p, v []float32) {
	d, e := len(o), 0
	for ; e+4 <= d; e += 4 {
		y, ok := mix4(p, v[e:], d)
		if !ok {
			for i := range y {
				y[i] = mix1(p, v[e+i:], d)
			}
		}
		for i, s := range y {
			o[e+i] = FMA(o[e+i], alpha, s)
		}
	}
	for ; e < d; e++ {
		o[e] = FMA(o[e], alpha, mix1(p, v[e:], d))
	}
}

func mix4(p, v []float32, d int) (y [4]float32, ok bool) {
	var a0, a1, a2, a3 float64
	for j, f := range p {
		x, w := float64(f), (*[4]float32)(v[j*d:])
		p0, p1, p2, p3 := x*float64(w[0]), x*float64(w[1]), x*float64(w[2]), x*float64(w[3])
		s0, s1, s2, s3 := p0+a0, p1+a1, p2+a2, p3+a3
		if wrong(s0, p0, a0) || wrong(s1, p1, a1) || wrong(s2, p2, a2) || wrong(s3, p3, a3) {
			return y, false
		}
		a0, a1, a2, a3 = round32(s0), round32(s1), round32(s2), round32(s3)
	}
	return [4]float32{float32(a0), float32(a1), float32(a2), float32(a3)}, true
}
