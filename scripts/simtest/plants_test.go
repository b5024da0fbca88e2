package simtest_test

import (
	"slices"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/protocoltest"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/validator"
)

// planting opens a network in which half of all answers is planted.
func planting(t *testing.T) *stage {
	t.Helper()
	return plantingAnd(t, nil)
}

// plantingAnd tells of each block before it is carried out.
func plantingAnd(t *testing.T, ordered func(*ledger.Block)) *stage {
	t.Helper()
	p := protocoltest.Planting(honest.ID(), params.One/2)
	return open(t, honest, protocoltest.Config{Cast: cast(), Params: p, Ordered: ordered})
}

// proven counts the plants that an actor proved in the epochs from … to.
func (s *stage) proven(name string, from, to protocol.Epoch) (n int) {
	s.Helper()
	for e := from; e <= to; e++ {
		rec, ok, err := ledger.ReadPlants(s.State(), e, s.seat(name).ID.UID)
		if err != nil || !ok || rec.Void() {
			s.Errorf("of %s's plants of epoch %d the ledger has %+v, %v", name, e, rec, err)
		}
		n += rec.Proven.Len()
	}
	return n
}

func (s *stage) staked(name string) protocol.Amount {
	s.Helper()
	p, _, err := ledger.ReadPool(s.State(), protocoltest.Named(name).PublicKey())
	if err != nil {
		s.Fatal(err)
	}
	return p.Amount
}

// Miners plant, judges look: nobody loses anything, and plants are worth what other
// answers are.
func TestPlantsCostTheHonestNothing(t *testing.T) {
	t.Parallel()
	s := planting(t)
	s.play(12)
	plants := 0
	for _, name := range miners {
		plants += s.proven(name, 6, 11)
		if c := s.seat(name).Collateral; c != s.Params().Seats.Collateral {
			t.Errorf("%s has %s of collateral", name, c)
		}
		if f := s.miners[name].Status().Findings; f[wire.FindingFalse] != 0 || f[wire.FindingPassed] == 0 {
			t.Errorf("%s was told findings %v", name, f)
		}
	}
	if plants < 3 {
		t.Errorf("%d plants were drawn in six epochs", plants)
	}
	for _, name := range judges {
		if got := s.staked(name); got < stake {
			t.Errorf("%s has %s of stake", name, got)
		}
	}
	half := s.half(4, 12)
	for _, name := range miners {
		s.near(name, s.Mined(name, 4, 12), half/3, 10)
	}
	for _, name := range judges {
		s.near(name, s.Judged(name, 4, 12), half/4, 6)
	}
}

// Vincent finds everything exact and runs nothing. A plant that he draws shows it:
// he loses a quarter of his stake, and nobody else anything.
func TestWhoSignsExactUnseenLosesStakeByAPlant(t *testing.T) {
	t.Parallel()
	s := planting(t)
	s.validator("vincent", func(c *validator.Config) { c.Judges = []validator.Judge{&stamp{}} })
	s.play(8)
	if got := s.staked("vincent"); got > stake-stake/16 {
		t.Errorf("vincent has %s of stake", got)
	}
	for _, name := range slices.DeleteFunc(slices.Clone(judges), func(n string) bool { return n == "vincent" }) {
		if got := s.staked(name); got < stake {
			t.Errorf("%s has %s of stake", name, got)
		}
	}
	for _, name := range miners {
		if s.Mined(name, 2, 8) == 0 {
			t.Errorf("%s was paid nothing", name)
		}
	}
}
