//go:build cgo

package native_test

import (
	"os"
	"testing"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/backendtest"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/native"
	"github.com/assaynet/assay/engine/weights"
)

// TestTheKernelsKeepTheContract at every level, with weights where the level
// has them by itself.
func TestTheKernelsKeepTheContract(t *testing.T) {
	forEachLevel(t, func(t *testing.T, l native.Level) {
		cfg := native.Config{Threads: 2, Level: l.String()}
		s := backendtest.Subject{
			Open: func(f *gguf.File, w *weights.Model) (backend.Backend, error) {
				cfg.File = f.Bytes()
				return native.Open(w, cfg)
			},
			Refuse: native.Refuse,
			Held:   func(b backend.Backend) int64 { return b.(*native.Backend).CacheBytes() },
		}
		if l != native.AVX512 && l != native.AMX && l != native.AMXEmulated { // which have a copy, and need the file no more
			s.Break, s.Lost = func(path string) error { return os.Truncate(path, 0) }, backend.ErrFile
		}
		backendtest.Test(t, s)
	})
}
