package simtest_test

import (
	"context"
	"testing"

	"github.com/assaynet/assay/miner"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/task/preference/pair"
	"github.com/assaynet/assay/validator"
)

// inverted is the model of a setter that says of every pair the contrary of what
// the network's model prefers.
type inverted struct{ halfRight }

func (c inverted) Choose(ctx context.Context, pairs []pair.Pair) ([]int8, error) {
	out, err := c.halfRight.Choose(ctx, pairs)
	for i := range out {
		out[i] = -out[i]
	}
	return out, err
}

// falseSets returns of how many sets of a round a validator found that they are
// not what their link makes.
func (s *stage) falseSets(judge string, n protocol.Round) (names []string) {
	s.Helper()
	for _, name := range judges {
		c, err := s.validators[judge].Checked(n, s.seat(name).ID.UID)
		if err != nil {
			s.Fatal(err)
		}
		if c != nil && c.False {
			names = append(names, name)
		}
	}
	return names
}

// doubted returns of whose sets of a round the ledger has a doubt.
func (s *stage) doubted(n protocol.Round) (names []string) {
	s.Helper()
	sets, err := ledger.ReadSets(s.State(), n)
	if err != nil {
		s.Fatal(err)
	}
	for i := range sets {
		if sets[i].Doubted {
			names = append(names, s.nameOf(sets[i].Setter))
		}
	}
	return names
}

// nameOf is who judges from a seat.
func (s *stage) nameOf(id protocol.SeatID) string {
	for _, name := range judges {
		if s.seat(name).ID == id {
			return name
		}
	}
	return ""
}

// checkedBy returns of how many sets of a round a validator knows whether they are
// what their link makes.
func (s *stage) checkedBy(judge string, n protocol.Round) (sets int) {
	s.Helper()
	for _, name := range judges {
		c, err := s.validators[judge].Checked(n, s.seat(name).ID.UID)
		if err != nil {
			s.Fatal(err)
		}
		if c != nil {
			sets++
		}
	}
	return sets
}

// One checker makes each set again, and nobody else: what four validators make in a
// round is eight sets, where it was sixteen.
func TestEachSetIsMadeAgainByItsCheckersAlone(t *testing.T) {
	t.Parallel()
	s := people(t, readers()...)
	s.play(5)
	for n := protocol.Round(2); n <= 4; n++ {
		sets, err := ledger.ReadSets(s.State(), n)
		if err != nil || len(sets) != len(judges) {
			t.Fatalf("round %d has %d sets, %v", n, len(sets), err)
		}
		drawn, is, err := ledger.ReadCheckers(s.State(), s.Params(), n, sets)
		if err != nil || !is {
			t.Fatalf("the checkers of round %d are not drawn, %v", n, err)
		}
		want := map[string]int{}
		for i := range sets {
			if len(drawn[i]) != 1 {
				t.Errorf("round %d: set %d has checkers %v", n, i, drawn[i])
			}
			for _, id := range drawn[i] {
				want[s.nameOf(id)]++
			}
		}
		for _, judge := range judges {
			if got := s.checkedBy(judge, n); got != want[judge] {
				t.Errorf("round %d: %s made %d sets of others, is a checker of %d", n, judge, got, want[judge])
			}
		}
	}
}

// Vera doubts whatever she is drawn for: all others look, find nothing false, and
// pay as if she had said nothing.
func TestACheckerThatLiesHasOthersLookAndNothingElse(t *testing.T) {
	t.Parallel()
	s := people(t, readers()...)
	s.validator("vera", func(c *validator.Config) {
		c.Setter = setter("vera")
		c.Setter.Engine = inverted{}
	})
	s.play(6)
	doubts := 0
	for n := protocol.Round(2); n <= 5; n++ {
		for _, name := range s.doubted(n) {
			if name == "vera" {
				continue // her own are lies, too
			}
			doubts++
			for _, judge := range []string{"viktor", "vincent", "violet"} {
				if c, err := s.validators[judge].Checked(n, s.seat(name).ID.UID); judge != name && (err != nil || c == nil || c.False) {
					t.Errorf("round %d: %s found of the pairs of %s: %+v, %v", n, judge, name, c, err)
				}
			}
		}
	}
	if doubts == 0 {
		t.Error("vera was drawn for nothing")
	}
	if paid := s.Mined("rosa", 0, 6); paid == 0 {
		t.Error("rosa was paid nothing")
	}
}

// Violet lies about her pairs: who is drawn finds it and doubts, so all others
// find it, and three setters of four are enough to pay by.
func TestPairsOfASetterThatLiesCountAsNotSet(t *testing.T) {
	t.Parallel()
	s := people(t, readers()...)
	s.validator("violet", func(c *validator.Config) {
		c.Setter = setter("violet")
		c.Setter.Engine = inverted{}
	})
	s.play(6)
	for _, judge := range []string{"vera", "viktor", "vincent"} {
		if got := s.falseSets(judge, 4); len(got) != 1 || got[0] != "violet" {
			t.Errorf("%s found that %v lied", judge, got)
		}
	}
	l, rated := s.rated(5, "rosa", "lou") // as who checks nothing sees it
	if l.Lane.Setters != 4 || l.Lane.Asked != 400 {
		t.Errorf("the lane is %+v", l.Lane)
	}
	x, err := s.validators["vera"].ScoresOf(6)
	if err != nil {
		t.Fatal(err)
	}
	for i := range x {
		if x[i].Tally.Seat == rated["rosa"].Seat && x[i].Tally.Asked >= rated["rosa"].Asked {
			t.Errorf("vera counts %d of rosa's %d pairs, violet's among them", x[i].Tally.Asked, rated["rosa"].Asked)
		}
	}
	paid := s.Mined("rosa", 0, 6)
	if paid == 0 || s.Mined("lou", 0, 6) != 0 {
		t.Errorf("rosa was paid %s, lou %s", paid, s.Mined("lou", 0, 6))
	}
}

func TestPairsThatAreNotOpenedCountAsNotSet(t *testing.T) {
	t.Parallel()
	s := people(t, readers()...)
	s.until(s.Params().Schedule.CommitDeadline(4) - 1)
	s.Cut("viktor") // his pairs are rated
	s.until(s.Params().Schedule.OpenDeadline(4))
	s.Mend("viktor")
	s.play(4)
	sets, err := ledger.ReadSets(s.State(), 4)
	if err != nil {
		t.Fatal(err)
	}
	for i := range sets {
		if sets[i].Opened() != (sets[i].Setter != s.seat("viktor").ID) {
			t.Errorf("pairs of seat %d are open: %v", sets[i].Setter.UID, sets[i].Opened())
		}
	}
	if l, _ := s.rated(4); l.Lane.Setters != 3 || l.Lane.Asked != 300 {
		t.Errorf("the lane is %+v", l.Lane)
	}
}

// A process that is killed while pairs are rated loses nothing: setters publish
// them again, and what was rated lies on the desk.
func TestARaterThatIsKilledInTheMiddleOfARoundGoesOn(t *testing.T) {
	t.Parallel()
	list := readers()
	s := people(t, list...)
	s.until(s.Params().Schedule.CommitDeadline(4) - miner.SealMargin - 4)
	s.miner("rosa", func(c *miner.Config) { c.Workers = []miner.Worker{s.rates(list[0])} })
	s.play(4)
	_, rated := s.rated(4, "rosa")
	if r := rated["rosa"]; r.Asked == 0 || r.Rated != r.Asked {
		t.Errorf("rosa rated %d of %d", r.Rated, r.Asked)
	}
}
