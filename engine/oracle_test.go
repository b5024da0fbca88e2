package engine_test

import (
	"context"
	"encoding/hex"
	"slices"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
)

func TestRunsEqualTheIndependentProgram(t *testing.T) {
	o := loadOracle(t)
	m := open(t, enginetest.Real(t), engine.Config{})
	if got := m.ID(); hex.EncodeToString(got[:]) != o.ModelID {
		t.Errorf("model id: got %x, want %s", got, o.ModelID)
	}
	for _, full := range o.Greedy {
		r := engine.Request{Prompt: full.Prompt, Binding: o.binding(t), Settings: engine.Settings{MaxTokens: len(full.Output)}}
		want := full.untilStop(t, m, r.Binding)
		var streamed []engine.Token
		run, err := m.Generate(context.Background(), r, func(id engine.Token) { streamed = append(streamed, id) })
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(run.Output, want.Output) || !slices.Equal(streamed, want.Output) {
			t.Fatalf("%q: got %v, streamed %v, want %v", want.Text, run.Output, streamed, want.Output)
		}
		if got := hex.EncodeToString(run.Fingerprint[:]); got != want.Root {
			t.Errorf("%q: got root %s, want %s", want.Text, got, want.Root)
		}
		report, err := m.Verify(context.Background(), run)
		if err != nil || !report.Equal {
			t.Errorf("%q: verify: %+v, %v", want.Text, report, err)
		}
		if root := report.Root(run.Binding); root != run.Fingerprint {
			t.Errorf("%q: the judge's root is %x, want %x", want.Text, root, run.Fingerprint)
		}
		for i, h := range report.States {
			if got := hex.EncodeToString(h[:]); got != want.States[report.First+i] {
				t.Errorf("%q: state %d: got %s, want %s", want.Text, i, got, want.States[report.First+i])
			}
		}
	}
}
