package engine_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/gguf"
)

func TestOpenSaysOnceWhatItOpened(t *testing.T) {
	dir := t.TempDir()
	text, bare := filepath.Join(dir, "text.gguf"), filepath.Join(dir, "bare.gguf")
	if err := os.WriteFile(text, []byte("no model"), 0o600); err != nil {
		t.Fatal(err)
	}
	var w gguf.Writer
	if err := w.WriteFile(bare); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{
		filepath.Join(dir, "missing.gguf"): fs.ErrNotExist, // what the system says
		text:                               gguf.ErrNotGGUF,
		bare:                               engine.ErrWeights, // what the engine says
	} {
		_, err := engine.Open(t.Context(), path, engine.Config{Threads: 1})
		if !errors.Is(err, want) {
			t.Fatalf("%s: got %v, want %v", path, err, want)
		}
		if text := err.Error(); strings.Count(text, "open model") != 1 || strings.Count(text, path) != 1 {
			t.Errorf("%s: got %q, want what was opened once", path, text)
		}
	}
}
