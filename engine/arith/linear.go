package arith

import "github.com/assaynet/assay/engine/weights"

// Spread runs part(0) … part(n−1), each once, in any order and on any
// goroutines, and returns when all are done. No result depends on how it does
// that. Serial is the simplest.
type Spread func(n int, part func(i int))

// Serial is the Spread of one goroutine.
func Serial(n int, part func(i int)) {
	for i := range n {
		part(i)
	}
}

// Matrix is a linear layer's weights: rows of blocks of 32. It is safe for
// concurrent use.
type Matrix struct {
	Rows, Cols int
	f          *format
	data       []byte
	stride     int // bytes of a row
}

// NewMatrix returns the matrix that multiplies by w, which it shares.
func NewMatrix(w *weights.Matrix) *Matrix {
	return &Matrix{Rows: w.Rows, Cols: w.Cols, f: formats[w.Type], data: w.Data, stride: w.Stride()}
}

// Packing says how a Batch must be packed for m.
func (m *Matrix) Packing() Packing {
	if vectors {
		return m.f.pack | PackLanes
	}
	return m.f.pack
}

// Embed writes row r as floats into out, which has Cols elements.
func (m *Matrix) Embed(out []float32, r int) { m.f.embed(out, m.row(r)) }

func (m *Matrix) row(r int) []byte { return m.data[r*m.stride : (r+1)*m.stride] }

// Product is one matrix of a Multiply: Out[t][r] becomes row r times the t-th
// activations, plus Bias[r] where there is one.
type Product struct {
	Matrix *Matrix
	Bias   []float32 // [Rows] or nil
	Out    [][]float32
}

// tileRows is how many rows one part of a Multiply takes: 4-bit rows of 1536
// elements are then 30 KiB, within a first-level cache, and the rows of a small
// model still give each of many threads a few parts. It is even.
const tileRows = 32

// Multiply computes several products of the same activations.
func Multiply(spread Spread, x *Batch, products ...Product) {
	tiles := 0
	for _, p := range products {
		tiles += (p.Matrix.Rows + tileRows - 1) / tileRows
	}
	spread(tiles, func(i int) {
		for _, p := range products {
			n := (p.Matrix.Rows + tileRows - 1) / tileRows
			if i < n {
				p.tile(x, i*tileRows, min((i+1)*tileRows, p.Matrix.Rows))
				return
			}
			i -= n
		}
	})
}

// tile computes rows from … to for all tokens: those that lie side by side
// together, four tokens at a time, and the rest two rows at a time.
func (p Product) tile(x *Batch, from, to int) {
	if x.aside > 0 {
		p.lanes(x, from, to)
	}
	t := x.aside
	for ; t+4 <= x.n; t += 4 {
		v := (*[4]*Vec)(x.vecs[t:])
		for r := from; r < to; r++ {
			y := p.Matrix.tokens4(r, x.quads[t/4], v)
			for k := range y {
				p.Out[t+k][r] = y[k]
			}
		}
	}
	for ; t < x.n; t++ {
		out := p.Out[t]
		for r := from; r < to; r += 2 {
			if r+1 == to {
				out[r], _ = p.Matrix.rows2(r, r, x.vecs[t])
				break
			}
			out[r], out[r+1] = p.Matrix.rows2(r, r+1, x.vecs[t])
		}
	}
	if p.Bias != nil {
		for _, out := range p.Out {
			for r := from; r < to; r++ {
				out[r] += p.Bias[r]
			}
		}
	}
}

// rows2 returns rows a and b times v.
func (m *Matrix) rows2(a, b int, v *Vec) (ya, yb float32) {
	if !v.huge {
		if ya, yb, ok := m.f.rows2(m.row(a), m.row(b), v); ok {
			return ya, yb
		}
	}
	return m.f.plainRow(m.row(a), v), m.f.plainRow(m.row(b), v)
}

// tokens4 returns row r times each of four tokens' activations, which g holds
// side by side.
func (m *Matrix) tokens4(r int, g *quad, v *[4]*Vec) (y [4]float32) {
	if !v[0].huge && !v[1].huge && !v[2].huge && !v[3].huge {
		if y, ok := m.f.tokens4(m.row(r), g); ok {
			return y
		}
	}
	for k := range y {
		y[k] = m.f.plainRow(m.row(r), v[k])
	}
	return y
}
