package backendtest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/sched"
)

// mostAllocations is more than a step makes.
const mostAllocations = 200

// testRefusedStep runs a step with memory for no allocation, for one, and so
// on, until there is enough.
func (s Subject) testRefusedStep(t *testing.T) {
	path := enginetest.Tiny(t, s.layered(enginetest.Options{}))
	first, rest := prompt(50, 1), prompt(30, 2) // the second begins a page
	tokens := append(append([]backend.Token(nil), first...), rest...)
	defer s.Refuse(-1)
	for n := range mostAllocations {
		s.Refuse(-1)
		b, want := s.open(t, path)
		all := want.run(t, tokens)
		c := b.NewCache()
		step(t, b, ask(c, first, 1, everything)) // a small one, so that the next needs more room
		s.Refuse(n)
		a := ask(c, rest, len(rest), everything)
		lack := errors.Join(try(b, a), a.Err)
		s.Refuse(-1)
		if lack == nil {
			if a.check(t, all); n == 0 {
				t.Error("no allocation was refused")
			}
			c.Release()
			return
		}
		if !errors.Is(lack, backend.ErrMemory) {
			t.Fatalf("with %d allocations: got %v", n, lack)
		}
		before := c.Fork(len(first))
		if before.Len() != len(first) {
			t.Fatalf("with %d allocations: %d positions, of %d", n, before.Len(), c.Len())
		}
		again := ask(before, rest, len(rest), everything)
		step(t, b, again)
		again.check(t, all)
		c.Release()
		before.Release()
		b.Close()
	}
	t.Errorf("%d allocations are not enough", mostAllocations)
}

func (s Subject) testRefusedFork(t *testing.T) {
	b, want := s.tiny(t, enginetest.Options{})
	tokens := prompt(100, 1)
	all := want.run(t, tokens)
	c := b.NewCache()
	for c.Len() < len(tokens) {
		step(t, b, ask(c, tokens[c.Len():min(len(tokens), c.Len()+b.Budget())], 0, 0))
	}
	s.Refuse(0)
	fork := c.Fork(90)
	s.Refuse(-1)
	if n := fork.Len(); n > 90 || n != 90 && n != backend.PageLen || n != len(fork.Tokens()) {
		t.Fatalf("%d positions, and %d tokens", n, len(fork.Tokens()))
	}
	c.Release()
	for fork.Len() < len(tokens) {
		n := min(b.Budget(), len(tokens)-fork.Len())
		a := ask(fork, tokens[fork.Len():fork.Len()+n], n, everything)
		step(t, b, a)
		a.check(t, all)
	}
	fork.Release()
}

// testPages counts pages: sequences that end serve the next, those that share
// count once, and Close leaves nothing.
func (s Subject) testPages(t *testing.T) {
	b, _ := s.tiny(t, enginetest.Options{})
	tokens, size := prompt(2*backend.PageLen, 1), b.PageBytes()
	fill := func() backend.Cache {
		c := b.NewCache()
		for c.Len() < len(tokens) {
			step(t, b, ask(c, tokens[c.Len():min(len(tokens), c.Len()+b.Budget())], 0, 0))
		}
		return c
	}
	if s.Held(b) != 0 {
		t.Errorf("%d bytes are held by nobody", s.Held(b))
	}
	c := fill()
	if got := s.Held(b); got != 2*size {
		t.Errorf("two pages of %d take %d", size, got)
	}
	fork := c.Fork(backend.PageLen + 1)
	if got := s.Held(b); got != 3*size {
		t.Errorf("one shared page and two others of %d take %d", size, got)
	}
	c.Release()
	fork.Release()
	for range 5 {
		fill().Release()
	}
	if got := s.Held(b); got > 3*size {
		t.Errorf("sequences of two pages of %d, one after another, take %d", size, got)
	}
	last := fill()
	b.Close()
	if got := s.Held(b); got != 2*size {
		t.Errorf("after Close two pages of %d that are held take %d", size, got)
	}
	if last.Release(); s.Held(b) != 0 {
		t.Errorf("after the last: %d bytes", s.Held(b))
	}
}

func (s Subject) testLife(t *testing.T) {
	b, _ := s.tiny(t, enginetest.Options{})
	c := b.NewCache()
	if c.Len() != 0 || len(c.Tokens()) != 0 || b.PageBytes() < 1 || b.Budget() < 1 || b.About().ISA == "" || b.About().Layout == "" || b.Check() != nil {
		t.Errorf("%d positions, pages of %d bytes, steps of %d tokens, %+v, %v", c.Len(), b.PageBytes(), b.Budget(), b.About(), b.Check())
	}
	step(t, b) // of nothing
	step(t, b, ask(c, prompt(3, 1), 0, 0))
	if c.Len() != 3 || c.Tokens()[2] != prompt(3, 1)[2] {
		t.Errorf("got %v", c.Tokens())
	}
	b.Close()
	b.Close()
	c.Release()
}

// testCancellation runs tasks by the scheduler and cancels some of them after
// the third step.
func (s Subject) testCancellation(t *testing.T) {
	b, want := s.tiny(t, enginetest.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	steps := &stepped{after: 3, do: cancel}
	run, err := sched.New(sched.Config{Backend: b, MaxBatch: 4, MaxQueue: 100, KVBytes: 20 * b.PageBytes(), KeepBytes: 6 * b.PageBytes(), Observer: steps})
	if err != nil {
		t.Fatal(err)
	}
	var handles []*sched.Handle
	for i := range 12 {
		h, err := run.Start([]context.Context{ctx, t.Context()}[i%2], greedy(t, want, prompt(30+i*5, i%3), 20))
		if err != nil {
			t.Fatal(err)
		}
		handles = append(handles, h)
	}
	var life sync.WaitGroup
	end, stop := context.WithCancel(t.Context())
	life.Go(func() {
		if err := run.Run(end); err != nil {
			t.Error(err)
		}
	})
	for i, h := range handles {
		if ran, err := h.Wait(); i%2 == 0 && (!errors.Is(err, context.Canceled) || ran >= 20) || i%2 == 1 && (err != nil || ran != 20) {
			t.Errorf("task %d: %d tokens, %v", i, ran, err)
		}
	}
	stop()
	life.Wait()
	if x := run.Stats(); x.KVBytes != 0 || x.Running != 0 || x.Queued != 0 {
		t.Errorf("after the end: %+v", x)
	}
	b.Close()
	if s.Held != nil && s.Held(b) != 0 {
		t.Errorf("after the end: %d bytes of keys and values", s.Held(b))
	}
}

// greedy is a task that makes n tokens, each of which is compared with the
// oracle's.
func greedy(t *testing.T, want *oracle, tokens []backend.Token, n int) *sched.Task {
	t.Helper()
	made := want.continued(t, tokens, n)
	task := &sched.Task{Tokens: tokens, Keep: 1, Want: backend.Likeliest, Most: len(tokens) + n - 1}
	task.Each = func(i int, r backend.Result) {
		if r.Likeliest != made[i] {
			t.Errorf("token %d is %d, want %d", i, r.Likeliest, made[i])
		}
	}
	given := 0
	task.Next = func() (backend.Token, bool) {
		given++
		return made[given-1], given < n
	}
	return task
}

// stepped does something once, after some steps.
type stepped struct {
	after int
	do    func()
}

func (s *stepped) First(time.Duration) {}

func (s *stepped) Stepped(sched.Step) {
	if s.after--; s.after == 0 {
		s.do()
	}
}
