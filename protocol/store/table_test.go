package store_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/store/storetest"
	"github.com/assaynet/assay/protocol/wire"
)

func put(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestTablesKeepRecordsAcrossOpening(t *testing.T) {
	fs := storetest.Memory()
	db := storetest.Open(t, fs, "db")
	tables := db.Tables()
	key := wire.AnswerKey{Round: 7, UID: 3, Slot: 1}
	run := store.Run{States: [][32]byte{{1}, {2}}, Choices: []int32{5, -1}, Finding: wire.FindingState, Position: 1, Root: protocol.Hash{9}}
	put(t, tables.Runs.Put(store.AnswerKey(key), run))
	b := db.Batch()
	tables.Answers.PutIn(b, store.AnswerKey(key), store.Signed{Raw: []byte("raw"), Received: 12})
	tables.Cards.PutIn(b, store.CardKey(2, 4, key), store.Signed{Raw: []byte("card"), Received: 13})
	put(t, b.Commit())
	put(t, tables.SealedWeights.Put(store.Key(2), wire.RevealWeights{Epoch: 2, UIDs: []protocol.UID{1, 5}, Values: []uint16{9, 65535}, Salt: [32]byte{4}}))
	put(t, db.Close())

	tables = storetest.Open(t, fs, "db").Tables()
	got, ok, err := tables.Runs.Get(store.AnswerKey(key))
	if err != nil || !ok || got.States[1] != run.States[1] || got.Choices[1] != -1 || got.Finding != run.Finding || got.Root != run.Root {
		t.Fatalf("run: got %+v, %v, %v, want %+v", got, ok, err, run)
	}
	a, ok, err := tables.Answers.Get(store.AnswerKey(key))
	if err != nil || !ok || string(a.Raw) != "raw" || a.Received != 12 {
		t.Fatalf("answer: got %+v, %v, %v", a, ok, err)
	}
	if ok, err := tables.Cards.Has(store.CardKey(2, 4, key)); err != nil || !ok {
		t.Fatalf("card: got %v, %v", ok, err)
	}
	if _, ok, err := tables.Answers.Get(store.Key(1)); err != nil || ok {
		t.Fatalf("absent answer: got %v, %v", ok, err)
	}
	w, ok, err := tables.SealedWeights.Get(store.Key(2))
	if err != nil || !ok || w.Salt != [32]byte{4} || w.Values[1] != 65535 {
		t.Fatalf("weights: got %+v, %v, %v", w, ok, err)
	}
}

func TestScanPagesThroughAPrefixInOrder(t *testing.T) {
	db := storetest.Open(t, storetest.Memory(), "db")
	scores := db.Tables().Scores
	for e := range protocol.Epoch(3) {
		for uid := range protocol.UID(10) {
			put(t, scores.Put(store.SeatKey(e, uid), []byte{byte(e), byte(uid)}))
		}
	}
	var got []byte
	var after []byte
	pages := 0
	for {
		rows, more, err := scores.Scan(store.Key(1), after, 4)
		put(t, err)
		pages++
		for _, r := range rows {
			got = append(got, r.Value[1])
		}
		if !more {
			break
		}
		after = rows[len(rows)-1].Key
	}
	if pages != 3 || !bytes.Equal(got, []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}) {
		t.Fatalf("got %v in %d pages, want 0 … 9 in 3", got, pages)
	}
	if _, _, err := scores.Scan(store.Key(1), store.Key(2), 4); !errors.Is(err, store.ErrKey) {
		t.Fatalf("cursor of another prefix: got %v, want %v", err, store.ErrKey)
	}
}

func TestPruneRemovesRawRecordsOfOldEpochsOnly(t *testing.T) {
	db := storetest.Open(t, storetest.Memory(), "db")
	tables := db.Tables()
	s := protocol.Schedule{Tempo: 20, RoundLength: 10}
	for r := range protocol.Round(8) { // epochs 0 … 3
		key := wire.AnswerKey{Round: r, UID: 1}
		put(t, tables.Answers.Put(store.AnswerKey(key), store.Signed{Raw: []byte{1}}))
		put(t, tables.Runs.Put(store.AnswerKey(key), store.Run{}))
		put(t, tables.Cards.Put(store.CardKey(s.EpochOfRound(r), 1, key), store.Signed{Raw: []byte{1}}))
		put(t, tables.Scores.Put(store.SeatKey(s.EpochOfRound(r), 1), []byte{1}))
	}
	put(t, tables.Prune(s, 2))
	count := func(name string, n int, more bool, err error, want int) {
		t.Helper()
		if err != nil || more || n != want {
			t.Fatalf("%s: got %d, %v, %v, want %d", name, n, more, err, want)
		}
	}
	answers, more, err := tables.Answers.Scan(nil, nil, 100)
	count("answers", len(answers), more, err, 4)
	if !bytes.HasPrefix(answers[0].Key, store.Key(4)) {
		t.Fatalf("oldest answer left: got %x, want round 4", answers[0].Key)
	}
	runs, more, err := tables.Runs.Scan(nil, nil, 100)
	count("runs", len(runs), more, err, 4)
	cards, more, err := tables.Cards.Scan(nil, nil, 100)
	count("cards", len(cards), more, err, 4)
	scores, more, err := tables.Scores.Scan(nil, nil, 100)
	count("scores", len(scores), more, err, 4)
}

func TestADamagedRecordIsAnError(t *testing.T) {
	db := storetest.Open(t, storetest.Memory(), "db")
	runs := db.Tables().Runs
	put(t, runs.Space().Set(store.Key(1), []byte("not a record")))
	if _, _, err := runs.Get(store.Key(1)); !errors.Is(err, store.ErrCorrupt) {
		t.Fatalf("get: got %v, want %v", err, store.ErrCorrupt)
	}
	if _, _, err := runs.Scan(nil, nil, 10); !errors.Is(err, store.ErrCorrupt) {
		t.Fatalf("scan: got %v, want %v", err, store.ErrCorrupt)
	}
}
