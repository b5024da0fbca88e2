package validator_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/validator"
	"github.com/assaynet/assay/validator/record"
)

// present makes the world's validators ask it how well their node takes part.
func (w *world) present() *validator.Presence {
	p := &validator.Presence{}
	w.presence = func() validator.Presence { return *p }
	return p
}

// nobodyHas makes every peer say that it has nothing.
func (w *world) nobodyHas() {
	w.evidence = func(wire.AnswerKey) ([]byte, error) { return nil, nil }
}

// play steps through an epoch, and on until weights are made of it: all miners
// commit in time, and the answers of those that open come to the validator.
func (w *world) play(v *validator.Validator, e protocol.Epoch, open ...*maker) {
	w.t.Helper()
	n, from := protocol.Round(e), w.p.Schedule.EpochStart(e)
	w.rosters(e)
	w.rosters(e + 1)
	w.drawTasks(n)
	for h := from; h <= from+37; h++ {
		switch h {
		case from + 6:
			for _, m := range w.makers {
				w.commit(m, n, from+6, 5)
			}
		case from + 12:
			for _, m := range open {
				if err := v.OnAnswer(w.t.Context(), w.opening(m, 0, from+11, nil)); err != nil && !errors.Is(err, validator.ErrWindow) {
					w.t.Fatal(err)
				}
			}
			w.drawDuties(n)
		}
		w.step(v, h)
		w.work(v)
	}
}

// row is what the validator thinks of miners 10 and 11 for what they did in epoch
// e.
func row(t *testing.T, v *validator.Validator, e protocol.Epoch) (ten, eleven *scoring.Explanation) {
	t.Helper()
	e++
	ten, err := v.Score(e, 10, inference.Kind)
	if err != nil {
		t.Fatal(err)
	}
	if eleven, err = v.Score(e, 11, inference.Kind); err != nil {
		t.Fatal(err)
	}
	return ten, eleven
}

// In the second epoch the validator misses the openings, and nobody gives it what
// was given: of that round it says nothing, and all is well in the next.
func TestWhatCouldNotBeFetchedIsHeldAgainstNobody(t *testing.T) {
	w := newWorld(t)
	w.nobodyHas()
	v := w.validator(newMemory())
	w.play(v, epoch, w.makers...)
	w.play(v, epoch+1)
	w.play(v, epoch+2, w.makers...)
	ten, eleven := row(t, v, epoch+2)
	if ten.Weight != 65535 || eleven.Weight != 65535 || ten.Availability != params.One || ten.Reason != scoring.ReasonPaid {
		t.Errorf("got %+v and %+v, want both paid as ever", ten, eleven)
	}
	if got, err := v.Abstained(weighed + 1); err != nil || !slices.Equal(got, []protocol.Round{round + 1}) {
		t.Errorf("abstained of %v, %v", got, err)
	}
}

// The opinion from before stands, ages by the epochs in between, and is sent.
func TestAnUnknownEpochIsWeighedByEarlierOpinions(t *testing.T) {
	w := newWorld(t)
	w.silent = map[protocol.UID]bool{11: true}
	w.nobodyHas()
	v := w.validator(newMemory())
	w.play(v, epoch, w.makers[0]) // 11 commits, and the judges do not get it
	good, bad := row(t, v, epoch)
	if good.Weight != 65535 || bad.Weight != 0 || bad.Tally.NotGiven != 1 {
		t.Fatalf("got %+v and %+v", good, bad)
	}
	w.play(v, epoch+1)
	ten, eleven := row(t, v, epoch+1)
	if ten.Weight != 65535 || eleven.Weight != 0 || ten.Reason != scoring.ReasonUnobserved || ten.Work != good.Work || ten.Tally != (scoring.Tally{Seat: good.Tally.Seat, Kind: inference.Kind}) {
		t.Errorf("got %+v and %+v, want the opinion from before", ten, eleven)
	}
	if got, err := v.Abstained(weighed + 1); err != nil || !slices.Equal(got, []protocol.Round{round + 1}) {
		t.Errorf("abstained of %v, %v", got, err)
	}
	if got, err := v.Abstained(weighed); err != nil || len(got) != 0 {
		t.Errorf("abstained before: %v, %v", got, err)
	}
	for e := weighed; e <= weighed+1; e++ { // it begins with its first epoch, and an opinion without news makes no gap
		if got, err := v.SeenFrom(e); err != nil || got != epoch {
			t.Errorf("of epoch %d all is seen from %d on, %v, want %d", e, got, err, epoch)
		}
	}
	if seals := sent[*wire.CommitWeights](w); seals[len(seals)-1].Epoch != weighed+1 {
		t.Errorf("seals %+v, want one of epoch %d", seals, weighed+1)
	}
}

// Who has no opinion at all says nothing: an empty row would speak against
// everybody.
func TestAFreshValidatorThatKnowsNothingSendsNoWeights(t *testing.T) {
	w := newWorld(t)
	w.nobodyHas()
	v := w.validator(newMemory())
	w.play(v, epoch)
	w.play(v, epoch+1)
	told := func() []*wire.CommitWeights { // of rounds before the first there is nothing to know
		return slices.DeleteFunc(sent[*wire.CommitWeights](w), func(c *wire.CommitWeights) bool { return c.Epoch < weighed })
	}
	if a := told(); len(a) != 0 || len(w.published) != 0 {
		t.Errorf("sent %+v and %d cards", a, len(w.published))
	}
	w.play(v, epoch+2, w.makers...)
	if a := told(); len(a) == 0 || a[0].Epoch != weighed+2 {
		t.Errorf("sent %+v, want from epoch %d on", a, weighed+2)
	}
}

// A node that catches up sends nothing of what was due at the heights it passes.
func TestWhileItCatchesUpAValidatorOnlyFollows(t *testing.T) {
	w := newWorld(t)
	p := w.present()
	asked := 0
	w.evidence = func(wire.AnswerKey) ([]byte, error) { asked++; return nil, nil }
	v := w.validator(newMemory())
	p.Behind = true
	for e := epoch; e < epoch+3; e++ {
		w.play(v, e)
	}
	if len(w.submitted) != 0 || len(w.published) != 0 || asked != 0 {
		t.Errorf("submitted %+v, published %d, asked %d", w.submitted, len(w.published), asked)
	}
	if s := v.Status(); s.Height != w.p.Schedule.WeightsStart(weighed+2) || s.NotObserving != "catching up with the ledger" {
		t.Errorf("status %+v", s)
	}
}

// Answers prove themselves: those that are fetched are judged and counted also of a
// round whose openings were missed. A seat of which one is missing is left out.
func TestARoundThatIsFetchedCounts(t *testing.T) {
	for _, complete := range []bool{true, false} {
		w := newWorld(t)
		w.present()
		w.evidence = func(k wire.AnswerKey) ([]byte, error) {
			if k.UID == 11 && !complete {
				return nil, nil
			}
			return w.opening(w.makers[k.UID-10], 0, deadline, nil), nil
		}
		v := w.validator(newMemory())
		w.commitFirst()
		w.rosters(weighed)
		w.commit(w.makers[1], round, start+7, 5)
		w.drawDuties(round)
		for h := given; h <= sealFrom; h++ {
			w.step(v, h)
			w.work(v)
		}
		s, err := v.Weights(weighed)
		if err != nil {
			t.Fatal(err)
		}
		cards := map[protocol.UID]wire.Finding{}
		for _, c := range w.cards() {
			cards[c.Seat.UID] = c.Finding
		}
		want := map[protocol.UID]wire.Finding{10: wire.FindingPassed}
		if complete {
			want[11] = wire.FindingPassed
		}
		absent, err := v.Absent(weighed)
		if !slices.Contains(s.Rounds, round) || fmt.Sprint(cards) != fmt.Sprint(want) || len(absent) != 2-len(want) {
			t.Errorf("complete %v: %v, counted %v, without %v, cards %v, want %v", complete, err, s.Rounds, absent, cards, want)
		}
	}
}

// An answer of miner 11 can be had of nobody in the second epoch. It keeps the
// opinion from before, of which it has fewer runs to show, and miner 10 is paid for
// what it did. In the third nothing is held against either.
func TestAMissingAnswerLeavesOutItsSeatAlone(t *testing.T) {
	w := newWorld(t)
	w.nobodyHas()
	v := w.validator(newMemory())
	w.play(v, epoch, w.makers...)
	_, before := row(t, v, epoch)
	w.play(v, epoch+1, w.makers[0])
	ten, eleven := row(t, v, epoch+1)
	if ten.Weight != 65535 || ten.Tally.Opened != 1 || ten.Reason != scoring.ReasonPaid {
		t.Errorf("of the seat that is here: %+v", ten)
	}
	if eleven.Weight != 50972 || eleven.Reason != scoring.ReasonUnobserved || eleven.Work != before.Work || eleven.Tally != (scoring.Tally{Seat: before.Tally.Seat, Kind: inference.Kind}) {
		t.Errorf("of the seat that is not: %+v, want the opinion from before", eleven)
	}
	if got, err := v.Absent(weighed + 1); err != nil || !slices.Equal(got, []record.Absence{{Round: round + 1, Seat: w.makers[1].id}}) {
		t.Errorf("absent are %v, %v", got, err)
	}
	if got, err := v.Abstained(weighed + 1); err != nil || len(got) != 0 {
		t.Errorf("abstained of %v, %v", got, err)
	}
	w.play(v, epoch+2, w.makers...)
	ten, eleven = row(t, v, epoch+2)
	if ten.Availability != params.One || eleven.Availability != params.One || eleven.Weight != 62414 || eleven.Tally.Opened != 1 {
		t.Errorf("got %+v and %+v, want both paid as ever", ten, eleven)
	}
}

// Most of the seats commit, and never open.
func TestSilentSeatsInTheMajorityKeepNobodyFromBeingPaid(t *testing.T) {
	w := newWorld(t)
	w.nobodyHas()
	v := w.validator(newMemory())
	w.play(v, epoch, w.makers...)
	w.silent = map[protocol.UID]bool{}
	for uid := protocol.UID(20); uid < 25; uid++ {
		w.silent[uid] = true
		w.makers = append(w.makers, &maker{signer: named(uid.String()), id: protocol.SeatID{UID: uid, Registered: 5}, slots: 1})
	}
	w.play(v, epoch+1, w.makers[:2]...)
	x, err := v.Score(weighed+1, 20, inference.Kind)
	if err != nil || x.Tally.NotGiven != 1 || x.Weight != 0 {
		t.Errorf("a silent seat: %+v, %v", x, err)
	}
	if ten, eleven := row(t, v, epoch+1); ten.Weight != 65535 || eleven.Weight != 65535 || ten.Tally.Opened != 1 {
		t.Errorf("got %+v and %+v", ten, eleven)
	}
}

// The uid was given to another while the validator was away.
func TestAnOldOpinionIsNotOfANewHolder(t *testing.T) {
	w := newWorld(t)
	p := w.present()
	w.nobodyHas()
	v := w.validator(newMemory())
	w.play(v, epoch, w.makers...)
	w.put(ledger.SeatKey(10), &ledger.Seat{ID: protocol.SeatID{UID: 10, Registered: 59}})
	p.Deaf = "no peers"
	w.play(v, epoch+1)
	if _, err := v.Score(weighed+1, 10, inference.Kind); !errors.Is(err, record.ErrNotFound) {
		t.Errorf("the new holder of uid 10 has a weight: %v", err)
	}
	if x, err := v.Score(weighed+1, 11, inference.Kind); err != nil || x.Weight != 65535 {
		t.Errorf("got %+v, %v", x, err)
	}
}

func TestWhatIsAmissIsSaidOnce(t *testing.T) {
	w := newWorld(t)
	p := w.present()
	w.nobodyHas()
	var log bytes.Buffer
	cfg := w.config(newMemory())
	cfg.Logger = zerolog.New(&log).Level(zerolog.InfoLevel)
	v, err := validator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	w.play(v, epoch, w.makers...)
	// The seal that is on the ledger is not of this database.
	w.put(ledger.SealKey(weighed, w.seat.UID), &ledger.SealedWeights{Seat: w.seat, Hash: protocol.Hash{9}})
	p.Deaf = "no peers"
	w.drawTasks(round + 1)
	for _, m := range w.makers {
		w.commit(m, round+1, w.p.Schedule.EpochStart(epoch+1)+6, 5)
	}
	for h := w.p.Schedule.EpochStart(epoch + 1); h < w.p.Schedule.EpochStart(epoch+1)+20; h++ {
		if err := validator.Tolerate(v, errors.Join(v.Step(context.Background(), h), fmt.Errorf("slot %d of round 7: no peer is connected", h))); err != nil {
			t.Fatal(err)
		}
	}
	p.Deaf = ""
	w.play(v, epoch+2, w.makers...)
	for what, want := range map[string]int{
		`"message":"the network is not heard`: 1,
		`"message":"the network is heard`:     2, // at the start, and again
		`"message":"cannot open the weights`:  1,
		`"message":"met an error`:             1,
		`"message":"weights leave out rounds`: 1,
	} {
		if got := strings.Count(log.String(), what); got != want {
			t.Errorf("%s: said %d times, want %d", what, got, want)
		}
	}
	if t.Failed() {
		t.Log(log.String())
	}
}
