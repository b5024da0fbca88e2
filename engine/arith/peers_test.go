package arith_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/assaynet/assay/engine/arith"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/half"
)

// How far logits may be from llama.cpp's, as the size of the difference to the
// size of the logits: on average over a model's positions, and at any one. Both
// round activations to eight bits, differently, which random weights in layers
// of 64 feel; and llama.cpp multiplies with float weights as they are, AC1 with
// them as Q8_0.
const (
	meanFromPeers       = 0.03
	meanFromFloatingOne = 0.05
	furthestFromPeers   = 0.1
)

// peer is what llama.cpp made of a tiny model (testdata/README.md).
type peer struct {
	Name      string
	SHA256    string
	Positions []int
	Logits    []string // by position: binary16 in base64
}

func readPeers(t *testing.T) map[string]peer {
	t.Helper()
	data, err := os.ReadFile("testdata/peers.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Models []peer }
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	peers := map[string]peer{}
	for _, p := range file.Models {
		peers[p.Name] = p
	}
	return peers
}

func TestEveryArchitectureAndTypeGivesTheLogitsOfAnIndependentEngine(t *testing.T) {
	t.Parallel()
	oracle := readPeers(t)
	for _, p := range enginetest.Peers() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			o, ok := oracle[p.Name]
			if !ok {
				t.Fatal("no logits for it: run `make peers`")
			}
			path := enginetest.Tiny(t, p.Options)
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != o.SHA256 || !slices.Equal(p.Positions, o.Positions) {
				t.Fatal("the model or its positions have changed since the logits were made: run `make peers`")
			}
			worst, mean := 0.0, 0.0
			for i, got := range logitsAt(t, loadModel(t, path), p.Prompt(), p.Positions) {
				off := difference(got, halves(t, o.Logits[i]))
				worst, mean = max(worst, off), mean+off/float64(len(p.Positions))
				if !(off < furthestFromPeers) {
					t.Errorf("position %d: logits differ by %.4f", p.Positions[i], off)
				}
			}
			t.Logf("%s: mean difference %.4f, worst %.4f", p.Name, mean, worst)
			most := meanFromPeers
			switch p.Options.Type {
			case gguf.F32, gguf.F16, gguf.BF16:
				most = meanFromFloatingOne
			}
			if !(mean < most) {
				t.Errorf("logits differ by %.4f on average", mean)
			}
		})
	}
}

// logitsAt runs the prompt and returns the logits at some positions, ascending.
func logitsAt(t *testing.T, m *arith.Model, prompt []int32, positions []int) (out [][]float32) {
	t.Helper()
	var w arith.Workspace
	c := m.NewCache()
	for c.Len() < len(prompt) {
		first := c.Len()
		piece := prompt[first:min(first+arith.MaxPiece, len(prompt))]
		states, err := m.Forward(arith.Serial, &w, c, piece, len(piece))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range positions {
			if p < first || p >= first+len(piece) {
				continue
			}
			logits, err := m.Logits(arith.Serial, &w, states[p-first:p-first+1])
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, logits[0])
		}
	}
	return out
}

func halves(t *testing.T, text string) (x []float32) {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	for ; len(data) > 0; data = data[2:] {
		x = append(x, half.Widen(binary.LittleEndian.Uint16(data)))
	}
	return x
}

// difference is |got − want| / |want|.
func difference(got, want []float32) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	var d, n float64
	for i := range got {
		d += math.Pow(float64(got[i]-want[i]), 2)
		n += math.Pow(float64(want[i]), 2)
	}
	return math.Sqrt(d / n)
}

func TestPeersCoverEveryArchitectureAndType(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range enginetest.Peers() {
		f, err := gguf.Open(enginetest.Tiny(t, p.Options))
		if err != nil {
			t.Fatal(err)
		}
		arch, _ := f.String("general.architecture")
		x, _ := f.Tensor("blk.0.attn_output.weight")
		seen[arch], seen[x.Type.String()] = true, true
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, want := range []string{
		"llama", "qwen2", "qwen3", "gemma3", "phi3",
		"F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q4_K", "Q5_K", "Q6_K",
	} {
		if !seen[want] {
			t.Errorf("no peer of %s", want)
		}
	}
}
