//go:build interpreted

package engine_test

import (
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
)

// TestAGoldenRunOnAnInterpretedGPU runs the committed PTX of all kernels over
// the whole of SmolLM2: a prompt and twelve tokens, with their fingerprint.
func TestAGoldenRunOnAnInterpretedGPU(t *testing.T) {
	m := open(t, enginetest.Real(t), engine.OnGPUs(engine.Config{Device: "cuda:0"}, gpus()))
	loadGolden(t)[0].check(t, m, m.Info().Device)
}

// TestAGoldenRunWhoseKernelsBeginEarly is the same on a GPU of the size of an
// H200, whose kernels begin before those before them have.
func TestAGoldenRunWhoseKernelsBeginEarly(t *testing.T) {
	d := gpus()
	d.Info.Major, d.Info.Minor, d.Info.Version, d.Info.Multiprocessors, d.Schedule.Early = 9, 0, 12030, 132, true
	m := open(t, enginetest.Real(t), engine.OnGPUs(engine.Config{Device: "cuda:0"}, d))
	loadGolden(t)[0].check(t, m, m.Info().Device)
	if d.Opened.Early() == 0 {
		t.Error("no kernel began early")
	}
}
