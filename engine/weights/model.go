package weights

import "github.com/assaynet/assay/engine/rope"

// Dims are the sizes of a model.
type Dims struct {
	Arch    string
	Layers  int
	Width   int // of the residual stream
	Heads   int // query heads
	KVHeads int // key heads; Heads is a multiple
	Head    int // elements of a head
	FFN     int // width between up and down
	Vocab   int
	Context int // positions
	Eps     float32
}

// Model is what a file says of a model. It does not change and is safe for
// concurrent use; its matrices are bytes of the file, which stays open as long.
// Parts that a family lacks are 0, nil or false: a backend refuses a model with
// a part that it does not compute.
type Model struct {
	Dims
	Embed      *Matrix      // nil in a part of a model that has not its first layer
	Norm       []float32    // [Width], the last one; nil in a part that has not the last layer
	Output     Linear       // its matrix is Embed itself where the file has no other; none where Norm is nil
	Stack      []Layer      // [Layers], the first one first
	Rope       *rope.Tables // of layers without a window
	QueryScale float32      // mostly 1/√Head
	GELU       bool         // the activation of the FFN is GELU, else SiLU
	EmbedScale float32      // multiplies embeddings
	ScoreCap   float32      // soft cap of attention's scores
	LogitCap   float32      // soft cap of logits
}

// Part is a model of the layers from … to-1 alone, from < to. Without the first
// layer it has no Embed: it goes on with the residual stream that the layers
// before have made. Without the last one it has no Norm and no Output: its own
// residual stream is all that comes of it.
func (m *Model) Part(from, to int) *Model {
	p := *m
	p.Layers, p.Stack = to-from, m.Stack[from:to]
	if from > 0 {
		p.Embed = nil
	}
	if to < m.Layers {
		p.Norm, p.Output = nil, Linear{}
	}
	return &p
}

// Layer is one layer's part of a Model.
type Layer struct {
	AttnNorm, FFNNorm []float32 // [Width] before attention and FFN
	AttnPost, FFNPost []float32 // [Width] of their outputs, before they are added
	QNorm, KNorm      []float32 // [Head] of each head, before RoPE
	Q, K, V, O        Linear
	Gate, Up, Down    Linear
	Rope              *rope.Tables // that of the Model, or another in layers with a window
	Window            int          // positions that a query sees, its own being the last; 0 for all
}

// Linear is a matrix with its bias, or nil.
type Linear struct {
	Matrix *Matrix
	Bias   []float32 // [Matrix.Rows]
}
