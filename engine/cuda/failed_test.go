package cuda_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/assaynet/assay/engine/arith"
	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/cuda"
	"github.com/assaynet/assay/engine/cuda/cudatest"
	"github.com/assaynet/assay/engine/cuda/internal/ptx"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/weights"
)

// failToken is one whose values are not finite in one of two layers.
const failToken = 50

// failsIn is a tiny model with such a layer.
func failsIn(t *testing.T, layer int, heads uint32) *weights.Model {
	t.Helper()
	w := tiny(t, enginetest.Options{FailToken: failToken, KVHeads: heads})
	if layer == 1 {
		return w
	}
	slices.Reverse(w.Stack)
	for _, x := range []*weights.Linear{&w.Stack[0].O, &w.Stack[0].Down} {
		nothing := *x.Matrix
		nothing.Data = make([]byte, len(nothing.Data))
		x.Matrix = &nothing // so the last layer has what the embedding is
	}
	return w
}

// TestFailuresOfEachLayer has a token that fails in a prompt, and in a step of
// its own, which a graph does. What failed before is nothing to who comes after.
func TestFailuresOfEachLayer(t *testing.T) {
	for layer := 1; layer <= 2; layer++ {
		for _, heads := range []uint32{1, 2, 4} {
			t.Run(fmt.Sprintf("layer %d, %d key heads", layer, heads), func(t *testing.T) {
				testFailure(t, failsIn(t, layer, heads), layer)
			})
		}
	}
}

func testFailure(t *testing.T, w *weights.Model, layer int) {
	t.Helper()
	const at = 20
	b, err := cuda.Open(w, cuda.Config{Driver: cudatest.New(ptx.Schedule{}), Check: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	good := tokens()[:30]
	failing := slices.Clone(good)
	failing[at], failing[at+5] = failToken, failToken
	var space arith.Workspace
	m := arith.New(w)
	states, err := m.Forward(arith.Serial, &space, m.NewCache(), good, len(good))
	if err != nil {
		t.Fatal(err)
	}
	run := func(c backend.Cache, list []backend.Token, failed bool) {
		t.Helper()
		first := c.Len()
		p := &backend.Piece{Cache: c, Tokens: list, Keep: len(list), Want: backend.State}
		p.Each = func(i int, r backend.Result) {
			if !equal(r.State, states[first+i]) {
				t.Errorf("position %d: other numbers", first+i)
			}
		}
		if err := b.Step([]*backend.Piece{p}); err != nil {
			t.Fatal(err)
		}
		var e *backend.FailedError
		switch {
		case !failed && (p.Err != nil || c.Len() != first+len(list)):
			t.Errorf("%d tokens from %d on: %v, and %d positions", len(list), first, p.Err, c.Len())
		case failed && (!errors.As(p.Err, &e) || e.Position != at || e.Layer != layer || c.Len() != at):
			t.Errorf("%d tokens from %d on: %v, and %d positions, want a failure at %d in layer %d", len(list), first, p.Err, c.Len(), at, layer)
		}
	}
	whole := b.NewCache()
	run(whole, failing, true)
	whole.Release()
	for _, n := range []int{15, 12, 5} { // fewer rows, whose marks lie where others' did that failed
		c := b.NewCache()
		for c.Len() < at {
			run(c, good[c.Len():][:min(n, at-c.Len())], false)
		}
		run(c, failing[at:][:1], true)
		run(c, good[at:], false)
		c.Release()
	}
}
