package validator_test

import (
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
)

// TestASeatThatOpenedNoLinkGaveNothingAndDidNotLie: what was found of its answers
// counts neither way, by the own run and by the other judge's word.
func TestASeatThatOpenedNoLinkGaveNothingAndDidNotLie(t *testing.T) {
	for _, own := range []bool{true, false} {
		w := newWorld(t)
		w.p.Plants.Rate = params.One / 2
		v := w.validator(newMemory())
		toOpenings(t, w, v, 666)
		if own {
			w.judgeAll(v)
		} else {
			w.openAll(v)
			soleJudge(w)
			w.step(v, deadline+2)
		}
		w.truths()
		// Miner 10 answered truly and miner 11 falsely, or planted: nobody knows.
		for _, m := range w.makers {
			w.put(ledger.PlantsKey(epoch, m.id.UID), &ledger.PlantsRecord{Seat: m.id})
		}
		for _, h := range []protocol.Height{over, sealEnd - 1, sealEnd, sealEnd + 1, sealFrom} {
			w.step(v, h)
		}
		for _, m := range w.makers {
			got, err := v.Score(weighed, m.id.UID, inference.Kind)
			if err != nil {
				t.Fatal(err)
			}
			if got.Tally.Runs != 0 || got.Tally.Passes != 0 || got.Reason == scoring.ReasonFalse {
				t.Errorf("own %t: seat %d is weighed as %+v", own, m.id.UID, got)
			}
		}
	}
}

// TestAProvenPlantIsNoOpenQuestion: what another judge found wrong, and what the
// ledger has as planted, is not told as left out for want of time.
func TestAProvenPlantIsNoOpenQuestion(t *testing.T) {
	for _, proven := range []bool{false, true} {
		w := newWorld(t)
		w.p.Plants.Rate = params.One / 2
		var log strings.Builder
		cfg := w.config(newMemory())
		cfg.Logger = zerolog.New(&log)
		v, err := validator.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		toOpenings(t, w, v, 5)
		w.openAll(v)
		soleJudge(w)
		w.step(v, deadline+2)
		wrong := w.trueCard(w.makers[1])
		wrong.Finding = wire.FindingFalse
		w.resay(&wrong, func(b *inference.Card) { b.Code = inference.CodeToken })
		w.theirs(w.trueCard(w.makers[0]), wrong)
		if proven {
			rec := ledger.PlantsRecord{Seat: w.makers[1].id, Link: protocol.Hash{1}}
			rec.Proven.Add(wire.AnswerKey{Round: round, UID: w.makers[1].id.UID})
			w.put(ledger.PlantsKey(epoch, w.makers[1].id.UID), &rec)
		}
		for _, h := range []protocol.Height{over, sealEnd - 1, sealEnd, sealEnd + 1, sealFrom} {
			w.step(v, h)
		}
		if told := strings.Contains(log.String(), "weights leave out"); told == proven {
			t.Errorf("proven %t: the log has %s", proven, log.String())
		}
	}
}
