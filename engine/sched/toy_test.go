package sched_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/sched"
)

// toy is a backend whose state at a position is a hash of the tokens up to it.
type toy struct {
	budget int
	before func(step int, pieces []*backend.Piece) error // where not nil, called with each step

	steps  int
	writes int          // tokens computed
	live   atomic.Int64 // caches that nobody has released
}

// pageBytes is the memory of a toy's page.
const pageBytes = 1000

type toyCache struct {
	b        *toy
	released bool
	tokens   []backend.Token
	states   []uint32
}

var errToy = errors.New("toy: the token that fails")

// failing is a token that a toy does not compute.
const failing = 99

// holding is a token that no prompt of a test begins with.
const holding = 98

func (b *toy) NewCache() backend.Cache { return b.cache(nil, nil) }
func (b *toy) PageBytes() int64        { return pageBytes }
func (b *toy) Budget() int             { return b.budget }

func (c *toyCache) Len() int                { return len(c.tokens) }
func (c *toyCache) Tokens() []backend.Token { return c.tokens }
func (c *toyCache) Fork(n int) backend.Cache {
	return c.b.cache(slices.Clone(c.tokens[:n]), slices.Clone(c.states[:n]))
}

// Truncate spoils what it takes back, so that a later use of it shows.
func (c *toyCache) Truncate(n int) {
	if c.released || n > len(c.tokens) {
		panic("a cache is cut that has not so much")
	}
	clear(c.tokens[n:])
	c.tokens, c.states = c.tokens[:n], c.states[:n]
}

func (b *toy) cache(tokens []backend.Token, states []uint32) *toyCache {
	b.live.Add(1)
	return &toyCache{b: b, tokens: tokens, states: states}
}

// Release makes any later use of c a panic, or a wrong result.
func (c *toyCache) Release() {
	if c.released {
		panic("a cache is released twice")
	}
	c.released, c.tokens, c.states = true, nil, nil
	c.b.live.Add(-1)
}

func (c *toyCache) add(id backend.Token) {
	state := uint32(2166136261)
	if n := len(c.states); n > 0 {
		state = c.states[n-1]
	}
	c.tokens = append(c.tokens, id)
	c.states = append(c.states, (state^uint32(id))*16777619)
}

func (b *toy) Step(pieces []*backend.Piece) error {
	b.steps++
	if b.before != nil {
		if err := b.before(b.steps, pieces); err != nil {
			return err
		}
	}
	var wg sync.WaitGroup
	for _, p := range pieces {
		c := p.Cache.(*toyCache)
		if c.released {
			panic("a released cache is continued")
		}
		for i, id := range p.Tokens {
			if id == failing {
				p.Err = errToy
				break
			}
			b.writes++
			c.add(id)
			if k := i - (len(p.Tokens) - p.Keep); k >= 0 {
				state := c.states[len(c.states)-1]
				p.Ran++
				wg.Go(func() {
					p.Each(k, backend.Result{State: []float32{float32(state >> 8)}, Likeliest: backend.Token(state >> 8 % 50)})
				})
			}
		}
	}
	wg.Wait()
	return nil
}

// start runs a Scheduler of b until the test ends.
func start(t *testing.T, b *toy, cfg sched.Config) *sched.Scheduler {
	t.Helper()
	cfg.Backend = b
	if cfg.MaxBatch == 0 {
		cfg.MaxBatch = 8
	}
	if cfg.MaxQueue == 0 {
		cfg.MaxQueue = 1000
	}
	if cfg.KVBytes == 0 {
		cfg.KVBytes = 1000 * pageBytes
	}
	s, err := sched.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := s.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		cancel()
		wg.Wait()
		if x := s.Stats(); x.KVBytes != 0 || x.Running != 0 || x.Queued != 0 {
			t.Errorf("after the end: %+v", x)
		}
		if n := b.live.Load(); n != 0 {
			t.Errorf("after the end: %d caches that nobody has released", n)
		}
	})
	return s
}

// startHeld is start in the middle of a step of nobody's, which ends with release:
// the next step is formed of all the tasks that were started until then. It is
// not counted in b.steps, and b's before is not told of it.
func startHeld(t *testing.T, b *toy, cfg sched.Config) (s *sched.Scheduler, release func()) {
	t.Helper()
	begun, hold, before := make(chan struct{}), make(chan struct{}), b.before
	first := true
	b.before = func(step int, pieces []*backend.Piece) error {
		if first {
			first, b.steps = false, 0
			close(begun)
			<-hold
			return nil
		}
		if before == nil {
			return nil
		}
		return before(step, pieces)
	}
	s = start(t, b, cfg)
	release = sync.OnceFunc(func() { close(hold) })
	t.Cleanup(release) // before the scheduler's end, which waits for the step
	mustStart(context.Background(), t, s, &sched.Task{
		Caller: "nobody", Tokens: []backend.Token{holding}, Keep: 1, Most: 1, Want: backend.State, Each: func(int, backend.Result) {},
	})
	<-begun
	return s, release
}

// story is a task that wants the states of the last keep of its tokens and then
// continues with more.
type story struct {
	tokens     []backend.Token
	keep, more int
	caller     string
	user       string
	stop       func(made int) bool // where not nil, ends the story

	states []float32
}

func (x *story) task() *sched.Task {
	x.states = make([]float32, x.keep+x.more)
	last := 0
	t := &sched.Task{
		Caller: x.caller, User: x.user, Tokens: x.tokens, Keep: x.keep, Want: backend.State | backend.Likeliest, Most: len(x.tokens) + x.more,
		Each: func(i int, r backend.Result) { x.states[i] = r.State[0] },
	}
	if x.more > 0 {
		t.Next = func() (backend.Token, bool) {
			best := likeliest(x.states[x.keep-1+last])
			last++
			return best, last <= x.more && (x.stop == nil || !x.stop(last))
		}
	}
	return t
}

// likeliest is what a toy says of a state.
func likeliest(state float32) backend.Token { return backend.Token(uint32(state) % 50) }

// alone returns the states that x has without company.
func (x *story) alone() []float32 {
	c := &toyCache{}
	for _, id := range x.tokens {
		c.add(id)
	}
	for range x.more {
		c.add(backend.Token(c.states[len(c.states)-1] >> 8 % 50))
	}
	var states []float32
	for _, s := range c.states[len(x.tokens)-x.keep:] {
		states = append(states, float32(s>>8))
	}
	return states
}

func mustStart(ctx context.Context, t *testing.T, s *sched.Scheduler, task *sched.Task) *sched.Handle {
	t.Helper()
	h, err := s.Start(ctx, task)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// count returns n tokens that begin at from.
func count(from, n int) []backend.Token {
	x := make([]backend.Token, n)
	for i := range x {
		x[i] = backend.Token((from + i*i) % 90)
	}
	return x
}
