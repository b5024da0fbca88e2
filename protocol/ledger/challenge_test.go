package ledger_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
)

// trying is a network in which m1 gave an answer in epoch 0 that is not planted,
// which all three judges drew; at the first height at which it can be challenged.
type trying struct {
	*planting
	evidence wire.Evidence // of m1's answer
	cards    map[string]wire.Card
}

// newTrying has v1 … v3 open these findings of m1's answer.
func newTrying(t *testing.T, found map[string]byte) *trying {
	t.Helper()
	for seed := range byte(64) {
		if x := tryTrying(t, seed, found); x != nil {
			return x
		}
	}
	t.Fatal("no chain plants one of two answers, and leaves the one that all judge")
	return nil
}

func tryTrying(t *testing.T, seed byte, found map[string]byte) *trying {
	x := &trying{planting: tryPlantingWith(t, seed, verdictParams()), cards: map[string]wire.Card{}}
	if len(x.proofs) != 1 || x.other.Round != 0 { // all draw a seat's first answer
		return nil
	}
	x.evidence = wire.Evidence{
		Case: wire.Case{UID: x.seat("m1").ID.UID, Accused: x.seat("m1").ID.UID},
		Salt: x.other.Salt, Digest: x.other.Digest, Fingerprint: x.other.Fingerprint,
	}
	x.testify(found)
	x.until(x.p.Schedule.OpenCardsDeadline(0))
	if err := x.do("m1", &wire.OpenPlants{Epoch: 0, Link: x.link, Proofs: x.proofs}); err != nil {
		t.Fatal(err)
	}
	x.until(ledger.ChallengeFrom(x.p.Schedule, 0) - 1)
	return x
}

func verdictParams() params.Params {
	p := plantingParams().WithVerdicts()
	p.Tasks.Retention = 16
	p.Verdicts.Breaker = 3
	return p
}

// testify has judges open these findings of m1's answer of round 0, that plants are
// false, and that all else passed.
func (x *trying) testify(found map[string]byte) {
	x.tb.Helper()
	x.until(x.p.Schedule.EpochEnd(0) + 2)
	open := map[string]*wire.OpenCards{}
	for _, name := range []string{"v1", "v2", "v3"} {
		drawn, _, err := ledger.ReadDrawn(x.tree, 0, x.seat(name).ID.UID)
		if err != nil {
			x.tb.Fatal(err)
		}
		keys := drawn.Flat()
		said, leaf := make([]byte, keys.Len()), -1
		for i := range said {
			said[i] = wire.FoundPassed
			switch keys.At(i) {
			case x.evidence.Case.Answer():
				said[i], leaf = found[name], i
			case wire.AnswerKey{Round: x.proofs[0].Round, UID: x.evidence.Case.UID}:
				said[i] = wire.FoundFalse
			}
		}
		if leaf < 0 {
			x.tb.Fatalf("%s did not draw m1's answer", name)
		}
		open[name] = x.opens(name, 0, said, 9)
		var leaves []protocol.Hash
		for i := range open[name].Shown {
			leaves = append(leaves, open[name].Shown[i].Leaf(secret(name).Public()))
		}
		for i := range open[name].Shown {
			if c := open[name].Shown[i]; c.Key() == x.evidence.Case.Answer() {
				c.Proof = wire.MerkleProof(leaves, i)
				x.cards[name] = c
			}
		}
		if err := x.do(name, &wire.SealCards{Epoch: 0, Seal: open[name].Seal(secret(name).Public())}); err != nil {
			x.tb.Fatal(err)
		}
	}
	x.until(x.p.Schedule.SealCardsDeadline(0))
	for name := range open {
		if err := x.do(name, open[name]); err != nil {
			x.tb.Fatal(err)
		}
	}
}

// ofCard returns the evidence about a judge's card.
func (x *trying) ofCard(name string) wire.Evidence {
	e := x.evidence
	e.Case.Accused = x.seat(name).ID.UID
	e.Cards = []wire.Card{x.cards[name]}
	return e
}

// vote is what an elector says: a finding, in which words, and by which backends,
// without which it is by two.
type vote struct {
	finding byte
	words   string
	by      wire.Backends
}

var (
	right   = vote{wire.FoundPassed, "right", wire.ByReference | wire.ByNative}
	untrue  = vote{wire.FoundFalse, "state 3", wire.ByReference | wire.ByNative}
	another = vote{wire.FoundFalse, "state 1", wire.ByReference | wire.ByNative}
	cannot  = vote{}
)

// ballot has electors vote, and returns after the last block of it.
func (x *trying) ballot(c wire.Case, votes map[string]vote) ledger.ChallengeRecord {
	x.tb.Helper()
	due := x.votes(c, votes)
	before := x.docket().Forfeit
	x.until(due)
	x.counted(c, before)
	return x.challenged(c)
}

// votes has electors vote, and returns when that is counted.
func (x *trying) votes(c wire.Case, votes map[string]vote) protocol.Height {
	x.tb.Helper()
	rec := x.challenged(c)
	if rec.Stage == ledger.StageCalled {
		x.until(rec.Due)
		rec = x.challenged(c)
	}
	open := map[string]*wire.OpenVote{}
	for name, v := range votes {
		o := &wire.OpenVote{Case: c, Ballot: rec.Ballot, Finding: v.finding, Backends: v.by, Salt: [32]byte{7}}
		if v.finding != wire.FoundNothing {
			o.Found = wire.FoundOf([]byte(v.words))
		}
		open[name] = o
		if err := x.do(name, &wire.SealVote{Case: c, Ballot: rec.Ballot, Seal: o.Seal(secret(name).Public())}); err != nil {
			x.tb.Fatal(err)
		}
	}
	x.until(rec.Called + protocol.Height(x.p.Verdicts.SealBlocks))
	for name := range votes {
		if err := x.do(name, open[name]); err != nil {
			x.tb.Fatal(err)
		}
	}
	return rec.Due
}

// counted compares who lost its duties by a ballot that was just counted with what
// the votes that are kept say to anybody who reads them.
func (x *trying) counted(c wire.Case, before []protocol.SeatID) {
	x.tb.Helper()
	rec := x.challenged(c)
	votes, err := ledger.ReadVotes(x.tree, c)
	if err != nil {
		x.tb.Fatal(err)
	}
	told, lost := ledger.Forfeits(&rec, votes, &x.p.Verdicts), x.docket().Forfeit
	for i := range votes {
		id := votes[i].Elector
		takes := slices.Contains(lost, id) && (!slices.Contains(before, id) || slices.Contains(told, id))
		if takes != slices.Contains(told, id) && (!rec.Charged || id != rec.Judge) {
			x.tb.Errorf("of ballot %d, seat %d lost its duties: %t, as its votes tell: %t", rec.Ballot, id.UID, takes, slices.Contains(told, id))
		}
	}
}

// docket returns that of the running epoch.
func (x *trying) docket() ledger.Docket {
	x.tb.Helper()
	d, err := ledger.ReadDocket(x.tree, x.p.Schedule.EpochOf(x.height))
	if err != nil {
		x.tb.Fatal(err)
	}
	return d
}

func (x *trying) challenged(c wire.Case) ledger.ChallengeRecord {
	x.tb.Helper()
	rec, ok, err := ledger.ReadChallenge(x.tree, c)
	if err != nil || !ok {
		x.tb.Fatalf("the challenge of %+v: %v, %v", c, ok, err)
	}
	return rec
}

// forfeits reports whether a judge loses its duties of the running epoch.
func (x *trying) forfeits(name string) bool {
	x.tb.Helper()
	for _, id := range x.docket().Forfeit {
		if id == x.seat(name).ID {
			return true
		}
	}
	return false
}

var allPassed = map[string]byte{"v1": wire.FoundPassed, "v2": wire.FoundPassed, "v3": wire.FoundPassed}

// m1's answer is false: v2 and v3 found so, and v1 did not look. All collateral is
// held at once, and burned after the time of an appeal, but a quarter, half of it
// for each of the two.
func TestAProvenLieCostsItsMakerAllCollateral(t *testing.T) {
	x := newTrying(t, map[string]byte{"v1": wire.FoundPassed, "v2": wire.FoundFalse, "v3": wire.FoundFalse})
	if err := x.do("v2", &wire.JudgeChallenge{Epoch: 1, Evidence: x.evidence}); err != nil {
		t.Fatal(err)
	}
	before := x.seat("m1").Collateral
	rec := x.ballot(x.evidence.Case, map[string]vote{"v1": untrue, "v2": untrue, "v3": untrue})
	if rec.Stage != ledger.StageGuilty || rec.Held != before || rec.Decided != wire.FoundFalse || x.seat("m1").Collateral != 0 {
		t.Fatalf("the challenge is %s, %s held of %s, m1 has %s", rec.Stage, rec.Held, before, x.seat("m1").Collateral)
	}
	for _, name := range []string{"v1", "v2", "v3"} {
		if x.forfeits(name) {
			t.Errorf("%s loses its duties", name)
		}
	}
	two, three, burned := x.account("v2 cold").Balance, x.account("v3 cold").Balance, x.supply().Burned
	x.until(rec.Due)
	if rec = x.challenged(x.evidence.Case); rec.Stage != ledger.StageBurned {
		t.Fatalf("the challenge is %s", rec.Stage)
	}
	for name, was := range map[string]protocol.Amount{"v2 cold": two, "v3 cold": three} {
		if got := x.account(name).Balance; got != was+before/8 {
			t.Errorf("%s has %s, want %s more than %s", name, got, before/8, was)
		}
	}
	if got := x.supply().Burned; got != burned+before-before/4 {
		t.Errorf("%s is burned, want %s more than %s", got, before-before/4, burned)
	}
}

// rich says that a right answer is false, and pays; v1, who may say so for nothing,
// loses its duties of the epoch. m1 keeps everything.
func TestAFramedMinerKeepsEverythingAndTheChallengerPays(t *testing.T) {
	for _, judge := range []bool{false, true} {
		x := newTrying(t, allPassed)
		name, body := "rich cold", wire.Body(&wire.Challenge{Evidence: x.evidence})
		paid := x.p.Verdicts.Fee + x.fee(body)
		if judge {
			name, body, paid = "v1", &wire.JudgeChallenge{Epoch: 1, Evidence: x.evidence}, 0
		}
		rich, burned, m1 := x.account("rich cold").Balance, x.supply().Burned, x.seat("m1").Collateral
		if err := x.do(name, body); err != nil {
			t.Fatal(err)
		}
		rec := x.ballot(x.evidence.Case, map[string]vote{"v1": right, "v2": right, "v3": right})
		if rec.Stage != ledger.StageNotGuilty || x.seat("m1").Collateral != m1 {
			t.Errorf("the challenge is %s, and m1 has %s of %s", rec.Stage, x.seat("m1").Collateral, m1)
		}
		if got := x.account("rich cold").Balance; got != rich-paid || x.supply().Burned != burned+paid {
			t.Errorf("rich has %s of %s, want %s less; %s is burned, %s before", got, rich, paid, x.supply().Burned, burned)
		}
		if x.forfeits("v1") != judge || x.forfeits("v2") {
			t.Errorf("v1 loses its duties: %t, v2: %t", x.forfeits("v1"), x.forfeits("v2"))
		}
		e := x.p.Schedule.EpochOf(x.height) + 1
		x.until(x.p.Schedule.EpochEnd(e))
		if p := x.payment(e, 0); judge && p.Fulfilled != 0 {
			t.Errorf("v1 fulfilled %d of %d duties", p.Fulfilled, p.Drawn)
		}
	}
}

// v1's card says that a false answer is right: it loses a twentieth of its stake,
// and the epoch's duties. v2, which found a right one false, may have a broken
// machine, and loses duties alone.
func TestAFalseCardCostsStakeWhereItSaysRightAndDutiesWhereItSaysFalse(t *testing.T) {
	for _, c := range []struct {
		name  string
		found byte
		truth vote
		lost  protocol.Amount // one in so many of the stake
	}{
		{"v1", wire.FoundPassed, untrue, 20},
		{"v1", wire.FoundPassed, right, 20}, // the root of its card is none of a run's
		{"v2", wire.FoundFalse, right, 0},
	} {
		x := newTrying(t, map[string]byte{"v1": wire.FoundPassed, "v2": wire.FoundPassed, "v3": wire.FoundPassed, c.name: c.found})
		evidence := x.ofCard(c.name)
		if err := x.do("rich cold", &wire.Challenge{Evidence: evidence}); err != nil {
			t.Fatal(err)
		}
		votes := map[string]vote{"v1": c.truth, "v2": c.truth, "v3": c.truth}
		delete(votes, c.name)
		stake := x.stake(c.name)
		rec := x.ballot(evidence.Case, votes)
		want := protocol.Amount(0)
		if c.lost > 0 {
			want = part(stake, x.p.Verdicts.Slash)
		}
		cards, _, err := ledger.ReadCards(x.tree, 0, x.seat(c.name).ID.UID)
		if err != nil || rec.Stage != ledger.StageGuilty || rec.Held != want || x.stake(c.name) != stake-want || !cards.Lazy {
			t.Errorf("%s, found %d: %s, %s held, want %s; stake %s of %s; lazy %t, %v", c.name, c.found, rec.Stage, rec.Held, want, x.stake(c.name), stake, cards.Lazy, err)
		}
		x.until(rec.Due)
		if rec = x.challenged(evidence.Case); c.name == "v1" && rec.Stage == ledger.StageGuilty { // on more than a third of the stake
			x.until(rec.Due)
			rec = x.challenged(evidence.Case)
		}
		if rec.Stage != ledger.StageBurned {
			t.Errorf("the challenge is %s", rec.Stage)
		}
	}
}

func part(a protocol.Amount, share uint32) protocol.Amount {
	out, err := a.MulDiv(uint64(share), params.One)
	if err != nil {
		panic(err)
	}
	return out
}

// Of stakes of 100, 60 and 50, v2 and v3 against v1 is no two thirds of anything:
// the accused keeps everything, and the fee returns where more say that it lied
// than that it did not. Who says nothing loses the epoch's duties; with too few,
// the next epoch votes once more.
func TestWithoutTwoThirdsTheAccusedKeepsEverything(t *testing.T) {
	for _, c := range []struct {
		what    string
		votes   map[string]vote
		ends    ledger.Stage
		charged bool
		forfeit []string
	}{
		{"disputed", map[string]vote{"v1": right, "v2": untrue, "v3": untrue}, ledger.StageDisputed, false, nil},
		{"disputed, and wrongly", map[string]vote{"v1": untrue, "v2": right, "v3": right}, ledger.StageDisputed, true, nil},
		{"each finds another place", map[string]vote{"v1": untrue, "v2": another, "v3": right}, ledger.StageDisputed, false, nil},
		{"too few", map[string]vote{"v1": untrue, "v2": cannot}, ledger.StageNoQuorum, false, []string{"v2", "v3"}},
		{"one alone, who may be a friend", map[string]vote{"v1": right, "v2": cannot}, ledger.StageNoQuorum, false, []string{"v2", "v3"}},
		{"one of two, and wrongly", map[string]vote{"v1": right, "v2": untrue}, ledger.StageDisputed, true, []string{"v3"}},
		{"nobody", map[string]vote{}, ledger.StageNoQuorum, false, []string{"v1", "v2", "v3"}},
	} {
		t.Run(c.what, func(t *testing.T) {
			x := newTrying(t, allPassed)
			rich, m1 := x.account("rich cold").Balance, x.seat("m1").Collateral
			body := &wire.Challenge{Evidence: x.evidence}
			if err := x.do("rich cold", body); err != nil {
				t.Fatal(err)
			}
			rec := x.ballot(x.evidence.Case, c.votes)
			if c.ends == ledger.StageNoQuorum {
				if again := x.p.Schedule.EpochStart(3) + 1; rec.Stage != ledger.StageCalled || rec.Due != again {
					t.Fatalf("after one ballot the challenge is %s, due at %d, want %d", rec.Stage, rec.Due, again)
				}
				rec = x.ballot(x.evidence.Case, c.votes)
			}
			paid := x.fee(body)
			if c.charged {
				paid += x.p.Verdicts.Fee
			}
			if rec.Stage != c.ends || rec.Charged != c.charged || x.seat("m1").Collateral != m1 || x.account("rich cold").Balance != rich-paid {
				t.Errorf("the challenge is %s, charged %t, m1 has %s of %s, rich %s of %s", rec.Stage, rec.Charged, x.seat("m1").Collateral, m1, x.account("rich cold").Balance, rich)
			}
			for _, name := range c.forfeit {
				if !x.forfeits(name) {
					t.Errorf("%s keeps its duties", name)
				}
			}
		})
	}
}

// m1 was right, and all of its collateral is held: the judges of the next epoch
// free it, and all is as before, but for what the challenger had paid.
func TestAnAppealFreesOrCostsItsBond(t *testing.T) {
	for _, c := range []struct {
		votes map[string]vote
		ends  ledger.Stage
	}{
		{map[string]vote{"v1": right, "v2": right, "v3": untrue}, ledger.StageFreed},
		{map[string]vote{"v1": right, "v2": untrue, "v3": untrue}, ledger.StageBurned},
	} {
		x := newTrying(t, allPassed)
		if err := x.do("rich cold", &wire.Challenge{Evidence: x.evidence}); err != nil {
			t.Fatal(err)
		}
		m1, owner := x.seat("m1").Collateral, x.account("m1 cold").Balance
		x.ballot(x.evidence.Case, map[string]vote{"v1": untrue, "v2": untrue, "v3": untrue})
		appeal := &wire.Appeal{Case: x.evidence.Case}
		if err := x.do("rich cold", appeal); !errors.Is(err, ledger.ErrNotPermitted) {
			t.Errorf("another's appeal: %v", err)
		}
		if err := x.do("m1 cold", appeal); err != nil {
			t.Fatal(err)
		}
		if err := x.do("m1 cold", appeal); !errors.Is(err, ledger.ErrDuplicate) {
			t.Errorf("an appeal twice: %v", err)
		}
		fees := 2 * x.fee(appeal)
		rec := x.ballot(x.evidence.Case, c.votes)
		want := m1
		if c.ends == ledger.StageBurned {
			want, fees = 0, fees+x.p.Verdicts.Fee
		}
		if rec.Stage != c.ends || x.seat("m1").Collateral != want || x.account("m1 cold").Balance != owner-fees {
			t.Errorf("the challenge is %s, m1 has %s, want %s; its owner %s, want %s", rec.Stage, x.seat("m1").Collateral, want, x.account("m1 cold").Balance, owner-fees)
		}
		if err := x.do("m1 cold", appeal); !errors.Is(err, ledger.ErrDuplicate) {
			t.Errorf("an appeal after all: %v", err)
		}
	}
}

// Where as many are guilty as a broken build would make, nothing is burned for four
// times as long.
func TestWhereTooManyAreGuiltyNothingIsBurnedYet(t *testing.T) {
	x := newTrying(t, map[string]byte{"v1": wire.FoundPassed, "v2": wire.FoundPassed, "v3": wire.FoundFalse})
	x.p.Verdicts.Breaker = 2
	for _, e := range []wire.Evidence{x.evidence, x.ofCard("v1")} {
		if err := x.do("rich cold", &wire.Challenge{Evidence: e}); err != nil {
			t.Fatal(err)
		}
	}
	c, judge := x.evidence.Case, x.ofCard("v1").Case
	x.until(x.challenged(judge).Due)
	rec := x.challenged(c)
	open := map[string][]*wire.OpenVote{}
	for _, k := range []wire.Case{c, judge} {
		for _, name := range []string{"v1", "v2", "v3"} {
			if k == judge && name == "v1" {
				continue
			}
			o := &wire.OpenVote{Case: k, Ballot: 1, Finding: untrue.finding, Found: wire.FoundOf([]byte(untrue.words)), Backends: untrue.by}
			open[name] = append(open[name], o)
			if err := x.do(name, &wire.SealVote{Case: k, Ballot: 1, Seal: o.Seal(secret(name).Public())}); err != nil {
				t.Fatal(err)
			}
		}
	}
	x.until(x.challenged(judge).Called + protocol.Height(x.p.Verdicts.SealBlocks))
	for name, list := range open {
		var txs [][]byte
		for _, o := range list {
			txs = append(txs, x.tx(name, o))
		}
		x.block(txs...)
	}
	x.until(rec.Due)
	due := x.challenged(c).Due
	x.until(due)
	if rec = x.challenged(c); rec.Stage != ledger.StageGuilty || rec.Due != due+3*protocol.Height(x.p.Verdicts.Appeal) {
		t.Fatalf("the challenge is %s, due at %d", rec.Stage, rec.Due)
	}
	x.until(rec.Due)
	if rec = x.challenged(c); rec.Stage != ledger.StageBurned {
		t.Errorf("the challenge is %s", rec.Stage)
	}
}

// A docket of the form of before, without the number of ballots, is refused, not
// read as one of this form.
func TestADocketOfTheFormerFormIsRefused(t *testing.T) {
	x := newTrying(t, allPassed)
	type entry struct {
		_       struct{} `cbor:",toarray"`
		Paid    []ledger.DocketEntry
		Guilty  []protocol.SeatID
		Stake   protocol.Amount
		Forfeit []protocol.SeatID
		Posted  []protocol.SeatID
	}
	x.set(ledger.DocketKey(1), entry{})
	if d, err := ledger.ReadDocket(x.tree, 1); !errors.Is(err, ledger.ErrCorrupt) || !strings.Contains(err.Error(), "Docket under 23") {
		t.Errorf("read as %+v, %v", d, err)
	}
}

// Where fewer may vote than judge, a beacon draws them, and another in another
// ballot; of an appeal all vote.
func TestElectorsAreDrawnAndOfAnAppealAllVote(t *testing.T) {
	x := newTrying(t, allPassed)
	x.p.Verdicts.Electors = 1
	if err := x.do("rich cold", &wire.Challenge{Evidence: x.evidence}); err != nil {
		t.Fatal(err)
	}
	c := x.evidence.Case
	x.until(x.challenged(c).Due)
	votes, err := ledger.ReadVotes(x.tree, c)
	if err != nil || len(votes) != 1 {
		t.Fatalf("%d electors, %v", len(votes), err)
	}
	rec := x.ballot(c, map[string]vote{x.names[votes[0].Hotkey]: untrue})
	if rec.Stage != ledger.StageGuilty {
		t.Fatalf("the challenge is %s", rec.Stage)
	}
	if err := x.do("m1 cold", &wire.Appeal{Case: c}); err != nil {
		t.Fatal(err)
	}
	rec = x.ballot(c, map[string]vote{"v1": right, "v2": right, "v3": right})
	if rec.Stage != ledger.StageFreed || rec.Ballot != 2 {
		t.Errorf("after an appeal the challenge is %s, after %d ballots", rec.Stage, rec.Ballot)
	}
	if x.seat("m1").Collateral != rec.Held {
		t.Errorf("m1 has %s back of %s", x.seat("m1").Collateral, rec.Held)
	}
}
