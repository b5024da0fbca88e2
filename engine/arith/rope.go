package arith

import (
	"math"
	"sync"
)

// ln2Hi + ln2Lo is ln 2; ln2Hi has few enough bits that an exponent times it is exact.
const (
	ln2Hi = 0x1.62e42feep-1
	ln2Lo = 0x1.a39ef35793c76p-33
	// roundMagic added and taken away rounds a binary64 number below 2⁵¹ to the nearest integer.
	roundMagic = 0x1.8p+52
)

// log64 returns the natural logarithm of x > 0, normal, in binary64 as AC1 defines it, every product rounded.
func log64(x float64) float64 {
	m, exponent := math.Frexp(x)
	m, e := m*2, float64(exponent-1)
	if m > 1.4140625 {
		m, e = m*0.5, e+1
	}
	s := (m - 1) / (m + 1)
	z := float64(s * s)
	a := 0.0
	for n := 14; n >= 0; n-- {
		a = float64(a*z) + 1/float64(2*n+1)
	}
	return float64(e*ln2Hi) + (float64(float64(2*s)*a) + float64(e*ln2Lo))
}

// exp64 returns e^x in binary64 as AC1 defines it, every product rounded; |x| stays far from the limits of the exponent.
func exp64(x float64) float64 {
	k := (float64(x*0x1.71547652b82fep+0) + roundMagic) - roundMagic
	r := (x - float64(k*ln2Hi)) - float64(k*ln2Lo)
	e := 1.0
	for n := 17; n >= 1; n-- {
		e = 1 + float64(e*r)/float64(n)
	}
	return math.Ldexp(e, int(k))
}

// sinCos returns the sine and the cosine of an angle below 2²⁰ or so in binary64 as AC1 defines them.
func sinCos(angle float64) (sin, cos float64) {
	k := (float64(angle*0x1.45f306dc9c883p-1) + roundMagic) - roundMagic
	r := (angle - float64(k*0x1.921fb544p+0)) - float64(k*0x1.0b4611a626331p-34)
	z := float64(r * r)
	s, c := 1.0, 1.0
	for n := 8; n >= 1; n-- {
		s = 1 - float64(s*z)/float64(2*n*(2*n+1))
	}
	s = float64(r * s)
	for n := 9; n >= 1; n-- {
		c = 1 - float64(c*z)/float64(2*n*(2*n-1))
	}
	switch int64(k) & 3 {
	case 0:
		return s, c
	case 1:
		return c, -s
	case 2:
		return -s, -c
	}
	return -c, s
}

// RopeConfig says how a model turns its queries and keys with the position.
type RopeConfig struct {
	Base    float32   // frequency base, such as 10000
	Rot     int       // elements of each head that are turned; even
	Factors []float32 // divisors of the Rot/2 frequencies, or nil
	Scale   float32   // divisor of all frequencies; 0 or 1 for none
	Halves  bool      // pairs are (i, i + Rot/2) rather than (2i, 2i+1)
	// Attention multiplies cosines and sines; 0 or 1 for none.
	Attention float32
}

// Rope holds the cosines and sines of a model's positions. Tables are made for 64 positions at a time when first used.
// It is safe for concurrent use.
type Rope struct {
	cfg   RopeConfig
	freqs []float64

	mu    sync.RWMutex
	pages map[int][]float32 // page → [PageLen][Rot/2] pairs of cosine and sine
}

// NewRope returns the tables of cfg.
func NewRope(cfg RopeConfig) *Rope {
	r := &Rope{cfg: cfg, freqs: make([]float64, cfg.Rot/2), pages: map[int][]float32{}}
	base := log64(float64(cfg.Base))
	for i := range r.freqs {
		f := exp64(-(float64(base*float64(2*i)) / float64(cfg.Rot)))
		if cfg.Factors != nil {
			f /= float64(cfg.Factors[i])
		}
		if cfg.Scale != 0 && cfg.Scale != 1 {
			f /= float64(cfg.Scale)
		}
		r.freqs[i] = f
	}
	return r
}

// Table returns the Rot/2 pairs (cosine, sine) of a position below 2²⁰, interleaved. The caller does not change them.
func (r *Rope) Table(pos int) []float32 {
	page, n := pos/PageLen, 2*len(r.freqs)
	r.mu.RLock()
	t := r.pages[page]
	r.mu.RUnlock()
	if t == nil {
		t = r.makePage(page)
	}
	at := (pos % PageLen) * n
	return t[at : at+n : at+n]
}

func (r *Rope) makePage(page int) []float32 {
	t := make([]float32, 0, PageLen*2*len(r.freqs))
	for p := range PageLen {
		t = r.Row(t, page*PageLen+p)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pages[page] = t
	return t
}

// Row appends the pairs of a position to t, computed afresh.
func (r *Rope) Row(t []float32, pos int) []float32 {
	for _, f := range r.freqs {
		sin, cos := sinCos(float64(float64(pos) * f))
		if r.cfg.Attention != 0 && r.cfg.Attention != 1 {
			sin, cos = float64(sin*float64(r.cfg.Attention)), float64(cos*float64(r.cfg.Attention))
		}
		t = append(t, float32(cos), float32(sin))
	}
	return t
}

// Turn applies the table of a position to one head in place.
func (r *Rope) Turn(head, table []float32) {
	half := len(r.freqs)
	for i := range half {
		c, s := table[2*i], table[2*i+1]
		ia, ib := 2*i, 2*i+1
		if r.cfg.Halves {
			ia, ib = i, i+half
		}
		a, b := head[ia], head[ib]
		head[ia] = FMA(a, c, -float32(b*s))
		head[ib] = FMA(a, s, float32(b*c))
	}
}
