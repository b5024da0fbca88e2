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
