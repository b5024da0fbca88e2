package engine_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
)

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
	m := open(t, enginetest.Gemma(t), engine.Config{})
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

// gemmaWindows is how many of the oracle's windows are scored by default: each
// of its logits costs 168 million products.
const gemmaWindows = 2

func TestGemmasQualityIsThatOfTheOracle(t *testing.T) {
	checkQuality(t, open(t, enginetest.Gemma(t), engine.Config{PrefixCache: -1}), "testdata/nll-gemma3-270m-q4_k_m.json", gemmaWindows)
}
