package synth_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/synth"
)

func write(t *testing.T, o synth.Options) (m *synth.Model, path string) {
	t.Helper()
	m, err := synth.New(o)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "m.gguf")
	if err := m.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	return m, path
}

func TestEveryTypeGivesAModelThatRuns(t *testing.T) {
	for _, kind := range synth.Types() {
		t.Run(kind, func(t *testing.T) {
			made, path := write(t, synth.Options{Shape: "tiny", Type: kind})
			info, err := os.Stat(path)
			if err != nil || info.Size() != made.Size() {
				t.Fatalf("%d bytes were promised, the file has %d (%v)", made.Size(), info.Size(), err)
			}
			m, err := engine.Open(t.Context(), path, engine.Config{Threads: 2})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := m.Close(); err != nil {
					t.Error(err)
				}
			})
			prompt := make([]engine.Token, 40)
			for i := range prompt {
				prompt[i] = engine.Token(3 + i*i%500)
			}
			// Weights of the size that they are said to have leave logits of size
			// about 1: of 512 tokens each costs ln 512 = 6.24, and half for the
			// logits' variance.
			p, err := m.Perplexity(t.Context(), prompt, len(prompt), -1)
			if err != nil || p.NLL < 5.5 || p.NLL > 8 {
				t.Errorf("a token costs %.2f nats (%v)", p.NLL, err)
			}
		})
	}
}

func TestEqualOptionsGiveEqualBytes(t *testing.T) {
	sum := func(seed uint64) string {
		_, path := write(t, synth.Options{Shape: "tiny", Type: "q4_k", Seed: seed})
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%x", sha256.Sum256(b))
	}
	first := sum(7)
	if again := sum(7); again != first {
		t.Errorf("seed 7 gave %s, then %s", first, again)
	}
	if other := sum(8); other == first {
		t.Error("seeds 7 and 8 gave the same bytes")
	}
}

func TestSizesOfRealShapesAreTheirs(t *testing.T) {
	for _, c := range []struct {
		shape   string
		weights uint64 // as the models' cards have them, in millions
	}{{"smollm-135m", 135}, {"llama-1b", 1236}, {"llama-3b", 3213}, {"llama-8b", 8030}, {"llama-70b", 70554}} {
		m, err := synth.New(synth.Options{Shape: c.shape, Type: "q8_0"})
		if err != nil {
			t.Fatal(err)
		}
		if got := (m.Weights() + 500_000) / 1_000_000; got != c.weights {
			t.Errorf("%s has %d million weights, want %d", c.shape, got, c.weights)
		}
		if bits := 8 * float64(m.Size()) / float64(m.Weights()); bits < 8.5 || bits > 8.9 {
			t.Errorf("%s has %.2f bits a weight, want 8.5 and the vocabulary", c.shape, bits)
		}
	}
}

func TestWhatThereIsNotIsNamed(t *testing.T) {
	for _, c := range []struct {
		o    synth.Options
		want string
	}{
		{synth.Options{Shape: "huge", Type: "q8_0"}, "llama-1b"},
		{synth.Options{Shape: "tiny", Type: "q9"}, "q4_1"},
		{synth.Options{Shape: "smollm-135m", Type: "q4_k"}, "no multiples of 256"},
	} {
		if _, err := synth.New(c.o); !errors.Is(err, synth.ErrOptions) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got %v, want %q in it", c.o, err, c.want)
		}
	}
}
