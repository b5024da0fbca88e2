package cuda_test

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/cuda"
	"github.com/assaynet/assay/engine/cuda/cudatest"
	"github.com/assaynet/assay/engine/cuda/internal/ptx"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/gguf"
)

// hashed is a hash of a state, as good as any.
func hashed(state []float32) [32]byte {
	var data []byte
	for _, x := range state {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(x))
	}
	return sha256.Sum256(data)
}

// continued runs sequences, so many of them at each step, with a token of each,
// and returns all states and choices. Each comes with its hash.
func continued(t *testing.T, b *cuda.Backend, steps []int) (all [][]float32) {
	t.Helper()
	caches := make([]backend.Cache, slices.Max(steps))
	for i := range caches {
		caches[i] = b.NewCache()
		defer caches[i].Release()
	}
	for at, n := range steps {
		list, got := make([]*backend.Piece, n), make([][]float32, n)
		var mu sync.Mutex
		for i := range list {
			list[i] = &backend.Piece{
				Cache: caches[i], Tokens: []backend.Token{backend.Token(30 + 7*at + i)}, Keep: 1, Want: backend.State | backend.Likeliest, Hash: hashed,
				Each: func(_ int, r backend.Result) {
					mu.Lock()
					defer mu.Unlock()
					if got[i] = append(slices.Clone(r.State), float32(r.Likeliest)); !r.Hashed || r.Hash != hashed(r.State) {
						t.Errorf("step %d, sequence %d: hashed %t, another hash", at, i, r.Hashed)
					}
				},
			}
		}
		if err := b.Step(list); err != nil {
			t.Fatal(err)
		}
		for i, p := range list {
			if p.Err != nil || p.Ran != 1 {
				t.Fatalf("step %d, sequence %d: %d, %v", at, i, p.Ran, p.Err)
			}
		}
		all = append(all, got...)
	}
	return all
}

// TestStepsByGraphsHaveTheSameBits continues one sequence and several, which
// come and go, by a driver with graphs and by one without, and by one that has
// no memory for any.
func TestStepsByGraphsHaveTheSameBits(t *testing.T) {
	w := tiny(t, enginetest.Options{Type: gguf.Q4_1, Layers: 1})
	steps := []int{1, 3, 3, 1, 2, 1}
	run := func(version int, full bool) (all [][]float32, made, replayed int) {
		d := cudatest.New(ptx.Schedule{})
		d.Info.Version = version
		b, err := cuda.Open(w, cuda.Config{Driver: d, Check: -1})
		if err != nil {
			t.Fatal(err)
		}
		if full {
			d.Opened.Refuse(3) // a page of each sequence
		}
		all = continued(t, b, steps)
		made, replayed = d.Opened.Graphs()
		b.Close()
		return all, made, replayed
	}
	want, made, replayed := run(11030, false)
	if made != 0 || replayed != 0 {
		t.Errorf("CUDA 11.3 made %d graphs", made)
	}
	for _, c := range []struct {
		full           bool
		made, replayed int
	}{{false, 6, 12}, {true, 2, 6}} { // without memory from the second step on: one sequence has its graphs, and keeps them
		got, made, replayed := run(11040, c.full)
		if !slices.EqualFunc(got, want, slices.Equal[[]float32]) {
			t.Errorf("without memory %t: other bits", c.full)
		}
		if made != c.made || replayed != c.replayed {
			t.Errorf("without memory %t: %d graphs were made and %d replayed, want %d and %d", c.full, made, replayed, c.made, c.replayed)
		}
	}
}

// TestTheLikeliestTokenAloneGoesByTheSameGraphs: who wants no state has the graphs
// of those who do, and the same choices.
func TestTheLikeliestTokenAloneGoesByTheSameGraphs(t *testing.T) {
	d := cudatest.New(ptx.Schedule{})
	b, err := cuda.Open(tiny(t, enginetest.Options{Type: gguf.Q4_1, Layers: 1}), cuda.Config{Driver: d, Check: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	var want, got []backend.Token
	for _, all := range continued(t, b, []int{1, 1, 1}) {
		want = append(want, backend.Token(all[len(all)-1]))
	}
	c := b.NewCache()
	defer c.Release()
	for at := range want {
		piece := &backend.Piece{
			Cache: c, Tokens: []backend.Token{backend.Token(30 + 7*at)}, Keep: 1, Want: backend.Likeliest,
			Each: func(_ int, r backend.Result) { got = append(got, r.Likeliest) },
		}
		if err := errors.Join(b.Step([]*backend.Piece{piece}), piece.Err); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("chose %v, want %v", got, want)
	}
	if made, replayed := d.Opened.Graphs(); made != 2 || replayed != 12 {
		t.Errorf("%d graphs were made and %d replayed, want two, and twelve", made, replayed)
	}
}

// TestAGraphThatFindsNoMemory: a device takes a graph's memory when the graph is
// first begun. Without any, the step is done without the graph.
func TestAGraphThatFindsNoMemory(t *testing.T) {
	w := tiny(t, enginetest.Options{Type: gguf.Q4_1, Layers: 1})
	run := func(full bool) (all [][]float32, replayed int) {
		d := cudatest.New(ptx.Schedule{})
		b, err := cuda.Open(w, cuda.Config{Driver: d, Check: -1})
		if err != nil {
			t.Fatal(err)
		}
		d.Opened.RefuseReplays(full)
		all = continued(t, b, []int{1, 2, 1})
		_, replayed = d.Opened.Graphs()
		b.Close()
		d.Opened.Leaks(t)
		return all, replayed
	}
	want, replayed := run(false)
	if replayed != 6 {
		t.Errorf("%d graphs were replayed, want 6", replayed)
	}
	if got, replayed := run(true); replayed != 0 || !slices.EqualFunc(got, want, slices.Equal[[]float32]) {
		t.Errorf("without memory: %d graphs were replayed, or other bits came", replayed)
	}
}

// TestGraphsFollowTheFactsThatMove: more pages than the facts had room for move
// them, and graphs that named the old place are made anew.
func TestGraphsFollowTheFactsThatMove(t *testing.T) {
	w := tiny(t, enginetest.Options{Type: gguf.Q4_1, Layers: 1})
	d := cudatest.New(ptx.Schedule{})
	b, err := cuda.Open(w, cuda.Config{Driver: d, Check: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	want := continued(t, b, []int{2, 2})
	b.CrowdFacts(1)
	got := continued(t, b, []int{2, 2})
	if !slices.EqualFunc(got, want, slices.Equal[[]float32]) {
		t.Error("other bits")
	}
	if made, _ := d.Opened.Graphs(); made != 4 {
		t.Errorf("%d graphs were made, want two, and two again", made)
	}
}

// TestFactsThatCannotMoveTakeNothing: steps of more pages than there is room for,
// beside memory for one half of the move alone, fail, however many come, and
// leave nothing behind. With memory they run.
func TestFactsThatCannotMoveTakeNothing(t *testing.T) {
	w := tiny(t, enginetest.Options{Type: gguf.Q4_1, Layers: 1})
	d := cudatest.New(ptx.Schedule{})
	b, err := cuda.Open(w, cuda.Config{Driver: d, Check: -1})
	if err != nil {
		t.Fatal(err)
	}
	want := continued(t, b, []int{2, 2}) // whose pages are there from now on
	b.CrowdFacts(1)
	used, pinned := d.Opened.Used(), d.Opened.PinnedBytes()
	for range 3 {
		d.Opened.Refuse(1)
		p := &backend.Piece{Cache: b.NewCache(), Tokens: []backend.Token{30}}
		if err := b.Step([]*backend.Piece{p}); !errors.Is(err, backend.ErrMemory) {
			t.Fatalf("without memory: %v", err)
		}
		if p.Cache.Release(); d.Opened.Used() != used || d.Opened.PinnedBytes() != pinned {
			t.Fatalf("%d bytes and %d pinned ones, were %d and %d", d.Opened.Used(), d.Opened.PinnedBytes(), used, pinned)
		}
	}
	d.Opened.Refuse(-1)
	if got := continued(t, b, []int{2, 2}); !slices.EqualFunc(got, want, slices.Equal[[]float32]) {
		t.Error("other bits")
	}
	b.Close()
	d.Opened.Leaks(t)
}

// TestADeviceFullOfPagesTakesAStepOfThemAll: what tells the device of a whole
// pass, and of more than 512 pages, takes no memory when the step comes.
func TestADeviceFullOfPagesTakesAStepOfThemAll(t *testing.T) {
	w := tiny(t, enginetest.Options{Type: gguf.Q4_1, Layers: 1, Width: 32, Heads: 1, KVHeads: 1, FFN: 32})
	d := cudatest.New(ptx.Schedule{})
	b, err := cuda.Open(w, cuda.Config{Driver: d, Check: -1})
	if err != nil {
		t.Fatal(err)
	}
	whole := b.NewCache()
	tokens := make([]backend.Token, 2*backend.PageLen)
	if err := b.Step([]*backend.Piece{{Cache: whole, Tokens: tokens}}); err != nil {
		t.Fatal(err)
	}
	const sequences = 256 // of two tokens behind two pages that all share
	var list []*backend.Piece
	for range sequences {
		list = append(list, &backend.Piece{Cache: whole.Fork(len(tokens)), Tokens: tokens[:2]})
	}
	d.Opened.Refuse(sequences)
	if err := b.Step(list); err != nil {
		t.Error(err)
	}
	for _, p := range list {
		if p.Cache.Len() != len(tokens)+2 {
			t.Fatalf("a sequence has %d positions: %v", p.Cache.Len(), p.Err)
		}
		p.Cache.Release()
	}
	whole.Release()
	b.Close()
	d.Opened.Leaks(t)
}

// TestTheSpeedOfACopy: it ends, gives all back, and is told why it cannot begin.
func TestTheSpeedOfACopy(t *testing.T) {
	d := cudatest.New(ptx.Schedule{})
	if speed, err := cuda.CopySpeed(d, 0, 1<<12, time.Microsecond); err != nil || speed <= 0 {
		t.Errorf("%v bytes a second, %v", speed, err)
	}
	d.Opened.Leaks(t)
	d.Allowed = 1 // of two
	if _, err := cuda.CopySpeed(d, 0, 1<<12, time.Microsecond); !errors.Is(err, backend.ErrMemory) {
		t.Errorf("without memory: %v", err)
	}
	d.Opened.Leaks(t)
}
