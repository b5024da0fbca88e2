//go:build cgo

package native_test

import (
	"errors"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/assaynet/assay/engine/arith"
	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/native"
	"github.com/assaynet/assay/engine/weights"
)

// underEachFailure calls f with memory for no allocation, for one, and so on,
// until f says that it was enough. Tests that use it are not parallel to
// others: C has one memory.
func underEachFailure(t *testing.T, f func(n int) (enough bool)) {
	t.Helper()
	defer native.Refuse(-1)
	for n := range 200 {
		native.Refuse(n)
		enough := f(n)
		native.Refuse(-1)
		if enough {
			if n < 5 {
				t.Errorf("%d allocations were enough: are they counted?", n)
			}
			return
		}
	}
	t.Error("200 allocations are not enough")
}

// threads is how many threads this process has, or 0 where the system does not
// tell.
func threads() int {
	tasks, _ := os.ReadDir("/proc/self/task")
	return len(tasks)
}

func TestWithoutMemoryForAModelThereIsAnErrorAndNothingStays(t *testing.T) {
	m := load(t, enginetest.Tiny(t, enginetest.Options{Biases: true}))
	tokens := tinyTokens(20, 1)
	want, _ := reference(t, m, tokens)
	before := threads()
	underEachFailure(t, func(allocations int) bool {
		n, err := native.New(m, native.Config{Threads: 4})
		native.Refuse(-1)
		if err != nil {
			if !errors.Is(err, backend.ErrMemory) || n != nil {
				t.Errorf("with %d allocations: got %v", allocations, err)
			}
			return false
		}
		defer n.Close()
		for i, s := range ran(t, n, n.NewCache(), tokens) {
			if !same(s, want[i]) {
				t.Errorf("the state at %d differs", i)
			}
		}
		return true
	})
	// Go may have started some threads of its own for the calls; those that
	// stayed would be hundreds. They end soon, not at once.
	for end := time.Now().Add(2 * time.Minute); threads() > before+20 && time.Now().Before(end); {
		runtime.Gosched()
	}
	if n := threads(); n > before+20 {
		t.Errorf("%d threads, %d before", n, before)
	}
}

func TestWithoutMemoryForAStepTheModelGoesOn(t *testing.T) {
	m := load(t, enginetest.Tiny(t, enginetest.Options{}))
	first, rest := tinyTokens(3, 1), tinyTokens(150, 2)
	tokens := append(append([]int32(nil), first...), rest...)
	want, logits := reference(t, m, tokens)
	underEachFailure(t, func(allocations int) bool {
		n := openNow(t, m)
		defer n.Close()
		c := n.NewCache()
		native.Refuse(-1)
		ran(t, n, c, first) // a small step, so that the next needs more room
		native.Refuse(allocations)
		p := &native.Piece{Cache: c, Tokens: rest, Keep: len(rest)}
		err := n.Forward([]*native.Piece{p})
		enough := err == nil && p.Err == nil
		if lack := errors.Join(err, p.Err); !enough && (!errors.Is(lack, backend.ErrMemory) || c.Len() != len(first) || len(p.States) != 0) {
			t.Errorf("with %d allocations: got %v, and %d positions", allocations, lack, c.Len())
		}
		native.Refuse(-1)
		if !enough {
			if c.Bytes() != c.PageBytes() {
				t.Errorf("with %d allocations: %d bytes for %d positions", allocations, c.Bytes(), c.Len())
			}
			p.States = ran(t, n, c, rest)
		}
		for i, s := range p.States {
			if !same(s, want[len(first)+i]) {
				t.Fatalf("with %d allocations: the state at %d differs", allocations, len(first)+i)
			}
		}
		checkLogitsUnderFailure(t, n, p.States, logits[len(first):])
		return enough
	})
}

// checkLogitsUnderFailure asks for more logits than there is room for, without
// memory and with it.
func checkLogitsUnderFailure(t *testing.T, n *native.Model, states, want [][]float32) {
	t.Helper()
	var many [][]float32
	for range 3 {
		many = append(many, states...)
	}
	var buf []float32
	native.Refuse(0)
	if got, _, err := n.Logits(many, &buf); !errors.Is(err, backend.ErrMemory) || got != nil {
		t.Errorf("logits without memory: %v", err)
	}
	native.Refuse(-1)
	got, _, err := n.Logits(many, &buf)
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		if !same(got[i], want[i%len(states)]) {
			t.Fatalf("the logits at %d differ", i)
		}
	}
}

// openNow makes a model with all the memory that it wants.
func openNow(t *testing.T, m *weights.Model) *native.Model {
	t.Helper()
	native.Refuse(-1)
	n, err := native.New(m, native.Config{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAForkWithoutMemoryHasWholePagesOnly(t *testing.T) {
	m := load(t, enginetest.Tiny(t, enginetest.Options{}))
	n := openNow(t, m)
	defer n.Close()
	tokens := tinyTokens(150, 1)
	want, _ := reference(t, m, tokens)
	c := n.NewCache()
	ran(t, n, c, tokens)
	native.Refuse(0)
	fork := c.Fork(100)
	native.Refuse(-1)
	if fork.Len() != arith.PageLen || fork.Bytes() != fork.PageBytes() {
		t.Errorf("%d positions, %d bytes", fork.Len(), fork.Bytes())
	}
	for i, s := range ran(t, n, fork, tokens[fork.Len():]) {
		if !same(s, want[arith.PageLen+i]) {
			t.Fatalf("the state at %d differs", arith.PageLen+i)
		}
	}
}
