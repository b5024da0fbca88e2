package sched_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/sched"
)

func TestWhatCanNeverFitIsRefusedAndWhatCannotNowWaits(t *testing.T) {
	most := 0
	b := &toy{budget: 1000, before: func(_ int, pieces []*backend.Piece) error { most = max(most, len(pieces)); return nil }}
	s := start(t, b, sched.Config{KVBytes: 4*pageBytes + 1, KeepBytes: 100 * pageBytes})
	if _, err := s.Start(context.Background(), (&story{tokens: count(0, 250), keep: 1, more: 7}).task()); !errors.Is(err, backend.ErrMemory) {
		t.Errorf("five pages of four: got %v", err)
	}
	var handles []*sched.Handle
	for i := range 10 {
		x := &story{tokens: count(i*3+1, 130), keep: 1, more: 5} // three pages
		handles = append(handles, mustStart(context.Background(), t, s, x.task()))
	}
	for _, h := range handles {
		if ran, err := h.Wait(); err != nil || ran != 6 {
			t.Errorf("got %d, %v", ran, err)
		}
	}
	if x := s.Stats(); most != 1 || x.KVBytes > x.KVLimit || x.KVLimit != 4*pageBytes {
		t.Errorf("%d at once, %+v", most, x)
	}
}

func TestSharedPagesCountOnce(t *testing.T) {
	most := 0
	b := &toy{budget: 1000, before: func(_ int, pieces []*backend.Piece) error { most = max(most, len(pieces)); return nil }}
	// Three pages of prompt and one for each of eight; without sharing two
	// would fit.
	s, release := startHeld(t, b, sched.Config{KVBytes: 11 * pageBytes})
	var handles []*sched.Handle
	for i := range 8 {
		x := &story{tokens: append(count(0, 3*backend.PageLen), backend.Token(100+i)), keep: 1, more: 20}
		handles = append(handles, mustStart(context.Background(), t, s, x.task()))
	}
	release()
	for _, h := range handles {
		if _, err := h.Wait(); err != nil {
			t.Error(err)
		}
	}
	if most != 8 {
		t.Errorf("%d at once, want 8", most)
	}
}

func TestAFullQueueIsBusy(t *testing.T) {
	hold := make(chan struct{})
	begun := make(chan struct{}, 1)
	b := &toy{budget: 10, before: func(step int, _ []*backend.Piece) error {
		if step == 1 {
			begun <- struct{}{}
		}
		<-hold
		return nil
	}}
	s := start(t, b, sched.Config{MaxBatch: 1, MaxQueue: 2})
	one := func() (*sched.Handle, error) {
		return s.Start(context.Background(), (&story{tokens: count(0, 3), keep: 1}).task())
	}
	var handles []*sched.Handle
	for i := range 3 {
		h, err := one()
		if err != nil {
			t.Fatal(err)
		}
		if handles = append(handles, h); i == 0 {
			<-begun
		}
	}
	if _, err := one(); !errors.Is(err, sched.ErrBusy) {
		t.Errorf("got %v, want ErrBusy", err)
	}
	if x := s.Stats(); x.Refused != 1 || x.Queued != 2 || x.Running != 1 {
		t.Errorf("got %+v", x)
	}
	close(hold)
	for _, h := range handles {
		if _, err := h.Wait(); err != nil {
			t.Error(err)
		}
	}
}

func TestATaskEndsWithItsContextWithinOneStep(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	waits, giveUp := context.WithCancel(context.Background())
	defer giveUp()
	var s *sched.Scheduler
	b := &toy{budget: 10}
	b.before = func(step int, pieces []*backend.Piece) error {
		switch step {
		case 2:
			// One that waits leaves at once, in the middle of a step.
			h := mustStart(waits, t, s, (&story{tokens: count(3, 3), keep: 1}).task())
			giveUp()
			if ran, err := h.Wait(); ran != 0 || !errors.Is(err, context.Canceled) {
				t.Errorf("one that waited: %d, %v", ran, err)
			}
		case 4:
			cancel()
		case 5:
			t.Errorf("a step of %d after the context had ended", len(pieces))
		}
		return nil
	}
	s = start(t, b, sched.Config{MaxBatch: 1})
	x := &story{tokens: count(0, 5), keep: 1, more: 100}
	if ran, err := mustStart(ctx, t, s, x.task()).Wait(); ran != 4 || !errors.Is(err, context.Canceled) {
		t.Errorf("one that ran: %d, %v", ran, err)
	}
	if _, err := s.Start(ctx, x.task()); !errors.Is(err, context.Canceled) {
		t.Errorf("one that came too late: %v", err)
	}
}

// TestTasksWhoseContextHasEndedAreNotBegun ends the context of a task that runs
// and of ten that wait, for none of which anybody waits yet.
func TestTasksWhoseContextHasEndedAreNotBegun(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var handles []*sched.Handle
	b := &toy{budget: 10}
	b.before = func(step int, pieces []*backend.Piece) error {
		if step > 1 {
			t.Errorf("a step of %d after the context had ended", len(pieces))
		}
		cancel()
		return nil
	}
	s, release := startHeld(t, b, sched.Config{MaxBatch: 2})
	for i := range 11 {
		handles = append(handles, mustStart(ctx, t, s, (&story{tokens: count(i, 30), keep: 1}).task()))
	}
	release()
	for _, h := range handles {
		<-h.Done()
	}
	for _, h := range handles {
		if ran, err := h.Wait(); ran != 0 || !errors.Is(err, context.Canceled) {
			t.Errorf("got %d, %v", ran, err)
		}
	}
}

func TestFailuresEndTheirTasksAlone(t *testing.T) {
	b := &toy{budget: 40}
	s, release := startHeld(t, b, sched.Config{KeepBytes: 100 * pageBytes})
	bad, good := count(0, 100), &story{tokens: count(1, 100), keep: 60}
	bad[70] = failing
	first := mustStart(context.Background(), t, s, (&story{tokens: bad, keep: 60}).task())
	second := mustStart(context.Background(), t, s, good.task())
	release()
	if ran, err := first.Wait(); ran != 30 || !errors.Is(err, errToy) {
		t.Errorf("got %d, %v", ran, err)
	}
	if ran, err := second.Wait(); ran != 60 || err != nil || !slices.Equal(good.states, good.alone()) {
		t.Errorf("got %d, %v", ran, err)
	}
}

func TestAFailedStepEndsAllOfItAndLeavesNothing(t *testing.T) {
	broken := errors.New("broken")
	b := &toy{budget: 10, before: func(step int, _ []*backend.Piece) error {
		if step == 3 {
			return broken
		}
		return nil
	}}
	s := start(t, b, sched.Config{KeepBytes: 100 * pageBytes})
	x := &story{tokens: count(0, 50), keep: 1}
	if _, err := mustStart(context.Background(), t, s, x.task()).Wait(); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if st := s.Stats(); st.KVBytes != 0 {
		t.Errorf("got %+v", st)
	}
	if ran, err := mustStart(context.Background(), t, s, x.task()).Wait(); ran != 1 || err != nil || !slices.Equal(x.states, x.alone()) {
		t.Errorf("after it: %d, %v", ran, err)
	}
}

func TestTheEndOfRunEndsAll(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	begun := make(chan struct{})
	b := &toy{budget: 10, before: func(step int, _ []*backend.Piece) error {
		if step == 1 {
			close(begun)
			<-ctx.Done()
		}
		return nil
	}}
	s, err := sched.New(sched.Config{Backend: b, MaxBatch: 1, MaxQueue: 5, KVBytes: 10 * pageBytes})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	var handles []*sched.Handle
	for i := range 3 {
		handles = append(handles, mustStart(context.Background(), t, s, (&story{tokens: count(i, 50), keep: 1}).task()))
	}
	<-begun
	cancel()
	for _, h := range handles {
		if _, err := h.Wait(); !errors.Is(err, sched.ErrStopped) {
			t.Errorf("got %v", err)
		}
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := s.Start(context.Background(), (&story{tokens: count(0, 5), keep: 1}).task()); !errors.Is(err, sched.ErrStopped) {
		t.Errorf("got %v", err)
	}
}

func TestTasksAndConfigsThatContradictAreRefused(t *testing.T) {
	s := start(t, &toy{budget: 10}, sched.Config{})
	for _, task := range []*sched.Task{
		{Keep: 1, Want: backend.State, Most: 5},
		{Tokens: count(0, 4), Want: backend.State, Most: 4},
		{Tokens: count(0, 4), Keep: 5, Want: backend.State, Most: 4},
		{Tokens: count(0, 4), Keep: 1, Want: backend.State, Most: 3},
		{Tokens: count(0, 4), Keep: 1, Most: 4},
	} {
		if _, err := s.Start(context.Background(), task); !errors.Is(err, sched.ErrTask) {
			t.Errorf("%+v: got %v", task, err)
		}
	}
	endless := (&story{tokens: count(0, 4), keep: 1, more: 2}).task()
	endless.Next = func() (backend.Token, bool) { return 1, true }
	if ran, err := mustStart(context.Background(), t, s, endless).Wait(); ran != 3 || !errors.Is(err, sched.ErrTask) {
		t.Errorf("a task beyond its length: %d, %v", ran, err)
	}
	for _, cfg := range []sched.Config{
		{MaxBatch: 1, MaxQueue: 1, KVBytes: 1000},
		{Backend: &toy{}, MaxQueue: 1, KVBytes: pageBytes},
		{Backend: &toy{}, MaxBatch: 1, KVBytes: pageBytes},
		{Backend: &toy{}, MaxBatch: 1, MaxQueue: 1, KVBytes: pageBytes - 1},
	} {
		if _, err := sched.New(cfg); err == nil {
			t.Errorf("%+v was taken", cfg)
		}
	}
}
