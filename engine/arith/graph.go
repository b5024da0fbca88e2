package arith

import (
	"fmt"

	"github.com/assaynet/assay/engine/backend"
)

// The graph of a model, for a piece of one sequence. Each token of the piece is
// a column of activations; every column's numbers depend on the tokens before
// it alone, so pieces may be cut anywhere. For each layer:
//
//	x ── norm ── q, k, v ── RoPE ── attention ── o ──+── norm ── gate, up ── act(gate)·up ── down ──+──
//	 └───────────────────────────────────────────────┘└────────────────────────────────────────────┘
//
// Some families norm each query and key before RoPE, and the outputs of o and
// down before they are added (family.go).
//
// Steps that mix elements of one column only (norm, RoPE, activation,
// quantisation) run with columns spread over goroutines, products with rows
// spread, attention with columns and heads spread.

// MaxPiece is the most tokens of one Forward: enough to unpack weights seldom,
// few enough to be cancelled soon.
const MaxPiece = 64

// Workspace is the memory of a Forward in progress. It is for one goroutine at
// a time; the zero value is ready.
type Workspace struct {
	x, h, q, k, v, att, gate, up [][]float32
	batch                        Batch
	states                       [][]float32
}

// NewCache returns an empty cache for sequences of m.
func (m *Model) NewCache() *Cache {
	return &Cache{shape: cacheShape{layers: m.Layers, heads: m.KVHeads, head: m.Head}}
}

// Forward runs the tokens, at most MaxPiece, at the positions that follow those
// in c, adds them to c, and returns the final-normed states of the last keep of
// them, which are valid until w is used again. A *FailedError names the first
// position of the piece whose key or value is not finite; c then holds the
// positions before it, and the states are those of them that were asked for.
// States are not checked, see Logits. Other errors, which change nothing:
// ErrToken, ErrContext.
func (m *Model) Forward(spread Spread, w *Workspace, c *Cache, tokens []int32, keep int) ([][]float32, error) {
	return m.Continue(spread, w, c, tokens, nil, keep)
}

// Continue is Forward of a part of a model. Where that has not the first layer,
// it begins with the residual stream, [len(tokens)][Width]; where it has not
// the last one, the states are the residual stream that it ends with.
func (m *Model) Continue(spread Spread, w *Workspace, c *Cache, tokens []int32, residual []float32, keep int) ([][]float32, error) {
	if len(tokens) > MaxPiece || c.Len()+len(tokens) > m.Context {
		return nil, fmt.Errorf("%w: %d positions and %d more, of %d", backend.ErrContext, c.Len(), len(tokens), m.Context)
	}
	w.reserve(m, len(tokens))
	for t, id := range tokens {
		if id < 0 || int(id) >= m.Vocab {
			return nil, fmt.Errorf("%w: %d of %d", backend.ErrToken, id, m.Vocab)
		}
		if m.embed != nil {
			m.begin(w.x[t], int(id))
		} else {
			copy(w.x[t], residual[t*m.Width:])
		}
	}
	c.grow(len(tokens))
	p := &pass{m: m, w: w, c: c, spread: spread, first: c.Len(), n: len(tokens)}
	for i := range m.layers {
		p.attention(i)
		if i == len(m.layers)-1 {
			p.skip = min(len(tokens)-keep, p.n)
		}
		p.attend(i)
		p.ffn(i)
	}
	c.tokens = append(c.tokens, tokens[:p.n]...)
	states := w.states[:p.n-p.skip]
	for t := range states {
		if m.norm != nil {
			RMSNorm(states[t], w.x[p.skip+t], m.norm, m.Eps)
		} else {
			copy(states[t], w.x[p.skip+t])
		}
	}
	if p.n < len(tokens) {
		return states, &backend.FailedError{Position: p.first + p.n, Layer: p.failed}
	}
	return states, nil
}

// begin sets x to a token's embedding.
func (m *Model) begin(x []float32, id int) {
	m.embed.Embed(x, id)
	if m.embedScale != 0 {
		for j := range x {
			x[j] *= m.embedScale
		}
	}
}

// Logits returns the logits of states, in memory of its own. A *FailedError
// with Position i names the first state that has an element or a logit that is
// not finite; the logits of the states before it are returned.
func (m *Model) Logits(spread Spread, w *Workspace, states [][]float32) ([][]float32, error) {
	w.batch.Reset(len(states), m.Width, m.output.m.Packing())
	spread(len(states), func(t int) { w.batch.Quantize(t, states[t]) })
	logits := make([][]float32, len(states))
	for t := range logits {
		logits[t] = make([]float32, m.Vocab)
	}
	Multiply(spread, &w.batch, Product{m.output.m, m.output.bias, logits})
	for t := range logits {
		if m.logitCap != 0 {
			for j, y := range logits[t] {
				logits[t][j] = SoftCap(y, m.logitCap)
			}
		}
		if !Finite(states[t]) || !Finite(logits[t]) {
			return logits[:t], &backend.FailedError{Position: t}
		}
	}
	return logits, nil
}

// pass is one Forward on its way through the layers.
type pass struct {
	m      *Model
	w      *Workspace
	c      *Cache
	spread Spread
	first  int // position of the piece's first token
	n      int // tokens that have not failed; the columns after them are dropped
	failed int // the layer that made n smaller, counted from 1
	skip   int // in the last layer: first columns whose state nobody wants
}

// normed quantises the norm of the columns from skip on.
func (p *pass) normed(norm []float32, pack Packing) *Batch {
	w, skip := p.w, p.skip
	w.batch.Reset(p.n-skip, p.m.Width, pack)
	p.spread(p.n-skip, func(t int) {
		RMSNorm(w.h[skip+t], w.x[skip+t], norm, p.m.Eps)
		w.batch.Quantize(t, w.h[skip+t])
	})
	return &w.batch
}

// attention makes queries, keys and values, and keeps the latter two.
func (p *pass) attention(i int) {
	w, ly := p.w, &p.m.layers[i]
	x := p.normed(ly.attnNorm, ly.q.m.Packing()|ly.k.m.Packing()|ly.v.m.Packing())
	Multiply(p.spread, x,
		Product{ly.q.m, ly.q.bias, w.q[:p.n]}, Product{ly.k.m, ly.k.bias, w.k[:p.n]}, Product{ly.v.m, ly.v.bias, w.v[:p.n]})
	var ok [MaxPiece]bool
	p.spread(p.n, func(t int) { ok[t] = p.place(i, t) })
	for t := range p.n {
		if !ok[t] {
			p.n, p.failed = t, i+1
			break
		}
	}
}

// place turns and scales a column's queries, turns its keys and stores keys and
// values; it reports whether they are finite.
func (p *pass) place(i, t int) bool {
	m, w, pos := p.m, p.w, p.first+t
	ly := &m.layers[i]
	pairs := ly.rope.At(pos)
	for h := range m.Heads {
		q := w.q[t][h*m.Head:][:m.Head]
		m.headNorm(q, ly.qNorm)
		Turn(q, pairs, m.halves)
		for e := range q {
			q[e] *= m.scale
		}
	}
	ok := true
	for h := range m.KVHeads {
		k, v := w.k[t][h*m.Head:][:m.Head], w.v[t][h*m.Head:][:m.Head]
		m.headNorm(k, ly.kNorm)
		Turn(k, pairs, m.halves)
		ok = p.c.store(i, h, pos, k, v) && ok
	}
	return ok
}

// RMSNorm sets y to (x·r)·w with r = 1 / sqrt(Σx²/n + eps). y, x and w have n
// elements; y may be x.
func RMSNorm(y, x, w []float32, eps float32) {
	r := 1 / sqrt32(SumSquares(x)/float32(len(x))+eps)
	for i, v := range x {
		y[i] = float32(v*r) * w[i]
	}
}

// headNorm norms one head in place where the family has a norm for it.
func (m *Model) headNorm(head, norm []float32) {
	if norm != nil {
		RMSNorm(head, head, norm, m.Eps)
	}
}

// attend adds the attention's output to the residual stream.
func (p *pass) attend(i int) {
	m, w, ly := p.m, p.w, &p.m.layers[i]
	skip, n := p.skip, p.n-p.skip
	group, see := m.Heads/m.KVHeads, Sight{ly.window, m.scoreCap}
	p.spread(n*m.Heads, func(j int) {
		t, h := skip+j/m.Heads, j%m.Heads
		at := h * m.Head
		p.c.attend(w.att[t][at:at+m.Head], w.q[t][at:at+m.Head], i, h/group, p.first+t, see)
	})
	w.batch.Reset(n, m.Heads*m.Head, ly.o.m.Packing())
	p.spread(n, func(t int) { w.batch.Quantize(t, w.att[skip+t]) })
	p.residual(ly.o, ly.attnPost)
}

// ffn adds the feed-forward block's output to the residual stream.
func (p *pass) ffn(i int) {
	w, ly := p.w, &p.m.layers[i]
	x := p.normed(ly.ffnNorm, ly.gate.m.Packing()|ly.up.m.Packing())
	Multiply(p.spread, x, Product{ly.gate.m, ly.gate.bias, w.gate[p.skip:p.n]}, Product{ly.up.m, ly.up.bias, w.up[p.skip:p.n]})
	skip, act := p.skip, SiLU
	if p.m.gelu {
		act = GELU
	}
	w.batch.Reset(p.n-skip, p.m.FFN, ly.down.m.Packing())
	p.spread(p.n-skip, func(t int) {
		g, u := w.gate[skip+t], w.up[skip+t]
		for j := range g {
			g[j] = float32(act(g[j]) * u[j])
		}
		w.batch.Quantize(t, g)
	})
	p.residual(ly.down, ly.ffnPost)
}

// residual adds a product of the quantised columns, normed where the family
// does that, to the residual stream.
func (p *pass) residual(l linear, norm []float32) {
	w := p.w
	Multiply(p.spread, &w.batch, Product{l.m, l.bias, w.h[p.skip:p.n]})
	for t := p.skip; t < p.n; t++ {
		if norm != nil {
			RMSNorm(w.h[t], w.h[t], norm, p.m.Eps)
		}
		for j, y := range w.h[t] {
			w.x[t][j] += y
		}
	}
}

// reserve makes room for n columns.
func (w *Workspace) reserve(m *Model, n int) {
	for _, b := range []struct {
		rows  *[][]float32
		width int
	}{
		{&w.x, m.Width},
		{&w.h, m.Width},
		{&w.states, m.Width},
		{&w.q, m.Heads * m.Head},
		{&w.att, m.Heads * m.Head},
		{&w.k, m.KVHeads * m.Head},
		{&w.v, m.KVHeads * m.Head},
		{&w.gate, m.FFN},
		{&w.up, m.FFN},
	} {
		for len(*b.rows) < n {
			*b.rows = append(*b.rows, make([]float32, b.width))
		}
	}
}
