//go:build cgo

package native_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/assaynet/assay/engine/arith"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/fingerprint"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/native"
)

func TestMain(m *testing.M) {
	fmt.Println("native: levels of this machine, all tested:", native.Levels())
	os.Exit(m.Run())
}

// realModel is the file that `make model` fetches into the user's cache; ASSAY_MODEL names another place.
func realModel(t testing.TB) string {
	t.Helper()
	path := os.Getenv("ASSAY_MODEL")
	if path == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			t.Fatal(err)
		}
		path = filepath.Join(dir, "assay", "models", "SmolLM2-135M-Instruct.Q4_1.gguf")
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("the model is not at %s: run `make model`, or set ASSAY_MODEL", path)
	}
	return path
}

func load(t testing.TB, path string) *arith.Model {
	t.Helper()
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	m, err := arith.Load(f)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func open(t testing.TB, m *arith.Model, level native.Level, threads int) *native.Model {
	t.Helper()
	n, err := native.New(m, native.Config{Threads: threads, Level: level.String()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	return n
}

// forEachLevel runs a test at every level that the machine has.
func forEachLevel(t *testing.T, test func(t *testing.T, l native.Level)) {
	t.Helper()
	for _, l := range native.Levels() {
		t.Run(l.String(), func(t *testing.T) { test(t, l) })
	}
}

// reference runs tokens through package arith and returns all states and all logits.
func reference(t *testing.T, m *arith.Model, tokens []int32) (states, logits [][]float32) {
	t.Helper()
	var w arith.Workspace
	c := m.NewCache()
	for c.Len() < len(tokens) {
		piece := tokens[c.Len():min(c.Len()+arith.MaxPiece, len(tokens))]
		s, err := m.Forward(arith.Serial, &w, c, piece, len(piece))
		if err != nil {
			t.Fatal(err)
		}
		l, err := m.Logits(arith.Serial, &w, s)
		if err != nil {
			t.Fatal(err)
		}
		for i := range s {
			states = append(states, slices.Clone(s[i]))
			logits = append(logits, l[i])
		}
	}
	return states, logits
}

// same compares bits.
func same(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

// inPieces runs tokens in pieces of a size and compares states and logits with the reference's.
func inPieces(t *testing.T, n *native.Model, tokens []int32, size int, states, logits [][]float32) {
	t.Helper()
	c := n.NewCache()
	for c.Len() < len(tokens) {
		first := c.Len()
		p := &native.Piece{Cache: c, Tokens: tokens[first:min(first+size, len(tokens))], Keep: size}
		if err := n.Forward([]*native.Piece{p}); err != nil || p.Err != nil {
			t.Fatal(err, p.Err)
		}
		l, best, err := n.Logits(p.States, new([]float32))
		if err != nil {
			t.Fatal(err)
		}
		for i := range p.States {
			if !same(p.States[i], states[first+i]) {
				t.Fatalf("pieces of %d: the state at %d differs", size, first+i)
			}
			if !same(l[i], logits[first+i]) {
				t.Fatalf("pieces of %d: the logits at %d differ", size, first+i)
			}
			if want := arith.Choose(l[i], arith.Sampling{}, 0); best[i] != want {
				t.Fatalf("pieces of %d: best of %d is %d, want %d", size, first+i, best[i], want)
			}
		}
	}
}

func tinyTokens(n, seed int) []int32 {
	p := make([]int32, n)
	for i := range p {
		p[i] = int32(20 + (i*i*7+i*13+seed*31)%200)
	}
	return p
}

// shapes are tiny models of every type, with odd widths, heads that fill no vector and key heads of many queries.
func shapes() []enginetest.Options {
	return []enginetest.Options{
		{Type: gguf.Q4_1}, {Type: gguf.Q4_0}, {Type: gguf.Q8_0}, {Float32: true}, {Type: gguf.F16}, {Type: gguf.BF16},
		{Type: gguf.Q4_1, Untied: true, Width: 576, Heads: 9, KVHeads: 3, FFN: 1536},
		{Type: gguf.Q8_0, Width: 288, Heads: 9, KVHeads: 3, FFN: 320},
		{Type: gguf.Q4_0, Width: 64, Heads: 8, KVHeads: 1, FFN: 32},
		{Type: gguf.Q4_1, Width: 96, Heads: 4, KVHeads: 4, FFN: 608, Untied: true},
		{Type: gguf.Q8_0, Width: 256, Heads: 1, KVHeads: 1, FFN: 64},
		{Type: gguf.Q4_1, Width: 320, Heads: 2, KVHeads: 2, FFN: 64, Layers: 1},
	}
}

func TestTinyModelsEqualTheReference(t *testing.T) {
	for _, o := range shapes() {
		m := load(t, enginetest.Tiny(t, o))
		tokens := tinyTokens(150, 1)
		states, logits := reference(t, m, tokens)
		for _, l := range native.Levels() {
			t.Run(fmt.Sprintf("%v %+v", l, o), func(t *testing.T) {
				for _, threads := range []int{1, 3} {
					n := open(t, m, l, threads)
					for _, size := range []int{1, 2, 7, 64, 150} {
						inPieces(t, n, tokens, size, states, logits)
					}
				}
			})
		}
	}
}

func TestRealModelEqualsTheIndependentProgram(t *testing.T) {
	data, err := os.ReadFile("../arith/testdata/golden-ac1.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Greedy []struct {
			Prompt, Output []int32
			States         []string
		}
	}
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	m := load(t, realModel(t))
	forEachLevel(t, func(t *testing.T, l native.Level) {
		n := open(t, m, l, 2)
		for i, run := range golden.Greedy {
			tokens := append(slices.Clone(run.Prompt), run.Output...)
			tokens = tokens[:len(tokens)-1]
			p := &native.Piece{Cache: n.NewCache(), Tokens: tokens, Keep: len(tokens)}
			if err := n.Forward([]*native.Piece{p}); err != nil || p.Err != nil {
				t.Fatal(err, p.Err)
			}
			for pos, s := range p.States {
				h := fingerprint.State(s)
				if got := fmt.Sprintf("%x", h); got != run.States[pos] {
					t.Fatalf("run %d: state at %d: got %s, want %s", i, pos, got, run.States[pos])
				}
			}
			_, best, err := n.Logits(p.States[len(run.Prompt)-1:], new([]float32))
			if err != nil || !slices.Equal(best, run.Output) {
				t.Fatalf("run %d: got %v, want %v (%v)", i, best, run.Output, err)
			}
		}
	})
}
