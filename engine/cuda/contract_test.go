package cuda_test

import (
	"testing"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/backendtest"
	"github.com/assaynet/assay/engine/cuda"
	"github.com/assaynet/assay/engine/cuda/cudatest"
	"github.com/assaynet/assay/engine/cuda/internal/ptx"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/weights"
)

// TestTheKernelsKeepTheContract runs the committed PTX of all kernels for every
// type and family.
func TestTheKernelsKeepTheContract(t *testing.T) {
	d := cudatest.New(ptx.Schedule{})
	d.Info.Major, d.Info.Minor = 8, 0 // which has all kernels: for many tokens, for some, for one
	allowed := -1
	backendtest.Test(t, backendtest.Subject{
		Open: func(_ *gguf.File, w *weights.Model) (backend.Backend, error) {
			b, err := cuda.Open(w, cuda.Config{Driver: d, Check: -1})
			if err != nil {
				return nil, err
			}
			d.Opened.Refuse(allowed)
			return b, nil
		},
		Refuse: func(n int) {
			if allowed = n; d.Opened != nil {
				d.Opened.Refuse(n)
			}
		},
		Held:  func(b backend.Backend) int64 { return b.(*cuda.Backend).CacheBytes() },
		Break: func(string) error { d.Opened.Fail(); return nil },
		Lost:  backend.ErrDevice,
	})
}
