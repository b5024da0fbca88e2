package engine_test

import (
	"os"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/backendtest"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/weights"
)

func TestTheReferenceKeepsTheContract(t *testing.T) {
	backendtest.Test(t, backendtest.Subject{
		Open:  func(f *gguf.File, w *weights.Model) (backend.Backend, error) { return engine.OpenReference(f, w, 3) },
		Break: func(path string) error { return os.Truncate(path, 0) },
		Lost:  backend.ErrFile,
	})
}
