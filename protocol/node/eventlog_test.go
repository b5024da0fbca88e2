package node_test

import (
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/store"
)

// TestEventsSurviveARestart: what blocks did is read again, and a block in between
// of which nothing is known is told apart from one that did nothing.
func TestEventsSurviveARestart(t *testing.T) {
	dir := t.TempDir()
	db, err := store.Open(dir, store.Options{})
	check(t, err)
	l, err := node.OpenEvents(db)
	check(t, err)
	if oldest, newest := l.Range(); oldest != 0 || newest != 0 {
		t.Errorf("before any: got %d to %d", oldest, newest)
	}
	paid := ledger.Event{Name: ledger.EventPaid, Height: 19, Epoch: 0, Amount: 5, Count: 2}
	check(t, l.Add(19, []ledger.Event{paid}))
	check(t, l.Add(21, nil))
	check(t, db.Close())
	db, err = store.Open(dir, store.Options{})
	check(t, err)
	defer func() { check(t, db.Close()) }()
	l, err = node.OpenEvents(db)
	check(t, err)
	if oldest, newest := l.Range(); oldest != 19 || newest != 21 {
		t.Errorf("got %d to %d, want 19 to 21", oldest, newest)
	}
	for h, want := range map[protocol.Height]struct {
		known bool
		n     int
	}{19: {true, 1}, 20: {false, 0}, 21: {true, 0}} {
		got, known, err := l.At(h)
		if err != nil || known != want.known || len(got) != want.n || want.n == 1 && got[0] != paid {
			t.Errorf("block %d: got %+v, %v, %v", h, got, known, err)
		}
	}
}

// TestOldEventsGo: a hundred thousand blocks stay.
func TestOldEventsGo(t *testing.T) {
	db, err := store.Open(t.TempDir(), store.Options{})
	check(t, err)
	defer func() { check(t, db.Close()) }()
	l, err := node.OpenEvents(db)
	check(t, err)
	for _, h := range []protocol.Height{1, 5, 2000, 101_005} {
		check(t, l.Add(h, nil))
	}
	if oldest, newest := l.Range(); oldest != 1005 || newest != 101_005 {
		t.Errorf("got %d to %d, want 1005 to 101005", oldest, newest)
	}
	for h, want := range map[protocol.Height]bool{1: false, 5: false, 2000: true, 101_005: true} {
		if _, known, err := l.At(h); known != want || err != nil {
			t.Errorf("block %d: got %v, %v, want %v", h, known, err, want)
		}
	}
}
