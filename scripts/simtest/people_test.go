package simtest_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"github.com/assaynet/assay/miner"
	"github.com/assaynet/assay/miner/rater"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/protocoltest"
	"github.com/assaynet/assay/protocol/task/kinds"
	"github.com/assaynet/assay/protocol/task/preference"
	"github.com/assaynet/assay/protocol/task/preference/pair"
	"github.com/assaynet/assay/scoring/preference/lane"
	"github.com/assaynet/assay/scripts/demo/reader"
	"github.com/assaynet/assay/validator"
)

// halfRight is the model of the people's lane: it answers every second question
// rightly, and of two responses it likes one as if by lot. The networks' tiny model
// knows no answer at all, and then there are no golds.
type halfRight struct{}

func (halfRight) Continue(_ context.Context, answers []pair.Answer) ([]string, error) {
	out := make([]string, len(answers))
	for i, a := range answers {
		question := a.Prompt[strings.LastIndex(a.Prompt, "\n\n")+2:]
		right, ok := reader.Solve(question)
		if !ok {
			return nil, fmt.Errorf("cannot read %q", question)
		}
		if out[i] = right; i/2%2 == 1 {
			out[i] = strings.ReplaceAll(question, right, "") // the first that it names is wrong
		}
	}
	return out, nil
}

func (halfRight) Choose(_ context.Context, pairs []pair.Pair) ([]int8, error) {
	out := make([]int8, len(pairs))
	for i, p := range pairs {
		out[i] = lot("better", p)
	}
	return out, nil
}

func (halfRight) Expect(_ context.Context, pairs []pair.Pair) ([]pair.Expected, error) {
	out := make([]pair.Expected, len(pairs))
	for i, p := range pairs {
		out[i] = pair.Expected{Mean: lot("mean", p), Least: lot("least", p)}
	}
	return out, nil
}

// lot draws a side of a pair, the same one however the pair is turned.
func lot(use string, p pair.Pair) int8 {
	a, b := sha256.Sum256([]byte(use+p.A)), sha256.Sum256([]byte(use+p.B))
	return int8(bytes.Compare(b[:], a[:]))
}

// setter is how a validator of a story sets pairs.
func setter(name string) *validator.Setter {
	chain := func(start protocol.Round) *ledger.ChainMaker {
		return protocoltest.Chain(name+" sets", protocol.Height(start))
	}
	return &validator.Setter{
		Chain: func(start protocol.Round) (protocol.Hash, error) { return chain(start).Anchor(), nil },
		Makes: func(c ledger.Chain) bool { return chain(protocol.Round(c.Start)).Makes(c) },
		Link: func(c ledger.Chain, n protocol.Round) (protocol.Hash, error) {
			link, ok := chain(protocol.Round(c.Start)).Link(protocol.Height(n))
			if !ok {
				return link, fmt.Errorf("no link for round %d", n)
			}
			return link, nil
		},
		Engine: halfRight{},
	}
}

// people is the usual cast, whose validators set pairs, with raters of different
// owners beside them. A quarter of the pay is for rating.
func people(t *testing.T, readers ...*reader.Reader) *stage {
	p := protocoltest.Params(honest.ID())
	p.Kinds[0].Share = 3 * params.One / 4
	p.Kinds = append(p.Kinds, params.Raters(params.One/4, 1))
	p.Preference.Memory, p.Preference.Checkers = 6, 1
	var more []protocoltest.Actor
	for _, r := range readers {
		more = append(more, protocoltest.Actor{Name: r.Name})
	}
	s := openKinds(t, honest, *seed, protocoltest.Config{Cast: cast(more...), Params: p}, kinds.All())
	for _, name := range judges {
		s.validator(name, func(c *validator.Config) { c.Setter = setter(name) })
	}
	for _, r := range readers {
		s.joinWith(r.Name, s.rates(r))
	}
	return s
}

// rates returns the worker of a reader.
func (s *stage) rates(r *reader.Reader) miner.Worker {
	return rater.New(rater.Config{ChainID: s.ChainID(), Params: s.Params(), Desk: r})
}

// undecided is a reader that takes nothing back and never says so.
type undecided struct{ *reader.Reader }

func (undecided) Finished(protocol.Round, int) bool { return false }

// TestRatingsCanBeTakenBackUntilTheLastSafeBlock: who does not say that he has
// finished is sealed then, in time, and loses nothing.
func TestRatingsCanBeTakenBackUntilTheLastSafeBlock(t *testing.T) {
	t.Parallel()
	list := readers()
	s := people(t, list...)
	s.play(2)
	s.miner("rosa", func(c *miner.Config) {
		c.Workers = []miner.Worker{rater.New(rater.Config{ChainID: s.ChainID(), Params: s.Params(), Desk: undecided{list[0]}})}
	})
	s.play(4)
	deadline := s.Params().Schedule.CommitDeadline(4)
	for name, at := range map[string][2]protocol.Height{"rosa": {deadline - miner.SealMargin - 1, deadline}, "ruth": {0, deadline - miner.SealMargin - 2}} {
		c, ok, err := ledger.ReadCommit(s.State(), 4, s.seat(name).ID.UID)
		if err != nil || !ok || c.Height < at[0] || c.Height > at[1] {
			t.Errorf("%s sealed at height %d, %v, %v; the deadline is %d", name, c.Height, ok, err, deadline)
		}
	}
	_, rated := s.rated(4, "rosa")
	if r := rated["rosa"]; r.Asked == 0 || r.Rated != r.Asked {
		t.Errorf("rosa rated %d of %d", r.Rated, r.Asked)
	}
}

// readers are six who do what they can, and one who likes what is longer.
func readers() []*reader.Reader {
	var list []*reader.Reader
	for i, name := range []string{"rosa", "ruth", "ron", "rita", "ray", "rob"} {
		list = append(list, &reader.Reader{Name: name, Way: reader.Honest, Right: 75 + 2*i})
	}
	return append(list, &reader.Reader{Name: "lou", Way: reader.Longer})
}

// rated returns the lane in an epoch, by name.
func (s *stage) rated(e protocol.Epoch, names ...string) (*lane.Epoch, map[string]lane.Rated) {
	s.Helper()
	l, err := lane.Read(s.State(), s.Params(), e, nil)
	if err != nil {
		s.Fatal(err)
	}
	byName := map[string]lane.Rated{}
	for _, name := range names {
		for _, r := range l.Seats {
			if r.Seat == s.seat(name).ID {
				byName[name] = r
			}
		}
	}
	return l, byName
}

func TestPeopleArePaidForWhatTheySeeAndNotForWhatIsCheap(t *testing.T) {
	t.Parallel()
	list := readers()
	s := people(t, list...)
	s.play(10)

	sets, err := ledger.ReadSets(s.State(), 8)
	if err != nil || len(sets) != len(judges) {
		t.Fatalf("%d sets, %v", len(sets), err)
	}
	for i := range sets {
		if !sets[i].Opened() || len(sets[i].Origins) != int(s.Params().Preference.Pairs) {
			t.Errorf("seat %d opened %d pairs", sets[i].Setter.UID, len(sets[i].Origins))
		}
	}
	var names []string
	for _, r := range list {
		names = append(names, r.Name)
	}
	l, rated := s.rated(8, names...)
	t.Logf("the lane pays %d of 65536, %+v", l.Share, l.Lane)
	for _, name := range names {
		r := rated[name]
		t.Logf("%s: asked %d, rated %d, golds %d, gate %d, q %d, pay %d, mined %s", name, r.Asked, r.Rated, r.Golds, r.Row.Gate, r.Row.Q, r.Row.Pay, s.Mined(name, 0, 10))
		if r.Asked == 0 || r.Rated != r.Asked {
			t.Errorf("%s rated %d of %d", name, r.Rated, r.Asked)
		}
	}
	var people protocol.Amount
	for _, name := range names[:6] {
		people += s.Mined(name, 7, 10)
	}
	if lou := s.Mined("lou", 7, 10); people == 0 || 3*7*lou > people+lou {
		t.Errorf("who likes what is longer got %s of %s: above a third of its share", lou, people+lou)
	}
	// All validators say the same of raters: what they are worth follows from blocks.
	for _, name := range names {
		var first uint64
		for i, judge := range judges {
			x, err := s.validators[judge].ScoresOf(9)
			if err != nil {
				t.Fatal(err)
			}
			for k := range x {
				if x[k].Tally.Seat != s.seat(name).ID || x[k].Tally.Kind != preference.Kind {
					continue
				}
				if i == 0 {
					first = x[k].Raw
				}
				if x[k].Raw != first {
					t.Errorf("%s is worth %d to %s, %d to %s", name, x[k].Raw, judge, first, judges[0])
				}
			}
		}
	}
}
