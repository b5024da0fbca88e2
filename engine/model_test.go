package engine_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/fingerprint"
)

func open(t testing.TB, path string, cfg engine.Config) *engine.Model {
	t.Helper()
	m, err := engine.Open(context.Background(), path, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// oracle is what an independent program in C made of the real model.
type oracle struct {
	ModelID string `json:"model_id"`
	Hotkey  string
	Task    string
	Greedy  []oracleRun
}

type oracleRun struct {
	Text           string
	Prompt, Output []int32
	States         []string // at all positions
	Root           string
}

// untilStop cuts the run after its first stop token, at which the independent
// program did not stop.
func (r oracleRun) untilStop(t *testing.T, m *engine.Model, b engine.Binding) oracleRun {
	t.Helper()
	end := slices.IndexFunc(r.Output, m.IsStop) + 1
	if end == 0 || end == len(r.Output) {
		return r
	}
	r.Output = r.Output[:end]
	var leaves [][32]byte
	for i, token := range r.Output {
		state, err := hex.DecodeString(r.States[len(r.Prompt)-1+i])
		if err != nil {
			t.Fatal(err)
		}
		leaves = append(leaves, fingerprint.Leaf(b, len(r.Prompt)-1+i, token, [32]byte(state)))
	}
	root := fingerprint.Root(leaves)
	r.Root = hex.EncodeToString(root[:])
	return r
}

func loadOracle(t *testing.T) oracle {
	t.Helper()
	data, err := os.ReadFile("arith/testdata/golden-ac1.json")
	if err != nil {
		t.Fatal(err)
	}
	var o oracle
	if err := json.Unmarshal(data, &o); err != nil {
		t.Fatal(err)
	}
	return o
}

func (o oracle) binding(t *testing.T) (b engine.Binding) {
	t.Helper()
	hotkey, err := hex.DecodeString(o.Hotkey)
	if err != nil || len(hotkey) != len(b.Hotkey) {
		t.Fatalf("hotkey %q", o.Hotkey)
	}
	task, err := hex.DecodeString(o.Task)
	if err != nil || len(task) != len(b.Task) {
		t.Fatalf("task %q", o.Task)
	}
	return engine.Binding{Hotkey: [33]byte(hotkey), Task: [32]byte(task)}
}
