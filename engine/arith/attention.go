package arith

import "math"

// Attend is the attention of one query head over n positions, the last of which
// is its own (SPEC.md §5): out and q have d elements, k and v [n][d] numbers
// that binary16 can hold; q is scaled already. See limits the positions as a
// layer may. It is for whoever compares a head of another backend with the law;
// the model itself reads from its Cache.
func Attend(out, q, k, v []float32, see Sight) {
	d := len(q)
	n := len(k) / d
	c := Cache{shape: cacheShape{layers: 1, heads: 1, head: d}}
	c.grow(n)
	for pos := range n {
		c.store(0, 0, pos, k[pos*d:][:d], v[pos*d:][:d])
	}
	c.attend(out, q, 0, 0, n-1, see)
}

// attend is Attend over the positions 0 … pos of a layer and key head in c.
func (c *Cache) attend(out, q []float32, layer, head, pos int, see Sight) {
	d := c.shape.head
	at := c.shape.at(layer, head)
	r := begin(out, see)
	for i := see.first(pos) / PageLen; i <= pos/PageLen; i++ {
		from, to := max(see.first(pos)-i*PageLen, 0), min(PageLen, pos+1-i*PageLen)
		r.page(out, q, c.pages[i].k[at:at+PageLen*d], c.pages[i].v[at:at+PageLen*d], from, to)
	}
	r.end(out)
}

// Sight is what an attention sees, and how clearly. The zero value sees
// everything up to the query's own position.
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

// running is the state of an attention between pages: M and l of SPEC.md §5; o
// is the output itself.
type running struct{ top, total, cap float32 }

func begin(out []float32, see Sight) running {
	clear(out)
	return running{top: float32(math.Inf(-1)), cap: see.Cap}
}

// page takes positions from … to of a page of keys, [len(q)][PageLen], and values,
// [PageLen][len(q)].
func (r *running) page(out, q, k, v []float32, from, to int) {
	var s, p [PageLen]float32
	lo, hi := from, to
	if vectors { // more is quicker
		lo, hi = lo/32*32, (hi+31)/32*32
	}
	sums(s[lo:hi], q, k[lo:], PageLen)
	seen := p[from:to]
	copy(seen, s[from:to])
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
	mix(out, alpha, seen, v[from*len(q):])
	r.top = m
}

// mix sets o[e] = fma(o[e], α, Σ p_j·v_j[e]), the sum fused over ascending j.
func mix(o []float32, alpha float32, p, v []float32) {
	var y [32]float32
	for at := 0; at < len(o); at += len(y) {
		part := o[at:min(at+len(y), len(o))]
		sums(y[:len(part)], p, v[at:], len(o))
		for e, s := range y[:len(part)] {
			part[e] = FMA(part[e], alpha, s)
		}
	}
}

func (r *running) end(out []float32) {
	f := 1 / r.total
	for e := range out {
		out[e] *= f
	}
}
