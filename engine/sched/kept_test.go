package sched_test

import (
	"testing"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/sched"
)

// A part of the memory is kept for who has none of it. That must not count twice
// what sequences share, nor let small tasks pass a large one for ever.

// TestAnswersToOnePromptShareItsMemory: six answers to one prompt of 20 of 32 pages
// run beside each other, as far as what each adds has room beside what is kept.
func TestAnswersToOnePromptShareItsMemory(t *testing.T) {
	b, most := &toy{budget: 100000}, 0
	b.before = func(_ int, pieces []*backend.Piece) error {
		most = max(most, len(pieces))
		return nil
	}
	s, release := startHeld(t, b, sched.Config{MaxBatch: 64, KeepPlaces: true, KVBytes: 32 * b.PageBytes(), KeepBytes: -1})
	var handles []*sched.Handle
	for range 6 {
		handles = append(handles, mustStart(t.Context(), t, s, (&story{tokens: count(3, 64*20), keep: 1, more: 20, caller: "a", user: "u"}).task()))
	}
	release()
	for _, h := range handles {
		if _, err := h.Wait(); err != nil {
			t.Error(err)
		}
	}
	if most != 4 {
		t.Errorf("%d ran at once, want 4", most)
	}
}

// TestSmallTasksOfOtherUsersDoNotPassALargeOneForEver: one user of a caller asks
// for half of the memory while eight others ask for a quarter, again and again.
func TestSmallTasksOfOtherUsersDoNotPassALargeOneForEver(t *testing.T) {
	b := &toy{budget: 100000}
	var s *sched.Scheduler
	handles, began, small := make(chan *sched.Handle, 1000), 0, 0
	ask := func(x *story) error {
		h, err := s.Start(t.Context(), x.task())
		if err == nil {
			handles <- h
		}
		return err
	}
	b.before = func(step int, pieces []*backend.Piece) error {
		for _, p := range pieces {
			if p.Tokens[0] == 40 && len(p.Tokens) > 1 {
				began = step
			}
		}
		if step == 1 {
			return ask(&story{tokens: count(40, 64*16), keep: 1, caller: "a", user: "large"})
		}
		if step >= 400 || step%3 != 0 {
			return nil
		}
		small++
		return ask(&story{tokens: count(step%30, 64*7+40), keep: 1, more: 12, caller: "a", user: string(rune('A' + small%8))})
	}
	var release func()
	s, release = startHeld(t, b, sched.Config{MaxBatch: 64, KeepPlaces: true, KVBytes: 32 * b.PageBytes(), KeepBytes: -1})
	for i := range 3 {
		handles <- mustStart(t.Context(), t, s, (&story{tokens: count(i, 64*7+40), keep: 1, more: 4 * (i + 1), caller: "a", user: string(rune('A' + i))}).task())
	}
	release()
	for len(handles) > 0 {
		if _, err := (<-handles).Wait(); err != nil {
			t.Error(err)
		}
	}
	if began == 0 || began > 20 {
		t.Errorf("it began in step %d, want 20 at the latest", began)
	}
}
