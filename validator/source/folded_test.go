package source_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/rs/zerolog"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/api/apitest"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/validator/record"
	"github.com/assaynet/assay/validator/source"
)

// TestFoldedScoresAreServedAsBefore asks for the scores of epochs, of a seat and of
// a page that begins within an epoch, before they are folded and after the database
// was opened again for reading alone.
func TestFoldedScoresAreServedAsBefore(t *testing.T) {
	dir := t.TempDir()
	db, err := store.Open(dir, store.Options{Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	n, err := apitest.New()
	if err != nil {
		t.Fatal(err)
	}
	book := record.NewBook(node.RecordsOf(db), "chain")
	for e := protocol.Epoch(1); e < 4; e++ {
		var b record.Batch
		for uid := range protocol.UID(5) {
			seat := protocol.SeatID{UID: uid, Registered: 3}
			b.Score(&scoring.Explanation{Epoch: e, Tally: scoring.Tally{Seat: seat, Kind: inference.Kind, Asked: 4, Opened: 3}, Weight: uint16(e) * (uint16(uid) + 1)})
			b.Final(e, &record.Final{Seat: seat, Kind: inference.Kind, Exact: uint32(uid), Tasks: []protocol.TaskID{{byte(e), byte(uid)}}})
		}
		b.Sealed(&record.Sealed{Epoch: e})
		b.Abstained(e, &record.Abstention{Rounds: []protocol.Round{9}})
		b.Closed(e, &record.Closed{Height: 8})
		if err := book.Write(&b); err != nil {
			t.Fatal(err)
		}
	}
	served := func(r *record.Reader) (out [][]api.Score) {
		w := source.Work(&n.Genesis.Params, r, n)
		for _, from := range []api.ScoreKey{{}, {Epoch: 2}, {Epoch: 1, UID: 3}} {
			page, err := w.Scores(t.Context(), from, 7)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, page)
		}
		one, err := w.(api.SeatScorer).SeatScores(t.Context(), 2, 4)
		oldest, bad := w.OldestScores(t.Context())
		if err := errors.Join(err, bad); err != nil || oldest != 1 || len(one) != 1 {
			t.Fatalf("%d scores, oldest %d, %v", len(one), oldest, err)
		}
		return append(out, one)
	}
	want := served(book.Reader)
	if len(want[0]) != 7 || want[0][4].Exact != 4 || !want[0][4].Final {
		t.Errorf("got %+v", want[0])
	}
	if err := errors.Join(book.Fold(3), db.Close()); err != nil {
		t.Fatal(err)
	}
	if db, err = store.Open(dir, store.Options{ReadOnly: true, Logger: zerolog.Nop()}); err != nil {
		t.Fatal(err)
	}
	if got := served(record.NewReader(node.RecordsOf(db), "chain")); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	rows := 0
	err = node.RecordsOf(db).Scan("validator-scores", nil, func(_, _ []byte) bool { rows++; return true })
	if err != nil || rows != 5 {
		t.Errorf("%d rows are left, %v", rows, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
