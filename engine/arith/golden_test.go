package arith_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"testing"

	"github.com/assaynet/assay/engine/arith"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/weights"
)

// openModel opens the real model, which `make model` fetches.
func openModel(t testing.TB) *arith.Model {
	t.Helper()
	return loadModel(t, enginetest.Real(t))
}

// openGemma opens the second model, which tests alone use.
func openGemma(t testing.TB) *arith.Model {
	t.Helper()
	return loadModel(t, enginetest.Gemma(t))
}

func loadModel(t testing.TB, path string) *arith.Model {
	t.Helper()
	w, err := weights.Load(enginetest.Open(t, path))
	if err != nil {
		t.Fatal(err)
	}
	return arith.New(w)
}

// hashState is h_t: the hash of a final-normed state.
func hashState(state []float32) string {
	b := []byte("assay/ac1/state\x00")
	for _, x := range state {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

func TestStatesEqualTheIndependentProgram(t *testing.T) {
	m := openModel(t)
	for _, run := range loadGolden(t).Greedy {
		checkRun(t, m, run)
	}
}

func TestGemmasStatesEqualTheIndependentProgram(t *testing.T) {
	checkRun(t, openGemma(t), loadGolden(t).Gemma.Short)
}

// checkRun runs prompt and output through m and compares every state and choice.
func checkRun(t *testing.T, m *arith.Model, run goldenRun) {
	t.Helper()
	tokens := append(append([]int32{}, run.Prompt...), run.Output...)
	tokens = tokens[:len(tokens)-1]
	var w arith.Workspace
	c := m.NewCache()
	for pos := 0; pos < len(tokens); {
		piece := tokens[pos:min(pos+arith.MaxPiece, len(tokens))]
		states, err := m.Forward(parallel, &w, c, piece, len(piece))
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range states {
			if got := hashState(s); got != run.States[pos+i] {
				t.Fatalf("%q: state at %d: got %s, want %s", run.Text, pos+i, got, run.States[pos+i])
			}
		}
		first := max(len(run.Prompt)-1-pos, 0) // the first state after which a token is chosen
		if first < len(states) {
			logits, err := m.Logits(parallel, &w, states[first:])
			if err != nil {
				t.Fatal(err)
			}
			for i := range logits {
				at := pos + first + i + 1 - len(run.Prompt)
				if got := arith.Choose(logits[i], arith.Sampling{}, pos+first+i); got != run.Output[at] {
					t.Fatalf("%q: output %d: got %d, want %d", run.Text, at, got, run.Output[at])
				}
			}
		}
		pos += len(piece)
	}
}
