//go:build cgo

package native_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/assaynet/assay/engine/arith"
	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/fingerprint"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/native"
	"github.com/assaynet/assay/engine/weights"
)

func TestMain(m *testing.M) {
	fmt.Println("native: levels of this machine, all tested:", native.Levels())
	os.Exit(m.Run())
}

func load(t testing.TB, path string) *weights.Model {
	t.Helper()
	return loadFile(t, enginetest.Open(t, path))
}

func loadFile(t testing.TB, f *gguf.File) *weights.Model {
	t.Helper()
	m, err := weights.Load(f)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func open(t testing.TB, m *weights.Model, level native.Level, threads int) *native.Model {
	t.Helper()
	return openWith(t, m, native.Config{Threads: threads, Level: level.String()})
}

func openWith(t testing.TB, m *weights.Model, cfg native.Config) *native.Model {
	t.Helper()
	n, err := native.New(m, cfg)
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

// reference runs tokens through package arith and returns all states and all
// logits.
func reference(t *testing.T, loaded *weights.Model, tokens []int32) (states, logits [][]float32) {
	t.Helper()
	m := arith.New(loaded)
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

// inPieces runs tokens in pieces of a size and compares states and logits with
// the reference's.
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

// shapes are tiny models of every type, with odd widths, heads that fill no
// vector and key heads of many queries.
func shapes() []enginetest.Options {
	return []enginetest.Options{
		{Type: gguf.Q4_1},
		{Type: gguf.Q4_0},
		{Type: gguf.Q8_0},
		{Float32: true},
		{Type: gguf.F16},
		{Type: gguf.BF16},
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

// TestTilesAndSlabsThatAreNotFullEqualTheReference takes as many tokens at once
// as leave little over: of a tile of eight, of one of sixteen, and of a slab of
// 256, whose last tokens go another way where they are few.
func TestTilesAndSlabsThatAreNotFullEqualTheReference(t *testing.T) {
	m := load(t, enginetest.Tiny(t, enginetest.Options{Type: gguf.Q4_1, Layers: 2}))
	tokens := tinyTokens(281, 1)
	states, logits := reference(t, m, tokens)
	forEachLevel(t, func(t *testing.T, l native.Level) {
		n := open(t, m, l, 2)
		for _, size := range []int{8, 9, 16, 17, 25, 256, 257, 264, 265, 273, 281} {
			inPieces(t, n, tokens[:size], size, states, logits)
		}
	})
}

// TestOfEqualLogitsTheFirstIsBest repeats the row of the largest logit, so that
// parts that different threads take hold it, and then makes all rows zero.
func TestOfEqualLogitsTheFirstIsBest(t *testing.T) {
	m := load(t, enginetest.Tiny(t, enginetest.Options{Type: gguf.Q8_0, Untied: true}))
	rows := *m.Output.Matrix
	rows.Data = slices.Clone(rows.Data)
	m.Output.Matrix = &rows
	row := func(i int) []byte { return rows.Data[i*rows.Stride() : (i+1)*rows.Stride()] }
	tokens := tinyTokens(5, 3)
	_, logits := reference(t, m, tokens)
	last := logits[len(tokens)-1]
	top := slices.Index(last, slices.Max(last))
	for _, first := range []int{rows.Rows - 1, rows.Rows / 2, 17, 16, 1, 0} {
		copy(row(first), row(top))
		firstOfEqualIs(t, m, tokens, min(first, top))
	}
	clear(rows.Data)
	firstOfEqualIs(t, m, tokens, 0)
}

func firstOfEqualIs(t *testing.T, m *weights.Model, tokens []int32, want int) {
	t.Helper()
	forEachLevel(t, func(t *testing.T, l native.Level) {
		for _, threads := range []int{1, 2, 3} {
			n := open(t, m, l, threads)
			p := &native.Piece{Cache: n.NewCache(), Tokens: tokens, Keep: 1}
			if err := n.Forward([]*native.Piece{p}); err != nil || p.Err != nil {
				t.Fatal(err, p.Err)
			}
			_, best, err := n.Logits(p.States, new([]float32))
			if err != nil || int(best[0]) != want {
				t.Fatalf("%d threads: the best is %d, want %d (%v)", threads, best[0], want, err)
			}
		}
	})
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
	m := load(t, enginetest.Real(t))
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

// TestCompanyChangesNoBit runs sequences side by side in random batches, some
// sharing a beginning, and compares with lone runs.
func TestCompanyChangesNoBit(t *testing.T) {
	m := load(t, enginetest.Tiny(t, enginetest.Options{Type: gguf.Q4_1, Width: 288, Heads: 9, KVHeads: 3, FFN: 320}))
	const count = 12
	tokens := make([][]int32, count)
	states := make([][][]float32, count)
	for i := range tokens {
		tokens[i] = tinyTokens(20+i*13, i)
		copy(tokens[i][:min(70, len(tokens[i]))], tinyTokens(70, 99)) // a common beginning
		states[i], _ = reference(t, m, tokens[i])
	}
	forEachLevel(t, func(t *testing.T, l native.Level) {
		r := rand.New(rand.NewPCG(11, uint64(l)))
		n := open(t, m, l, 2)
		common := &native.Piece{Cache: n.NewCache(), Tokens: tinyTokens(70, 99)}
		if err := n.Forward([]*native.Piece{common}); err != nil || common.Err != nil {
			t.Fatal(err, common.Err)
		}
		caches := make([]*native.Cache, count)
		for i := range caches {
			caches[i] = common.Cache.Fork(min(r.IntN(71), len(tokens[i])-1))
		}
		for left := count; left > 0; {
			var pieces []*native.Piece
			var owners []int
			for i, c := range caches {
				if most := len(tokens[i]) - c.Len(); most > 0 && r.IntN(3) > 0 {
					size := 1 + r.IntN(min(most, []int{1, 1, 5, 100}[r.IntN(4)]))
					pieces = append(pieces, &native.Piece{Cache: c, Tokens: tokens[i][c.Len() : c.Len()+size], Keep: r.IntN(size + 1)})
					owners = append(owners, i)
				}
			}
			if err := n.Forward(pieces); err != nil {
				t.Fatal(err)
			}
			for k, p := range pieces {
				if p.Err != nil || len(p.States) != p.Keep {
					t.Fatal(p.Err, len(p.States), p.Keep)
				}
				for j, s := range p.States {
					if pos := p.Cache.Len() - p.Keep + j; !same(s, states[owners[k]][pos]) {
						t.Fatalf("sequence %d: the state at %d differs", owners[k], pos)
					}
				}
				if p.Cache.Len() == len(tokens[owners[k]]) {
					left--
				}
			}
		}
	})
}

func TestFailuresNameThePositionOfEachSequenceAlone(t *testing.T) {
	const bad, at = 50, 60
	m := load(t, enginetest.Tiny(t, enginetest.Options{FailToken: bad}))
	isBad := func(id int32) bool { return id == bad }
	failing, good := slices.DeleteFunc(tinyTokens(74, 3), isBad), slices.DeleteFunc(tinyTokens(90, 4), isBad)
	failing[at] = bad
	want, _ := reference(t, m, good)
	before, _ := reference(t, m, failing[:at])
	forEachLevel(t, func(t *testing.T, l native.Level) {
		n := open(t, m, l, 2)
		p, q := &native.Piece{Cache: n.NewCache(), Tokens: failing, Keep: len(failing)}, &native.Piece{Cache: n.NewCache(), Tokens: good, Keep: 2}
		if err := n.Forward([]*native.Piece{p, q}); err != nil {
			t.Fatal(err)
		}
		var failed *backend.FailedError
		if !errors.As(p.Err, &failed) || failed.Position != at || len(p.States) != at || p.Cache.Len() != at {
			t.Errorf("got %v, %d states, %d positions, want a failure at %d", p.Err, len(p.States), p.Cache.Len(), at)
		}
		for i, s := range p.States {
			if !same(s, before[i]) {
				t.Fatalf("the state at %d, before the failure, differs", i)
			}
		}
		if q.Err != nil || !same(q.States[1], want[len(good)-1]) {
			t.Errorf("the other sequence: %v", q.Err)
		}
	})
}
