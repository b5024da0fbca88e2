package validator_test

import (
	"context"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/validator"
)

// referee is a reference that notes how many runs the engine had made each time.
type referee struct {
	puppet
	engine *puppet
	after  []int
}

func (r *referee) Judge(ctx context.Context, t *wire.Task, by protocol.PublicKey, answer []byte) (scoring.Outcome, error) {
	r.mu.Lock()
	r.engine.mu.Lock()
	r.after = append(r.after, r.engine.runs)
	r.engine.mu.Unlock()
	r.mu.Unlock()
	return r.puppet.Judge(ctx, t, by, answer)
}

// TestWrongAnswersDoNotKeepRightOnesWaiting: the reference is slow, and runs only
// what the engine found wrong, when the engine has run all that waits. What both
// find wrong is then said to be so.
func TestWrongAnswersDoNotKeepRightOnesWaiting(t *testing.T) {
	const slots = 10
	w := newWorld(t)
	w.p = w.p.WithVerdicts()
	reference := &referee{engine: w.judge}
	cfg := w.config(newMemory())
	cfg.Reference = []validator.Judge{reference}
	v, err := validator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range w.makers {
		m.slots = slots
	}
	w.rosters(epoch)
	w.drawTasks(round)
	w.step(v, start+4)
	for _, m := range w.makers {
		w.commit(m, round, start+6, 5, 5, 5, 666, 5, 5, 5, 5, 5, 5)
	}
	w.step(v, deadline)
	w.openAll(v)
	w.drawAll(round)
	w.step(v, deadline+2)
	w.work(v)
	if a := reference.after; w.judge.runs != 2*slots || len(a) != 2 || a[0] != 2*slots || a[1] != 2*slots {
		t.Errorf("the engine ran %d answers, the reference after %v of them, want 20, [20 20]", w.judge.runs, a)
	}
	w.settle(v)
	wrong := 0
	for _, c := range w.cards() {
		if c.Finding == wire.FindingFalse && c.Slot == 3 {
			wrong++
		} else if c.Finding != wire.FindingPassed {
			t.Errorf("slot %d: %s", c.Slot, c.Finding)
		}
	}
	if wrong != 2 {
		t.Errorf("%d answers are said to be wrong, want 2", wrong)
	}
}
