package validator_test

import (
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/validator"
)

// TestAnObserverCountsWhatIsPublicAndSendsNothing: it runs no model, although its
// hotkey has a seat and duties, believes that an answer passed where the judges who
// opened what they found say so, and takes no side where one says otherwise.
func TestAnObserverCountsWhatIsPublicAndSendsNothing(t *testing.T) {
	w := newWorld(t)
	cfg := w.config(newMemory())
	cfg.Observe, cfg.Judges = true, nil
	v, err := validator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	toOpenings(t, w, v, 5)
	w.openAll(v)
	w.drawDuties(round)
	w.step(v, deadline+2)
	w.work(v)
	wrong := w.trueCard(w.makers[1])
	wrong.Finding = wire.FindingFalse
	w.resay(&wrong, func(b *inference.Card) { b.Code = inference.CodeToken })
	theirs := w.theirs(w.trueCard(w.makers[0]), wrong)
	for h := over; h <= sealEnd+1; h++ {
		w.step(v, h)
		w.work(v)
	}
	for _, c := range theirs {
		w.take(v.OnCard(t.Context(), w.card(sealEnd, c)))
	}
	for h := sealEnd + 2; h <= sealFrom; h++ {
		w.step(v, h)
		w.work(v)
	}
	if w.judge.runs != 0 || len(w.published) != 0 || len(w.submitted) != 0 {
		t.Errorf("%d runs, %d cards published, submitted %+v", w.judge.runs, len(w.published), w.submitted)
	}
	if why := v.Status().Why; !strings.HasPrefix(why, "observing: ") {
		t.Errorf("it says of itself %q", why)
	}
	ten, err := v.Score(weighed, 10, inference.Kind)
	if err != nil || ten.Tally.Asked != 1 || ten.Tally.Opened != 1 || ten.Tally.Runs != 1 || ten.Tally.Passes != 1 || ten.Reason != scoring.ReasonPaid {
		t.Errorf("of what passed: %+v, %v", ten, err)
	}
	eleven, err := v.Score(weighed, 11, inference.Kind)
	if err != nil || eleven.Tally.Opened != 1 || eleven.Tally.Runs != 0 || eleven.Reason != scoring.ReasonUnproven {
		t.Errorf("of what one judge found wrong: %+v, %v", eleven, err)
	}
}
