package enginetest

import (
	"fmt"
	"os"
	"path/filepath"
)

// Real returns the path of the real model that `make model` fetches into the
// user's cache; ASSAY_MODEL names another place.
func Real(t TB) string {
	t.Helper()
	return fetched(t, "ASSAY_MODEL", "SmolLM2-135M-Instruct.Q4_1.gguf")
}

// Gemma returns the path of the model that `make models` fetches beside [Real],
// for tests alone; ASSAY_GEMMA names another place. It has what the usual model
// has not: SentencePiece, Q5_0, Q4_K and Q6_K, a sliding window, GELU, QK-norm.
func Gemma(t TB) string {
	t.Helper()
	return fetched(t, "ASSAY_GEMMA", "gemma-3-270m.Q4_K_M.gguf")
}

func fetched(t TB, variable, name string) string {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			t.Fatal(err)
		}
		path = filepath.Join(dir, "assay", "models", name)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatal(fmt.Errorf("%w: run `make models`, or set %s", err, variable))
	}
	return path
}
