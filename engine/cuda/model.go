package cuda

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/rope"
	"github.com/assaynet/assay/engine/weights"
)

const (
	blockLen = 32
	pageLen  = backend.PageLen
	// mostTokens is how many tokens pass the layers at once; a step of more
	// makes several passes.
	mostTokens = 1024
	// logitsAtOnce bounds the memory of logits.
	logitsAtOnce = 64
)

// matrix is weights on the device.
type matrix struct {
	rows, blocks   int // blocks of 32 in a row
	kind           gguf.Type
	quants, scales pointer
	bias           pointer // or 0
}

// layer is a layer's weights on the device. Norms that a family lacks are 0.
type layer struct {
	attnNorm, ffnNorm, attnPost, ffnPost, qNorm, kNorm pointer
	q, k, v, o, gate, up, down                         matrix
	qkv                                                matrix // q, k and v, one behind the other, or nothing where they do not lie so
	turns                                              int    // which of the model's tables
	window                                             int
}

// model is a model on the device, and the memory of a pass.
type model struct {
	*weights.Model
	layers []layer
	embed  matrix
	norm   pointer
	output matrix
	turns  []*rope.Tables // those that differ
	made   map[*weights.Matrix]matrix

	scratch
}

// quantised are quantised activations (kernels/quantise.cuh).
type quantised struct{ quants, dx, tx pointer }

// scratch is what a pass computes in, for mostTokens tokens.
type scratch struct {
	x, h, q, turned, k, v, att, gate, up pointer   // floats
	qkv                                  pointer   // queries, keys and values of one token, one behind the other
	rows, gated                          quantised // activations: of all tokens, and of one after its gate
	states, logits, best                 pointer
	failed                               pointer // [layers][tokens][kv heads]
	facted                               pointer // facts
}

// check refuses what the kernels have no room for. Errors: backend.ErrUnsupported.
func check(w *weights.Model) error {
	if w.Head > mostHead || max(w.Width, w.FFN, w.Heads*w.Head) > mostWidth {
		return fmt.Errorf("%w: heads of %d, width %d, on CUDA", backend.ErrUnsupported, w.Head, w.Width)
	}
	return nil
}

// place puts a model on the device. Errors: *Error; what was allocated stays to
// be freed.
func (b *Backend) place(w *weights.Model) error {
	m := &model{Model: w, made: map[*weights.Matrix]matrix{}}
	b.m = m
	b.store.bytes = pageBytes(w)
	if err := b.on(b.reserve); err != nil {
		return err
	}
	u := &uploader{b: b}
	if w.Embed != nil {
		m.embed = u.matrix(weights.Linear{Matrix: w.Embed})
	}
	if w.Norm != nil {
		m.norm, m.output = u.vector(w.Norm), u.matrix(w.Output)
	}
	for i := range w.Stack {
		l := &w.Stack[i]
		qkv, of := u.joined(l.Q, l.K, l.V)
		m.layers = append(m.layers, layer{
			attnNorm: u.vector(l.AttnNorm), ffnNorm: u.vector(l.FFNNorm), attnPost: u.vector(l.AttnPost), ffnPost: u.vector(l.FFNPost),
			qNorm: u.vector(l.QNorm), kNorm: u.vector(l.KNorm),
			qkv: qkv, q: of[0], k: of[1], v: of[2], o: u.matrix(l.O), gate: u.matrix(l.Gate), up: u.matrix(l.Up), down: u.matrix(l.Down),
			turns: m.table(l.Rope), window: l.Window,
		})
	}
	return u.err
}

// table is the number of a layer's RoPE table, of which a model has one or two.
func (m *model) table(t *rope.Tables) int {
	for i, x := range m.turns {
		if x == t {
			return i
		}
	}
	m.turns = append(m.turns, t)
	return len(m.turns) - 1
}

// mostTables is how many RoPE tables a model may have.
const mostTables = 2

// reserve allocates the scratch, here and there.
func (b *Backend) reserve() error {
	for _, x := range b.m.parts(b.m.Model) {
		if err := b.alloc(x.at, x.bytes); err != nil {
			return err
		}
	}
	return b.pins()
}

// on runs f on the device. What reads the model's file is not run there: a file
// that was cut off is for the caller to notice.
func (b *Backend) on(f func() error) (err error) {
	b.dev.Do(func() { err = f() })
	return err
}

// alloc allocates memory that Close frees.
func (b *Backend) alloc(at *pointer, bytes int64) error {
	p, err := b.dev.Alloc(bytes)
	if err != nil {
		return fmt.Errorf("%w: %d bytes beside %d", err, bytes, b.held.Load())
	}
	*at = pointer(p)
	b.held.Add(bytes)
	b.owned = append(b.owned, *at)
	return nil
}

// uploader uploads until something fails.
type uploader struct {
	b   *Backend
	err error
}

// bytes uploads bytes; the pointer of none is 0.
func (u *uploader) bytes(data []byte) (p pointer) {
	if u.err != nil || len(data) == 0 {
		return 0
	}
	u.err = u.b.on(func() error {
		if err := u.b.alloc(&p, int64(len(data))); err != nil {
			return err
		}
		return u.b.dev.Upload(uint64(p), data)
	})
	return p
}

func (u *uploader) vector(x []float32) pointer { return u.bytes(floatBytes(x)) }

func floatBytes(x []float32) []byte {
	data := make([]byte, 0, 4*len(x))
	for _, f := range x {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(f))
	}
	return data
}

// joined uploads matrices that read the same activations. Where they are of one
// type, all or none of them have a bias, and rows of different ones are never
// side by side, they lie one behind the other: whole has the rows of all.
func (u *uploader) joined(list ...weights.Linear) (whole matrix, parts []matrix) {
	first := list[0]
	if !joinable(list) {
		for _, l := range list {
			parts = append(parts, u.matrix(l))
		}
		return matrix{}, parts
	}
	var quants, scales []byte
	var bias []float32
	for _, l := range list {
		at := matrix{rows: l.Matrix.Rows, quants: pointer(len(quants)), scales: pointer(len(scales)), bias: pointer(4 * len(bias))}
		q, s := interleaved(l.Matrix)
		quants, scales, bias = append(quants, q...), append(scales, s...), append(bias, l.Bias...)
		parts, whole.rows = append(parts, at), whole.rows+at.rows
	}
	whole.blocks, whole.kind = first.Matrix.Cols/blockLen, first.Matrix.Type
	whole.quants, whole.scales, whole.bias = u.bytes(quants), u.bytes(scales), u.vector(bias)
	for i := range parts {
		p := &parts[i]
		p.blocks, p.kind, p.quants, p.scales = whole.blocks, whole.kind, p.quants+whole.quants, p.scales+whole.scales
		if p.bias += whole.bias; first.Bias == nil {
			p.bias = 0
		}
	}
	return whole, parts
}

// joinable tells whether joined can have them lie together.
func joinable(list []weights.Linear) bool {
	for i, l := range list {
		if l.Matrix.Type != list[0].Matrix.Type || (l.Bias == nil) != (list[0].Bias == nil) || i+1 < len(list) && l.Matrix.Rows%lanes != 0 {
			return false
		}
	}
	return true
}

// matrix uploads a matrix, once.
func (u *uploader) matrix(l weights.Linear) matrix {
	m, there := u.b.m.made[l.Matrix]
	if !there {
		w := l.Matrix
		quants, scales := interleaved(w)
		m = matrix{rows: w.Rows, blocks: w.Cols / blockLen, kind: w.Type, quants: u.bytes(quants), scales: u.bytes(scales)}
		u.b.m.made[l.Matrix] = m
	}
	m.bias = u.vector(l.Bias)
	return m
}

// interleaved is a matrix as kernels/types.cuh has it.
func interleaved(w *weights.Matrix) (quants, scales []byte) {
	_, bytes := w.Type.Block()
	size, lay := int(bytes), layouts[w.Type]
	few, many := lay.to-lay.from, size-lay.to+lay.from
	stored, groups := w.Stride()/size, (w.Rows+lanes-1)/lanes
	quants, scales = make([]byte, groups*stored*many*lanes), make([]byte, groups*stored*few*lanes)
	rest := make([]byte, many)
	for row := range w.Rows {
		for b := range stored {
			block := w.Data[row*w.Stride()+b*size:][:size]
			at := row/lanes*stored + b
			copy(scales[(at*lanes+row%lanes)*few:], block[lay.from:lay.to])
			copy(rest[copy(rest, block[:lay.from]):], block[lay.to:])
			for i := 0; i < many; i += 4 {
				copy(quants[at*many*lanes+i*lanes+row%lanes*4:], rest[i:i+4])
			}
		}
	}
	return quants, scales
}
