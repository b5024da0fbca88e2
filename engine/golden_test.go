package engine_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/native"
	"github.com/assaynet/assay/engine/tokenizer"
)

// goldenRun is one run of testdata/golden-smollm2.json. Numbers are exact: the
// temperature is given by its bits.
type goldenRun struct {
	Prompt          []engine.Token `json:"prompt"`
	TemperatureBits uint32         `json:"temperature_bits"`
	TopK            uint32         `json:"top_k"`
	TopP            uint32         `json:"top_p"`
	Seed            string         `json:"seed"`
	MaxTokens       int            `json:"max_tokens"`
	Hotkey          string         `json:"hotkey"`
	Task            string         `json:"task"`
	Output          []engine.Token `json:"output"`
	Fingerprint     string         `json:"fingerprint"`
}

const goldenFile = "testdata/golden-smollm2.json"

func loadGolden(t *testing.T) (runs []goldenRun) {
	t.Helper()
	data, err := os.ReadFile(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &runs); err != nil {
		t.Fatal(err)
	}
	return runs
}

func (g goldenRun) request(t *testing.T) engine.Request {
	t.Helper()
	read := func(s string, into []byte) {
		if n, err := hex.Decode(into, []byte(s)); err != nil || n != len(into) {
			t.Fatalf("%q: %v", s, err)
		}
	}
	r := engine.Request{Prompt: g.Prompt, Settings: engine.Settings{
		Temperature: math.Float32frombits(g.TemperatureBits), TopK: g.TopK, TopP: g.TopP, MaxTokens: g.MaxTokens,
	}}
	read(g.Seed, r.Settings.Seed[:])
	read(g.Hotkey, r.Binding.Hotkey[:])
	read(g.Task, r.Binding.Task[:])
	return r
}

func (g goldenRun) check(t *testing.T, m *engine.Model, how string) engine.Run {
	t.Helper()
	run, err := m.Generate(context.Background(), g.request(t), nil)
	if err != nil {
		t.Errorf("%s: %v", how, err)
		return run
	}
	if !slices.Equal(run.Output, g.Output) {
		t.Errorf("%s: got %v, want %v", how, run.Output, g.Output)
	}
	if got := hex.EncodeToString(run.Fingerprint[:]); got != g.Fingerprint {
		t.Errorf("%s: got fingerprint %s, want %s", how, got, g.Fingerprint)
	}
	return run
}

func TestGoldenRunsAloneAndOnOneThreadOnEveryBackend(t *testing.T) {
	configs := []engine.Config{{Backend: engine.BackendReference}}
	for _, l := range native.Levels() {
		configs = append(configs, engine.Config{Backend: engine.BackendNative, ISA: l.String()})
	}
	for _, cfg := range configs {
		cfg.Threads, cfg.PrefixCache = 1, -1
		m := open(t, enginetest.Real(t), cfg)
		if os.Getenv("UPDATE_GOLDEN") == "1" && cfg.Backend == engine.BackendReference {
			writeGolden(t, m)
		}
		for _, g := range loadGolden(t) {
			g.check(t, m, m.Info().Backend+" "+m.Info().ISA)
		}
	}
}

// TestGoldenRunsBesideOthersInPiecesAndVerified: under an emulator, where each
// token counts, arm64.sh has two that sample run, 2 and 3, and no more.
func TestGoldenRunsBesideOthersInPiecesAndVerified(t *testing.T) {
	m := open(t, enginetest.Real(t), engine.Config{Threads: 3})
	golden := loadGolden(t)
	runs := make([]engine.Run, len(golden))
	together := func(name string, do func(t *testing.T, i int, g goldenRun)) {
		t.Run(name, func(t *testing.T) {
			var wg sync.WaitGroup
			for i, g := range golden {
				wg.Go(func() { t.Run(strconv.Itoa(i), func(t *testing.T) { do(t, i, g) }) })
			}
			wg.Wait()
		})
	}
	// The beginnings of the prompts come first, so that the runs themselves begin
	// in the middle of a page.
	together("beginnings", func(t *testing.T, i int, g goldenRun) {
		for cut := 1 + i; cut < len(g.Prompt); cut += 45 {
			r := engine.Request{Prompt: g.Prompt[:cut], Settings: engine.Settings{MaxTokens: 1}}
			if _, err := m.Generate(context.Background(), r, nil); err != nil {
				t.Errorf("run %d, beginning of %d: %v", i, cut, err)
			}
		}
	})
	together("company", func(t *testing.T, i int, g goldenRun) { runs[i] = g.check(t, m, "in company") })
	together("verified", func(t *testing.T, i int, _ goldenRun) {
		report, err := m.Verify(context.Background(), runs[i])
		if err != nil || !report.Equal {
			t.Errorf("run %d: verify: %v %d, %v", i, report.Kind, report.Position, err)
		}
		if !slices.Equal(runs[i].States, report.States) {
			t.Errorf("run %d: the states that it hands out are not those of its leaves", i)
		}
	})
}

// writeGolden makes the file anew: greedy and sampled runs, short prompts and
// one that spans three attention pages.
func writeGolden(t *testing.T, m *engine.Model) {
	t.Helper()
	text, err := os.ReadFile("testdata/design.txt")
	if err != nil {
		t.Fatal(err)
	}
	long, err := m.Tokenizer().Encode(string(text[:700]), tokenizer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	encode := func(s string) []engine.Token {
		ids, err := m.Tokenizer().Encode(s, tokenizer.Options{Special: true})
		if err != nil {
			t.Fatal(err)
		}
		return ids
	}
	chat := encode("<|im_start|>user\nName three rivers.<|im_end|>\n<|im_start|>assistant\n")
	seed := hex.EncodeToString(slices.Repeat([]byte{0xa5}, 32))
	hotkey, task := hex.EncodeToString(slices.Repeat([]byte{3}, 33)), hex.EncodeToString(slices.Repeat([]byte{7}, 32))
	zero := hex.EncodeToString(make([]byte, 32))
	runs := []goldenRun{
		{Prompt: encode("Once upon a time"), MaxTokens: 12, Seed: zero},
		{Prompt: chat, MaxTokens: 24, Seed: zero},
		{Prompt: chat, MaxTokens: 12, TemperatureBits: math.Float32bits(0.8), TopK: 40, TopP: 62259, Seed: seed},
		{Prompt: encode("The sea"), MaxTokens: 12, TemperatureBits: math.Float32bits(1.5), TopK: 256, TopP: 65536, Seed: seed},
		{Prompt: long, MaxTokens: 6, TemperatureBits: math.Float32bits(0.7), TopK: 8, TopP: 32768, Seed: seed},
	}
	for i := range runs {
		g := &runs[i]
		g.Hotkey, g.Task = hotkey, task
		run, err := m.Generate(context.Background(), g.request(t), nil)
		if err != nil {
			t.Fatal(err)
		}
		g.Output, g.Fingerprint = run.Output, hex.EncodeToString(run.Fingerprint[:])
	}
	data, err := json.Marshal(runs)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(goldenFile, append(data, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}
