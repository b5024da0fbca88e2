package cuda_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/cuda"
	"github.com/assaynet/assay/engine/cuda/cudatest"
	"github.com/assaynet/assay/engine/cuda/internal/ptx"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/weights"
)

func tiny(t *testing.T, o enginetest.Options) *weights.Model {
	t.Helper()
	w, err := weights.Load(enginetest.Open(t, enginetest.Tiny(t, o)))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// TestADeviceWithoutMemoryIsGivenBack opens a model with memory for no
// allocation, for one, and so on.
func TestADeviceWithoutMemoryIsGivenBack(t *testing.T) {
	w, d := tiny(t, enginetest.Options{}), cudatest.New(ptx.Schedule{})
	for d.Allowed = 0; ; d.Allowed++ {
		b, err := cuda.Open(w, cuda.Config{Driver: d, Check: -1})
		if err == nil {
			b.Close()
			b.Close()
		} else if !errors.Is(err, backend.ErrMemory) {
			t.Fatalf("with %d allocations: %v", d.Allowed, err)
		}
		d.Opened.Leaks(t)
		if err == nil {
			break
		}
	}
	if d.Allowed < 20 {
		t.Errorf("%d allocations were enough", d.Allowed)
	}
}

func TestWhatCannotBeOpened(t *testing.T) {
	w, d := tiny(t, enginetest.Options{}), cudatest.New(ptx.Schedule{})
	for _, number := range []int{-1, 1} {
		if _, err := cuda.Open(w, cuda.Config{Driver: d, Device: number, Check: -1}); !errors.Is(err, backend.ErrUnavailable) {
			t.Errorf("device %d: %v", number, err)
		}
	}
	d.Info.Minor = 0
	if _, err := cuda.Open(w, cuda.Config{Driver: d, Check: -1}); !errors.Is(err, backend.ErrUnavailable) {
		t.Errorf("compute capability 6.0: %v", err)
	}
	wide := *w
	wide.Head = 1056
	if _, err := cuda.Open(&wide, cuda.Config{Driver: cudatest.New(ptx.Schedule{}), Check: -1}); !errors.Is(err, backend.ErrUnsupported) {
		t.Errorf("heads of %d: %v", wide.Head, err)
	}
}

// TestThePlanIsWhatIsTaken: a device with a byte less than the plan refuses
// before it takes anything, and one with the plan opens and has one page.
func TestThePlanIsWhatIsTaken(t *testing.T) {
	w := tiny(t, enginetest.Options{Arch: "gemma3", Head: 32, Layers: 2})
	need, position := cuda.Need(w)
	d := cudatest.New(ptx.Schedule{})
	d.Info.Memory = need + backend.PageLen*position
	b, err := cuda.Open(w, cuda.Config{Driver: d, Check: -1})
	if err != nil {
		t.Fatal(err)
	}
	if free, err := d.Opened.Room(); err != nil || free != backend.PageLen*position {
		t.Errorf("%d bytes are left, %v, want %d", free, err, backend.PageLen*position)
	}
	b.Close()
	d.Info.Memory--
	_, err = cuda.Open(w, cuda.Config{Driver: d, Check: -1})
	if !errors.Is(err, backend.ErrMemory) || !strings.Contains(err.Error(), "cuda:0, interpreter: backend: out of memory: the model takes ") {
		t.Errorf("got %v", err)
	}
	d.Opened.Leaks(t)
}

// TestPagesOutliveTheirBackend: the last page that is given back closes the device.
func TestPagesOutliveTheirBackend(t *testing.T) {
	w, d := tiny(t, enginetest.Options{}), cudatest.New(ptx.Schedule{})
	b, err := cuda.Open(w, cuda.Config{Driver: d, Check: -1})
	if err != nil {
		t.Fatal(err)
	}
	c := b.NewCache()
	p := &backend.Piece{Cache: c, Tokens: []backend.Token{30, 31, 32}}
	if err := b.Step([]*backend.Piece{p}); err != nil || p.Err != nil {
		t.Fatal(err, p.Err)
	}
	fork := c.Fork(2)
	b.Close()
	if c.Release(); d.Opened.Closed() {
		t.Error("the device was closed, and a cache has a page")
	}
	fork.Release()
	d.Opened.Leaks(t)
}

// TestNoOrderChangesABit runs tiny models with blocks, warps and lanes in
// random order, interrupted anywhere, and looks for races.
func TestNoOrderChangesABit(t *testing.T) {
	for i, o := range []enginetest.Options{
		{Type: gguf.Q8_0, Width: 288, Heads: 3, KVHeads: 1, FFN: 32, Layers: 1},
		{Arch: "gemma3", Type: gguf.Q4_0, Head: 32, Layers: 2, Window: 33, LogitCap: 3},
	} {
		w := tiny(t, o)
		want := states(t, w, cudatest.New(ptx.Schedule{}))
		got := states(t, w, cudatest.New(ptx.Schedule{Random: true, Races: true, Seed: uint64(i) << 32}))
		if !slices.EqualFunc(got, want, func(a, b []float32) bool { return slices.Equal(a, b) }) {
			t.Errorf("%s %s: another order gives other states", o.Arch, o.Type)
		}
	}
}

// states are those of a sequence of a page and a bit, read at once but for the
// last token.
func states(t *testing.T, w *weights.Model, d *cudatest.Driver) (all [][]float32) {
	t.Helper()
	b, err := cuda.Open(w, cuda.Config{Driver: d, Check: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	c := b.NewCache()
	defer c.Release()
	var tokens []backend.Token
	for i := range 66 {
		tokens = append(tokens, backend.Token(30+i*i%150))
	}
	for _, part := range [][]backend.Token{tokens[:65], tokens[65:]} {
		p := &backend.Piece{
			Cache: c, Tokens: part, Keep: 1, Want: backend.State | backend.Likeliest,
			Each: func(_ int, r backend.Result) { all = append(all, slices.Clone(r.State)) },
		}
		if err := b.Step([]*backend.Piece{p}); err != nil || p.Err != nil {
			t.Fatal(err, p.Err)
		}
	}
	return all
}
