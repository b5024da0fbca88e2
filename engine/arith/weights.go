package arith

import "github.com/assaynet/assay/engine/gguf"

// Weights is what a Model is made of, for backends that keep it in a form of their own. Nothing in it may be changed.
type Weights struct {
	Embed      *Matrix
	Norm       []float32 // the last one
	Output     Linear
	Layers     []LayerWeights
	Rope       *Rope
	QueryScale float32 // 1/√Head
}

// LayerWeights is a layer of Weights.
type LayerWeights struct {
	AttnNorm, FFNNorm []float32
	Q, K, V, O        Linear
	Gate, Up, Down    Linear
}

// Linear is a matrix with its bias, or nil.
type Linear struct {
	Matrix *Matrix
	Bias   []float32 // [Matrix.Rows]
}

// Weights returns m's parts.
func (m *Model) Weights() Weights {
	w := Weights{Embed: m.embed, Norm: m.norm, Output: m.output.export(), Rope: m.rope, QueryScale: m.scale}
	for _, l := range m.layers {
		w.Layers = append(w.Layers, LayerWeights{
			AttnNorm: l.attnNorm, FFNNorm: l.ffnNorm,
			Q: l.q.export(), K: l.k.export(), V: l.v.export(), O: l.o.export(),
			Gate: l.gate.export(), Up: l.up.export(), Down: l.down.export(),
		})
	}
	return w
}

func (l linear) export() Linear { return Linear{l.m, l.bias} }

// Stored returns the matrix as ggml lays it out, row after row, and the type of its blocks: that of the file, or Q8_0 where
// the file's was transcoded. The caller does not change it.
func (m *Matrix) Stored() (gguf.Type, []byte) {
	for t, f := range formats {
		if f == m.f {
			return t, m.data
		}
	}
	return 0, nil // not reached: f is one of formats
}

// Config returns what r was made from.
func (r *Rope) Config() RopeConfig { return r.cfg }
