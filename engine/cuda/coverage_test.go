package cuda_test

import (
	"bytes"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/arith"
	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/cuda"
	"github.com/assaynet/assay/engine/cuda/cudatest"
	"github.com/assaynet/assay/engine/cuda/internal/ptx"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/weights"
)

// idle tells whether an instruction may never run. In linear layers it is the
// way back of a loop that clang has unrolled for eight turns: for more than one
// token a block has no more than eight warps, whose sums it adds.
func idle(kernel, what string) bool {
	return strings.HasPrefix(kernel, "linear_") && strings.HasPrefix(what, "bra.uni")
}

// early is a driver of a device whose kernels may begin early.
func early(s ptx.Schedule) *cudatest.Driver {
	d := cudatest.New(s)
	d.Info.Major, d.Info.Minor, d.Info.Version = 9, 0, 12030
	return d
}

// TestEveryInstructionRuns runs what between them are all instructions of all
// kernels, compared with the reference, and lists those that have not run.
func TestEveryInstructionRuns(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	for kind := range halves {
		for i, tokens := range []int{1, 9, 1, 9} {
			cols := []int{2304, 768}[i/2] // nine chunks and three
			if i == 0 {
				cols = 16640 // sixty-five, more than a round of one token's
			}
			if elements, _ := kind.Block(); elements == 32 {
				cols += 32 // and a block
			}
			w, b := randomMatrix(r, kind, 33, cols), &bench{t: t}
			bias, x := biases(r, 33), activations(r, cols, tokens)
			for _, b := range []*bench{b, {t: t, target: "sm_90"}} {
				if b.target != "" && tokens > 1 {
					continue // it is the same kernel
				}
				if !equal(b.linear(w, bias, x, tokens), reference(w, bias, x, tokens)) || !equal(b.linear(w, nil, x, tokens), reference(w, nil, x, tokens)) {
					t.Errorf("%s: other numbers", kind)
				}
			}
			b.gated(r, kind, []int{8448, 256, 512, 768}[i], i%2 == 0)
			(&bench{t: t, target: "sm_90"}).gated(r, kind, []int{8448, 256, 512, 768}[i], i%2 == 0)
			if !equal(b.embed(w, 7, 0.3), embedded(w, 7, 0.3)) || !equal(b.embed(w, 7, 0), embedded(w, 7, 1)) {
				t.Errorf("%s: another embedding", kind)
			}
		}
	}
	for _, module := range matrixModules {
		rows, cols, few := 129, 768, 768
		if strings.HasSuffix(module, "chunks") {
			rows, cols, few = 33, 2304, 256 // nine chunks, more than a round of warps, and one
		}
		for kind := range halves {
			for _, tokens := range []int{66, 16} {
				cols := cols
				if elements, _ := kind.Block(); tokens == 16 {
					cols = few
				} else if elements == 32 {
					cols += 32 // and a block
				}
				w, b, x := randomMatrix(r, kind, rows, cols), &bench{t: t, module: module}, activations(r, cols, tokens)
				bias := biases(r, rows)
				if !equal(b.linear(w, bias, x, tokens), reference(w, bias, x, tokens)) || !equal(b.linear(w, nil, x, tokens), reference(w, nil, x, tokens)) {
					t.Errorf("%s, %s: other numbers", module, kind)
				}
			}
		}
	}
	for _, n := range []int{32, 288, 2304, 4352} {
		(&bench{t: t}).norms(r, n)
		(&bench{t: t, target: "sm_90"}).norms(r, n)
	}
	(&bench{t: t}).likeliest(r)
	for _, o := range []enginetest.Options{
		{Type: gguf.Q8_0, Width: 288, Heads: 16, KVHeads: 2, FFN: 32, Layers: 1, Rot: 4},
		{Arch: "gemma3", Type: gguf.Q4_0, Width: 96, Head: 96, Heads: 12, KVHeads: 12, Layers: 2, Window: 33, LogitCap: 3},
	} {
		w := tiny(t, o)
		if o.Arch != "" {
			w.ScoreCap = 5
		}
		want := oracle(t, w)
		for _, d := range []*cudatest.Driver{cudatest.New(ptx.Schedule{}), early(ptx.Schedule{Early: true})} {
			if got := all(t, w, d); !slices.EqualFunc(got, want, equal) {
				t.Errorf("%s: other numbers", w.Arch)
			}
		}
	}
	for _, queries := range []int{16, 32} {
		for _, a := range []attended{
			{heads: 8, group: 8, head: 74, layers: 1, window: 70, scoreCap: 5, queries: queries},
			{heads: 8, group: 8, head: 64, layers: 1, queries: queries},
			{heads: 8, group: 8, head: 18, layers: 1, queries: queries},
		} {
			a.follow(r, page-3, 5)
			a.follow(r, page, 5)
			a.follow(r, 2*page-3, 5)
			(&bench{t: t}).attended(&a, a.want(), 0)
		}
	}
	files, err := fs.Glob(cuda.Modules, "ptx/*/*.ptx")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := cuda.Modules.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		m, err := cudatest.Parsed(string(text))
		if err != nil {
			t.Fatal(err)
		}
		lines := bytes.Split(text, []byte("\n"))
		for _, name := range slices.Sorted(maps.Keys(m.Kernels)) {
			excused := false
			for _, line := range m.Kernels[name].Missed() {
				what := strings.TrimSpace(string(lines[line-1]))
				if idle(name, what) && !excused {
					excused = true
				} else {
					t.Errorf("%s, line %d of %s, does not run: %s", name, line, f, what)
				}
			}
		}
	}
}

const prompt = 70

func tokens() (list []backend.Token) {
	for i := range prompt {
		list = append(list, backend.Token(30+i*i%150))
	}
	return list
}

// all are states and logits of a prompt, of which the first token and the last
// two come one by one, as in a step that continues a sequence: so tokens that
// attention takes together are of two pages. Results come in any order.
func all(t testing.TB, w *weights.Model, d *cudatest.Driver) [][]float32 {
	t.Helper()
	b, err := cuda.Open(w, cuda.Config{Driver: d, Check: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	c := b.NewCache()
	defer c.Release()
	list := make([][]float32, 2*prompt)
	for _, n := range []int{1, prompt - 3, 1, 1} {
		first := c.Len()
		p := &backend.Piece{Cache: c, Tokens: tokens()[first : first+n], Keep: n, Want: backend.State | backend.Logits}
		p.Each = func(i int, r backend.Result) {
			list[2*(first+i)], list[2*(first+i)+1] = slices.Clone(r.State), slices.Clone(r.Logits)
		}
		if err := b.Step([]*backend.Piece{p}); err != nil || p.Err != nil {
			t.Fatal(err, p.Err)
		}
	}
	return list
}

// oracle are those of the reference.
func oracle(t *testing.T, w *weights.Model) (list [][]float32) {
	t.Helper()
	var space arith.Workspace
	m := arith.New(w)
	c := m.NewCache()
	for c.Len() < prompt {
		part := tokens()[c.Len():min(prompt, c.Len()+arith.MaxPiece)]
		states, err := m.Forward(arith.Serial, &space, c, part, len(part))
		if err != nil {
			t.Fatal(err)
		}
		var kept [][]float32 // states are the workspace's
		for _, s := range states {
			kept = append(kept, slices.Clone(s))
		}
		logits, err := m.Logits(arith.Serial, &space, kept)
		if err != nil {
			t.Fatal(err)
		}
		for i := range kept {
			list = append(list, kept[i], logits[i])
		}
	}
	return list
}
