package weights

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/assaynet/assay/engine/gguf"
)

// Load checks a file's numbers and tensors and makes a model of them, which is
// of use while the file is open. Errors: ErrUnsupported, ErrWeights.
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

// Limits on the sizes of a model, each far above any known one, so that
// products of them fit an int and a hostile file cannot ask for absurd memory.
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

// number reads <arch>.key, an integer 1 … limit; def stands for a missing one
// where it is not 0.
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

// positive reads <arch>.key, a finite float above zero; def stands for a
// missing one where it is not 0.
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

// positiveOr reads <arch>.name, a positive number, or none where the file has
// none or says 0, which stands for the same.
func (l *loader) positiveOr(name string, none float32) float32 {
	key := l.key(name)
	if _, there := l.f.Lookup(key); !there {
		return none
	}
	if x, ok := l.f.Float32(key); ok && x == 0 {
		return none
	}
	return l.positive(name, 0)
}

// linear reads name.weight of a shape, and name.bias where the family knows it
// and the file has one.
func (l *loader) linear(name string, rows, cols int, bias bool) Linear {
	t, ok := l.tensor(name + ".weight")
	if !ok {
		l.fail(fmt.Errorf("%w: tensor %s.weight is missing", ErrWeights, name))
		return Linear{}
	}
	if len(t.Dims) != 2 || t.Dims[0] != uint64(cols) || t.Dims[1] != uint64(rows) {
		l.fail(fmt.Errorf("%w: tensor %s has dimensions %v, want [%d %d]", ErrWeights, t.Name, t.Dims, cols, rows))
		return Linear{}
	}
	m, err := NewMatrix(t)
	if err != nil {
		l.fail(err)
		return Linear{}
	}
	if !bias {
		return Linear{Matrix: m}
	}
	return Linear{m, l.optional(name+".bias", rows)}
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
	from, known := floats[t.Type]
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
