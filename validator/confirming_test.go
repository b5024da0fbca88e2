package validator_test

import (
	"context"
	"slices"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/plant"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/validator"
	"github.com/assaynet/assay/validator/record"
)

// referee is a reference that notes what it runs.
type referee struct {
	puppet
	ran []wire.AnswerKey
	// before is called at the begin of each run; what it returns ends the run.
	before func(ctx context.Context) error
	// passes says that it finds everything right.
	passes bool
}

func (r *referee) Judge(ctx context.Context, t *wire.Task, by protocol.PublicKey, answer []byte) (scoring.Outcome, error) {
	r.ran = append(r.ran, t.Key())
	if r.before != nil {
		if err := r.before(ctx); err != nil {
			return scoring.Outcome{}, err
		}
	}
	out, err := r.puppet.Judge(ctx, t, by, answer)
	if r.passes {
		out.Finding = wire.FindingPassed
	}
	return out, err
}

// trial opens a world in which each maker has so many slots and answers them with
// these first tokens, all of them are drawn and judged, and a reference stands by.
func trial(t *testing.T, first ...int32) (*world, *validator.Validator, *referee) {
	t.Helper()
	return trialOn(t, newMemory(), first...)
}

// trialOn is trial with a store.
func trialOn(t *testing.T, s record.Store, first ...int32) (*world, *validator.Validator, *referee) {
	t.Helper()
	w, r := newWorld(t), &referee{}
	w.p = w.p.WithVerdicts()
	w.p.Plants.Rate = params.One / 2
	cfg := w.config(newMemory())
	cfg.Store, cfg.Reference = s, []validator.Judge{r}
	v, err := validator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range w.makers {
		m.slots = uint16(len(first))
	}
	w.rosters(epoch)
	w.rosters(epoch + 1)
	w.drawTasks(round)
	w.step(v, start+4)
	for _, m := range w.makers {
		w.commit(m, round, start+6, first...)
	}
	w.step(v, deadline)
	w.openAll(v)
	w.drawAll(round)
	w.step(v, deadline+2)
	w.work(v)
	w.settle(v)
	w.submitted = nil
	return w, v, r
}

// opensPlants writes that a maker opened the first link by which some of its slots
// are planted, and the last one is not, and returns which are.
func (w *world) opensPlants(m *maker) (planted map[uint16]bool) {
	w.t.Helper()
	seeds, _, err := ledger.ReadRound(w.tree, round)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := byte(1); ; i++ {
		link := protocol.Hash{i}
		plants := plant.Of(link, seeds.TaskSeed, m.id)
		planted = map[uint16]bool{}
		for slot := range m.slots {
			if plants.Has(slot, w.p.Plants.Rate) {
				planted[slot] = true
			}
		}
		if len(planted) > 0 && !planted[m.slots-1] {
			w.put(ledger.PlantsKey(epoch, m.id.UID), &ledger.PlantsRecord{Seat: m.id, Link: link})
			return planted
		}
	}
}

// challenged returns the answers that the validator challenged.
func (w *world) challenged() (list []wire.AnswerKey) {
	for _, b := range sent[*wire.JudgeChallenge](w) {
		list = append(list, b.Evidence.Case.Answer())
	}
	return list
}

// TestTheReferenceRunsOneThatIsChallengedAndNoPlant: it runs nothing while it is
// not known what was planted, though the engine found all answers false, and then
// one, which is challenged as soon as it can be.
func TestTheReferenceRunsOneThatIsChallengedAndNoPlant(t *testing.T) {
	w, v, r := trial(t, 666, 666, 666, 666, 666, 666)
	if w.judge.runs != 12 {
		t.Fatalf("the engine ran %d answers, want 12", w.judge.runs)
	}
	w.step(v, shownEnd)
	w.work(v)
	if len(r.ran) > 0 {
		t.Fatalf("the reference ran %v before anything is known of plants", r.ran)
	}
	planted := w.opensPlants(w.makers[1])
	w.step(v, shownEnd+1)
	w.work(v)
	w.step(v, shownEnd+2)
	w.work(v)
	if len(r.ran) != 1 || r.ran[0].UID != w.makers[1].id.UID || planted[r.ran[0].Slot] {
		t.Fatalf("the reference ran %v, want one answer of seat 11 beside its plants %v", r.ran, planted)
	}
	from := ledger.ChallengeFrom(w.p.Schedule, epoch)
	w.step(v, from-2)
	if got := w.challenged(); len(got) > 0 {
		t.Errorf("challenged before block %d: %v", from, got)
	}
	w.step(v, from-1)
	if got := w.challenged(); !slices.Equal(got, r.ran) {
		t.Errorf("challenged %v, want %v", got, r.ran)
	}
}

// TestABrokenEngineAccusesNobody: where the reference finds right what the engine
// found false, nothing is challenged, nothing voted, and the status says so.
func TestABrokenEngineAccusesNobody(t *testing.T) {
	w, v, r := trial(t, 666, 666, 666)
	r.passes = true
	w.opensPlants(w.makers[0])
	w.opensPlants(w.makers[1])
	for h := shownEnd + 1; h < sealFrom; h++ {
		w.step(v, h)
		w.work(v)
	}
	c := w.called(w.makers[1], sealFrom)
	for h := sealFrom; h < c.Seals(w.p.Verdicts.SealBlocks); h++ {
		w.step(v, h)
		w.work(v)
	}
	if got := w.challenged(); len(got) > 0 {
		t.Errorf("challenged %v", got)
	}
	if len(r.ran) != 1 {
		t.Errorf("the reference ran %v, want one answer", r.ran)
	}
	if v.Status().Broken == "" {
		t.Error("the status does not say that the engine is broken")
	}
	w.opens(v, c, wire.FoundNothing)
}

// called writes that an answer of a maker is challenged, that the validator is an
// elector since a height, and posted its own challenge of the epoch.
func (w *world) called(m *maker, since protocol.Height) *ledger.ChallengeRecord {
	about := wire.Case{Round: round, UID: m.id.UID, Accused: m.id.UID}
	c := &ledger.ChallengeRecord{
		Case: about, Seat: m.id, Accused: m.id, Finding: wire.FoundPassed, Stage: ledger.StageVoting, Ballot: 1, Called: since, Due: since + protocol.Height(w.p.Verdicts.Ballot()),
	}
	w.put(ledger.ChallengeKey(about), c)
	w.put(ledger.DocketKey(w.p.Schedule.EpochOf(since)), &ledger.Docket{Posted: []protocol.SeatID{w.seat}})
	w.put(ledger.VoteKey(about, w.seat.UID), &ledger.VoteRecord{Elector: w.seat, Hotkey: w.self.PublicKey(), Stake: 5})
	return c
}

// opens checks that the validator sealed one vote, has it opened, and checks that
// it is a finding, which names the reference where that ran.
func (w *world) opens(v *validator.Validator, c *ledger.ChallengeRecord, finding byte) {
	w.t.Helper()
	seals := sent[*wire.SealVote](w)
	if len(seals) == 0 {
		w.t.Fatal("no vote is sealed")
	}
	for _, s := range seals[1:] {
		if s.Seal != seals[0].Seal {
			w.t.Errorf("two seals: %s, %s", seals[0].Seal, s.Seal)
		}
	}
	w.put(ledger.VoteKey(c.Case, w.seat.UID), &ledger.VoteRecord{Elector: w.seat, Hotkey: w.self.PublicKey(), Stake: 5, Seal: seals[0].Seal})
	w.step(v, c.Seals(w.p.Verdicts.SealBlocks))
	opened := sent[*wire.OpenVote](w)
	by := map[byte]wire.Backends{wire.FoundPassed: wire.ByNative, wire.FoundFalse: wire.ByReference | wire.ByNative}[finding]
	if len(opened) != 1 || opened[0].Finding != finding || opened[0].Backends != by {
		w.t.Errorf("opened %+v, want finding %d by %q", opened, finding, by.Names())
	}
}

// TestAVoteAgainstTheAccusedIsConfirmedFirst, one for it needs no run: and where
// the reference did not come to an end in time it is not given.
func TestAVoteAgainstTheAccusedIsConfirmedFirst(t *testing.T) {
	for name, test := range map[string]struct {
		token int32
		works bool // the worker has time
		ran   int
		want  byte
	}{
		"false":                 {666, true, 1, wire.FoundFalse},
		"false, and no time":    {666, false, 0, wire.FoundNothing},
		"right, without a run":  {5, false, 0, wire.FoundPassed},
		"right, with much time": {5, true, 0, wire.FoundPassed},
	} {
		t.Run(name, func(t *testing.T) {
			w, v, r := trial(t, test.token)
			c := w.called(w.makers[1], sealFrom)
			for h := sealFrom; h < c.Seals(w.p.Verdicts.SealBlocks); h++ {
				w.step(v, h)
				if test.works {
					w.work(v)
				}
			}
			if len(r.ran) != test.ran {
				t.Errorf("the reference ran %v", r.ran)
			}
			w.opens(v, c, test.want)
		})
	}
}

// TestTheReferenceGivesWayToDuties: a run ends when a duty can be judged, and
// begins anew when that is done.
func TestTheReferenceGivesWayToDuties(t *testing.T) {
	w, v, r := trial(t, 666)
	w.drawTasks(round + 1)
	for _, m := range w.makers {
		w.commit(m, round+1, over+6, 5)
	}
	w.step(v, over+11)
	w.openAll(v)
	c := w.called(w.makers[1], sealFrom)
	r.before = func(ctx context.Context) error {
		if len(r.ran) > 1 {
			return nil
		}
		w.drawDuties(round + 1)
		w.step(v, sealFrom+1)
		<-ctx.Done()
		return ctx.Err()
	}
	runs := w.judge.runs
	w.step(v, sealFrom)
	w.work(v)
	if len(r.ran) != 1 || w.judge.runs != runs {
		t.Fatalf("the reference began %d runs, the engine ran %d answers, want 1, 0", len(r.ran), w.judge.runs-runs)
	}
	w.work(v)
	if len(r.ran) != 2 || w.judge.runs != runs+2 {
		t.Fatalf("the reference began %d runs, the engine ran %d answers, want 2, 2", len(r.ran), w.judge.runs-runs)
	}
	if r.ran[0] != r.ran[1] || r.ran[0] != c.Case.Answer() {
		t.Errorf("the reference ran %v", r.ran)
	}
}

// TestAnAccusedJudgeIsToldWhatIsAtStake: its status says by whom it is accused, of
// what, and what it could lose, and who accuses what it would cost it to be wrong.
func TestAnAccusedJudgeIsToldWhatIsAtStake(t *testing.T) {
	w, v, _ := trial(t, 5)
	about := wire.Case{Round: round, UID: w.makers[0].id.UID, Accused: w.seat.UID}
	c := ledger.ChallengeRecord{
		Case: about, Seat: w.makers[0].id, Accused: w.seat, Judge: w.otherID, Finding: wire.FoundPassed, Posted: sealFrom, Stage: ledger.StageVoting, Due: sealFrom + 10,
	}
	for _, at := range []struct {
		change func()
		want   string
	}{
		{func() {}, "judge 1's card about slot 0 of seat 10 in round 2 is challenged by judge 2: voting, goes on in block 87; found false, it would cost its duties of that epoch and 5.00 % of the stake on it"},
		{func() { c.Finding = wire.FoundFalse }, "judge 1's card about slot 0 of seat 10 in round 2 is challenged by judge 2: voting, goes on in block 87; found false, it would cost its duties of that epoch, and no stake"},
		{
			func() { c.Stage, c.Convicted, c.Held, c.Due = ledger.StageGuilty, 87, protocol.Unit, 107 },
			"judge 1's card about slot 0 of seat 10 in round 2 was found false by two thirds of the electors: 1.000000000 is held, and burned in block 107 unless its owner appeals before (assay tx appeal)",
		},
		{
			func() { c.Accused, c.Judge, c.Stage, c.Convicted = w.otherID, w.seat, ledger.StageVoting, 0 },
			"judge 1's card about slot 0 of seat 10 in round 2 is challenged by judge 1: voting, goes on in block 107; found right, it would cost this seat its duties of the epoch",
		},
	} {
		at.change()
		w.put(ledger.ChallengeKey(about), &c)
		w.step(v, sealFrom+1)
		if got := v.Status().Trials; !slices.Equal(got, []string{at.want}) {
			t.Errorf("got %q, want %q", got, at.want)
		}
	}
}

// TestDutiesDoNotWaitForTheReference: in a process it has a goroutine of its own.
func TestDutiesDoNotWaitForTheReference(t *testing.T) {
	w, v, r := trial(t, 666)
	w.drawTasks(round + 1)
	for _, m := range w.makers {
		w.commit(m, round+1, over+6, 5)
	}
	w.step(v, over+11)
	w.openAll(v)
	w.called(w.makers[1], sealFrom)
	w.drawDuties(round + 1)
	w.judge.ran = make(chan struct{})
	began := make(chan struct{})
	r.before = func(ctx context.Context) error {
		began <- struct{}{}
		<-ctx.Done() // it takes as long as the process lives
		return ctx.Err()
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- v.Run(ctx) }()
	w.next <- sealFrom
	<-began
	for range w.makers {
		<-w.judge.ran
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestAFriendsChallengeShieldsNobody: who lies has a friend challenge what of it is
// right, before the reference is done. The validator challenges the lie all the
// same.
func TestAFriendsChallengeShieldsNobody(t *testing.T) {
	w, v, r := trial(t, 5, 666, 666, 666, 666, 666)
	planted := map[protocol.UID]map[uint16]bool{}
	for _, m := range w.makers {
		planted[m.id.UID] = w.opensPlants(m)
	}
	from := ledger.ChallengeFrom(w.p.Schedule, epoch)
	w.step(v, from-1)
	for _, m := range w.makers {
		about := wire.Case{Round: round, UID: m.id.UID, Accused: m.id.UID}
		w.put(ledger.ChallengeKey(about), &ledger.ChallengeRecord{
			Case: about, Seat: m.id, Accused: m.id, Fee: protocol.Unit, Finding: wire.FoundPassed, Stage: ledger.StageCalled, Posted: from, Due: from + 2,
		})
	}
	w.step(v, from)
	w.work(v)
	w.step(v, from+1)
	got := w.challenged()
	if len(got) != 1 || got[0].Slot == 0 || planted[got[0].UID][got[0].Slot] || !slices.Equal(got, r.ran) {
		t.Fatalf("challenged %v, the reference ran %v, want a lie that is not planted: %v", got, r.ran, planted)
	}
	liar := w.makers[slices.IndexFunc(w.makers, func(m *maker) bool { return m.id.UID == got[0].UID })].id
	about := wire.Case{Round: round, UID: liar.UID, Slot: got[0].Slot, Accused: liar.UID}
	w.put(ledger.ChallengeKey(about), &ledger.ChallengeRecord{
		Case: about, Seat: liar, Accused: liar, Judge: w.otherID, Finding: wire.FoundPassed, Stage: ledger.StageCalled, Posted: from + 1, Due: from + 3,
	})
	w.submitted = nil
	w.step(v, from+2)
	w.work(v)
	w.step(v, from+3)
	if next := w.challenged(); len(next) != 1 || next[0].UID == liar.UID {
		t.Errorf("with a true challenge of seat %d it challenges %v, want the other seat", liar.UID, next)
	}
}

// TestWhoHasNothingLeftIsNotChallenged: a seat that was found guilty in the epoch
// before, and lost all, is left alone, and costs the reference nothing; one that
// put up something anew is challenged.
func TestWhoHasNothingLeftIsNotChallenged(t *testing.T) {
	for _, left := range []protocol.Amount{0, protocol.Unit} {
		w, v, r := trial(t, 666, 666, 666)
		both := []protocol.SeatID{w.makers[0].id, w.makers[1].id}
		for _, m := range w.makers[:2] {
			w.opensPlants(m)
		}
		w.put(ledger.DocketKey(epoch), &ledger.Docket{Guilty: both})
		w.put(ledger.SeatKey(w.makers[1].id.UID), &ledger.Seat{ID: w.makers[1].id, Hotkey: w.makers[1].PublicKey(), Collateral: left})
		for h := shownEnd + 1; h <= ledger.ChallengeFrom(w.p.Schedule, epoch); h++ {
			w.step(v, h)
			w.work(v)
		}
		want := 0
		if left > 0 {
			want = 1
		}
		if got := w.challenged(); len(got) != want || len(r.ran) != want || want == 1 && got[0].UID != w.makers[1].id.UID {
			t.Errorf("with %s left, challenged %v, the reference ran %v", left, got, r.ran)
		}
	}
}
