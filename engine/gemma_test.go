package engine_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/assaynet/assay/engine"
)

// gemma is the file that `make model` fetches beside the usual model, for tests alone; ASSAY_GEMMA names another place. It has
// what the usual model has not: SentencePiece, Q5_0, Q4_K and Q6_K, a sliding window, GELU, QK-norm.
func gemma(t testing.TB) string {
	t.Helper()
	path := os.Getenv("ASSAY_GEMMA")
	if path == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			t.Fatal(err)
		}
		path = filepath.Join(dir, "assay", "models", "gemma-3-270m.Q4_K_M.gguf")
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v: run `make model`, or set ASSAY_GEMMA", err)
	}
	return path
}

func TestGemmasRunEqualsTheIndependentProgram(t *testing.T) {
	data, err := os.ReadFile("arith/testdata/golden-ac1.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Gemma struct {
			ModelID string `json:"model_id"`
			Short   oracleRun
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	want := file.Gemma.Short
	m := open(t, gemma(t), engine.Config{})
	if got := m.ID(); hex.EncodeToString(got[:]) != file.Gemma.ModelID {
		t.Errorf("model id: got %x, want %s", got, file.Gemma.ModelID)
	}
	r := engine.Request{Prompt: want.Prompt, Binding: loadOracle(t).binding(t), Settings: engine.Settings{MaxTokens: len(want.Output)}}
	run, err := m.Generate(context.Background(), r, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(run.Fingerprint[:]); got != want.Root || !slices.Equal(run.Output, want.Output) {
		t.Errorf("got %v with root %s, want %v with %s", run.Output, got, want.Output, want.Root)
	}
	report, err := m.Verify(context.Background(), run)
	if err != nil || !report.Equal {
		t.Errorf("verify: %+v, %v", report, err)
	}
	for i, h := range report.States {
		if got := hex.EncodeToString(h[:]); got != want.States[report.First+i] {
			t.Errorf("state %d: got %s, want %s", report.First+i, got, want.States[report.First+i])
		}
	}
}

// gemmaWindows is how many of the oracle's windows are scored by default: each of its logits costs 168 million products.
const gemmaWindows = 2

func TestGemmasQualityIsThatOfTheOracle(t *testing.T) {
	checkQuality(t, open(t, gemma(t), engine.Config{PrefixCache: -1}), "testdata/nll-gemma3-270m-q4_k_m.json", gemmaWindows)
}
