package simtest_test

import (
	"context"
	"testing"

	"github.com/assaynet/assay/miner"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/validator"
	"github.com/assaynet/assay/validator/record"
)

// Vincent's disk dies in epoch 8, and a copy of epoch 3 takes its place when the
// openings of the epoch are over. Nobody gives him what he missed. He blames nobody
// for it, weighs the honest as he did, and goes on to catch mallory, who never
// opens, from the first epoch on that he sees: it is weighed in the next.
func TestAValidatorRestoredFromAnOlderCopyBlamesNobodyForWhatItMissed(t *testing.T) {
	t.Parallel()
	s := network(t, mallory)
	s.miner("mallory", func(c *miner.Config) {
		c.Publish = func(context.Context, string, []byte) error { return nil }
	})
	s.until(20*3 + 18)
	copied := s.store("vincent").Crash()
	s.until(20*8 + 15)
	s.kill("vincent")
	s.stores["vincent"] = copied
	s.validator("vincent", func(c *validator.Config) {
		c.Evidence = func(context.Context, protocol.PublicKey, wire.AnswerKey) ([]byte, error) { return nil, nil }
	})
	s.play(12)
	for e := protocol.Epoch(8); e <= 12; e++ {
		rows := map[string]map[string]scoring.Explanation{}
		for _, judge := range []string{"vincent", "viktor"} {
			rows[judge] = s.rowOf(judge, e)
		}
		for _, name := range miners {
			got, want := rows["vincent"][name], rows["viktor"][name]
			if got.Tally.NotGiven != 0 || got.Availability != want.Availability {
				t.Errorf("epoch %d: vincent counts %d answers of %s as not given, availability %d", e, got.Tally.NotGiven, name, got.Availability)
			}
			// Three epochs of own runs, aged by five, are few: rows differ by
			// that much.
			if got.Weight < want.Weight/2 {
				t.Errorf("epoch %d: vincent weighs %s %d, viktor %d", e, name, got.Weight, want.Weight)
			}
		}
		if got := rows["vincent"]["mallory"]; got.Weight != 0 || e > 9 && got.Tally.NotGiven == 0 {
			t.Errorf("epoch %d: vincent found of mallory %+v", e, got)
		}
	}
	if rounds, err := s.validators["vincent"].Abstained(9); err != nil || len(rounds) == 0 {
		t.Errorf("he abstained of %v, %v", rounds, err)
	}
	for _, name := range miners {
		if f := s.findings(name); len(f) != 1 || f[wire.FindingPassed] == 0 {
			t.Errorf("cards about %s: %v", name, f)
		}
		s.near(name, s.Mined(name, 8, 12), s.half(8, 12)/3, 15)
	}
	s.minedNothing("mallory")
	// What a duty more or less is worth in two epochs is more than a tenth.
	if got, least := s.Judged("vincent", 11, 12), s.leastJudge(11, 12); got < least/10*8 {
		t.Errorf("vincent, who is back, was paid %s, the least of the others %s", got, least)
	}
}

// rowOf returns what a validator thinks of all seats in epoch e, by name.
func (s *stage) rowOf(judge string, e protocol.Epoch) map[string]scoring.Explanation {
	s.Helper()
	page, _, err := s.validators[judge].Scores(e, 0, record.MaxPage)
	if err != nil {
		s.Fatal(err)
	}
	out := map[string]scoring.Explanation{}
	for i := range page {
		for _, name := range append([]string{"mallory"}, miners...) {
			if s.seat(name).ID == page[i].Tally.Seat {
				out[name] = page[i]
			}
		}
	}
	return out
}
