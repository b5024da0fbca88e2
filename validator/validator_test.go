package validator_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/validator"
	"github.com/assaynet/assay/validator/record"
)

// toOpenings brings a world to the height at which openings come: miner 10 is
// honest and one block faster than 11, whose answer begins with first.
func toOpenings(t testing.TB, w *world, v *validator.Validator, first int32) {
	t.Helper()
	w.rosters(epoch)
	w.rosters(epoch + 1)
	w.drawTasks(round)
	w.step(v, start+4)
	w.commit(w.makers[0], round, start+6, 5)
	w.commit(w.makers[1], round, start+7, first)
	w.step(v, deadline)
}

func TestAnEpochIsJudgedWeighedAndPutOnTheLedger(t *testing.T) {
	w := newWorld(t)
	store := newMemory()
	v := w.validator(store)
	toOpenings(t, w, v, 666)
	w.judgeAll(v)
	theirs := w.truths()
	w.step(v, over)
	w.step(v, over+1)
	if len(sent[*wire.SealCards](w)) != 1 || len(w.published) > 0 {
		t.Fatalf("sealed %+v, published %d", w.submitted, len(w.published))
	}
	w.step(v, sealEnd-1)
	if len(sent[*wire.OpenCards](w)) != 0 {
		t.Fatal("opened while others may seal")
	}
	w.step(v, sealEnd)
	found := sent[*wire.OpenCards](w)
	if len(found) != 1 || len(w.published) > 0 {
		t.Fatalf("opened %+v, published %d", found, len(w.published))
	}
	w.step(v, sealEnd+1)
	cards := w.cards()
	if len(cards) != 2 {
		t.Fatalf("published %d cards, want 2", len(cards))
	}
	var leaves []protocol.Hash
	for i, want := range []wire.Finding{wire.FindingPassed, wire.FindingFalse} {
		task, r := w.makers[i].sealed.Tasks[0].ID, w.makers[i].sealed.Answers[0]
		if c, b := cards[i], w.said(cards[i]); c.Finding != want || c.Judge != w.seat || c.Seat != w.makers[i].id || c.Task != task || b.Tokens != 4 || b.Root != root(task, w.self.PublicKey(), r) {
			t.Errorf("card %d: got %+v", i, c)
		}
		if !wire.MerkleVerify(found[0].Root, cards[i].Leaf(w.self.PublicKey()), i, 2, cards[i].Proof) {
			t.Errorf("card %d is not under the root that was opened", i)
		}
		leaves = append(leaves, cards[i].Leaf(w.self.PublicKey()))
		w.take(v.OnCard(t.Context(), w.card(sealEnd, theirs[i])))
	}
	if f := found[0]; !bytes.Equal(f.Findings, []byte{wire.FoundPassed, wire.FoundFalse}) || f.Root != wire.MerkleRoot(leaves) || len(f.Shown) != 2 || len(f.Shown[0].Proof) != 0 || f.Salt == [32]byte{} {
		t.Errorf("opened %+v", f)
	}
	if len(sent[*wire.SealCards](w)) != 1 || len(sent[*wire.CommitWeights](w)) != 0 {
		t.Errorf("submitted %+v", w.submitted)
	}

	w.step(v, sealFrom)
	seals := sent[*wire.CommitWeights](w)
	if len(seals) != 1 || seals[0].Epoch != weighed {
		t.Fatalf("submitted %+v", w.submitted)
	}
	sealed, err := v.Weights(weighed)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(sealed.Weights.UIDs, []protocol.UID{10, 11}) || !slices.Equal(sealed.Weights.Values, []uint16{65535, 0}) {
		t.Errorf("weights %v %v, want the honest miner alone", sealed.Weights.UIDs, sealed.Weights.Values)
	}
	if sealed.Weights.Seal(w.self.PublicKey()) != seals[0].Hash {
		t.Error("the seal is not that of the weights")
	}
	good, _ := v.Score(weighed, 10, inference.Kind)
	bad, _ := v.Score(weighed, 11, inference.Kind)
	if good.Reason != scoring.ReasonPaid || good.Speed != params.One || good.Tally.Units != 4 || bad.Reason != scoring.ReasonFalse {
		t.Errorf("scores %+v and %+v", good, bad)
	}

	w.step(v, sealFrom+1) // not in a block yet: again, the same
	w.put(ledger.SealKey(weighed, w.seat.UID), &ledger.SealedWeights{Seat: w.seat, Hash: seals[0].Hash, Height: sealFrom + 2})
	w.step(v, sealFrom+2)
	if seals := sent[*wire.CommitWeights](w); len(seals) != 2 || *seals[0] != *seals[1] {
		t.Errorf("seals %+v, want the same twice", seals)
	}
	w.step(v, closed)
	if opened := sent[*wire.RevealWeights](w); len(opened) != 1 || opened[0].Seal(w.self.PublicKey()) != seals[0].Hash {
		t.Errorf("opened %+v", opened)
	}
	w.put(ledger.WeightsKey(weighed, w.seat.UID), &ledger.Weights{Seat: w.seat})
	w.step(v, closed+1)
	if len(sent[*wire.OpenCards](w)) != 1 || len(sent[*wire.RevealWeights](w)) != 1 {
		t.Error("sent again what the ledger has")
	}
	if w.judge.runs != 2 {
		t.Errorf("%d runs, want 2", w.judge.runs)
	}
}

// soleJudge draws only the other judge, so that nothing here is an own duty.
func soleJudge(w *world) {
	w.drawDuties(round)
	for _, m := range w.makers {
		w.put(ledger.DutyKey(round, m.id.UID), &ledger.DutyRecord{Duties: []ledger.Duty{{Slot: 0, Judge: w.otherID}}})
	}
}

// The other judge, who alone drew, says that miner 11's answer is false. It is
// judged here, too, and only what the own run finds counts. That 10's passed is
// believed.
func TestAnotherJudgesFailingFindingIsNotBelievedButCausesAnOwnRun(t *testing.T) {
	for name, first := range map[string]int32{"a lie": 5, "the truth": 666} {
		w := newWorld(t)
		v := w.validator(newMemory())
		toOpenings(t, w, v, first)
		w.openAll(v)
		soleJudge(w)
		w.step(v, deadline+2)
		w.work(v)
		wrong := w.trueCard(w.makers[1])
		wrong.Finding = wire.FindingFalse
		w.resay(&wrong, func(b *inference.Card) { b.Code = inference.CodeToken })
		theirs := w.theirs(w.trueCard(w.makers[0]), wrong)
		for h := over; h <= sealEnd; h++ {
			w.step(v, h)
			w.work(v)
		}
		if w.judge.runs != 0 {
			t.Errorf("%s: %d runs before anything was opened", name, w.judge.runs)
		}
		w.step(v, sealEnd+1)
		w.work(v)
		if w.judge.runs != 1 {
			t.Errorf("%s: %d runs, want one", name, w.judge.runs)
		}
		for _, c := range theirs {
			w.take(v.OnCard(t.Context(), w.card(sealEnd, c)))
		}
		for h := sealEnd + 2; h <= sealFrom; h++ {
			w.step(v, h)
			w.work(v)
		}
		if w.judge.runs != 1 || len(w.published) != 0 {
			t.Errorf("%s: %d runs, %d cards published, want one run and none", name, w.judge.runs, len(w.published))
		}
		ten, err := v.Score(weighed, 10, inference.Kind)
		if err != nil || ten.Tally.Runs != 1 || ten.Tally.Passes != 1 || ten.Reason != scoring.ReasonPaid {
			t.Errorf("%s: of what passed: %+v, %v", name, ten, err)
		}
		want := scoring.ReasonPaid
		if first == 666 {
			want = scoring.ReasonFalse
		}
		if eleven, err := v.Score(weighed, 11, inference.Kind); err != nil || eleven.Tally.Runs != 1 || eleven.Reason != want {
			t.Errorf("%s: of what was found wrong: %+v, %v, want %s", name, eleven, err, want)
		}
	}
}

func TestAValidatorThatWasAwayHoldsNothingAgainstAnybody(t *testing.T) {
	w := newWorld(t)
	v := w.validator(newMemory())
	w.commitFirst()
	w.rosters(weighed)
	w.commit(w.makers[1], round, start+7, 5)
	w.drawDuties(round)
	w.step(v, openEnd+1) // the first block that this process sees
	w.work(v)
	w.step(v, openEnd+2)
	w.step(v, sealFrom)
	if len(w.published) != 0 {
		t.Errorf("published %+v", w.cards())
	}
	if _, err := v.Score(weighed, 10, inference.Kind); !errors.Is(err, record.ErrNotFound) {
		t.Errorf("a round that was not seen is weighed: %v", err)
	}
	if s, err := v.Weights(weighed); err != nil || len(s.Skipped) == 0 || slices.Contains(s.Rounds, round) {
		t.Errorf("weights %+v, %v", s, err)
	}
}

func TestOwnCardsAreRepeatedAFewTimesInNewEnvelopes(t *testing.T) {
	w := newWorld(t)
	v := w.validator(newMemory())
	toOpenings(t, w, v, 5)
	w.judgeAll(v)
	for h := over; h < cardEnd; h++ {
		w.step(v, h)
	}
	if len(w.published) != 8 {
		t.Errorf("published %d messages, want 2 cards 4 times", len(w.published))
	}
	seen := map[string]bool{}
	for _, raw := range w.published {
		if seen[string(raw)] {
			t.Error("the same bytes twice")
		}
		seen[string(raw)] = true
		w.take(v.OnCard(t.Context(), raw)) // our own, through our own checks
	}
}

// A crash may come after any write. From every copy of the store the epoch must
// end with the same cards and, once announced, the same seal.
func TestAValidatorKilledAfterAnyWriteSaysTheSame(t *testing.T) {
	var copies []*memory
	w := newWorld(t)
	store := newMemory()
	store.after = func(s *memory) { copies = append(copies, s) }
	type announcement struct {
		after int
		what  any
	}
	var announced []announcement
	cfg := w.config(store)
	cfg.Submit = func(_ context.Context, b wire.Body) error {
		announced = append(announced, announcement{len(copies), b})
		w.carry(b)
		return nil
	}
	publish := cfg.Publish
	cfg.Publish = func(ctx context.Context, topic string, raw []byte) error {
		if err := publish(ctx, topic, raw); err != nil {
			return err
		}
		cards := w.cards()
		announced = append(announced, announcement{len(copies), &cards[len(cards)-1]})
		return nil
	}
	v, err := validator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	play := func(w *world, v *validator.Validator) {
		toOpenings(t, w, v, 666)
		for _, m := range w.makers {
			if err := v.OnAnswer(t.Context(), w.opening(m, 0, deadline, nil)); err != nil && !errors.Is(err, validator.ErrDuplicate) {
				t.Fatal(err)
			}
		}
		w.drawDuties(round)
		for h := deadline + 2; h <= closed; h++ {
			w.step(v, h)
			w.work(v)
		}
	}
	play(w, v)
	// The mark of a first start, two answers, two judgements with cards, what was
	// attested, what was found, two cards with their proofs, the weights and the final
	// scores of the epoch, and of the one before, of which there is nothing to say.
	if len(copies) != 13 {
		t.Fatalf("%d writes, want 13", len(copies))
	}
	for i, snapshot := range copies {
		again := newWorld(t)
		v := again.validator(snapshot)
		play(again, v)
		var now []any
		for _, b := range again.submitted {
			now = append(now, b)
		}
		cards := again.cards()
		for j := range cards {
			now = append(now, &cards[j])
		}
		for _, a := range announced {
			if a.after <= i+1 && !slices.ContainsFunc(now, func(x any) bool { return reflect.DeepEqual(x, a.what) }) {
				t.Errorf("killed after write %d: said before and not again: %+v", i+1, a.what)
			}
		}
		for _, c := range cards {
			for _, o := range cards {
				if c.Key() == o.Key() && !reflect.DeepEqual(c, o) {
					t.Errorf("killed after write %d: two cards about one answer", i+1)
				}
			}
		}
	}
}

func TestNothingIsAnnouncedThatTheStoreDidNotTake(t *testing.T) {
	for limit := 1; limit <= 9; limit++ {
		w := newWorld(t)
		s := newMemory()
		s.limit = limit
		v := w.validator(s)
		toOpenings(t, w, v, 666)
		var errs []error
		for _, m := range w.makers {
			errs = append(errs, v.OnAnswer(t.Context(), w.opening(m, 0, deadline, nil)))
		}
		w.drawDuties(round)
		errs = append(errs, v.Step(t.Context(), deadline+2), v.Work(t.Context()), v.Step(t.Context(), over), v.Step(t.Context(), sealEnd), v.Step(t.Context(), sealEnd+1), v.Step(t.Context(), sealFrom))
		if err := errors.Join(errs...); !errors.Is(err, record.ErrStore) || !errors.Is(err, errDisk) {
			t.Errorf("after %d writes: got %v, want ErrStore", limit, err)
		}
		want := []int{0, 0, 0, 0, 0, 0, 0, 0, 1, 2}[limit] // cards: the eighth and ninth write
		if len(w.published) != want {
			t.Errorf("after %d writes: %d cards were announced, want %d", limit, len(w.published), want)
		}
		if len(sent[*wire.Attest](w)) > 0 && limit < 4 {
			t.Errorf("after %d writes: it was attested", limit)
		}
		if len(sent[*wire.CommitWeights](w)) > 0 || len(sent[*wire.SealCards](w)) > 0 && limit < 7 {
			t.Errorf("after %d writes: %+v was announced", limit, w.submitted)
		}
	}
}

// Weights say the same ever after, whatever is found later.
func TestAJudgementAfterTheSealCountsNowhere(t *testing.T) {
	w := newWorld(t)
	v := w.validator(newMemory())
	toOpenings(t, w, v, 5)
	w.openAll(v)
	w.drawDuties(round)
	w.step(v, sealFrom-1) // the runs wait
	w.step(v, sealFrom)
	w.work(v)
	if x, err := v.Score(weighed, 10, inference.Kind); err != nil || x.Reason != scoring.ReasonUnproven || x.Tally.Runs != 0 {
		t.Errorf("at the seal: %+v, %v", x, err)
	}
	if s, err := v.Weights(weighed); err != nil || len(s.Weights.UIDs) != 0 {
		t.Errorf("at the seal: %+v, %v", s, err)
	}
	w.rosters(weighed + 1)
	w.drawTasks(round + 1)
	w.step(v, sealFrom+20)
	if x, err := v.Score(weighed+1, 10, inference.Kind); err != nil || x.Tally.Runs != 0 || x.Reason != scoring.ReasonUnproven {
		t.Errorf("an epoch later: %+v, %v", x, err)
	}
}

func TestAValidatorWithoutPermitIdlesAndSaysSo(t *testing.T) {
	w := newWorld(t)
	v := w.validator(newMemory())
	if why := v.Status().Why; !strings.Contains(why, "no block") {
		t.Errorf("got %q", why)
	}
	toOpenings(t, w, v, 5)
	w.put(ledger.SeatKey(w.seat.UID), &ledger.Seat{ID: w.seat, Hotkey: w.self.PublicKey()})
	for _, e := range []protocol.Epoch{epoch, epoch + 1} {
		if err := w.tree.Remove(ledger.RosterJudgeKey(e, w.seat.UID)); err != nil {
			t.Fatal(err)
		}
	}
	w.drawDuties(round)
	w.step(v, deadline+2)
	w.take(v.OnAnswer(t.Context(), w.opening(w.makers[0], 0, deadline, nil))) // it still keeps and passes on
	w.step(v, sealFrom)
	w.step(v, cardEnd+1)
	if len(w.submitted) != 0 {
		t.Errorf("submitted %+v", w.submitted)
	}
	if why := v.Status().Why; why != "no permit: 0.000000000 is staked on the hotkey, and it takes "+w.p.Seats.MinStake.String()+" (assay tx stake)" {
		t.Errorf("got %q", why)
	}

	// With what it takes on the ledger, the permit is announced.
	w.put(ledger.PoolKey(w.self.PublicKey()), &ledger.Pool{Amount: w.p.Seats.MinStake, Shares: uint64(w.p.Seats.MinStake)})
	w.step(v, cardEnd+1)
	if why := v.Status().Why; !strings.Contains(why, "less than "+w.p.Seats.MinSelf.String()+" is its owner's") {
		t.Errorf("got %q", why)
	}
	own := protocol.PublicKey{} // the seat's coldkey here
	w.put(ledger.StakeKey(w.self.PublicKey(), own), &ledger.Stake{Shares: uint64(w.p.Seats.MinSelf)})
	w.step(v, cardEnd+1)
	if why := v.Status().Why; !strings.Contains(why, "the consensus key is not on the ledger yet") {
		t.Errorf("got %q", why)
	}
	seat := ledger.Seat{ID: w.seat, Hotkey: w.self.PublicKey(), Consensus: ledger.Consensus{Key: named("consensus").PublicKey()}}
	w.put(ledger.SeatKey(w.seat.UID), &seat)
	w.step(v, cardEnd+1)
	if why := v.Status().Why; !strings.Contains(why, "no beacon chain of the seat is on the ledger yet") {
		t.Errorf("got %q", why)
	}
	seat.NextChain, seat.NextFrom = ledger.Chain{Start: w.p.Schedule.EpochStart(epoch + 3), Link: protocol.Hash{1}}, epoch+3
	w.put(ledger.SeatKey(w.seat.UID), &seat)
	w.step(v, cardEnd+1)
	if why, want := v.Status().Why, fmt.Sprintf("no permit yet: with a stake of %s, it comes with epoch %d", w.p.Seats.MinStake, epoch+3); why != want {
		t.Errorf("got %q, want %q", why, want)
	}
	if err := w.tree.Remove(ledger.HotkeyKey(w.self.PublicKey())); err != nil {
		t.Fatal(err)
	}
	w.step(v, cardEnd+2)
	if why := v.Status().Why; !strings.Contains(why, "register") {
		t.Errorf("got %q", why)
	}
}

func TestTheSeatIsKeptCurrent(t *testing.T) {
	w := newWorld(t)
	cfg := w.config(newMemory())
	serve := wire.Serve{Addresses: []string{"/ip4/1.2.3.4/tcp/5"}, Identity: protocol.PublicKey{2}}
	consensus := wire.SetConsensusKey{Key: protocol.PublicKey{3}, Address: "1.2.3.4:6"}
	cfg.Announce = func() wire.Serve { return serve }
	cfg.ConsensusKey = func() wire.SetConsensusKey { return consensus }
	cfg.Chain = func(start protocol.Height) (protocol.Hash, error) {
		return wire.HashOf("chain", []byte{byte(start)}), nil
	}
	v, err := validator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	w.step(v, start+1)
	w.step(v, start+2)
	if len(w.submitted) != 3 {
		t.Fatalf("submitted %d, want each once: %+v", len(w.submitted), w.submitted)
	}
	if x := sent[*wire.ExtendBeacon](w); len(x) != 1 || x[0].Start != w.p.Schedule.EpochStart(epoch+2) || x[0].Anchor != wire.HashOf("chain", []byte{80}) {
		t.Errorf("chain %+v", x)
	}
	whole := ledger.Seat{
		ID: w.seat, Hotkey: w.self.PublicKey(), Addresses: serve.Addresses, Identity: serve.Identity,
		Consensus: ledger.Consensus{Key: consensus.Key, Address: consensus.Address}, Beacon: ledger.Chain{Start: 1, Link: protocol.Hash{1}},
	}
	w.put(ledger.SeatKey(w.seat.UID), &whole)
	for h := start + 3; h < start+20; h++ {
		w.step(v, h)
	}
	if len(w.submitted) != 3 {
		t.Errorf("sent again though the ledger has it: %+v", w.submitted[3:])
	}
	// A chain of 2^20 links that ends soon is followed by another; not at the
	// end of an epoch, where it might come too late.
	late := w.p.Schedule.EpochStart(w.p.Schedule.EpochOf(1<<20 - validator.SpreadOf(w.self.PublicKey())))
	for _, c := range []struct {
		at   protocol.Height
		want int
	}{{late - 20*20, 3}, {late + 18, 3}, {late + 2, 4}} {
		w.step(v, c.at)
		if len(w.submitted) != c.want {
			t.Errorf("at %d: %d sent, want %d", c.at, len(w.submitted), c.want)
		}
	}
}

func TestReceiptsAndTasksAreFoundByID(t *testing.T) {
	w := newWorld(t)
	v := w.validator(newMemory())
	toOpenings(t, w, v, 5)
	w.take(v.OnAnswer(t.Context(), w.opening(w.makers[0], 0, deadline, nil)))
	w.drawDuties(round)
	w.step(v, deadline+2)
	w.work(v)
	task := w.makers[0].sealed.Tasks[0]
	if view, err := v.Task(task.ID); err != nil || len(view.Cards) != 0 || view.Judgement == nil {
		t.Errorf("a card is shown before anything was sealed: %+v, %v", view, err)
	}
	theirs := w.truths()
	w.settle(v)
	w.take(v.OnCard(t.Context(), w.card(sealEnd, theirs[0])))
	view, err := v.Task(task.ID)
	if err != nil || len(view.Cards) != 2 || view.Judgement == nil || !view.Judgement.Outcome.Passed() {
		t.Fatalf("got %+v, %v", view, err)
	}
	receipt, err := v.Receipt(view.Key)
	if err != nil {
		t.Fatal(err)
	}
	back, err := wire.DecodeReceipt(wire.Encode(receipt))
	if err != nil || back.Task.ID != task.ID || !bytes.Equal(back.Task.Body, task.Body) || len(back.Cards) != 2 || back.ChainID != chain {
		t.Errorf("got %+v, %v", back, err)
	}
	if raw, err := v.Envelope(view.Key); err != nil || string(raw) != string(back.Answer) {
		t.Errorf("evidence differs from the receipt's answer: %v", err)
	}
	if keys, err := v.Answers(round); err != nil || len(keys) != 1 || keys[0] != view.Key {
		t.Errorf("answers %v, %v", keys, err)
	}
	if _, err := v.Task(protocol.TaskID{1}); !errors.Is(err, record.ErrNotFound) {
		t.Errorf("unknown task: %v", err)
	}
	if raw, err := v.Envelope(wire.AnswerKey{Round: 99}); raw != nil || err != nil {
		t.Errorf("unknown answer: %x, %v", raw, err)
	}
}

func TestScoresComeInPages(t *testing.T) {
	w := newWorld(t)
	v := w.validator(newMemory())
	toOpenings(t, w, v, 5)
	w.openAll(v)
	w.step(v, sealFrom)
	page, more, err := v.Scores(weighed, 0, 1)
	if err != nil || !more || len(page) != 1 || page[0].Tally.Seat.UID != 10 {
		t.Fatalf("got %+v %v %v", page, more, err)
	}
	page, more, err = v.Scores(weighed, 11, 1)
	if err != nil || more || len(page) != 1 || page[0].Tally.Seat.UID != 11 {
		t.Errorf("got %+v %v %v", page, more, err)
	}
}

func TestOldAnswersAndCardsArePruned(t *testing.T) {
	w := newWorld(t)
	w.p.Tasks.Retention = 4
	v := w.validator(newMemory())
	toOpenings(t, w, v, 5)
	w.take(v.OnAnswer(t.Context(), w.opening(w.makers[0], 0, deadline, nil)))
	id := w.makers[0].sealed.Tasks[0].ID
	w.step(v, w.p.Schedule.EpochStart(epoch+4))
	if _, err := v.Task(id); err != nil {
		t.Errorf("pruned too early: %v", err)
	}
	w.step(v, w.p.Schedule.EpochStart(epoch+5)+3)
	if _, err := v.Task(id); !errors.Is(err, record.ErrNotFound) {
		t.Errorf("still there after the retention: %v", err)
	}
}

func TestRunJudgesWhileBlocksComeAndStopsCleanly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		v := w.validator(newMemory())
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- v.Run(ctx) }()
		w.commitFirst()
		w.commit(w.makers[1], round, start+6, 5)
		w.next <- deadline
		synctest.Wait()
		w.take(v.OnAnswer(ctx, w.opening(w.makers[0], 0, deadline, nil)))
		w.drawDuties(round)
		w.next <- deadline + 2
		synctest.Wait()
		for _, h := range []protocol.Height{over, sealEnd - 2, sealEnd, sealEnd + 1} {
			w.next <- h
			synctest.Wait()
		}
		if len(w.cards()) != 1 {
			t.Errorf("%d cards, want 1", len(w.cards()))
		}
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}
