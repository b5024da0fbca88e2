package arith

import "math"

// Attend is the attention of one query head over n positions, the last of which is its own (SPEC.md §5): out and q have d
// elements, k and v [n][d] numbers that binary16 can hold; q is scaled already. See limits the positions as a layer may.
func Attend(out, q, k, v []float32, see Sight) {
	d := len(q)
	n := len(k) / d
	r := begin(out, see)
	for i := see.first(n-1) / PageLen; i*PageLen < n; i++ {
		from, to := max(i*PageLen, see.first(n-1)), min((i+1)*PageLen, n)
		r.page(out, q, k[from*d:to*d], v[from*d:to*d], from%PageLen)
	}
	r.end(out)
}

// attend is Attend over the positions 0 … pos of a layer and key head in c.
func (c *Cache) attend(out, q []float32, layer, head, pos int, see Sight) {
	d := c.shape.head
	at := c.shape.at(layer, head)
	r := begin(out, see)
	for i := see.first(pos) / PageLen; i <= pos/PageLen; i++ {
		from, to := max(see.first(pos)-i*PageLen, 0), min(PageLen, pos+1-i*PageLen)
		r.page(out, q, c.pages[i].k[at+from*d:at+to*d], c.pages[i].v[at+from*d:at+to*d], from)
	}
	r.end(out)
}

// Sight is what an attention sees, and how clearly. The zero value sees everything up to the query's own position.
type Sight struct {
	Window int     // that many positions, the query's own being the last; 0 for all
	Cap    float32 // soft cap of scores; 0 for none
}

// first is the first position that a query at pos sees.
func (s Sight) first(pos int) int {
	if s.Window == 0 {
		return 0
	}
	return max(pos+1-s.Window, 0)
}

// running is the state of an attention between pages: M and l of SPEC.md §5; o is the output itself.
type running struct{ top, total, cap float32 }

func begin(out []float32, see Sight) running {
	clear(out)
	return running{top: float32(math.Inf(-1)), cap: see.Cap}
}

// page takes one page's visible keys and values, the first of which is number from of the page.
func (r *running) page(out, q, k, v []float32, from int) {
	var p [PageLen]float32
	seen := p[from : from+len(k)/len(q)]
	scores(seen, q, k)
	if r.cap != 0 {
		for j, s := range seen {
			seen[j] = SoftCap(s, r.cap)
		}
	}
	m := r.top
	for _, s := range seen {
		m = maxOf(m, s)
	}
	alpha := Exp(r.top - m)
	for j, s := range seen {
		seen[j] = Exp(s - m)
	}
	r.total = FMA(r.total, alpha, SumPage(&p))
	mix(out, alpha, seen, v)
	r.top = m
}

func (r *running) end(out []float32) {
	f := 1 / r.total
	for e := range out {
		out[e] *= f
	}
}

// maxOf is a > b ? a : b.
func maxOf(a, b float32) float32 {
	if a > b {
		return a
	}
	return b
}

// scores sets s[j] = q·k_j for the keys k, one running sum over ascending elements each. Four keys go together.
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

// dot is the fused sum over ascending elements from +0.
func dot(a, b []float32) float32 {
	var s float64
	for i, x := range a {
		s = add(float64(x)*float64(b[i]), s)
	}
	return float32(s)
}

// mix sets o[e] = fma(o[e], α, Σ p_j·v_j[e]), the sum fused over ascending j. Four elements go together.
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

func mix1(p, v []float32, d int) float32 {
	var s float64
	for j, x := range p {
		s = add(float64(x)*float64(v[j*d]), s)
	}
	return float32(s)
}
