package cuda_test

import (
	"testing"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/backendtest"
	"github.com/assaynet/assay/engine/cuda"
	"github.com/assaynet/assay/engine/cuda/internal/ptx"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/weights"
)

// TestTheKernelsKeepTheContract runs the committed PTX of all kernels for every
// type and family.
func TestTheKernelsKeepTheContract(t *testing.T) {
	d := newInterpreter(ptx.Schedule{})
	allowed := -1
	backendtest.Test(t, backendtest.Subject{
		Open: func(_ *gguf.File, w *weights.Model) (backend.Backend, error) {
			b, err := cuda.Open(w, d, 0)
			if err != nil {
				return nil, err
			}
			d.opened.refuse(allowed)
			return b, nil
		},
		Refuse: func(n int) {
			if allowed = n; d.opened != nil {
				d.opened.refuse(n)
			}
		},
		Held:  func(b backend.Backend) int64 { return b.(*cuda.Backend).CacheBytes() },
		Break: func(string) error { d.opened.fail(); return nil },
		Lost:  backend.ErrDevice,
	})
}
