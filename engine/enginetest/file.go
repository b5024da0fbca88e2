package enginetest

import (
	"os"
	"path/filepath"
	"time"

	"github.com/assaynet/assay/engine/gguf"
)

// TB is what the helpers of tests need of a testing.TB.
type TB interface {
	Helper()
	TempDir() string
	Cleanup(f func())
	Error(args ...any)
	Fatal(args ...any)
}

// Tiny writes a model into a directory that goes with the test and returns its
// path.
func Tiny(t TB, o Options) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tiny.gguf")
	if err := Write(path, o); err != nil {
		t.Fatal(err)
	}
	return path
}

// Aged makes the file at path one that was last written so long ago, and
// returns path: whatever a test then does to the file changes its time, which
// on a file of this moment the clock of a file system may be too coarse to show.
func Aged(t TB, path string, age time.Duration) string {
	t.Helper()
	when := time.Now().Add(-age)
	if err := os.Chtimes(path, when, when); err != nil {
		t.Fatal(err)
	}
	return path
}

// Open opens a model file until the test ends; the test may do to it what it
// likes.
func Open(t TB, path string) *gguf.File {
	t.Helper()
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}
