package gguf_test

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/assaynet/assay/engine/gguf"
)

// The id of SmolLM2-135M-Instruct.Q4_1.gguf (SHA-256 b179c952…), computed by an
// independent program from the text of the specification.
const smolLM2ID = "9d255136b6213a617c630c65eaea151c3af4101f94a44a5f5541cadcdc0cabfc"

// realModel opens the model that `make model` fetches.
func realModel(t *testing.T) *gguf.File {
	t.Helper()
	path := os.Getenv("ASSAY_MODEL")
	if path == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			t.Fatal(err)
		}
		path = filepath.Join(dir, "assay", "models", "SmolLM2-135M-Instruct.Q4_1.gguf")
	}
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatalf("%v (hint: run `make model`, which fetches it)", err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func TestModelIDOfARealModel(t *testing.T) {
	f := realModel(t)
	id := gguf.ModelID(f)
	if got := hex.EncodeToString(id[:]); got != smolLM2ID {
		t.Errorf("got %s, want %s", got, smolLM2ID)
	}
}
