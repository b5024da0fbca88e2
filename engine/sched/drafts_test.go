package sched_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/sched"
)

// guessing is a task of x that guesses as many tokens as r says, each right with
// the probability share, and now and then one that fails.
func (x *story) guessing(r *rand.Rand, share float64) *sched.Task {
	t, want := x.task(), x.answer()
	given, next := 0, t.Next
	t.Next = func() (backend.Token, bool) { given++; return next() }
	t.Draft = func(most int, _ sched.Terms) (tokens []backend.Token, likely []float64) {
		for i := range r.IntN(min(most, 9) + 1) {
			id := backend.Token(r.IntN(100))
			if at := given + i; r.Float64() < share && at < len(want) {
				id = want[at]
			}
			tokens, likely = append(tokens, id), append(likely, 1/float64(i+1))
		}
		return tokens, likely
	}
	return t
}

// answer is what x continues with when it is alone.
func (x *story) answer() (tokens []backend.Token) {
	for _, s := range x.alone()[x.keep-1:] {
		tokens = append(tokens, likeliest(s))
	}
	return tokens
}

func TestGuessesRightOrWrongChangeNothing(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 2))
		b := &toy{budget: 32}
		mode := []sched.Drafts{sched.DraftsAlways, sched.DraftsAuto}[seed%2]
		s := start(t, b, sched.Config{Drafts: mode, MaxBatch: 1 + r.IntN(8), KVBytes: int64(6+r.IntN(30)) * pageBytes, KeepBytes: int64(r.IntN(20)) * pageBytes})
		share := float64(seed%5) / 4
		tokens := uint64(0)
		var mu sync.Mutex
		var wg sync.WaitGroup
		for i := range 24 {
			prompt := append(count(r.IntN(2), r.IntN(100)), count(r.IntN(50), 1+r.IntN(60))...)
			x := &story{tokens: prompt, keep: 1, more: 1 + r.IntN(80), caller: string(rune('a' + r.IntN(4)))}
			own := rand.New(rand.NewPCG(seed, uint64(i)))
			wg.Go(func() {
				ran, err := mustStart(context.Background(), t, s, x.guessing(own, share)).Wait()
				if err != nil || ran != 1+x.more || !slices.Equal(x.states, x.alone()) {
					t.Errorf("seed %d: %d states of %d, %v, or not those of running alone", seed, ran, 1+x.more, err)
				}
				mu.Lock()
				defer mu.Unlock()
				tokens += uint64(x.more)
			})
		}
		wg.Wait()
		x := s.Stats()
		if x.Continued != tokens || x.Running+x.Queued != 0 || x.KVBytes != x.KVKept {
			t.Errorf("seed %d: %d tokens were continued, want %d: %+v", seed, x.Continued, tokens, x)
		}
		if x.Accepted > x.Drafted || mode == sched.DraftsAlways && (x.Drafted == 0 || share == 1 && x.Accepted == 0) {
			t.Errorf("seed %d: %+v", seed, x)
		}
	}
}

// TestRightGuessesSaveSteps: nine tokens a step, where eight guesses are right.
func TestRightGuessesSaveSteps(t *testing.T) {
	b := &toy{budget: 32}
	s := start(t, b, sched.Config{Drafts: sched.DraftsAlways})
	x := &story{tokens: count(0, 40), keep: 1, more: 90}
	task, want, given := x.task(), x.answer(), 0
	next := task.Next
	task.Next = func() (backend.Token, bool) { given++; return next() }
	task.Draft = func(most int, _ sched.Terms) ([]backend.Token, []float64) {
		n := min(most, 8, len(want)-given)
		return want[given : given+n], slices.Repeat([]float64{1}, n)
	}
	if ran, err := mustStart(context.Background(), t, s, task).Wait(); err != nil || ran != 91 || !slices.Equal(x.states, x.alone()) {
		t.Errorf("got %d, %v", ran, err)
	}
	if got := s.Stats(); b.steps != 2+10 || got.Drafted != 80 || got.Accepted != 80 || got.Continued != 90 {
		t.Errorf("%d steps, %+v", b.steps, got)
	}
}

// TestAWrongGuessIsNotShared: one that comes while guesses are wrong, and begins
// as if they had been right, computes its own.
func TestAWrongGuessIsNotShared(t *testing.T) {
	b := &toy{budget: 300}
	s := start(t, b, sched.Config{Drafts: sched.DraftsAlways, KeepBytes: 100 * pageBytes})
	x := &story{tokens: count(0, 60), keep: 1, more: 8}
	wrong := append(slices.Clone(x.tokens), x.answer()[0], 91, 92, 93, 94, 95, 96, 97, 98)
	task := x.task()
	task.Draft = func(most int, _ sched.Terms) ([]backend.Token, []float64) {
		n := min(most, 8)
		return wrong[61 : 61+n], slices.Repeat([]float64{1}, n)
	}
	if ran, err := mustStart(context.Background(), t, s, task).Wait(); err != nil || ran != 9 {
		t.Errorf("got %d, %v", ran, err)
	}
	y := &story{tokens: append(wrong, 1), keep: 1}
	if ran, err := mustStart(context.Background(), t, s, y.task()).Wait(); err != nil || ran != 1 || !slices.Equal(y.states, y.alone()) {
		t.Errorf("got %d, %v", ran, err)
	}
	if got := s.Stats(); got.Shared != 61 || got.Accepted != 0 {
		t.Errorf("got %+v, want 61 positions shared, of the prompt and the token that was no guess", got)
	}
}

// TestAFailureCountsWhereItIsReached: a token that fails is guessed wrong, which
// ends nothing, and then right, which does.
func TestAFailureCountsWhereItIsReached(t *testing.T) {
	for _, right := range []bool{false, true} {
		b := &toy{budget: 100}
		s := start(t, b, sched.Config{Drafts: sched.DraftsAlways, KeepBytes: 100 * pageBytes})
		x := &story{tokens: count(0, 60), keep: 1, more: 20}
		task, made := x.task(), 0
		next := task.Next
		task.Next = func() (backend.Token, bool) {
			id, ok := next()
			if made++; right && made == 7 {
				id = failing
			}
			return id, ok
		}
		want := x.answer()
		task.Draft = func(most int, _ sched.Terms) ([]backend.Token, []float64) {
			tokens := slices.Clone(want[made:min(len(want), made+most)])
			if at := 6 - made; at >= 0 && at < len(tokens) {
				tokens[at] = failing
			}
			return tokens, slices.Repeat([]float64{1}, len(tokens))
		}
		ran, err := mustStart(context.Background(), t, s, task).Wait()
		if right && (ran != 7 || !errors.Is(err, errToy)) || !right && (ran != 21 || err != nil || !slices.Equal(x.states, x.alone())) {
			t.Errorf("guessed right %v: got %d, %v", right, ran, err)
		}
		if got := s.Stats(); right && got.Continued != 7 {
			t.Errorf("got %+v", got)
		}
	}
}

// TestGuessesAreTriedWhereTheyPay: with a backend that takes as long for a row
// more as for a step, no guess is worth it, and with one that takes nothing for
// it all are.
func TestGuessesAreTriedWhereTheyPay(t *testing.T) {
	for _, c := range []struct {
		row         time.Duration
		least, most uint64
	}{{0, 60, 200}, {5 * time.Millisecond, 0, 30}} {
		clock := time.Unix(0, 0)
		b := &toy{budget: 100, before: func(_ int, pieces []*backend.Piece) error {
			clock = clock.Add(2*time.Millisecond + time.Duration(len(pieces[0].Tokens)-1)*c.row)
			return nil
		}}
		s := start(t, b, sched.Config{Now: func() time.Time { return clock }})
		x := &story{tokens: count(0, 10), keep: 1, more: 100}
		if _, err := mustStart(context.Background(), t, s, x.guessed()).Wait(); err != nil {
			t.Error(err)
		}
		if got := s.Stats().Drafted; got < c.least || got > c.most {
			t.Errorf("%v a row: %d guesses were tried, want %d to %d", c.row, got, c.least, c.most)
		}
	}
}

// guessed is the task with a drafter that is right about up to four tokens, and
// less sure of each.
func (x *story) guessed() *sched.Task {
	task, want, given := x.task(), x.answer(), 0
	next := task.Next
	task.Next = func() (backend.Token, bool) { given++; return next() }
	task.Draft = func(most int, _ sched.Terms) ([]backend.Token, []float64) {
		n := min(most, 4, len(want)-given)
		return want[given : given+n], []float64{.9, .8, .7, .6}[:n]
	}
	return task
}

// TestABadMomentIsForgotten: where others had the machine while the first guesses
// were tried, later ones are tried all the same.
func TestABadMomentIsForgotten(t *testing.T) {
	clock, tried := time.Unix(0, 0), 0
	b := &toy{budget: 100, before: func(_ int, pieces []*backend.Piece) error {
		took := 2 * time.Millisecond
		if len(pieces[0].Tokens) > 1 {
			if tried++; tried <= 12 {
				took *= 40
			}
		}
		clock = clock.Add(took)
		return nil
	}}
	s := start(t, b, sched.Config{Now: func() time.Time { return clock }, KVBytes: 1000 * pageBytes})
	x := &story{tokens: count(0, 10), keep: 1, more: 3000}
	if _, err := mustStart(context.Background(), t, s, x.guessed()).Wait(); err != nil {
		t.Error(err)
	}
	if got := s.Stats(); got.Drafted < 1000 {
		t.Errorf("of 3000 tokens %d were guessed: %+v", got.Drafted, got)
	}
}
