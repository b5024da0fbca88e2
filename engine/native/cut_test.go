//go:build cgo

package native_test

import (
	"errors"
	"os"
	"testing"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/native"
	"github.com/assaynet/assay/engine/weights"
)

// cuttable is a model of a file that a test may cut off.
func cuttable(t *testing.T, kind gguf.Type) (path string, f *gguf.File, m *weights.Model) {
	t.Helper()
	path = enginetest.Tiny(t, enginetest.Options{Type: kind, Width: 256, FFN: 512})
	f = enginetest.Open(t, path)
	return path, f, loadFile(t, f)
}

// TestKernelsThatReadWhereAFileWasCutOffEndWithAnError cuts the file off, to
// some of its tensors and to nothing, between steps.
func TestKernelsThatReadWhereAFileWasCutOffEndWithAnError(t *testing.T) {
	const held = 12 // tokens, more than go without a panel
	forEachLevel(t, func(t *testing.T, l native.Level) {
		for i, kind := range []gguf.Type{gguf.Q8_0, gguf.Q4_0, gguf.Q4_1, gguf.Q5_0, gguf.Q5_1, gguf.Q4_K, gguf.Q5_K, gguf.Q6_K} {
			threads, part := 1+2*(i%2), int64(2*(i%2)) // of four: to nothing, and on other threads than this to a half
			path, f, m := cuttable(t, kind)
			n, err := native.New(m, native.Config{Threads: threads, Level: l.String(), Weights: native.Mapped, File: f.Bytes()})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(n.Close)
			c := n.NewCache()
			states := ran(t, n, c, tinyTokens(held, 1))
			if err := os.Truncate(path, f.Size()*part/4); err != nil {
				t.Fatal(err)
			}
			for _, count := range []int{1, held} {
				p := &native.Piece{Cache: c, Tokens: tinyTokens(count, 2), Keep: count}
				if err := n.Forward([]*native.Piece{p}); !errors.Is(err, backend.ErrFile) || len(p.States) != 0 || c.Len() != held {
					t.Errorf("%s, %d threads, cut to %d/4: %v, %d positions", kind, threads, part, err, c.Len())
				}
				var buf []float32
				if _, _, err := n.Logits(states[:count], &buf); !errors.Is(err, backend.ErrFile) {
					t.Errorf("%s, %d threads, cut to %d/4: logits: %v", kind, threads, part, err)
				}
			}
			if err := n.Check(); !errors.Is(err, backend.ErrFile) {
				t.Errorf("%s: the check says %v", kind, err)
			}
		}
	})
}
