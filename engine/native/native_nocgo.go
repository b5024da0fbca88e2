//go:build !cgo

package native

import (
	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/weights"
)

// Levels lists nothing: there are no kernels in this build.
func Levels() []Level { return nil }

// Model cannot be made in this build.
type Model struct {
	weights.Dims
	pages *store
}

func allocate(n int) []uint16 { return make([]uint16, n) }
func release([]uint16)        {}

// New returns backend.ErrUnavailable.
func New(*weights.Model, Config) (*Model, error) { return nil, backend.ErrUnavailable }

// Close does nothing.
func (m *Model) Close() {}

// Check finds nothing.
func (m *Model) Check() error { return nil }

// Weights returns Mapped.
func (m *Model) Weights() string { return Mapped }

// Level returns Scalar.
func (m *Model) Level() Level { return Scalar }

// CacheBytes returns 0.
func (m *Model) CacheBytes() int64 { return 0 }

// Forward returns backend.ErrUnavailable.
func (m *Model) Forward([]*Piece) error { return backend.ErrUnavailable }

// Logits returns backend.ErrUnavailable.
func (m *Model) Logits([][]float32, *[]float32) ([][]float32, []int32, error) {
	return nil, nil, backend.ErrUnavailable
}
