package simtest_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/goldentest"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/protocoltest"
	"github.com/assaynet/assay/protocol/task/kinds"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring/preference/lane"
	"github.com/assaynet/assay/validator"
)

// lived is a network in which people rate, and what they are worth, for
// scripts/oracle/protocol: it carries out the blocks and says the same.
type lived struct {
	Genesis hexBytes  `json:"genesis"`
	Blocks  []block   `json:"blocks"`
	State   []entry   `json:"state"`
	Worth   [][]named `json:"worth"` // by epoch
}

// named is what one rater is worth.
type named struct {
	Name  string `json:"name"` // as the score has it
	Worth uint64 `json:"worth"`
}

// Four validators set twenty pairs a round, of whom one lies and is doubted, and
// six people rate them, of whom one likes what is longer and one comes an epoch
// later. Nobody does anything else.
func TestLifeOfPeopleIsTheGoldenLife(t *testing.T) {
	t.Parallel()
	p := protocoltest.Params(honest.ID())
	p.Kinds = []params.Kind{params.Raters(params.One, 1)}
	p.Preference.Memory, p.Preference.Pairs = 6, 20
	list := cast()[:len(judges)]
	rate := readers()[1:]
	for _, r := range rate {
		list = append(list, protocoltest.Actor{Name: r.Name})
	}
	w := &scribe{}
	var s *stage
	s = openKinds(t, honest, 1, protocoltest.Config{
		Params: p, Cast: list, Ordered: func(b *ledger.Block) { w.ordered(b, s.State().Hash()) },
	}, kinds.All())
	for _, name := range judges {
		s.validator(name, func(c *validator.Config) { c.Setter = setter(name) })
	}
	s.validator("violet", func(c *validator.Config) {
		c.Setter = setter("violet")
		c.Setter.Engine = inverted{}
	})
	for _, r := range rate[1:] {
		s.joinWith(r.Name, s.rates(r))
	}
	s.play(2)
	s.joinWith(rate[0].Name, s.rates(rate[0]))
	s.play(6)

	got := lived{Genesis: wire.Encode(s.Genesis()), Blocks: w.Blocks}
	paid := false
	for e := range protocol.Epoch(7) {
		l, err := lane.Read(s.State(), s.Params(), e, nil)
		if err != nil {
			t.Fatal(err)
		}
		worth := []named{}
		for _, r := range l.Seats {
			worth = append(worth, named{lane.RaterID(r.Seat), r.Worth})
			paid = paid || r.Worth > 0
		}
		got.Worth = append(got.Worth, worth)
	}
	if doubted := s.doubted(4); !slices.Contains(doubted, "violet") { // and whoever she checks
		t.Errorf("the ledger has doubts about the pairs of %v", doubted)
	}
	if !paid {
		t.Error("nobody is worth anything")
	}
	if err := s.State().Iterate(nil, func(k, v []byte) bool {
		got.State = append(got.State, entry{bytes.Clone(k), bytes.Clone(v)})
		return true
	}); err != nil {
		t.Fatal(err)
	}
	goldentest.JSON(t, "testdata/people.json", &got)
}
