package miner_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/miner"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/task/kinds"
	"github.com/assaynet/assay/protocol/wire"
)

// In params.Local a round has 20 blocks: round 2 begins at 40, its commitments
// count until 51, its openings until 53.
const (
	round    = protocol.Round(2)
	start    = protocol.Height(40)
	deadline = start + 11
	last     = start + 13
)

func TestARoundIsAnsweredSealedCommittedAndOpened(t *testing.T) {
	w := newWorld(t)
	w.ask(2, 3)
	m := w.miner(newMemory(), puppet{})
	w.step(m, start)
	if s := m.Status(); !s.Asked || s.Phase != miner.PhaseSeed || len(w.submitted) != 0 {
		t.Fatalf("before the seed: %+v, submitted %d", s, len(w.submitted))
	}
	w.draw(round)
	w.step(m, start+3)
	if s := m.Status(); s.Phase != miner.PhaseAnswering {
		t.Fatalf("after the seed: phase %s", s.Phase)
	}
	w.work(m)
	if len(w.commits()) != 1 || w.lastCommit().Round != round {
		t.Fatalf("after the work: %d commitments", len(w.commits()))
	}
	w.step(m, start+4) // not in a block yet: sent again, the same
	if c := w.commits(); len(c) != 2 || *c[0] != *c[1] {
		t.Fatalf("want the same commitment again, got %v", c)
	}
	w.include(start + 5)
	w.step(m, start+5)
	if s := m.Status(); s.Phase != miner.PhaseCommitted || len(w.published) != 0 {
		t.Fatalf("before the deadline: phase %s, published %d", s.Phase, len(w.published))
	}
	w.step(m, deadline)
	if got := w.answers(round, 3); len(got) != 3 {
		t.Fatalf("opened %d slots, want 3", len(got))
	}
	first := slices.Clone(w.published)
	w.step(m, deadline+1)
	if len(w.published) != 3 {
		t.Errorf("opened again after one block")
	}
	w.step(m, last)
	if len(w.published) != 6 || string(first[0]) == string(w.published[3]) {
		t.Errorf("at the deadline: %d messages, want 6, the second three in new envelopes", len(w.published))
	}
	w.step(m, last+2)
	if len(w.published) != 6 || len(w.commits()) != 2 {
		t.Errorf("after the deadline: %d messages, %d commitments", len(w.published), len(w.commits()))
	}
	w.step(m, start+20)
	if s := m.Status(); s.Committed != 1 || s.Late != 0 || s.Opened != 3 {
		t.Errorf("after the round: %+v", s)
	}
}

// A crash may come after any write. From every copy of the store the round must
// be finished, and a commitment that was announced must come again, unchanged.
func TestAMinerKilledAfterAnyWriteFinishesTheRoundWithOneCommitment(t *testing.T) {
	var copies []*memory
	announced := map[int]protocol.Hash{} // by number of copies when it was submitted
	w := newWorld(t)
	w.ask(2, 3)
	w.draw(round)
	store := newMemory()
	store.after = func(s *memory) { copies = append(copies, s) }
	cfg := w.config(store, puppet{})
	cfg.Submit = func(_ context.Context, b wire.Body) error {
		announced[len(copies)] = b.(*wire.Commit).Root
		return nil
	}
	m, err := miner.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	w.step(m, start+3)
	w.work(m)
	if len(copies) != 5 { // the tasks, three answers, the seal
		t.Fatalf("%d writes, want 5", len(copies))
	}
	for at := range announced {
		if at != len(copies) {
			t.Fatalf("a commitment was announced after write %d, before it was sealed", at)
		}
	}
	for i, snapshot := range copies {
		again := newWorld(t)
		again.ask(2, 3)
		again.draw(round)
		m := again.miner(snapshot, puppet{})
		again.step(m, start+6)
		again.work(m)
		again.step(m, start+7)
		root := again.include(start + 8).Root
		if want, ok := announced[i+1]; ok && root != want {
			t.Errorf("killed after write %d: commitment %s, announced before was %s", i+1, root.Short(), want.Short())
		}
		for _, c := range again.commits() {
			if c.Root != root {
				t.Errorf("killed after write %d: two commitments", i+1)
			}
		}
		// Killed once more before the opening.
		m = again.miner(snapshot, puppet{})
		again.step(m, deadline)
		if got := again.answers(round, 3); len(got) != 3 {
			t.Errorf("killed after write %d: opened %d slots", i+1, len(got))
		}
	}
}

func TestNothingIsAnnouncedThatTheStoreDidNotTake(t *testing.T) {
	for limit := 1; limit <= 4; limit++ {
		w := newWorld(t)
		w.ask(2, 3)
		w.draw(round)
		s := newMemory()
		s.limit = limit
		m := w.miner(s, puppet{})
		w.step(m, start+3)
		if err := m.Work(t.Context()); !errors.Is(err, miner.ErrStore) || !errors.Is(err, errDisk) {
			t.Errorf("after %d writes: got %v, want ErrStore", limit, err)
		}
		if len(w.submitted)+len(w.published) != 0 {
			t.Errorf("after %d writes: something was announced", limit)
		}
	}
}

func TestARoundIsSealedWithTheAnswersThatThereAreWhenTheDeadlineNears(t *testing.T) {
	w := newWorld(t)
	w.ask(2, 3)
	w.draw(round)
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{})
		m := w.miner(newMemory(), puppet{hold: hold})
		w.step(m, start+3)
		done := make(chan error, 1)
		go func() { done <- m.Work(t.Context()) }()
		hold <- struct{}{}
		synctest.Wait() // one answer is kept, the second under way
		w.step(m, deadline-3)
		if err := <-done; err != nil {
			t.Errorf("the answer under way was not stopped cleanly: %v", err)
		}
		w.include(deadline - 2)
		w.step(m, deadline)
	})
	if got := w.answers(round, 3); len(got) != 1 || got[0] == nil {
		t.Errorf("opened %d slots, want the first alone", len(got))
	}
}

func TestAMinerThatIsTooSlowIsLateAndSaysSo(t *testing.T) {
	w := newWorld(t)
	w.ask(2, 1)
	w.draw(round)
	synctest.Test(t, func(t *testing.T) {
		m := w.miner(newMemory(), puppet{hold: make(chan struct{})})
		w.step(m, start+3)
		done := make(chan error, 1)
		go func() { done <- m.Work(t.Context()) }()
		synctest.Wait()
		w.step(m, deadline-1)
		w.step(m, deadline)
		if err := <-done; err != nil {
			t.Error(err)
		}
		w.step(m, start+20)
		if s := m.Status(); s.Late != 1 || !strings.Contains(m.Status().Why, "not asked") {
			t.Errorf("got %+v", s)
		}
		w.ask(3, 1)
		w.step(m, start+21)
		if why := m.Status().Why; !strings.HasPrefix(why, "late: 1 rounds") {
			t.Errorf("got %q", why)
		}
	})
	if len(w.submitted) != 0 {
		t.Errorf("submitted %v", w.submitted)
	}
}

func TestATaskThatTheModelCannotAnswerLeavesItsSlotEmpty(t *testing.T) {
	w := newWorld(t)
	w.ask(2, 2)
	w.draw(round)
	cfg, registry := w.config(newMemory(), puppet{fail: errors.New("not finite")}), prometheus.NewRegistry()
	cfg.Metrics = registry
	m, err := miner.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	w.step(m, start+3)
	w.work(m)
	w.step(m, deadline-1)
	if len(w.submitted) != 0 {
		t.Errorf("a round without answers was sealed")
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "assay_miner_failed_total" {
			if c := f.GetMetric()[0]; len(f.GetMetric()) != 1 || c.GetLabel()[0].GetValue() != "inference" || c.GetCounter().GetValue() != 2 {
				t.Errorf("counted %v", f)
			}
			return
		}
	}
	t.Error("the tasks that failed are not counted")
}

func TestACommitmentThatTheStoreDoesNotKnowIsNeitherOpenedNorContradicted(t *testing.T) {
	w := newWorld(t)
	w.ask(2, 1)
	w.draw(round)
	w.put(ledger.CommitKey(round, w.seat.UID), &ledger.CommitRecord{Seat: w.seat, Root: protocol.Hash{9}, Height: start + 4})
	m := w.miner(newMemory(), puppet{})
	w.step(m, start+5)
	w.work(m)
	w.step(m, deadline)
	if s := m.Status(); s.Phase != miner.PhaseForeign || len(w.submitted)+len(w.published) != 0 || !strings.Contains(s.Why, "another process") {
		t.Errorf("got %+v", s)
	}
}

func TestStatusSaysWhatIsMissingFirst(t *testing.T) {
	w := newWorld(t)
	m := w.miner(newMemory(), puppet{})
	want := func(text string) {
		t.Helper()
		if why := m.Status().Why; !strings.Contains(why, text) {
			t.Errorf("got %q, want %q in it", why, text)
		}
	}
	want("no block")
	w.peers = 0
	want("no peers: none was reached yet")
	w.peers = 1
	if err := w.tree.Remove(ledger.HotkeyKey(w.hotkey.PublicKey())); err != nil {
		t.Fatal(err)
	}
	w.step(m, start)
	want("register")
	w.put(ledger.HotkeyKey(w.hotkey.PublicKey()), w.seat.UID)
	w.peers = 0
	w.step(m, start)
	want("no peers")
	w.peers = 1
	w.step(m, start)
	want("not asked")
	w.ask(2, 1)
	w.step(m, start)
	want("nothing paid yet")
	w.put(ledger.PaymentKey(2, w.seat.UID), &ledger.Payment{Seat: w.seat, Miner: 5 * protocol.Unit})
	w.step(m, start+19) // the epoch's last block pays it
	want("earning: 5.000000000 in epoch 2")
}

func TestJudgesCardsShowInTheStatusAndStrangersAreNotPassedOn(t *testing.T) {
	w := newWorld(t)
	w.ask(2, 1)
	judge, stranger := named(t, "judge"), named(t, "stranger")
	judgeID := protocol.SeatID{UID: 9, Registered: 1}
	about := func(seat protocol.SeatID) wire.Card {
		return wire.Card{Judge: judgeID, Round: round, Seat: seat, Answer: protocol.Hash{1}, Kind: inference.Kind, Finding: wire.FindingFalse, Body: said(inference.CodeToken)}
	}
	neighbour := protocol.SeatID{UID: w.seat.UID + 1, Registered: w.seat.Registered}
	leaves := w.opens(judge, about(w.seat), about(neighbour))
	m := w.miner(newMemory(), puppet{})
	w.step(m, start)
	send := func(s signer, at protocol.Height, change func(*wire.Card)) error {
		t.Helper()
		c := about(w.seat)
		c.Proof = []protocol.Hash{leaves[1]}
		change(&c)
		e, err := wire.Seal(s, wire.DomainCard, chain, at, wire.Encode(&c))
		if err != nil {
			t.Fatal(err)
		}
		return m.OnCard(wire.Encode(e))
	}
	same := func(*wire.Card) {}
	another := func(c *wire.Card) { c.Seat, c.Proof = neighbour, []protocol.Hash{leaves[0]} }
	want := func(what string, got error, want error) {
		t.Helper()
		if !errors.Is(got, want) {
			t.Errorf("%s: got %v, want %v", what, got, want)
		}
	}
	want("first of a judge", send(judge, start, same), miner.ErrUnknown)
	want("first of a stranger", send(stranger, start, same), miner.ErrUnknown)
	w.step(m, start+1)
	if s := m.Status(); len(s.Findings) != 1 || s.Findings[wire.FindingFalse] != 1 || !strings.HasPrefix(s.Why, "inexact") {
		t.Errorf("got %+v", s)
	}
	want("again", send(judge, start+1, same), miner.ErrDuplicate)
	want("stranger", send(stranger, start, another), miner.ErrNoJudge)
	want("in another judge's name", send(judge, start, func(c *wire.Card) { c.Judge.Registered++ }), miner.ErrNoJudge)
	want("old", send(judge, start+62, another), miner.ErrWindow)
	want("without a proof", send(judge, start, func(c *wire.Card) { another(c); c.Proof = nil }), wire.ErrOtherCard)
	want("another finding", send(judge, start, func(c *wire.Card) { another(c); c.Finding, c.Body = wire.FindingPassed, said(inference.CodeExact) }), wire.ErrOtherCard)
	want("about what was not drawn", send(judge, start, func(c *wire.Card) { another(c); c.Slot++ }), wire.ErrOtherCard)
	want("about another seat", send(judge, start, another), nil)
	want("garbage", m.OnCard([]byte{1, 2, 3}), wire.ErrMalformed)
	if s := m.Status(); s.Findings[wire.FindingFalse] != 1 {
		t.Errorf("counted %d, want 1", s.Findings[wire.FindingFalse])
	}
}

// opens writes that a judge of the cards' epoch drew what these cards, in the
// order of their slots, are about, and opened them; it returns their leaves.
func (w *world) opens(judge signer, cards ...wire.Card) (leaves []protocol.Hash) {
	w.t.Helper()
	e := w.p.Schedule.EpochOfRound(cards[0].Round)
	id := cards[0].Judge
	drawn := ledger.DrawnRecord{Judge: id, Kinds: make([]wire.AnswerKeys, len(w.p.Kinds))}
	var opened ledger.CardsRecord
	for i := range cards {
		c := &cards[i]
		drawn.Kinds[w.p.KindIndex(c.Kind)].Add(c.Key())
		opened.Findings = append(opened.Findings, c.Finding.Byte())
		leaves = append(leaves, c.Leaf(judge.PublicKey()))
	}
	opened.Seat, opened.Root = id, wire.MerkleRoot(leaves)
	w.put(ledger.RosterJudgeKey(e, id.UID), &ledger.RosterJudge{ID: id, Hotkey: judge.PublicKey()})
	w.put(ledger.DrawnKey(e, id.UID), &drawn)
	w.put(ledger.CardsKey(e, id.UID), &opened)
	return leaves
}

// said is the body of a card with a code.
func said(code inference.Code) []byte {
	c := inference.Card{Code: code}
	if code.NeedsRun() {
		c.Root = protocol.Hash{1}
	}
	return wire.Encode(&c)
}

func FuzzOnCard(f *testing.F) {
	p := params.Local()
	m, err := miner.New(miner.Config{
		ChainID: chain, Kinds: kinds.All(), Params: &p, Hotkey: signer{}, Salt: [32]byte{1}, Plants: [32]byte{2}, Workers: []miner.Worker{miner.NewInference(1, nil, puppet{})}, Ledger: &world{}, Store: newMemory(),
		Submit:  func(context.Context, wire.Body) error { return nil },
		Publish: func(context.Context, string, []byte) error { return nil },
	})
	if err != nil {
		f.Fatal(err)
	}
	c := wire.Card{Kind: inference.Kind, Finding: wire.FindingPassed, Answer: protocol.Hash{1}, Body: said(inference.CodeExact)}
	e := wire.Envelope{Domain: wire.DomainCard, ChainID: chain, Payload: wire.Encode(&c)}
	f.Add(wire.Encode(&e))
	f.Fuzz(func(_ *testing.T, raw []byte) { _ = m.OnCard(raw) })
}

func TestTheSeatIsAnnouncedWhenTheLedgerSaysOtherwise(t *testing.T) {
	w := newWorld(t)
	cfg := w.config(newMemory(), puppet{})
	want := wire.Serve{Offers: []wire.Offer{{Kind: inference.Kind, Capacity: 2, Models: []protocol.ModelID{{1}}}}, Addresses: []string{"/ip4/1.2.3.4/tcp/5"}, Identity: protocol.PublicKey{2}}
	cfg.Announce = func() wire.Serve { return want }
	m, err := miner.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for h := start; h < start+5; h++ {
		w.step(m, h)
	}
	if len(w.submitted) != 2 { // at once, and four blocks later
		t.Errorf("sent %d times in five blocks, want 2", len(w.submitted))
	}
	w.put(ledger.SeatKey(w.seat.UID), &ledger.Seat{ID: w.seat, Hotkey: w.hotkey.PublicKey(), Offers: want.Offers, Addresses: want.Addresses, Identity: want.Identity})
	for h := start + 5; h < start+15; h++ {
		w.step(m, h)
	}
	if len(w.submitted) != 2 {
		t.Errorf("sent again though the ledger has it")
	}
}

func TestOldRoundsArePruned(t *testing.T) {
	w := newWorld(t)
	w.p.Tasks.Retention = 4
	s := newMemory()
	m := w.miner(s, puppet{})
	for n := protocol.Round(1); n < 12; n++ {
		w.ask(protocol.Epoch(n), 1)
		w.draw(n)
		w.step(m, protocol.Height(n)*20+3)
		w.work(m)
	}
	for n := protocol.Round(1); n < 12; n++ {
		r, err := miner.LoadRound(s, n)
		if err != nil {
			t.Fatal(err)
		}
		if kept := r != nil; kept != (n >= 7) {
			t.Errorf("round %d kept: %v", n, kept)
		}
	}
}

func TestRunAnswersWhileBlocksComeAndStopsCleanly(t *testing.T) {
	w := newWorld(t)
	w.ask(2, 2)
	w.draw(round)
	synctest.Test(t, func(t *testing.T) {
		w.next = make(chan protocol.Height)
		m := w.miner(newMemory(), puppet{})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- m.Run(ctx) }()
		w.next <- start + 3
		synctest.Wait()
		w.include(start + 4)
		w.next <- deadline
		synctest.Wait()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	if got := w.answers(round, 2); len(got) != 2 {
		t.Errorf("opened %d slots, want 2", len(got))
	}
}

func TestNewNamesTheFieldThatIsMissing(t *testing.T) {
	w := newWorld(t)
	for field, spoil := range map[string]func(*miner.Config){
		"ChainID": func(c *miner.Config) { c.ChainID = "" },
		"Params":  func(c *miner.Config) { c.Params = nil },
		"Salt":    func(c *miner.Config) { c.Salt = [32]byte{} },
		"Plants":  func(c *miner.Config) { c.Params, c.Plants = new(params.Local()), [32]byte{} },
		"Kinds":   func(c *miner.Config) { c.Kinds = nil },
		"Workers": func(c *miner.Config) { c.Workers = nil },
		"kind":    func(c *miner.Config) { c.Workers = append(c.Workers, echo{}) },
		"Submit":  func(c *miner.Config) { c.Submit = nil },
		"not pay": func(c *miner.Config) {
			p := *c.Params
			p.Kinds = slices.Clone(p.Kinds)
			p.Kinds[0].Models = slices.Clone(p.Kinds[0].Models)
			p.Kinds[0].Models[0].ID[0]++
			c.Params = &p
		},
	} {
		cfg := w.config(newMemory(), puppet{})
		cfg.Metrics = prometheus.NewRegistry()
		spoil(&cfg)
		if _, err := miner.New(cfg); !errors.Is(err, miner.ErrConfig) || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: got %v", field, err)
		}
	}
}

// asker keeps the context of a generation.
type asker struct {
	puppet
	ctx string
}

func (a *asker) Generate(ctx context.Context, r engine.Request, onToken func(engine.Token)) (engine.Run, error) {
	a.ctx = fmt.Sprint(ctx) // a context prints its values
	return a.puppet.Generate(ctx, r, onToken)
}

func TestSeatsThatShareAModelTakeTurns(t *testing.T) {
	w := newWorld(t)
	w.ask(2, 1)
	w.draw(round)
	model := &asker{}
	m := w.miner(newMemory(), model)
	w.step(m, start+3)
	w.work(m)
	if !strings.Contains(model.ctx, w.hotkey.PublicKey().String()) {
		t.Errorf("the engine cannot tell whose task it computes: %s", model.ctx)
	}
}
