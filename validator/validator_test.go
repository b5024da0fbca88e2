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
	cards := w.cards()
	if len(cards) != 2 {
		t.Fatalf("published %d cards, want 2", len(cards))
	}
	for i, want := range []wire.Finding{wire.FindingPassed, wire.FindingFalse} {
		task, r := w.makers[i].sealed.Tasks[0].ID, w.makers[i].sealed.Answers[0]
		if c, b := cards[i], w.said(cards[i]); c.Finding != want || c.Judge != w.seat || c.Seat != w.makers[i].id || c.Task != task || b.Tokens != 4 || b.Root != root(task, w.self.PublicKey(), r) {
			t.Errorf("card %d: got %+v", i, c)
		}
		w.take(v.OnCard(t.Context(), w.card(deadline+2, w.trueCard(w.makers[i]))))
	}

	w.step(v, sealFrom)
	seals := sent[*wire.CommitWeights](w)
	if len(seals) != 1 || seals[0].Epoch != epoch {
		t.Fatalf("submitted %+v", w.submitted)
	}
	sealed, err := v.Weights(epoch)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(sealed.Weights.UIDs, []protocol.UID{10, 11}) || !slices.Equal(sealed.Weights.Values, []uint16{65535, 0}) {
		t.Errorf("weights %v %v, want the honest miner alone", sealed.Weights.UIDs, sealed.Weights.Values)
	}
	if sealed.Weights.Seal(w.self.PublicKey()) != seals[0].Hash {
		t.Error("the seal is not that of the weights")
	}
	good, _ := v.Score(epoch, 10, inference.Kind)
	bad, _ := v.Score(epoch, 11, inference.Kind)
	if good.Reason != scoring.ReasonPaid || good.Speed != params.One || good.Tally.Units != 4 || bad.Reason != scoring.ReasonFalse {
		t.Errorf("scores %+v and %+v", good, bad)
	}

	w.step(v, sealFrom+1) // not in a block yet: again, the same
	w.put(ledger.SealKey(epoch, w.seat.UID), &ledger.SealedWeights{Seat: w.seat, Hash: seals[0].Hash, Height: sealFrom + 2})
	w.step(v, sealFrom+2)
	if seals := sent[*wire.CommitWeights](w); len(seals) != 2 || *seals[0] != *seals[1] {
		t.Errorf("seals %+v, want the same twice", seals)
	}

	w.step(v, start+20)
	if opened := sent[*wire.RevealWeights](w); len(opened) != 1 || opened[0].Seal(w.self.PublicKey()) != seals[0].Hash {
		t.Errorf("opened %+v", opened)
	}
	w.put(ledger.WeightsKey(epoch, w.seat.UID), &ledger.Weights{Seat: w.seat})
	w.step(v, cardEnd)
	if len(sent[*wire.CommitCards](w)) != 0 {
		t.Error("cards were counted while some could still come")
	}
	w.step(v, cardEnd+1)
	counted := sent[*wire.CommitCards](w)
	if len(counted) != 1 {
		t.Fatalf("submitted %+v", w.submitted)
	}
	want := wire.CommitCards{
		Epoch: epoch, Root: wire.MerkleRoot([]protocol.Hash{cards[0].Leaf(), cards[1].Leaf()}), Counts: []uint32{2},
		Seen: []wire.SeatCount{{UID: 2, Counts: []uint32{2}}},
	}
	if !reflect.DeepEqual(*counted[0], want) {
		t.Errorf("cards %+v, want %+v", *counted[0], want)
	}
	w.put(ledger.CardsKey(epoch, w.seat.UID), &ledger.CardsRecord{Seat: w.seat, Cards: want})
	w.step(v, cardEnd+2)
	if len(sent[*wire.CommitCards](w)) != 1 || len(sent[*wire.RevealWeights](w)) != 1 {
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

func TestAnotherJudgesFailingCardIsNotBelievedButCausesAnOwnRun(t *testing.T) {
	for name, first := range map[string]int32{"false card": 5, "true card": 666} {
		w := newWorld(t)
		v := w.validator(newMemory())
		toOpenings(t, w, v, first)
		w.openAll(v)
		soleJudge(w)
		w.step(v, deadline+2)
		w.take(v.OnCard(t.Context(), w.card(deadline+2, w.trueCard(w.makers[0]))))
		w.work(v)
		if w.judge.runs != 0 {
			t.Errorf("%s: a passing card caused a run", name)
		}
		c := w.trueCard(w.makers[1])
		c.Finding = wire.FindingFalse
		w.resay(&c, func(b *inference.Card) { b.Code = inference.CodeToken })
		w.take(v.OnCard(t.Context(), w.card(deadline+2, c)))
		w.work(v)
		w.step(v, deadline+3)
		w.work(v)
		if w.judge.runs != 1 || len(w.published) != 0 {
			t.Errorf("%s: %d runs, %d cards published, want one run and none", name, w.judge.runs, len(w.published))
		}
		w.step(v, cardEnd+1)
		counted := sent[*wire.CommitCards](w)
		if len(counted) != 1 {
			t.Fatalf("%s: submitted %v", name, w.submitted)
		}
		want := uint32(1)
		if first == 666 {
			want = 2
		}
		if got := counted[0].Seen[0].Counts[0]; got != want {
			t.Errorf("%s: %d cards of the other judge seen, want %d", name, got, want)
		}
	}
}

func TestACardSignedWithoutARunIsNotSeen(t *testing.T) {
	w := newWorld(t)
	v := w.validator(newMemory())
	toOpenings(t, w, v, 5)
	w.judgeAll(v)
	invented := w.trueCard(w.makers[0])
	w.resay(&invented, func(b *inference.Card) { b.Root = protocol.Hash{7} })
	copied := w.trueCard(w.makers[1])
	w.resay(&copied, func(b *inference.Card) { b.Root = w.said(w.cards()[1]).Root }) // ours, in the other's card
	w.take(v.OnCard(t.Context(), w.card(deadline+2, invented)))
	w.take(v.OnCard(t.Context(), w.card(deadline+2, copied)))
	w.step(v, cardEnd+1)
	if c := sent[*wire.CommitCards](w); len(c) != 1 || c[0].Seen[0].Counts[0] != 0 || c[0].Counts[0] != 2 {
		t.Errorf("got %+v, want none of the other's cards seen", c)
	}
}

func TestAValidatorThatWasAwayHoldsNothingAgainstAnybody(t *testing.T) {
	w := newWorld(t)
	v := w.validator(newMemory())
	w.commitFirst()
	w.commit(w.makers[1], round, start+7, 5)
	w.drawDuties(round)
	w.step(v, openEnd+1) // the first block that this process sees
	w.work(v)
	w.step(v, openEnd+2)
	w.step(v, sealFrom)
	if len(w.published) != 0 {
		t.Errorf("published %+v", w.cards())
	}
	if _, err := v.Score(epoch, 10, inference.Kind); !errors.Is(err, record.ErrNotFound) {
		t.Errorf("a round that was not seen is weighed: %v", err)
	}
	if s, err := v.Weights(epoch); err != nil || len(s.Skipped) == 0 || slices.Contains(s.Rounds, round) {
		t.Errorf("weights %+v, %v", s, err)
	}
}

func TestOwnCardsAreRepeatedAFewTimesInNewEnvelopes(t *testing.T) {
	w := newWorld(t)
	v := w.validator(newMemory())
	toOpenings(t, w, v, 5)
	w.judgeAll(v)
	for h := deadline + 2; h < deadline+14; h++ {
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
		for h := deadline + 2; h <= sealFrom; h++ {
			w.step(v, h)
			w.work(v)
		}
		w.step(v, cardEnd+1)
	}
	play(w, v)
	// The mark of a first start, two answers, two judgements with cards, what was
	// attested, the weights, the final scores, the cards' root.
	if len(copies) != 9 {
		t.Fatalf("%d writes, want 9", len(copies))
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
	for limit := 1; limit <= 7; limit++ {
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
		errs = append(errs, v.Step(t.Context(), deadline+2), v.Work(t.Context()), v.Step(t.Context(), sealFrom), v.Step(t.Context(), cardEnd+1))
		if err := errors.Join(errs...); !errors.Is(err, record.ErrStore) || !errors.Is(err, errDisk) {
			t.Errorf("after %d writes: got %v, want ErrStore", limit, err)
		}
		want := []int{0, 0, 0, 0, 0, 1, 2, 2}[limit] // cards: the fifth and sixth write
		if len(w.published) < want || len(w.published) > 4*want {
			t.Errorf("after %d writes: %d cards were announced", limit, len(w.published))
		}
		if len(sent[*wire.Attest](w)) > 0 && limit < 4 {
			t.Errorf("after %d writes: it was attested", limit)
		}
		if len(sent[*wire.CommitWeights](w)) > 0 && limit < 7 || len(sent[*wire.CommitCards](w)) > 0 {
			t.Errorf("after %d writes: %+v was announced", limit, w.submitted)
		}
	}
}

func TestAJudgementAfterTheSealCountsInTheNextEpoch(t *testing.T) {
	w := newWorld(t)
	v := w.validator(newMemory())
	toOpenings(t, w, v, 5)
	w.openAll(v)
	w.drawDuties(round)
	w.step(v, sealFrom) // sealed before the runs are done
	w.work(v)
	if x, err := v.Score(epoch, 10, inference.Kind); err != nil || x.Reason != scoring.ReasonUnproven || x.Tally.Runs != 0 {
		t.Errorf("at the seal: %+v, %v", x, err)
	}
	if s, err := v.Weights(epoch); err != nil || len(s.Weights.UIDs) != 0 {
		t.Errorf("at the seal: %+v, %v", s, err)
	}
	w.drawTasks(round + 1)
	w.step(v, sealFrom+20)
	x, err := v.Score(epoch+1, 10, inference.Kind)
	if err != nil || x.Tally.Runs != 1 || x.Tally.Passes != 1 || x.Average.Runs != params.One {
		t.Errorf("an epoch later: %+v, %v", x, err)
	}
	if x.Reason != scoring.ReasonPaid || x.Weight != 65535 {
		t.Errorf("an epoch later: %s, weight %d", x.Reason, x.Weight)
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
	late := w.p.Schedule.EpochStart(w.p.Schedule.EpochOf(1 << 20))
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
	w.take(v.OnCard(t.Context(), w.card(deadline+2, w.trueCard(w.makers[0]))))
	task := w.makers[0].sealed.Tasks[0]
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
	page, more, err := v.Scores(epoch, 0, 1)
	if err != nil || !more || len(page) != 1 || page[0].Tally.Seat.UID != 10 {
		t.Fatalf("got %+v %v %v", page, more, err)
	}
	page, more, err = v.Scores(epoch, 11, 1)
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
		if len(w.cards()) != 1 {
			t.Errorf("%d cards, want 1", len(w.cards()))
		}
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}
