package record_test

import (
	"bytes"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/validator/record"
)

// memory is a store in memory that can fail.
type memory struct {
	rows   map[string][]byte // table, zero byte, key
	writes int
	err    error
}

func newMemory() *memory { return &memory{rows: map[string][]byte{}} }

func (s *memory) Get(table string, key []byte) ([]byte, error) {
	return s.rows[table+"\x00"+string(key)], s.err
}

func (s *memory) Write(fn func(put func(string, []byte, []byte))) error {
	if s.err != nil {
		return s.err
	}
	s.writes++
	fn(func(table string, key, value []byte) {
		if value == nil {
			delete(s.rows, table+"\x00"+string(key))
			return
		}
		s.rows[table+"\x00"+string(key)] = bytes.Clone(value)
	})
	return nil
}

func (s *memory) Scan(table string, prefix []byte, fn func(key, value []byte) bool) error {
	begin := table + "\x00"
	for _, k := range slices.Sorted(maps.Keys(s.rows)) {
		if strings.HasPrefix(k, begin+string(prefix)) && !fn([]byte(k[len(begin):]), s.rows[k]) {
			break
		}
	}
	return s.err
}

var seat = protocol.SeatID{UID: 10, Registered: 5}

func answer(n protocol.Round, slot uint16) *record.Answer {
	return &record.Answer{
		Received: 7, Hotkey: protocol.PublicKey{2}, Envelope: protocol.Hash{3},
		Task: wire.Task{ID: protocol.TaskID{byte(n), byte(slot)}, Kind: "echo", Round: n, Seat: seat, Slot: slot, Body: []byte("task")},
	}
}

func card(n protocol.Round, judge protocol.UID, own bool) *record.Card {
	return &record.Card{
		Envelope: []byte{byte(judge)}, Received: 8, Own: own, Open: true,
		Said: wire.Card{Judge: protocol.SeatID{UID: judge}, Round: n, Seat: seat, Kind: "echo", Finding: wire.FindingPassed},
	}
}

// written is a book with two answers of round 3, one of round 4, cards of two
// judges and a judgement about the first, and a score of epoch 3; and of another
// kind an answer in the third slot of round 3, which a judge found false, with its
// score.
func written(t *testing.T, s *memory) *record.Book {
	t.Helper()
	book := record.NewBook(s, "chain")
	var b record.Batch
	b.Answer(answer(3, 0), []byte("first"), nil)
	b.Answer(answer(3, 1), []byte("second"), nil)
	b.Answer(answer(4, 0), []byte("third"), nil)
	b.Judgement(answer(3, 0).Task.Key(), &record.Judgement{Seat: seat, Outcome: scoring.Outcome{Kind: "echo", Finding: wire.FindingPassed}})
	b.Card(card(3, 1, true))
	b.Card(card(3, 2, false))
	other, wrong := answer(3, 2), card(3, 1, true)
	other.Task.Kind, wrong.Said.Kind = "other", "other"
	wrong.Said.Slot, wrong.Said.Finding = 2, wire.FindingFalse
	b.Answer(other, []byte("other"), nil)
	b.Card(wrong)
	b.Sealed(&record.Sealed{Epoch: 3, Rounds: []protocol.Round{3}})
	for _, k := range []protocol.Kind{"echo", "other"} {
		b.Score(&scoring.Explanation{Epoch: 3, Tally: scoring.Tally{Seat: seat, Kind: k}})
	}
	b.Attest(&wire.Attest{Round: 3})
	if err := book.Write(&b); err != nil {
		t.Fatal(err)
	}
	if s.writes != 1 {
		t.Fatalf("a batch took %d writes", s.writes)
	}
	return book
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	s := newMemory()
	book := written(t, s)
	first := answer(3, 0)
	k := first.Task.Key()
	view, err := book.Task(first.Task.ID)
	if err != nil {
		t.Fatal(err)
	}
	if view.Key != k || !reflect.DeepEqual(view.Answer, first) || string(view.Envelope) != "first" || view.Judgement == nil || len(view.Cards) != 2 {
		t.Errorf("got %+v", view)
	}
	if keys, err := book.Answers(3); err != nil || len(keys) != 3 || keys[0] != k || keys[1].Slot != 1 {
		t.Errorf("answers of round 3: %v, %v", keys, err)
	}
	if own, err := book.OwnCard(k, 1); err != nil || own == nil || own.Judge.UID != 1 {
		t.Errorf("own card: %+v, %v", own, err)
	}
	if own, err := book.OwnCard(k, 2); err != nil || own != nil {
		t.Errorf("another's card is own: %+v, %v", own, err)
	}
	r, err := book.Receipt(k)
	if err != nil || r.ChainID != "chain" || string(r.Answer) != "first" || len(r.Cards) != 2 {
		t.Errorf("receipt %+v, %v", r, err)
	}
	for what, ask := range map[string]func() error{
		"a task":    func() error { _, err := book.Task(protocol.TaskID{9}); return err },
		"a slot":    func() error { _, err := book.Slot(wire.AnswerKey{Round: 9}); return err },
		"a score":   func() error { _, err := book.Score(9, 1, "echo"); return err },
		"weights":   func() error { _, err := book.Weights(9); return err },
		"of scores": func() error { _, err := record.NewReader(newMemory(), "chain").OldestScores(); return err },
	} {
		if err := ask(); !errors.Is(err, record.ErrNotFound) {
			t.Errorf("%s: got %v, want ErrNotFound", what, err)
		}
	}
}

// Scores are of a seat and a kind. Those that are not final are counted from the
// evidence; final ones are read, also when the evidence is gone.
func TestFinalScoresOutliveTheirEvidence(t *testing.T) {
	book := written(t, newMemory())
	var tree ledger.MemTree
	list, final, err := book.Finals(&tree, 3)
	want := []record.Final{
		{Seat: seat, Kind: "echo", Exact: 1, Tasks: []protocol.TaskID{{3, 0}, {3, 1}}},
		{Seat: seat, Kind: "other", Inexact: 1, Tasks: []protocol.TaskID{{3, 2}}},
	}
	if err != nil || final || !reflect.DeepEqual(list, want) {
		t.Fatalf("counted: %+v, %v, %v", list, final, err)
	}
	var b record.Batch
	b.Final(3, &list[0])
	b.Final(3, &list[1])
	b.Closed(3, &record.Closed{Height: 9})
	if err := errors.Join(book.Write(&b), book.Prune(5, 0)); err != nil {
		t.Fatal(err)
	}
	for n := protocol.Round(3); n < 5; n++ {
		if keys, err := book.Answers(n); err != nil || len(keys) != 0 {
			t.Errorf("after pruning: answers %v, %v", keys, err)
		}
	}
	if raw, err := book.Envelope(answer(3, 0).Task.Key()); err != nil || raw != nil {
		t.Errorf("after pruning: an envelope of %d bytes, %v", len(raw), err)
	}
	if _, err := book.Task(protocol.TaskID{3, 0}); !errors.Is(err, record.ErrNotFound) {
		t.Errorf("after pruning: task %v", err)
	}
	list, final, err = book.Finals(&tree, 3)
	if err != nil || !final || !reflect.DeepEqual(list, want) {
		t.Errorf("after pruning: %+v, %v, %v", list, final, err)
	}
}

func TestWhatTheStoreCannotDoAndWhatItDamagedIsSaid(t *testing.T) {
	s := newMemory()
	book := written(t, s)
	k := answer(3, 0).Task.Key()
	for row := range s.rows {
		s.rows[row] = []byte{0xff}
	}
	_, one := book.Answer(k)
	_, many := book.CardsOf(3)
	_, opened := book.Opened(k)
	for what, err := range map[string]error{"a record": one, "a table": many, "an envelope": opened} {
		if !errors.Is(err, record.ErrStore) || !errors.Is(err, record.ErrCorrupt) {
			t.Errorf("%s is damaged: got %v", what, err)
		}
	}
	s.err = errors.New("disk is gone")
	var b record.Batch
	b.Card(card(3, 1, true))
	_, one = book.Answer(k)
	_, many = book.CardsOf(3)
	for what, err := range map[string]error{"write": book.Write(&b), "read": one, "scan": many} {
		if !errors.Is(err, record.ErrStore) || !errors.Is(err, s.err) {
			t.Errorf("%s: got %v", what, err)
		}
	}
}

// TestABodyThatCameLatelyIsNotReadAgain has envelopes that nobody could read.
func TestABodyThatCameLatelyIsNotReadAgain(t *testing.T) {
	book := record.NewBook(newMemory(), "chain")
	said := bytes.Repeat([]byte("said"), 3<<20/2) // 6 MiB, of 16 that are kept
	write := func(slot uint16) {
		var b record.Batch
		b.Answer(answer(3, slot), []byte("no envelope"), said)
		if err := book.Write(&b); err != nil {
			t.Fatal(err)
		}
	}
	write(0)
	write(1)
	for slot := range uint16(2) {
		if got, err := book.Body(answer(3, slot).Task.Key()); err != nil || !bytes.Equal(got, said) {
			t.Errorf("slot %d: %d bytes, %v", slot, len(got), err)
		}
	}
	write(2) // in the place of the first, which is read from its bytes from now on
	if _, err := book.Body(answer(3, 0).Task.Key()); !errors.Is(err, record.ErrCorrupt) {
		t.Errorf("got %v, want %v", err, record.ErrCorrupt)
	}
	for slot := range uint16(2) {
		if got, err := book.Body(answer(3, 1+slot).Task.Key()); err != nil || !bytes.Equal(got, said) {
			t.Errorf("slot %d: %d bytes, %v", 1+slot, len(got), err)
		}
	}
	if got, err := book.Body(answer(9, 0).Task.Key()); err != nil || got != nil {
		t.Errorf("an answer that never came: %q, %v", got, err)
	}
}

// TestWhatCouldNotBeWrittenIsNotKept fails once.
func TestWhatCouldNotBeWrittenIsNotKept(t *testing.T) {
	s := newMemory()
	book := record.NewBook(s, "chain")
	var b record.Batch
	b.Answer(answer(3, 0), []byte("no envelope"), []byte("said"))
	s.err = errors.New("the disk is full")
	if err := book.Write(&b); !errors.Is(err, record.ErrStore) {
		t.Fatalf("got %v, want %v", err, record.ErrStore)
	}
	s.err = nil
	if got, err := book.Body(answer(3, 0).Task.Key()); err != nil || got != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestARecordSaysFromWhereOnItHasNoGap: of an epoch behind a gap what was before it
// is not seen, of one before it the gap that came later makes nothing less.
func TestARecordSaysFromWhereOnItHasNoGap(t *testing.T) {
	store := newMemory()
	book := record.NewBook(store, "chain")
	if _, err := book.SeenFrom(9); !errors.Is(err, record.ErrNotFound) {
		t.Errorf("of nothing: got %v, want ErrNotFound", err)
	}
	var old record.Batch // of a program that noted no gaps
	old.Score(&scoring.Explanation{Epoch: 2, Tally: scoring.Tally{Seat: seat, Kind: "echo"}})
	if err := book.Write(&old); err != nil {
		t.Fatal(err)
	}
	for _, e := range []protocol.Epoch{5, 9} {
		var b record.Batch
		if err := book.Began(&b, e); err != nil {
			t.Fatal(err)
		}
		if err := book.Write(&b); err != nil {
			t.Fatal(err)
		}
	}
	for e, want := range []protocol.Epoch{2, 2, 2, 2, 2, 5, 5, 5, 5, 9, 9, 9} {
		if got, err := book.SeenFrom(protocol.Epoch(e)); err != nil || got != want {
			t.Errorf("of epoch %d: got %d, %v, want %d", e, got, err, want)
		}
	}
}
