package engine_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/gguf"
)

// cuttable is a model of several pages of memory in a file of its own.
func cuttable(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(enginetest.Tiny(t, enginetest.Options{Type: gguf.Q8_0}))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "cut.gguf")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAFileThatIsCutOffEndsCallsNotTheProcess(t *testing.T) {
	for _, threads := range []int{1, 3} {
		path := cuttable(t)
		m := open(t, path, engine.Config{Threads: threads, Backend: engine.BackendReference})
		r := request(tinyPrompt(9, 1), 5)
		generate(t, m, r)
		if err := os.Truncate(path, 4096); err != nil {
			t.Fatal(err)
		}
		r.Prompt = tinyPrompt(40, 2)
		for range 2 {
			if run, err := m.Generate(context.Background(), r, nil); !errors.Is(err, engine.ErrFile) || len(run.Output) != 0 {
				t.Errorf("%d threads: got %v, %v", threads, run.Output, err)
			}
		}
	}
}

func TestTheKernelsDoNotNeedTheFile(t *testing.T) {
	for _, cfg := range backends()[1:] {
		path := cuttable(t)
		m := open(t, path, cfg)
		r := request(tinyPrompt(40, 1), 5)
		r.Settings.Temperature = 0
		want := generate(t, m, r)
		if err := os.Truncate(path, 4096); err != nil {
			t.Fatal(err)
		}
		if report, err := m.Verify(context.Background(), want); err != nil || !report.Equal {
			t.Errorf("%s: %+v, %v", cfg.ISA, report, err)
		}
	}
}
