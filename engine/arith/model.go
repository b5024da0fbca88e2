package arith

import (
	"github.com/assaynet/assay/engine/rope"
	"github.com/assaynet/assay/engine/weights"
)

// Model is a model that can be run. It does not change and is safe for
// concurrent use. Its matrices are those that it was made of, which must stay.
type Model struct {
	weights.Dims
	layers []layer
	embed  *Matrix   // nil without the first layer
	norm   []float32 // nil without the last layer
	output linear
	halves bool    // which elements of a head RoPE takes for pairs
	scale  float32 // of queries: 1/√Head

	gelu       bool    // the activation of the FFN is GELU, else SiLU
	embedScale float32 // of embeddings; 0 for none
	scoreCap   float32 // soft cap of attention's scores; 0 for none
	logitCap   float32 // soft cap of logits; 0 for none
}

// layer holds one layer's weights. Norms that a family lacks are nil.
type layer struct {
	attnNorm, ffnNorm []float32 // [Width] before attention and FFN
	attnPost, ffnPost []float32 // [Width] after them
	qNorm, kNorm      []float32 // [Head] of each query and key
	q, k, v, o        linear
	gate, up, down    linear
	rope              *rope.Tables
	window            int // a query sees that many positions up to its own; 0 for all
}

// linear is a matrix with its bias, or nil.
type linear struct {
	m    *Matrix
	bias []float32
}

// New makes a model of what its file says. It computes whatever package weights
// loads.
func New(w *weights.Model) *Model {
	m := &Model{
		Dims: w.Dims, norm: w.Norm,
		halves: w.Rope.Config().Halves, scale: w.QueryScale,
		gelu: w.GELU, embedScale: w.EmbedScale, scoreCap: w.ScoreCap, logitCap: w.LogitCap,
	}
	if w.Embed != nil {
		m.embed = NewMatrix(w.Embed)
	}
	if w.Norm != nil {
		m.output = newLinear(w.Output)
	}
	for _, l := range w.Stack {
		m.layers = append(m.layers, layer{
			attnNorm: l.AttnNorm, ffnNorm: l.FFNNorm, attnPost: l.AttnPost, ffnPost: l.FFNPost, qNorm: l.QNorm, kNorm: l.KNorm,
			q: newLinear(l.Q), k: newLinear(l.K), v: newLinear(l.V), o: newLinear(l.O),
			gate: newLinear(l.Gate), up: newLinear(l.Up), down: newLinear(l.Down), rope: l.Rope, window: l.Window,
		})
	}
	return m
}

func newLinear(l weights.Linear) linear { return linear{NewMatrix(l.Matrix), l.Bias} }
