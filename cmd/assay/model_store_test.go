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
	if need, err := needOf(head, about.Size); err != nil || need != about.Need {
		t.Errorf("by its head %d bytes, %v; by the whole %d", need, err, about.Need)
	}
	// A length that nobody knows, and one that no file has, say nothing.
	for _, of := range []int64{0, 1 << 62} {
		if need, err := needOf(head, of); err == nil {
			t.Errorf("of %d bytes: %d", of, need)
		}
	}
}
