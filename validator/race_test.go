package validator_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/validator"
)

// TestMessagesWorkStepsAndQuestionsComeAtOnce lets everything happen at the same
// time that may: copies of answers and cards from several peers, the worker, a
// step for each height up to the seal of findings and the weights, and questions.
// However it falls out, every answer is taken once, each duty has one card, the
// seal is over all cards that there are, and no card leaves before it is open. The
// race detector watches what is shared.
func TestMessagesWorkStepsAndQuestionsComeAtOnce(t *testing.T) {
	w := newWorld(t)
	var mu sync.Mutex // of what the validator sends
	cfg := w.config(newMemory())
	submit, publish := cfg.Submit, cfg.Publish
	cfg.Submit = func(ctx context.Context, b wire.Body) error {
		mu.Lock()
		defer mu.Unlock()
		return submit(ctx, b)
	}
	cfg.Publish = func(ctx context.Context, topic string, raw []byte) error {
		mu.Lock()
		defer mu.Unlock()
		return publish(ctx, topic, raw)
	}
	v, err := validator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	const slots = 4
	for _, m := range w.makers {
		m.slots = slots
	}
	w.rosters(epoch)
	w.rosters(epoch + 1)
	w.drawTasks(round)
	w.step(v, start+4)
	for _, m := range w.makers {
		w.commit(m, round, start+6, 5, 5, 666, 5)
	}
	w.step(v, deadline)
	w.drawAll(round)
	var answers [][]byte
	for _, m := range w.makers {
		for slot := range m.slots {
			answers = append(answers, w.opening(m, slot, deadline, nil))
		}
	}
	var all sync.WaitGroup
	taken := make([]int, len(answers))
	for range 3 {
		all.Go(func() {
			for i, raw := range answers {
				err := v.OnAnswer(t.Context(), raw)
				switch {
				case err == nil:
					mu.Lock()
					taken[i]++
					mu.Unlock()
				case !errors.Is(err, validator.ErrDuplicate):
					t.Errorf("answer %d: %v", i, err)
				}
			}
		})
	}
	all.Wait() // else some would be late, as they may
	for i, n := range taken {
		if n != 1 {
			t.Errorf("answer %d was taken %d times", i, n)
		}
	}
	all.Go(func() {
		for h := deadline + 1; h <= closed; h++ {
			if err := v.Step(t.Context(), h); err != nil {
				t.Errorf("step at %d: %v", h, err)
			}
		}
	})
	for range 2 {
		all.Go(func() {
			for range 20 {
				_ = v.Status()
				if _, err := v.CardsOf(round); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Go(func() {
		for range 20 {
			if err := v.Work(t.Context()); err != nil {
				t.Errorf("work: %v", err)
			}
		}
	})
	all.Wait()
	w.work(v)
	w.step(v, closed+1)
	var judged, sealed uint32
	for _, m := range w.makers {
		for slot := range m.slots {
			k := m.sealed.Tasks[slot].Key()
			view, err := v.Slot(k)
			if err != nil {
				t.Fatal(err)
			}
			if len(view.Cards) > 1 {
				t.Errorf("slot %d of seat %d has %d own cards", slot, m.id.UID, len(view.Cards))
			}
			if view.Judgement != nil {
				judged++
			}
		}
	}
	scores, err := v.ScoresOf(weighed)
	if err != nil {
		t.Fatal(err)
	}
	var runs uint32
	for i := range scores {
		runs += scores[i].Tally.Runs
	}
	if runs > judged {
		t.Errorf("weights count %d judgements of %d", runs, judged)
	}
	found, err := v.Findings(epoch)
	if err != nil || found == nil {
		t.Fatal(found, err)
	}
	for _, f := range found.Findings {
		if f != wire.FoundNothing {
			sealed++
		}
	}
	if closed, err := v.IsClosed(weighed); err != nil || !closed {
		t.Errorf("scores are not final: %v", err)
	}
	unique := map[string]bool{}
	for _, c := range w.cards() {
		unique[string(c.Key().Bytes())+string(c.Finding)] = true
	}
	if cards, err := v.CardsOf(round); err != nil || len(unique) != len(cards) || int(sealed) != len(cards) {
		t.Errorf("%d cards were published, %d sealed, the store has %d, %v", len(unique), sealed, len(cards), err)
	}
}
