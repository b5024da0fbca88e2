package arith_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/assaynet/assay/engine/arith"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/gguf"
)

// families are tiny models of every architecture, with types and windows that a
// run of 150 positions meets.
var families = map[string]enginetest.Options{
	"qwen2":         {Arch: "qwen2", Type: gguf.Q5_0},
	"qwen3":         {Arch: "qwen3", Type: gguf.Q5_1, Head: 32},
	"gemma3":        {Arch: "gemma3", Type: gguf.Q6_K, Width: 256, FFN: 256, Head: 64, Layers: 6, Window: 32},
	"gemma3 in 64":  {Arch: "gemma3", Type: gguf.Q8_0, Layers: 6, Window: 64, LogitCap: 3, Scale: 8},
	"gemma3 in 100": {Arch: "gemma3", Type: gguf.Q4_0, Layers: 6, Window: 100},
	"gemma3 in one": {Arch: "gemma3", Type: gguf.Q4_0, Layers: 6, Window: 1},
	"phi3":          {Arch: "phi3", Type: gguf.Q4_K, Width: 256, FFN: 256, Factors: true},
	"llama":         {Type: gguf.Q5_K, Width: 256, FFN: 256, Factors: true},
	"llama biased":  {Type: gguf.BF16, Biases: true, Untied: true},
}

func TestPiecesAndThreadsChangeNoBitInAnyFamily(t *testing.T) {
	t.Parallel()
	prompt := enginetest.Peer{Tokens: 150}.Prompt()
	for name, o := range families {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := loadModel(t, enginetest.Tiny(t, o))
			want := states(t, m, arith.Serial, prompt, 1)
			for _, piece := range []int{2, 7, 32} {
				for i, spread := range []arith.Spread{arith.Serial, parallel} {
					if got := states(t, m, spread, prompt, piece); !slices.Equal(got, want) {
						t.Errorf("pieces of %d, spread %d: other states", piece, i)
					}
				}
			}
		})
	}
}

// states are the hashes of all positions' states, the prompt cut into pieces,
// and the last one's choice.
func states(t *testing.T, m *arith.Model, spread arith.Spread, prompt []int32, piece int) (out []string) {
	t.Helper()
	var w arith.Workspace
	c := m.NewCache()
	for c.Len() < len(prompt) {
		p := prompt[c.Len():min(c.Len()+piece, len(prompt))]
		states, err := m.Forward(spread, &w, c, p, len(p))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range states {
			out = append(out, hashState(s))
		}
		if c.Len() == len(prompt) {
			logits, err := m.Logits(spread, &w, states[len(states)-1:])
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, fmt.Sprint(arith.Choose(logits[0], arith.Sampling{}, len(prompt))))
		}
	}
	return out
}
