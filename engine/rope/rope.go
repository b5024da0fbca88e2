package rope

import "sync"

// pageLen is how many positions are made at a time.
const pageLen = 64

// Config says how a model turns its queries and keys with the position.
type Config struct {
	Base    float32   // frequency base, such as 10000
	Rot     int       // elements of each head that are turned; even
	Factors []float32 // divisors of the Rot/2 frequencies, or nil
	Scale   float32   // divisor of all frequencies; 0 or 1 for none
	Halves  bool      // pairs are (i, i + Rot/2) rather than (2i, 2i+1)
	// Attention multiplies cosines and sines; 0 or 1 for none.
	Attention float32
}

// Tables hold the cosines and sines of a model's positions. They are made for
// 64 positions at a time when first used, and are safe for concurrent use.
type Tables struct {
	cfg   Config
	freqs []float64

	mu    sync.RWMutex
	pages map[int][]float32 // page → [pageLen][Rot/2] pairs of cosine and sine
}

// New returns the tables of cfg.
func New(cfg Config) *Tables {
	t := &Tables{cfg: cfg, freqs: make([]float64, cfg.Rot/2), pages: map[int][]float32{}}
	base := log64(float64(cfg.Base))
	for i := range t.freqs {
		f := exp64(-(float64(base*float64(2*i)) / float64(cfg.Rot)))
		if cfg.Factors != nil {
			f /= float64(cfg.Factors[i])
		}
		if cfg.Scale != 0 && cfg.Scale != 1 {
			f /= float64(cfg.Scale)
		}
		t.freqs[i] = f
	}
	return t
}

// Config returns what the tables were made from.
func (t *Tables) Config() Config { return t.cfg }

// At returns the Rot/2 pairs (cosine, sine) of a position below 2²⁰,
// interleaved. The caller does not change them.
func (t *Tables) At(pos int) []float32 {
	page, n := pos/pageLen, 2*len(t.freqs)
	t.mu.RLock()
	rows := t.pages[page]
	t.mu.RUnlock()
	if rows == nil {
		rows = t.makePage(page)
	}
	at := (pos % pageLen) * n
	return rows[at : at+n : at+n]
}

func (t *Tables) makePage(page int) []float32 {
	rows := make([]float32, 0, pageLen*2*len(t.freqs))
	for p := range pageLen {
		rows = t.Row(rows, page*pageLen+p)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pages[page] = rows
	return rows
}

// Row appends the pairs of a position to row, computed afresh.
func (t *Tables) Row(row []float32, pos int) []float32 {
	for _, f := range t.freqs {
		sin, cos := sinCos(float64(float64(pos) * f))
		if t.cfg.Attention != 0 && t.cfg.Attention != 1 {
			sin, cos = float64(sin*float64(t.cfg.Attention)), float64(cos*float64(t.cfg.Attention))
		}
		row = append(row, float32(cos), float32(sin))
	}
	return row
}
