package engine_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/fingerprint"
	"github.com/assaynet/assay/engine/native"
)

// variantRun is a request for one of variantModels, and what
// scripts/oracle/ac1.py made of it.
type variantRun struct {
	goldenRun
	Answer   []engine.Token `json:"answer,omitempty"` // the context of a judge, whose own choices are in Output
	States   []string       `json:"states"`           // the first 8 bytes of h_t of each choice
	FailedAt int            `json:"failed_at"`        // position at which the run fails, or -1
	Root     string         `json:"root"`
}

type variant struct {
	Name    string       `json:"name"`
	ModelID string       `json:"model_id"`
	Runs    []variantRun `json:"runs"`
}

// TestVariantsEqualTheVectorsOfTheSlowProgram runs models that use what SmolLM2
// does not, against a program of unbounded integers that was written from the
// specification alone. With ASSAY_WRITE_VARIANTS it writes the models and
// requests for that program instead.
func TestVariantsEqualTheVectorsOfTheSlowProgram(t *testing.T) {
	if dir := os.Getenv("ASSAY_WRITE_VARIANTS"); dir != "" {
		writeVariants(t, dir)
		return
	}
	data, err := os.ReadFile("testdata/variants.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []variant
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	if len(all) != len(variantModels()) {
		t.Fatalf("%d models in testdata, %d in the test", len(all), len(variantModels()))
	}
	for _, v := range all {
		t.Run(v.Name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "m.gguf")
			variantModels()[v.Name].write(t, path)
			for _, cfg := range everyBackend() {
				m := open(t, path, cfg)
				if id := m.ID(); hex.EncodeToString(id[:]) != v.ModelID {
					t.Fatalf("model id %x, want %s", id, v.ModelID)
				}
				for i, r := range v.Runs {
					if len(r.Answer) == 0 {
						r.checkGenerate(t, m, i)
					}
					r.checkVerify(t, m, i)
				}
				if t.Failed() {
					t.Fatalf("with %+v", cfg)
				}
			}
		})
	}
}

// everyBackend returns the reference alone and in company, and every level of
// the native kernels that this machine has.
func everyBackend() []engine.Config {
	configs := []engine.Config{{Backend: engine.BackendReference, Threads: 1, PrefixCache: -1}, {Backend: engine.BackendReference, Threads: 3}}
	for _, l := range native.Levels() {
		configs = append(configs,
			engine.Config{Backend: engine.BackendNative, ISA: l.String(), Threads: 1, PrefixCache: -1},
			engine.Config{Backend: engine.BackendNative, ISA: l.String(), Threads: 3})
	}
	return configs
}

// checkGenerate makes the run and compares.
func (r variantRun) checkGenerate(t *testing.T, m *engine.Model, i int) {
	t.Helper()
	run, err := m.Generate(context.Background(), r.request(t), nil)
	if r.FailedAt >= 0 {
		var failed *engine.FailedError
		if !errors.As(err, &failed) || failed.Position != r.FailedAt || !slices.Equal(run.Output, r.Output) {
			t.Errorf("run %d: got %v after %v, want a failure at %d after %v", i, err, run.Output, r.FailedAt, r.Output)
		}
		return
	}
	if err != nil || !slices.Equal(run.Output, r.Output) || hex.EncodeToString(run.Fingerprint[:]) != r.Root {
		t.Errorf("run %d: got %v %x, %v; want %v %s", i, run.Output, run.Fingerprint, err, r.Output, r.Root)
	}
}

// checkVerify judges the run, or the answer that it gives, and compares the
// judge's own choices, states and root.
func (r variantRun) checkVerify(t *testing.T, m *engine.Model, i int) {
	t.Helper()
	q := r.request(t)
	run := engine.Run{Prompt: q.Prompt, Settings: q.Settings, Binding: q.Binding, Output: r.Output}
	if len(r.Answer) > 0 {
		run.Output = r.Answer
	} else if r.FailedAt >= 0 {
		return // there is no answer that could be judged
	}
	report, err := m.Verify(context.Background(), run)
	if err != nil {
		t.Errorf("run %d: verify: %v", i, err)
		return
	}
	if root := report.Root(q.Binding); hex.EncodeToString(root[:]) != r.Root || report.FailedAt != r.FailedAt {
		t.Errorf("run %d: got root %x, failed at %d, want %s, %d", i, root, report.FailedAt, r.Root, r.FailedAt)
	}
	if r.FailedAt >= 0 {
		if report.Root(q.Binding) != fingerprint.Failed(q.Binding, r.FailedAt) {
			t.Errorf("run %d: the root is not that of a failure at %d", i, r.FailedAt)
		}
		return
	}
	if !slices.Equal(report.Choices, r.Output) || len(report.States) != len(r.States) {
		t.Fatalf("run %d: got choices %v, %d states; want %v", i, report.Choices, len(report.States), r.Output)
	}
	for k, h := range report.States {
		if hex.EncodeToString(h[:8]) != r.States[k] {
			t.Errorf("run %d: state of choice %d: got %x, want %s", i, k, h[:8], r.States[k])
		}
	}
}

func writeVariants(t *testing.T, dir string) {
	t.Helper()
	for name, v := range variantModels() {
		v.write(t, filepath.Join(dir, name+".gguf"))
		data, err := json.Marshal(v.runs)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name+".json"), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// run makes a request of n prompt tokens; temperature 0 is greedy.
func variantRequest(prompt []engine.Token, most int, temperature float32, topK, topP uint32) variantRun {
	hash := func(b byte, n int) string { return hex.EncodeToString(slices.Repeat([]byte{b}, n)) }
	return variantRun{goldenRun: goldenRun{
		Prompt: prompt, MaxTokens: most, TemperatureBits: math.Float32bits(temperature), TopK: topK, TopP: topP,
		Seed: hash(byte(len(prompt)), 32), Hotkey: hash(2, 33), Task: hash(9, 32),
	}}
}
