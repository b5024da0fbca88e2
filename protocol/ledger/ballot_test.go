package ledger_test

import (
	"slices"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// judgeWith gives v1 … v3 stakes, in tokens, of the epoch in which electors of m1's
// case are drawn, just before that.
func (x *trying) judgeWith(stakes ...protocol.Amount) {
	x.tb.Helper()
	due := x.challenged(x.evidence.Case).Due
	x.until(due - 1)
	e := x.p.Schedule.EpochOf(due)
	for i, name := range []string{"v1", "v2", "v3"} {
		j, ok, err := ledger.ReadRosterJudge(x.tree, e, x.seat(name).ID.UID)
		if err != nil || !ok {
			x.tb.Fatalf("%s is no judge of epoch %d, %v", name, e, err)
		}
		j.Stake = stakes[i] * protocol.Unit
		x.set(ledger.RosterJudgeKey(e, j.ID.UID), j)
	}
}

// All three electors find m1's answer false, each by the backends that it names.
// One backend that is broken alike on all machines convicts nobody, nor two without
// the reference, unless it is the reference itself; nor do liars with a third of
// stake who name what they did not run.
func TestOneBackendAloneConvictsNobody(t *testing.T) {
	const reference, native, cuda = wire.ByReference, wire.ByNative, wire.ByCUDA
	for _, test := range []struct {
		by     [3]wire.Backends
		guilty bool
	}{
		{[3]wire.Backends{reference | native, reference | native, reference | native}, true},
		{[3]wire.Backends{native, reference | native, reference | cuda}, true},
		{[3]wire.Backends{native | cuda, native | cuda, native | cuda}, false},
		{[3]wire.Backends{reference, reference, reference}, true},
		{[3]wire.Backends{native, native, native}, false},
		{[3]wire.Backends{cuda, cuda, cuda}, false},
		{[3]wire.Backends{native, native, reference | native}, false}, // a third, and not more
		{[3]wire.Backends{reference, reference, native}, false},       // two thirds, and not more
	} {
		x := newTrying(t, allPassed)
		if err := x.do("rich cold", &wire.Challenge{Evidence: x.evidence}); err != nil {
			t.Fatal(err)
		}
		x.judgeWith(30, 30, 30)
		had := x.seat("m1").Collateral
		votes := map[string]vote{}
		for i, name := range []string{"v1", "v2", "v3"} {
			votes[name] = vote{untrue.finding, untrue.words, test.by[i]}
		}
		rec := x.ballot(x.evidence.Case, votes)
		switch {
		case test.guilty && (rec.Stage != ledger.StageGuilty || rec.Held != had):
			t.Errorf("by %03b the challenge is %s, %s held of %s", test.by, rec.Stage, rec.Held, had)
		case !test.guilty && (rec.Stage != ledger.StageCalled || rec.Held != 0 || x.forfeits("v1") || x.forfeits("v3")):
			t.Errorf("by %03b the challenge is %s, %s held, v1 loses its duties: %t", test.by, rec.Stage, rec.Held, x.forfeits("v1"))
		}
		if test.guilty {
			continue
		}
		x.judgeWith(30, 30, 30)
		if rec = x.ballot(x.evidence.Case, votes); rec.Stage != ledger.StageNoQuorum || x.seat("m1").Collateral != had || rec.Charged {
			t.Errorf("by %03b, twice, the challenge is %s, and m1 has %s of %s", test.by, rec.Stage, x.seat("m1").Collateral, had)
		}
	}
}

// TestNobodyWithLessThanAThirdVetoesAVerdict: v1 and v2, of seven tenths of the
// stake, have the reference alone, and find m1's answer false. Whatever v3 says,
// and by whatever backend, m1 is found guilty, and v3 loses its duties where it
// said otherwise. By native alone v1 and v2 convict nobody, nor where v3 joins
// them and names the reference, too.
func TestNobodyWithLessThanAThirdVetoesAVerdict(t *testing.T) {
	const reference, native, cuda = wire.ByReference, wire.ByNative, wire.ByCUDA
	by := func(v vote, b wire.Backends) vote { return vote{v.finding, v.words, b} }
	for name, test := range map[string]struct {
		honest, liar vote
		guilty       bool
	}{
		"native passed":           {by(untrue, reference), by(right, native), true},
		"two backends passed":     {by(untrue, reference), by(right, reference|native), true},
		"CUDA found another":      {by(untrue, reference), by(another, cuda), true},
		"the same by native":      {by(untrue, reference), by(untrue, native), true},
		"it cannot tell":          {by(untrue, reference), cannot, true},
		"both have native passed": {by(untrue, reference|native), by(right, native), true},
		"a broken native":         {by(untrue, native), by(right, reference), false},
		"a broken native, backed": {by(untrue, native), by(untrue, reference|native), false},
		"native and CUDA, broken": {by(untrue, native|cuda), by(untrue, native|cuda), false},
	} {
		t.Run(name, func(t *testing.T) {
			x := newTrying(t, allPassed)
			if err := x.do("rich cold", &wire.Challenge{Evidence: x.evidence}); err != nil {
				t.Fatal(err)
			}
			had := x.seat("m1").Collateral
			x.judgeWith(35, 35, 30)
			rec := x.ballot(x.evidence.Case, map[string]vote{"v1": test.honest, "v2": test.honest, "v3": test.liar})
			if test.guilty != (rec.Stage == ledger.StageGuilty) || test.guilty != (rec.Held == had) {
				t.Errorf("the challenge is %s, %s held of %s", rec.Stage, rec.Held, had)
			}
			otherwise := test.liar.words != test.honest.words
			if test.guilty && (x.forfeits("v1") || x.forfeits("v2") || x.forfeits("v3") != otherwise) {
				t.Errorf("v1 loses its duties: %t, v2: %t, v3: %t", x.forfeits("v1"), x.forfeits("v2"), x.forfeits("v3"))
			}
		})
	}
}

// TestWhoHasNoTimeKeepsItsDutiesInACrowd: in eight blocks the reference runs two
// answers. Of a ballot that is called after two others of its epoch, v2, which says
// that it cannot tell, loses nothing; v3, which says nothing, does. Of one of the
// first two v2 loses, too, however many follow.
func TestWhoHasNoTimeKeepsItsDutiesInACrowd(t *testing.T) {
	for _, others := range []struct{ before, after uint32 }{{1, 0}, {1, 20}, {2, 0}} {
		x := newTrying(t, allPassed)
		x.p.Verdicts.SealBlocks = 8
		if err := x.do("rich cold", &wire.Challenge{Evidence: x.evidence}); err != nil {
			t.Fatal(err)
		}
		e := x.p.Schedule.EpochOf(x.challenged(x.evidence.Case).Due)
		called := func(more uint32) { // challenges beside this one
			d, err := ledger.ReadDocket(x.tree, e)
			if err != nil {
				t.Fatal(err)
			}
			d.Ballots += more
			x.set(ledger.DocketKey(e), d)
		}
		called(others.before)
		x.until(x.challenged(x.evidence.Case).Due)
		called(others.after)
		x.ballot(x.evidence.Case, map[string]vote{"v1": untrue, "v2": cannot})
		if crowd := others.before > 1; x.forfeits("v1") || x.forfeits("v2") == crowd || !x.forfeits("v3") {
			t.Errorf("after and before %d ballots v1 loses its duties: %t, v2: %t, v3: %t", others, x.forfeits("v1"), x.forfeits("v2"), x.forfeits("v3"))
		}
	}
}

// TestAnEpochsEndGivesNobodyLessTime: in eight blocks the reference runs two
// answers, in four blocks one, whichever epochs they are called in. Cards are
// challenged so that electors are drawn in the last blocks of an epoch, and m1's
// answer so that they are in the first of the next. v2, which cannot tell whether
// that one is true, loses nothing where as many as it can run could still be sealed
// when it was called. Others count neither if they could not, nor if they asked
// nothing of v2 themselves, having come after others of their epoch.
func TestAnEpochsEndGivesNobodyLessTime(t *testing.T) {
	for name, test := range map[string]struct {
		seal          uint64
		cards         []string        // of these judges
		earlier       uint32          // ballots of the first epoch before them
		before, after protocol.Height // blocks from when they are called to the second epoch, and from there to this
		place         uint32
	}{
		"two in the last block":          {8, []string{"v1", "v3"}, 0, 1, 0, 3},
		"two, as far as they can be":     {8, []string{"v1", "v3"}, 0, 4, 1, 3},
		"one":                            {8, []string{"v1"}, 0, 1, 0, 2},
		"the second of their epoch":      {8, []string{"v1", "v3"}, 1, 1, 0, 2},
		"one, three blocks before":       {4, []string{"v1"}, 0, 3, 0, 2},
		"one, four blocks before":        {4, []string{"v1"}, 0, 3, 1, 1},
		"one of the same epoch":          {8, []string{"v1"}, 0, 0, 1, 2},
		"none":                           {8, nil, 0, 1, 0, 1},
		"none, and many in their epoch":  {8, nil, 9, 1, 0, 1},
		"two that nobody had to tell of": {8, []string{"v1", "v3"}, 2, 1, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			x := newTrying(t, allPassed)
			x.p.Verdicts.SealBlocks = test.seal
			end := x.p.Schedule.EpochEnd(x.p.Schedule.EpochOf(x.height))
			x.set(ledger.DocketKey(x.p.Schedule.EpochOf(end)), ledger.Docket{Ballots: test.earlier})
			posted := map[protocol.Height][]wire.Evidence{end + 1 + test.after - callAfter: {x.evidence}}
			for _, name := range test.cards {
				at := end + 1 - test.before - callAfter
				posted[at] = append(posted[at], x.ofCard(name))
			}
			for x.height < end {
				var txs [][]byte
				first := x.nonce(secret("rich cold").Public())
				for i, e := range posted[x.next()] {
					txs = append(txs, x.txAt("rich cold", first+uint64(i), &wire.Challenge{Evidence: e}))
				}
				for _, done := range x.block(txs...).Txs {
					if done.Err != nil {
						t.Fatal(done.Err)
					}
				}
			}
			x.until(x.votes(x.evidence.Case, map[string]vote{"v1": untrue, "v2": cannot}))
			rec := x.challenged(x.evidence.Case)
			if rec.Called != end+1+test.after || rec.Place != test.place {
				t.Errorf("called in block %d with place %d, want %d and %d", rec.Called, rec.Place, end+1+test.after, test.place)
			}
			votes, err := ledger.ReadVotes(x.tree, x.evidence.Case)
			if err != nil {
				t.Fatal(err)
			}
			lost := ledger.Forfeits(&rec, votes, &x.p.Verdicts)
			if crowd := test.place > x.p.Verdicts.InTime(); slices.Contains(lost, x.seat("v2").ID) == crowd {
				t.Errorf("v2 loses its duties: %t", !crowd)
			}
		})
	}
}

// callAfter is how many blocks after a challenge its electors are drawn.
const callAfter = 2
