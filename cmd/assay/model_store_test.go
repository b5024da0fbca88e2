package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/assaynet/assay/cmd/internal/modelstore"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/server/shelf"
)

// TestWhatAModelTakesIsKnownByItsHead: it is what the whole file says, so that
// nobody fetches what does not fit.
func TestWhatAModelTakesIsKnownByItsHead(t *testing.T) {
	t.Parallel()
	path := enginetest.Real(t)
	about, err := shelf.Describe(path)
	if err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	head := filepath.Join(t.TempDir(), "head")
	out, err := os.Create(head)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(out, in, modelstore.HeadBytes); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := aboutHead(head, about.Size); err != nil || got.Need != about.Need || got.Position != about.Position {
		t.Errorf("by its head %d bytes and %d a token, %v; by the whole %d and %d", got.Need, got.Position, err, about.Need, about.Position)
	}
	// A length that nobody knows, and one that no file has, say nothing.
	for _, of := range []int64{0, 1 << 62} {
		if got, err := aboutHead(head, of); err == nil {
			t.Errorf("of %d bytes: %d", of, got.Need)
		}
	}
}
