//go:build mutants

package cuda_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/assaynet/assay/engine/cuda/cudatest"
	"github.com/assaynet/assay/engine/cuda/internal/ptx"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/weights"
)

// Of so many mutants so many must be found.
const drawn, mustFind = 100, 92

// mostInstructions is more than any case's launch takes of a sound kernel.
const mostInstructions = 4 << 20

// TestMutantsAreFound changes one instruction of the committed PTX at random,
// and runs what compares the kernel with the reference, until something differs;
// and so again. Survivors are listed. Those that testdata/equivalent.txt says to
// do the same, with its reason, are no mutants: another is drawn for each. The
// rest are gaps. ASSAY_MUTANTS is the seed.
func TestMutantsAreFound(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("ASSAY_MUTANTS"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	began, m, equivalent := time.Now(), newMutants(t, seed), equivalents(t)
	t.Logf("seed %d: %d instructions", seed, len(m.list))
	sound := map[string]bool{}
	found, gaps, same := 0, 0, 0
	for found+gaps < drawn {
		x := m.next()
		c := casesOf(t, x.was.module, x.was.kernel)
		if name := x.was.module + x.was.kernel; !sound[name] {
			sound[name] = true
			if why := tried(t, c, nil); why != "" {
				t.Fatalf("%s as it is: %s", name, why)
			}
		}
		if why := tried(t, c, &x); why != "" {
			found++
			continue
		}
		reason := equivalent[x.key()]
		if reason == "" && slices.Contains(x.kernel.Missed(), x.was.line+1) && idle(x.was.kernel, x.was.String()) {
			reason = "it never runs"
		}
		if reason == "" {
			gaps++
			reason = "a GAP"
		} else {
			same++
		}
		t.Logf("survived, line %d, %s: %s", x.was.line+1, x.key(), reason)
	}
	t.Logf("seed %d: %d of %d found, %d are gaps to close; beside them %d do the same and %d were no PTX that is read; %.0f s",
		seed, found, drawn, gaps, same, m.refused, time.Since(began).Seconds())
	if found < mustFind {
		t.Errorf("%d of %d were found, fewer than %d", found, drawn, mustFind)
	}
}

// verdict is a test that ends at what it finds.
type verdict struct {
	testing.TB
	why string
}

func (v *verdict) Helper() {}

func (v *verdict) Errorf(format string, args ...any) {
	v.why = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (v *verdict) Error(args ...any)                 { v.Errorf("%s", fmt.Sprint(args...)) }
func (v *verdict) Fatal(args ...any)                 { v.Errorf("%s", fmt.Sprint(args...)) }
func (v *verdict) Fatalf(format string, args ...any) { v.Errorf(format, args...) }

// check compares a kernel, or what stands in its place, with the reference.
type check func(t testing.TB, x *mutant)

// tried runs checks until one fails, and says why it did.
func tried(t *testing.T, list []check, x *mutant) string {
	for _, c := range list {
		v, done := &verdict{TB: t}, make(chan struct{})
		go func() {
			defer close(done)
			c(v, x)
		}()
		if <-done; v.why != "" {
			return v.why
		}
	}
	return ""
}

// schedules are in order, and at random with races reported.
var schedules = []ptx.Schedule{{Most: mostInstructions}, {Random: true, Races: true, Seed: 1, Most: mostInstructions}}

// newBench is a device with the mutant in its kernel's place.
func newBench(t testing.TB, x *mutant, s ptx.Schedule) *bench {
	b := &bench{t: t, s: s}
	if x != nil {
		b.instead = x.kernel
	}
	return b
}

// casesOf are the checks that run a kernel, the quickest first.
func casesOf(t *testing.T, module, kernel string) []check {
	family, kind, tokens := kernel, "", ""
	if i := strings.Index(kernel, "_"); i > 0 && module != "sm_61/norm" && module != "sm_61/quantise" {
		family, kind = kernel[:i], kernel[i+1:]
	}
	if family == "linear" {
		kind, tokens = kind[:len(kind)-2], kind[len(kind)-1:]
	}
	switch family {
	case "linear":
		return linears(typeOf(t, kind), "", map[string][]int{"1": {1}, "8": {9, 2, 8}}[tokens])
	case "gated":
		return benched(func(b *bench, s int) {
			for _, cols := range [][]int{{64, 256, 2304, 8192}, {288, 8192}}[s] {
				kind := typeOf(t, kind)
				if elements, _ := kind.Block(); elements == 256 {
					cols = (cols + 255) / 256 * 256
				} else if cols > 288 {
					cols -= 64 // a last chunk of seven blocks: gated adds one
				}
				b.gated(rand.New(rand.NewPCG(37, uint64(cols))), kind, cols, true)
				b.gated(rand.New(rand.NewPCG(38, uint64(cols))), kind, cols, false)
			}
		})
	case "matrix", "chunks":
		return linears(typeOf(t, kind), module, []int{66, 16, 40})
	case "embed":
		return embeddings(typeOf(t, kind))
	case "norm", "norm_quantise":
		return benched(func(b *bench, s int) {
			for _, n := range [][]int{{32, 160, 224, 288, 2304, 4352}, {64, 288, 2080}}[s] {
				b.norms(rand.New(rand.NewPCG(23, uint64(n))), n)
			}
			b.normsOfHeads(rand.New(rand.NewPCG(53, uint64(s))))
		})
	case "quantise", "gated_silu", "gated_gelu":
		return benched(func(b *bench, _ int) { b.quantisation(rand.New(rand.NewPCG(27, 28))) })
	case "attention":
		switch kind {
		case "many":
			return append(attentions(16, 0), models(t)...)
		case "wide":
			return append(attentions(32, 0), models(t)...)
		}
		return append(attentions(16, 1, 3, 8), models(t)...)
	case "place":
		return places()
	case "likeliest":
		return benched(func(b *bench, _ int) { b.likeliest(rand.New(rand.NewPCG(25, 26))) })
	}
	return models(t)
}

func typeOf(t *testing.T, name string) gguf.Type {
	t.Helper()
	for kind := range halves {
		if strings.EqualFold(kind.String(), name) {
			return kind
		}
	}
	t.Fatalf("no type %s", name)
	return 0
}

// benched runs f by each schedule.
func benched(f func(b *bench, schedule int)) (list []check) {
	for i, s := range schedules {
		list = append(list, func(t testing.TB, x *mutant) { f(newBench(t, x, s), i) })
	}
	return list
}

// linears compare linear layers: chunks that are not whole, and of which there
// are fewer and more than warps, with a bias and without.
func linears(kind gguf.Type, module string, tokens []int) []check {
	elements, _ := kind.Block()
	rows := 33
	if strings.HasSuffix(module, "/matrix") {
		rows = 289
	}
	return benched(func(b *bench, s int) {
		b.module = module
		r := rand.New(rand.NewPCG(31, uint64(kind)))
		shapes := [][]int{{288, 800, 2336, 4384}, {288}}[s]
		if slices.Max(tokens) == 1 {
			shapes = append(shapes, 16672) // more than a round
		}
		for _, shape := range shapes {
			cols := (shape + int(elements) - 1) / int(elements) * int(elements)
			for _, n := range tokens {
				w, x := randomMatrix(r, kind, rows, cols), activations(r, cols, n)
				for _, bias := range [][]float32{biases(r, rows), nil} {
					if !equal(b.linear(w, bias, x, n), reference(w, bias, x, n)) {
						b.t.Errorf("%d × %d, %d tokens: other numbers", rows, cols, n)
					}
				}
			}
		}
	})
}

// attentions compare attention by so many pages at a time, and by tiles of so many
// queries where pages are 0, with the specification.
func attentions(queries int, pages ...int) []check {
	return benched(func(b *bench, s int) {
		for i, a := range [][]attended{{
			{heads: 6, group: 3, head: 96, layers: 2, layer: 1},
			{heads: 2, group: 1, head: 42, layers: 1, window: 70, scoreCap: 20},
			{heads: 1, group: 1, head: 160, layers: 1},
		}, {{heads: 4, group: 2, head: 72, layers: 1}}}[s] {
			if a.queries = queries; queries > 16 && a.head > 128 {
				continue // it takes no such heads
			}
			r := rand.New(rand.NewPCG(55, uint64(i)))
			for _, x := range [][2]int{{0, 1}, {4*page - 5, queries / a.group}, {10*page + 3, 1}} { // a whole tile
				a.follow(r, x[0], x[1])
			}
			want := a.want()
			for _, n := range pages {
				b.attended(&a, want, n)
			}
		}
	})
}

// places compare what place does, with a thread for each element, and with few.
func places() []check {
	return benched(func(b *bench, s int) {
		for _, p := range []placed{
			{heads: 9, keys: 3, head: 18, rot: 12, layers: 2, layer: 1},
			{heads: 5, keys: 5, head: 40, rot: 40, halves: true, layers: 1},
			{heads: 14, keys: 2, head: 160, rot: 30, halves: true, layers: 1},
		} {
			b.places(rand.New(rand.NewPCG(49, uint64(s))), p)
		}
	})
}

func embeddings(kind gguf.Type) []check {
	return benched(func(b *bench, _ int) {
		r := rand.New(rand.NewPCG(32, uint64(kind)))
		for _, cols := range []int{256, 2304} {
			w := randomMatrix(r, kind, 40, cols)
			for _, row := range []int{0, 7, 39} {
				if !equal(b.embed(w, row, 0.3), embedded(w, row, 0.3)) || !equal(b.embed(w, row, 0), embedded(w, row, 1)) {
					b.t.Errorf("another embedding")
				}
			}
		}
	})
}

// wholes are tiny models, with what the reference makes of them.
var wholes []struct {
	w    *weights.Model
	want [][]float32
}

// models compares whole models, which are what runs the kernels between the
// linear layers.
func models(t *testing.T) (list []check) {
	if wholes == nil {
		for _, o := range []enginetest.Options{
			{Type: gguf.Q8_0, Width: 288, Heads: 16, KVHeads: 2, FFN: 32, Layers: 1, Rot: 4},
			{Arch: "gemma3", Type: gguf.Q4_0, Width: 96, Head: 96, Heads: 12, KVHeads: 12, Layers: 2, Window: 33, LogitCap: 3},
		} {
			w := tiny(t, o)
			if o.Arch != "" {
				w.ScoreCap = 5
			}
			wholes = append(wholes, struct {
				w    *weights.Model
				want [][]float32
			}{w, oracle(t, w)})
		}
	}
	for _, s := range schedules {
		for _, x := range wholes {
			list = append(list, func(t testing.TB, m *mutant) {
				d := cudatest.New(s)
				if m != nil {
					d.Instead = map[string]*ptx.Kernel{m.was.kernel: m.kernel}
				}
				if got := all(t, x.w, d); !slices.EqualFunc(got, x.want, equal) {
					t.Errorf("%s: other numbers", x.w.Arch)
				}
			})
		}
	}
	return list
}
