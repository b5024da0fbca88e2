package arith

import "github.com/assaynet/assay/engine/gguf"

// Weights is what a Model is made of, for backends that keep it in a form of their own. Nothing in it may be changed. A backend
// refuses a model with a part that it does not compute: one of those that are 0, nil or false where the family lacks them.
type Weights struct {
	Embed      *Matrix
	Norm       []float32 // the last one
	Output     Linear
	Layers     []LayerWeights
	Rope       *Rope   // of layers without a window
	QueryScale float32 // mostly 1/√Head
	GELU       bool    // the activation of the FFN is GELU, else SiLU
	EmbedScale float32 // multiplies embeddings
	ScoreCap   float32 // soft cap of attention's scores
	LogitCap   float32 // soft cap of logits
}

// LayerWeights is a layer of Weights.
type LayerWeights struct {
	AttnNorm, FFNNorm []float32
	AttnPost, FFNPost []float32 // norms of the outputs of attention and FFN, before they are added
	QNorm, KNorm      []float32 // norms of each head, before RoPE
	Q, K, V, O        Linear
	Gate, Up, Down    Linear
	Rope              *Rope // that of Weights, or another in layers with a window
	Window            int   // positions that a query sees, its own being the last; 0 for all
}

// Linear is a matrix with its bias, or nil.
type Linear struct {
	Matrix *Matrix
	Bias   []float32 // [Matrix.Rows]
}

// Weights returns m's parts.
func (m *Model) Weights() Weights {
	w := Weights{
		Embed: m.embed, Norm: m.norm, Output: m.output.export(), Rope: m.rope, QueryScale: m.scale,
		GELU: m.gelu, EmbedScale: m.embedScale, ScoreCap: m.scoreCap, LogitCap: m.logitCap,
	}
	for _, l := range m.layers {
		w.Layers = append(w.Layers, LayerWeights{
			AttnNorm: l.attnNorm, FFNNorm: l.ffnNorm, AttnPost: l.attnPost, FFNPost: l.ffnPost, QNorm: l.qNorm, KNorm: l.kNorm,
			Q: l.q.export(), K: l.k.export(), V: l.v.export(), O: l.o.export(),
			Gate: l.gate.export(), Up: l.up.export(), Down: l.down.export(), Rope: l.rope, Window: l.window,
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
