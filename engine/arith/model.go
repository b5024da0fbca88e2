package arith

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/assaynet/assay/engine/gguf"
)

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

// layer holds one layer's weights. Norms that a family lacks are nil.
type layer struct {
	attnNorm, ffnNorm []float32 // [Width] before attention and FFN
	attnPost, ffnPost []float32 // [Width] after them
	qNorm, kNorm      []float32 // [Head] of each query and key
	q, k, v, o        linear
	gate, up, down    linear
	rope              *Rope
	window            int // a query sees that many positions up to its own; 0 for all
}

// linear is a matrix with its bias, or nil.
type linear struct {
	m    *Matrix
	bias []float32
}

// Model is the weights and tables of a loaded model. It does not change and is safe for concurrent use. Its matrices are the
// bytes of the file that it was loaded from, which must stay open.
type Model struct {
	Dims
	layers  []layer
	embed   *Matrix
	norm    []float32
	output  linear
	rope    *Rope   // of layers without a window
	scale   float32 // of queries: 1/√Head
	packing Packing // all that the layers' matrices want

	gelu       bool    // the activation of the FFN is GELU, else SiLU
	embedScale float32 // of embeddings; 0 for none
	scoreCap   float32 // soft cap of attention's scores; 0 for none
	logitCap   float32 // soft cap of logits; 0 for none
}

// Load checks a file's numbers and tensors and makes a model of them. Errors: ErrUnsupported, ErrWeights.
func Load(f *gguf.File) (*Model, error) {
	arch, ok := f.String("general.architecture")
	if !ok {
		return nil, fmt.Errorf("%w: general.architecture is missing", ErrWeights)
	}
	kind, ok := families[arch]
	if !ok {
		return nil, fmt.Errorf("%w: architecture %q", ErrUnsupported, arch)
	}
	if kind, ok := f.String("general.type"); ok && kind != "model" {
		return nil, fmt.Errorf("%w: the file is of type %q, and no model", ErrUnsupported, kind)
	}
	l := &loader{f: f, arch: arch, used: map[string]bool{}, read: map[string]bool{}}
	m, err := l.model(kind)
	if err != nil {
		return nil, err
	}
	for _, t := range f.Tensors() {
		if !l.used[t.Name] {
			return nil, fmt.Errorf("%w: tensor %s in architecture %s", ErrUnsupported, t.Name, arch)
		}
	}
	return m, nil
}

// Limits on the sizes of a model, each far above any known one, so that products of them fit an int and a hostile file cannot
// ask for absurd memory.
const (
	maxLayers  = 1 << 10
	maxWidth   = 1 << 17
	maxHeads   = 1 << 10
	maxVocab   = 1 << 21
	maxContext = 1 << 20 // where RoPE's angles end
)

// loader reads a file's numbers and tensors; its first error stays.
type loader struct {
	f    *gguf.File
	arch string
	used map[string]bool // tensors
	read map[string]bool // keys of the architecture
	err  error
}

func (l *loader) fail(err error) {
	if l.err == nil {
		l.err = err
	}
}

// number reads <arch>.key, an integer 1 … limit; def stands for a missing one where it is not 0.
func (l *loader) number(key string, def, limit int) int {
	key = l.key(key)
	n, ok := l.f.Uint(key)
	switch {
	case !ok && def != 0:
		if _, there := l.f.Lookup(key); !there {
			return def
		}
		fallthrough
	case !ok:
		l.fail(fmt.Errorf("%w: %s is missing or not one integer", ErrWeights, key))
		return 1
	case n < 1 || n > uint64(limit):
		l.fail(fmt.Errorf("%w: %s is %d, not within 1 … %d", ErrWeights, key, n, limit))
		return 1
	}
	return int(n)
}

// positive reads <arch>.key, a finite float above zero; def stands for a missing one where it is not 0.
func (l *loader) positive(key string, def float32) float32 {
	key = l.key(key)
	x, ok := l.f.Float32(key)
	if _, there := l.f.Lookup(key); !there && def != 0 {
		return def
	}
	if !ok || !(x > 0) || !finite(x) {
		l.fail(fmt.Errorf("%w: %s is missing or not a positive float32", ErrWeights, key))
		return 1
	}
	return x
}

func (l *loader) tensor(name string) (gguf.Tensor, bool) {
	t, ok := l.f.Tensor(name)
	l.used[name] = ok
	return t, ok
}

// cap reads <arch>.key, a soft cap, or 0 where the file has none or says 0.
func (l *loader) cap(key string) float32 {
	full := l.key(key)
	if _, there := l.f.Lookup(full); !there {
		return 0
	}
	if x, ok := l.f.Float32(full); ok && x == 0 {
		return 0
	}
	return l.positive(key, 0)
}

// linear reads name.weight of a shape, and name.bias where the family knows it and the file has one.
func (l *loader) linear(name string, rows, cols int, bias bool) linear {
	t, ok := l.tensor(name + ".weight")
	if !ok {
		l.fail(fmt.Errorf("%w: tensor %s.weight is missing", ErrWeights, name))
		return linear{}
	}
	if len(t.Dims) != 2 || t.Dims[0] != uint64(cols) || t.Dims[1] != uint64(rows) {
		l.fail(fmt.Errorf("%w: tensor %s has dimensions %v, want [%d %d]", ErrWeights, t.Name, t.Dims, cols, rows))
		return linear{}
	}
	m, err := NewMatrix(t)
	if err != nil {
		l.fail(err)
		return linear{}
	}
	if !bias {
		return linear{m: m}
	}
	return linear{m, l.optional(name+".bias", rows)}
}

// vector reads a vector of n finite floats, stored as F32, F16 or BF16.
func (l *loader) vector(name string, n int) []float32 {
	v := l.optional(name, n)
	if v == nil {
		l.fail(fmt.Errorf("%w: tensor %s is missing", ErrWeights, name))
	}
	return v
}

func (l *loader) optional(name string, n int) []float32 {
	t, ok := l.tensor(name)
	if !ok {
		return nil
	}
	from, known := transcoded[t.Type]
	if !known {
		l.fail(fmt.Errorf("%w: tensor %s is of type %s", ErrUnsupported, name, t.Type))
		return nil
	}
	if len(t.Dims) != 1 || t.Dims[0] != uint64(n) || len(t.Data) != n*from.bytes {
		l.fail(fmt.Errorf("%w: tensor %s has dimensions %v, want [%d]", ErrWeights, name, t.Dims, n))
		return nil
	}
	v := make([]float32, n)
	for i := range v {
		if v[i] = from.widen(t.Data[i*from.bytes:]); !finite(v[i]) {
			l.fail(fmt.Errorf("%w: tensor %s has an element that is not finite", ErrWeights, name))
		}
	}
	return v
}

// ropeFactors reads the divisors of the frequencies, which are F32, or nil.
func (l *loader) ropeFactors(name string, rot int) []float32 {
	t, ok := l.tensor(name)
	if !ok {
		return nil
	}
	if t.Type != gguf.F32 || len(t.Data) != 2*rot {
		l.fail(fmt.Errorf("%w: tensor %s is not [%d] of F32", ErrWeights, name, rot/2))
		return nil
	}
	v := make([]float32, rot/2)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(t.Data[4*i:]))
		if !finite(v[i]) || v[i] == 0 {
			l.fail(fmt.Errorf("%w: %s has a factor that is zero or not finite", ErrWeights, name))
		}
	}
	return v
}
