//go:build cgo

package split_test

import (
	"testing"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/backendtest"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/native"
	"github.com/assaynet/assay/engine/split"
	"github.com/assaynet/assay/engine/weights"
)

func openNative(mode string) func(w *weights.Model) (backend.Backend, error) {
	return func(w *weights.Model) (backend.Backend, error) {
		b, err := native.Open(w, native.Config{Threads: 2, Weights: mode})
		if err != nil {
			return nil, err
		}
		return b, nil
	}
}

// TestAProcessorAndADeviceTogetherKeepTheContract with the first layers on the
// processor, as package engine has them.
func TestAProcessorAndADeviceTogetherKeepTheContract(t *testing.T) {
	backendtest.Test(t, newMachine(1).subject(openNative(native.Auto)))
}

// TestPartsOnTheProcessorKeepTheContract with a first part, a last one and one
// between, with weights in both layouts.
func TestPartsOnTheProcessorKeepTheContract(t *testing.T) {
	for _, mode := range []string{native.Mapped, native.Interleaved} {
		t.Run(mode, func(t *testing.T) {
			backendtest.Test(t, backendtest.Subject{
				Open: func(_ *gguf.File, w *weights.Model) (backend.Backend, error) {
					var parts []split.Part
					for _, p := range cut(w, 3) {
						b, err := openNative(mode)(p)
						if err != nil {
							return nil, err
						}
						parts = append(parts, split.Part{Backend: b, Layers: p.Layers})
					}
					return held{split.New(w.Width, parts), parts}, nil
				},
				Held:  func(b backend.Backend) int64 { return b.(held).bytes() },
				Parts: 3,
			})
		})
	}
}
