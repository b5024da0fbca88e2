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

// page takes one page's visible keys and values, the first of which is number
// from of the page.
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
