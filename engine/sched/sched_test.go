package sched_test

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/sched"
)

func TestAnyCompanyGivesWhatRunningAloneGives(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		b := &toy{budget: 32}
		s := start(t, b, sched.Config{MaxBatch: 1 + r.IntN(12), KVBytes: int64(6+r.IntN(30)) * pageBytes, KeepBytes: int64(r.IntN(20)) * pageBytes})
		var wg sync.WaitGroup
		for range 64 {
			tokens := append(count(r.IntN(2), r.IntN(200)), count(r.IntN(50), 1+r.IntN(100))...)
			x := &story{tokens: tokens, keep: 1 + r.IntN(len(tokens)), more: r.IntN(40), caller: string(rune('a' + r.IntN(4)))}
			give := r.IntN(3 * (x.keep + x.more))
			wg.Go(func() {
				ctx, cancel := context.WithCancelCause(context.Background())
				defer cancel(nil)
				x.stop = func(made int) bool {
					if made == give {
						cancel(errToy)
					}
					return false
				}
				ran, err := mustStart(ctx, t, s, x.task()).Wait()
				if err == nil && ran != x.keep+x.more || err != nil && !errors.Is(err, errToy) {
					t.Errorf("seed %d: %d states of %d, %v", seed, ran, x.keep+x.more, err)
				}
				if !slices.Equal(x.states[:ran], x.alone()[:ran]) {
					t.Errorf("seed %d: the first %d states are not those of running alone", seed, ran)
				}
			})
		}
		wg.Wait()
		if x := s.Stats(); x.KVBytes != x.KVKept || x.Running+x.Queued != 0 {
			t.Errorf("seed %d: nothing runs, but %+v", seed, x)
		}
	}
}

func TestACommonPromptIsComputedOnce(t *testing.T) {
	const prompt, tail, n = 150, 20, 16
	for _, keep := range []int64{0, 100 * pageBytes} {
		all := make(chan struct{})
		b := &toy{budget: 64, before: func(int, []*backend.Piece) error { <-all; return nil }}
		s := start(t, b, sched.Config{MaxBatch: n, KeepBytes: keep})
		var handles []*sched.Handle
		for i := range n {
			x := &story{tokens: append(count(0, prompt), count(i+1, tail)...), keep: tail}
			x.tokens[prompt] = backend.Token(100 + i)
			handles = append(handles, mustStart(context.Background(), t, s, x.task()))
		}
		close(all)
		for _, h := range handles {
			if ran, err := h.Wait(); err != nil || ran != tail {
				t.Errorf("got %d, %v", ran, err)
			}
		}
		if want := prompt + n*tail; b.writes != want {
			t.Errorf("%d tokens were computed, want %d", b.writes, want)
		}
		if x := s.Stats(); x.Shared != (n-1)*prompt || x.Prompt != prompt+n*tail || x.Continued != 0 {
			t.Errorf("got %+v", x)
		}
	}
}

func TestAFollowerGoesOnWithoutItsLeader(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	b := &toy{budget: 16, before: func(step int, _ []*backend.Piece) error {
		if step == 3 {
			cancel()
		}
		return nil
	}}
	s, release := startHeld(t, b, sched.Config{})
	leader := &story{tokens: count(0, 200), keep: 1}
	follower := &story{tokens: count(0, 200), keep: 1}
	first := mustStart(ctx, t, s, leader.task())
	second := mustStart(context.Background(), t, s, follower.task())
	release()
	if _, err := first.Wait(); !errors.Is(err, context.Canceled) {
		t.Errorf("the leader ended with %v", err)
	}
	if ran, err := second.Wait(); err != nil || ran != 1 || !slices.Equal(follower.states, follower.alone()) {
		t.Errorf("the follower ended with %d, %v", ran, err)
	}
	if want := 1 + 3*16 + 200; b.writes != want { // the follower computed nothing while there was a leader
		t.Errorf("%d tokens were computed, want %d", b.writes, want)
	}
}

func TestPromptsDoNotKeepContinuingSequencesWaiting(t *testing.T) {
	const budget = 64
	talking := &story{tokens: count(0, 4), keep: 1, more: 60}
	var s *sched.Scheduler
	var sizes []int
	together := make(chan *sched.Handle, 1)
	b := &toy{budget: budget}
	b.before = func(step int, pieces []*backend.Piece) error {
		if step == 5 {
			together <- mustStart(context.Background(), t, s, (&story{tokens: count(7, 1000), keep: 1}).task())
		}
		if step > 5 && step <= 60 {
			if len(pieces) == 0 || len(pieces[0].Tokens) != 1 || pieces[0].Cache.Len() != step+2 {
				t.Errorf("step %d leaves out the sequence that is continued", step)
			}
			if len(pieces) == 2 {
				sizes = append(sizes, len(pieces[1].Tokens))
			}
		}
		return nil
	}
	s = start(t, b, sched.Config{})
	if _, err := mustStart(context.Background(), t, s, talking.task()).Wait(); err != nil {
		t.Fatal(err)
	}
	if _, err := (<-together).Wait(); err != nil {
		t.Fatal(err)
	}
	if len(sizes) == 0 || slices.Max(sizes) != budget/4 {
		t.Errorf("prompts took %v tokens of the steps, want %d", sizes, budget/4)
	}
	if !slices.Equal(talking.states, talking.alone()) {
		t.Error("company changed the states")
	}
}

func TestCallersTakeTurns(t *testing.T) {
	takeTurns(t, []string{"a/", "a/", "a/", "a/", "a/", "b/", "b/", "c/"}, []string{"a/", "b/", "c/", "a/", "b/", "a/", "a/", "a/"})
}

// TestUsersOfACallerTakeTurns, and a caller has no more turns for having many.
func TestUsersOfACallerTakeTurns(t *testing.T) {
	takeTurns(t,
		[]string{"a/x", "a/x", "a/x", "a/x", "a/y", "a/z", "b/", "b/", "b/"},
		[]string{"a/x", "b/", "a/y", "b/", "a/z", "b/", "a/x", "a/x", "a/x"})
}

// TestAPlaceIsKeptForWhoHasNone: one user has all places that it can have, or all
// the memory, and neither another of its caller nor another caller waits for an
// end; in a small batch all places are for anybody, and who comes later is next.
func TestAPlaceIsKeptForWhoHasNone(t *testing.T) {
	const more = 5
	for _, x := range []struct{ places, pages, want int }{{64, 1000, 2}, {64, 32, 2}, {16, 1000, 2 + more}} {
		places, want := x.places, x.want
		var s *sched.Scheduler
		var release func()
		later := make(chan *sched.Handle, 2)
		began := map[string]int{} // in which step who comes later has its first result
		b := &toy{budget: 10000}
		task := func(at int, caller, user string) *sched.Task {
			return (&story{tokens: count(at, 3), keep: 1, more: more, caller: caller, user: user}).task()
		}
		b.before = func(step int, pieces []*backend.Piece) error {
			for _, p := range pieces {
				if who, ok := map[backend.Token]string{40: "a/seldom", 45: "b/"}[p.Tokens[0]]; ok && len(p.Tokens) > 1 {
					began[who] = step
				}
			}
			if step != 1 {
				return nil
			}
			for _, x := range []*sched.Task{task(40, "a", "seldom"), task(45, "b", "")} { // while the busy one's run
				h, err := s.Start(context.Background(), x)
				if err != nil {
					return err
				}
				later <- h
			}
			return nil
		}
		s, release = startHeld(t, b, sched.Config{MaxBatch: places, KeepPlaces: true, KVBytes: int64(x.pages) * b.PageBytes(), KeepBytes: -1})
		var handles []*sched.Handle
		for i := range 2 * places {
			handles = append(handles, mustStart(context.Background(), t, s, task(i%30, "a", "busy")))
		}
		release()
		for _, h := range append(handles, <-later, <-later) {
			if _, err := h.Wait(); err != nil {
				t.Error(err)
			}
		}
		if !maps.Equal(began, map[string]int{"a/seldom": want, "b/": want}) {
			t.Errorf("%d places and %d pages: got %v, want %d of both", places, x.pages, began, want)
		}
	}
}

// takeTurns starts tasks of callers and users while a place is taken, and wants
// them to run in an order.
func takeTurns(t *testing.T, asked, want []string) {
	t.Helper()
	var order []string
	s, release := startHeld(t, &toy{budget: 100}, sched.Config{MaxBatch: 1})
	var handles []*sched.Handle
	for i, who := range asked {
		caller, user, _ := strings.Cut(who, "/")
		task := (&story{tokens: count(i*7, 10), keep: 1, caller: caller, user: user}).task()
		task.Next = func() (backend.Token, bool) { order = append(order, who); return 0, false }
		handles = append(handles, mustStart(context.Background(), t, s, task))
	}
	release()
	for _, h := range handles {
		if _, err := h.Wait(); err != nil {
			t.Error(err)
		}
	}
	if !slices.Equal(order, want) {
		t.Errorf("got %v, want %v", order, want)
	}
}

func TestAPromptOfOneCallerDoesNotDelayAnother(t *testing.T) {
	steps := map[string]int{}
	b := &toy{budget: 50}
	s, release := startHeld(t, b, sched.Config{})
	var handles []*sched.Handle
	for _, x := range []*story{{tokens: count(0, 1000), keep: 1, caller: "long"}, {tokens: count(5, 100), keep: 1, caller: "short"}} {
		task := x.task()
		task.Next = func() (backend.Token, bool) { steps[x.caller] = b.steps; return 0, false }
		handles = append(handles, mustStart(context.Background(), t, s, task))
	}
	release()
	for _, h := range handles {
		if _, err := h.Wait(); err != nil {
			t.Error(err)
		}
	}
	// By turns, from the long one's on; then the rest of it.
	if want := map[string]int{"short": 4, "long": 22}; !maps.Equal(steps, want) {
		t.Errorf("prompts ended in steps %v, want %v", steps, want)
	}
}

// TestAShortPromptDoesNotWaitForALongOne of the same caller, and the long one,
// which came first, has a quarter of each step however many short ones there are.
func TestAShortPromptDoesNotWaitForALongOne(t *testing.T) {
	const budget = 40
	ended := map[int]int{}
	var least []int
	b := &toy{budget: budget}
	b.before = func(step int, pieces []*backend.Piece) error {
		for _, p := range pieces {
			if step <= 10 && p.Tokens[0] < 50 {
				least = append(least, len(p.Tokens))
			}
		}
		return nil
	}
	s, release := startHeld(t, b, sched.Config{MaxBatch: 16})
	var handles []*sched.Handle
	for i := range 11 {
		tokens := make([]backend.Token, 1000) // the long one's are below 50
		if i > 0 {
			tokens = tokens[:30]
		}
		for at := range tokens {
			tokens[at] = backend.Token(min(i, 1)*(50+i) + at%3)
		}
		task := (&story{tokens: tokens, keep: 1}).task()
		task.Next = func() (backend.Token, bool) { ended[i] = b.steps; return 0, false }
		handles = append(handles, mustStart(context.Background(), t, s, task))
	}
	release()
	for _, h := range handles {
		if _, err := h.Wait(); err != nil {
			t.Error(err)
		}
	}
	want := map[int]int{0: 33} // 1,300 tokens in steps of 40
	for i := range 10 {
		want[1+i] = 1 + i
	}
	if !maps.Equal(ended, want) {
		t.Errorf("prompts ended in steps %v, want %v", ended, want)
	}
	if !slices.Equal(least, slices.Repeat([]int{budget / 4}, 10)) {
		t.Errorf("the long prompt had %v tokens of the first steps", least)
	}
}
