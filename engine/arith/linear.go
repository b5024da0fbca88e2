package arith

import (
	"fmt"

	"github.com/assaynet/assay/engine/gguf"
)

// Spread runs part(0) … part(n−1), each once, in any order and on any goroutines, and returns when all are done. No result
// depends on how it does that. Serial is the simplest.
type Spread func(n int, part func(i int))

// Serial is the Spread of one goroutine.
func Serial(n int, part func(i int)) {
	for i := range n {
		part(i)
	}
}

// Matrix is a linear layer's weights: rows of blocks of 32. It is safe for concurrent use.
type Matrix struct {
	Rows, Cols int
	f          *format
	data       []byte
	stride     int // bytes of a row
}

// NewMatrix takes a tensor of two dimensions as a matrix: the mapped bytes themselves, or a transcoded copy for F32, F16 and
// BF16. It refuses other types (ErrUnsupported), widths that are no multiple of 32 and scales or elements that are not finite
// (ErrWeights).
func NewMatrix(t gguf.Tensor) (*Matrix, error) {
	if len(t.Dims) != 2 {
		return nil, fmt.Errorf("%w: tensor %s has %d dimensions, want 2", ErrWeights, t.Name, len(t.Dims))
	}
	m := &Matrix{Cols: int(t.Dims[0]), Rows: int(t.Dims[1])}
	if m.Cols%BlockLen != 0 {
		return nil, fmt.Errorf("%w: tensor %s is %d wide, not a multiple of %d", ErrWeights, t.Name, m.Cols, BlockLen)
	}
	if from, ok := transcoded[t.Type]; ok {
		m.f = formats[gguf.Q8_0]
		m.stride = m.Cols / BlockLen * m.f.bytes
		return m, m.transcode(t, from.bytes, from.widen)
	}
	f, ok := formats[t.Type]
	if !ok {
		return nil, fmt.Errorf("%w: tensor %s is of type %s", ErrUnsupported, t.Name, t.Type)
	}
	if m.Cols%(BlockLen*f.group) != 0 {
		return nil, fmt.Errorf("%w: tensor %s is %d wide, not a multiple of %d", ErrWeights, t.Name, m.Cols, BlockLen*f.group)
	}
	m.f, m.data, m.stride = f, t.Data, m.Cols/(BlockLen*f.group)*f.bytes
	if len(m.data) != m.Rows*m.stride {
		return nil, fmt.Errorf("%w: tensor %s has %d bytes, want %d", ErrWeights, t.Name, len(m.data), m.Rows*m.stride)
	}
	for at := 0; at < len(m.data); at += f.bytes {
		if !f.finite(m.data[at : at+f.bytes]) {
			return nil, fmt.Errorf("%w: tensor %s has a scale that is not finite in row %d", ErrWeights, t.Name, at/m.stride)
		}
	}
	return m, nil
}

func (m *Matrix) transcode(t gguf.Tensor, size int, widen func([]byte) float32) error {
	if len(t.Data) != m.Rows*m.Cols*size {
		return fmt.Errorf("%w: tensor %s has %d bytes, want %d", ErrWeights, t.Name, len(t.Data), m.Rows*m.Cols*size)
	}
	m.data = make([]byte, 0, m.Rows*m.stride)
	row := make([]float32, m.Cols)
	for r := range m.Rows {
		for i := range row {
			row[i] = widen(t.Data[(r*m.Cols+i)*size:])
		}
		var ok bool
		if m.data, ok = transcode(m.data, row); !ok {
			return fmt.Errorf("%w: tensor %s has an element or a scale that is not finite in row %d", ErrWeights, t.Name, r)
		}
	}
	return nil
}

// part returns n of m's rows, from a row on, as a matrix of their own.
func (m *Matrix) part(from, n int) *Matrix {
	p := *m
	p.Rows, p.data = n, m.data[from*m.stride:(from+n)*m.stride]
	return &p
}

// Packing says how a Vec must be packed for m.
func (m *Matrix) Packing() Packing { return m.f.pack }

// Type names the weights' type in memory.
func (m *Matrix) Type() string { return m.f.name }

// Embed writes row r as floats into out, which has Cols elements.
func (m *Matrix) Embed(out []float32, r int) { m.f.embed(out, m.row(r)) }

func (m *Matrix) row(r int) []byte { return m.data[r*m.stride : (r+1)*m.stride] }

// Product is one matrix of a Multiply: Out[t][r] becomes row r times the t-th activations, plus Bias[r] where there is one.
type Product struct {
	Matrix *Matrix
	Bias   []float32 // [Rows] or nil
	Out    [][]float32
}

// tileRows is how many rows one part of a Multiply takes: 4-bit rows of 1536 elements are then 30 KiB, within a first-level
// cache, and the rows of a small model still give each of many threads a few parts. It is even.
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

// tile computes rows from … to for all tokens: four tokens at a time, and the rest two rows at a time.
func (p Product) tile(x *Batch, from, to int) {
	t := 0
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

// tokens4 returns row r times each of four tokens' activations, which g holds side by side.
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
