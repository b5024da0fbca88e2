package engine_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/native"
)

// TestNobodyAsksForMoreThanItReads: a greedy answer and its check read no
// logits, a drawn one needs them, a score reads no state.
func TestNobodyAsksForMoreThanItReads(t *testing.T) {
	m := open(t, enginetest.Tiny(t, enginetest.Options{}), engine.Config{})
	var asked backend.Want
	m.Spy(func(pieces []*backend.Piece) error {
		for _, p := range pieces {
			if p.Keep > 0 {
				asked |= p.Want
			}
		}
		return nil
	})
	drawn := request(tinyPrompt(9, 1), 5)
	greedy := drawn
	greedy.Settings.Temperature = 0
	ctx := context.Background()
	verify := func(r engine.Request) func() error {
		run := generate(t, m, r)
		return func() error {
			report, err := m.Verify(ctx, run)
			if err == nil && !report.Equal {
				t.Errorf("got %+v", report)
			}
			return err
		}
	}
	for _, c := range []struct {
		name string
		call func() error
		want backend.Want
	}{
		{"a greedy answer", func() error { _, err := m.Generate(ctx, greedy, nil); return err }, backend.State | backend.Likeliest},
		{"its check", verify(greedy), backend.State | backend.Likeliest},
		{"a drawn answer", func() error { _, err := m.Generate(ctx, drawn, nil); return err }, backend.State | backend.Logits},
		{"its check", verify(drawn), backend.State | backend.Logits},
		{"states", func() error { _, err := m.Embed(ctx, [][]engine.Token{greedy.Prompt}); return err }, backend.State},
		{"a score", func() error {
			_, err := m.Score(ctx, []engine.ScoreRequest{{Prompt: greedy.Prompt, Continuation: greedy.Prompt}})
			return err
		}, backend.Likeliest | backend.Logits},
	} {
		asked = 0
		if err := c.call(); err != nil || asked != c.want {
			t.Errorf("%s asks for %03b, want %03b (%v)", c.name, asked, c.want, err)
		}
	}
}

func TestALostDeviceEndsTheModel(t *testing.T) {
	m := open(t, enginetest.Tiny(t, enginetest.Options{}), engine.Config{})
	steps := 0
	m.Spy(func([]*backend.Piece) error {
		if steps++; steps == 3 {
			return fmt.Errorf("%w: it fell off the bus", backend.ErrDevice)
		}
		return nil
	})
	run, err := m.Generate(context.Background(), request(tinyPrompt(5, 1), 20), nil)
	if !errors.Is(err, engine.ErrDevice) || run.Fingerprint != [32]byte{} {
		t.Errorf("the call that it happens to: %v, fingerprint %x", err, run.Fingerprint)
	}
	if _, err := m.Generate(context.Background(), request(tinyPrompt(5, 1), 20), nil); !errors.Is(err, engine.ErrDevice) || steps != 3 {
		t.Errorf("the next: %v, after %d steps", err, steps)
	}
	if x := m.Stats(); x.KVBytes != 0 || x.Running != 0 {
		t.Errorf("%+v", x)
	}
}

func TestBackendsAreChosenByName(t *testing.T) {
	path := enginetest.Tiny(t, enginetest.Options{})
	t.Setenv("ASSAY_DEVICE", "")
	for _, name := range engine.Backends()[1:] {
		if name == engine.BackendCUDA {
			continue // device_test.go
		}
		if name == engine.BackendNative && len(native.Levels()) == 0 {
			if _, err := engine.Open(context.Background(), path, engine.Config{Backend: name}); !errors.Is(err, backend.ErrUnavailable) {
				t.Errorf("kernels that were not built: %v", err)
			}
			continue
		}
		if got := open(t, path, engine.Config{Backend: name}).Info().Backend; got != name {
			t.Errorf("%s is %s", name, got)
		}
	}
	t.Setenv("ASSAY_BACKEND", engine.BackendReference)
	if got := open(t, path, engine.Config{}).Info().Backend; got != engine.BackendReference {
		t.Errorf("the environment's is %s", got)
	}
	t.Setenv("ASSAY_BACKEND", "quantum")
	if got := open(t, path, engine.Config{Backend: engine.BackendReference}).Info().Backend; got != engine.BackendReference {
		t.Errorf("a name beside the environment's is %s", got)
	}
	_, err := engine.Open(context.Background(), path, engine.Config{})
	if want := `backend "quantum", not auto, cuda, native or arith`; !errors.Is(err, engine.ErrRequest) || err.Error() != "engine: bad request: "+want {
		t.Errorf("got %v, want %s", err, want)
	}
}
