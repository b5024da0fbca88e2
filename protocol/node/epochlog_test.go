package node_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/wire"
)

// forgetful is a ledger in which one validator weighs one seat, whose records of
// four epochs are kept: the value of each number is that of its epoch.
type forgetful struct {
	t      *testing.T
	tree   *ledger.MemTree
	params params.Params
}

func newForgetful(t *testing.T) *forgetful {
	p := params.Local()
	p.Tasks.Retention = 4
	return &forgetful{t, &ledger.MemTree{}, p}
}

// end ends epoch e: it pays, leaves bonds, opens the weights of the epoch before,
// and forgets what is too old. It returns the epoch's last height.
func (f *forgetful) end(e protocol.Epoch) protocol.Height {
	f.t.Helper()
	check(f.t, f.tree.Set(ledger.EpochKey(e), wire.Encode(ledger.EpochRecord{Epoch: e, Miners: protocol.Amount(e)})))
	check(f.t, f.tree.Set(ledger.PaymentKey(e, 7), wire.Encode(ledger.Payment{Miner: protocol.Amount(e)})))
	check(f.t, f.tree.Set(ledger.BondsKey(1), wire.Encode(ledger.Bonds{UIDs: []protocol.UID{7}, Values: []uint16{uint16(e) + 1}})))
	if e > 0 {
		check(f.t, f.tree.Set(ledger.WeightsKey(e-1, 1), wire.Encode(ledger.Weights{UIDs: []protocol.UID{7}, Values: []uint16{uint16(e)}})))
	}
	if e >= 4 {
		for _, k := range [][]byte{ledger.EpochKey(e - 4), ledger.PaymentKey(e-4, 7), ledger.WeightsKey(e-4, 1)} {
			check(f.t, f.tree.Remove(k))
		}
	}
	return f.params.Schedule.EpochEnd(e)
}

func (f *forgetful) open(db *store.DB) *node.EpochLog {
	f.t.Helper()
	l, err := node.OpenEpochs(db, &f.params)
	check(f.t, err)
	return l
}

// closed checks that all of an epoch is kept as the ledger had it.
func (f *forgetful) closed(l *node.EpochLog, e protocol.Epoch) {
	f.t.Helper()
	r, err := l.Paid(e)
	if err != nil || r == nil {
		f.t.Fatalf("epoch %d: %v, %v", e, r, err)
	}
	rec, ok, err := ledger.ReadEpoch(r, e)
	if err != nil || !ok || rec.Miners != protocol.Amount(e) {
		f.t.Errorf("the pots of epoch %d: %+v, %v, %v", e, rec, ok, err)
	}
	paid, err := ledger.ReadPayments(r, e)
	if err != nil || len(paid) != 1 || paid[0].Miner != protocol.Amount(e) {
		f.t.Errorf("the payments of epoch %d: %+v, %v", e, paid, err)
	}
	one, ok, err := ledger.ReadPayment(r, e, 7)
	if err != nil || !ok || one.Miner != protocol.Amount(e) {
		f.t.Errorf("the payment of epoch %d: %+v, %v, %v", e, one, ok, err)
	}
	if _, ok, err := ledger.ReadPayment(r, e, 8); ok || err != nil {
		f.t.Errorf("another's payment of epoch %d: %v, %v", e, ok, err)
	}
	if r, err = l.Weights(e); err != nil || r == nil {
		f.t.Fatalf("weights of epoch %d: %v, %v", e, r, err)
	}
	rows, err := ledger.ReadWeightRows(r, e)
	if err != nil || len(rows) != 1 || rows[0].Values[0] != uint16(e)+1 {
		f.t.Errorf("the weights of epoch %d: %+v, %v", e, rows, err)
	}
}

// bonds checks which bonds the end of an epoch left, none for zero.
func (f *forgetful) bonds(l *node.EpochLog, e protocol.Epoch, want uint16) {
	f.t.Helper()
	r, err := l.Bonds(e)
	check(f.t, err)
	if (r != nil) != (want > 0) {
		f.t.Errorf("bonds of epoch %d are kept: %t, want %t", e, r != nil, want > 0)
	}
	if r == nil {
		return
	}
	var got []uint16
	check(f.t, ledger.EachBonds(r, func(v protocol.UID, b ledger.Bonds) bool {
		if v != 1 || b.UIDs[0] != 7 {
			f.t.Errorf("validator %d holds %+v", v, b)
		}
		got = append(got, b.Values...)
		return true
	}))
	if len(got) != 1 || got[0] != want {
		f.t.Errorf("bonds of epoch %d: %d, want %d", e, got, want)
	}
}

func (f *forgetful) reaches(l *node.EpochLog, oldest, next protocol.Epoch) {
	f.t.Helper()
	if a, b := l.Range(); a != oldest || b != next {
		f.t.Errorf("kept are epochs %d to %d, want %d to %d", a, b, oldest, next)
	}
}

// TestWhatTheLedgerForgotIsKept: of twenty epochs the ledger has four, and the node
// all that are closed, with the bonds of each, also where its process ends between
// any two blocks. The weights of an epoch can be opened until the next one ends: it
// is not closed before.
func TestWhatTheLedgerForgotIsKept(t *testing.T) {
	f := newForgetful(t)
	dir := t.TempDir()
	db, err := store.Open(dir, store.Options{})
	check(t, err)
	l := f.open(db)
	f.reaches(l, 0, 0)
	for e := range protocol.Epoch(20) {
		end := f.end(e)
		check(t, l.Add(f.tree, end))
		check(t, l.Add(f.tree, end+1))
		f.reaches(l, 0, e)
		if r, err := l.Weights(e); r != nil || err != nil {
			t.Errorf("epoch %d is closed too early: %v", e, err)
		}
		if e%3 == 0 {
			check(t, db.Close())
			db, err = store.Open(dir, store.Options{})
			check(t, err)
			l = f.open(db)
		}
		f.reaches(l, 0, e)
	}
	for e := range protocol.Epoch(19) {
		f.closed(l, e)
		f.bonds(l, e, uint16(e)+1)
	}
	f.bonds(l, 19, 20)
	f.bonds(l, 20, 0)
	check(t, db.Close())
}

// TestWhoJoinedLateSaysWhatItLacks: a node that begins with a snapshot has what the
// ledger still keeps, and of bonds the newest; of what it skips later it says that
// it begins behind it.
func TestWhoJoinedLateSaysWhatItLacks(t *testing.T) {
	f := newForgetful(t)
	db, err := store.Open(t.TempDir(), store.Options{})
	check(t, err)
	defer func() { check(t, db.Close()) }()
	var end protocol.Height
	for e := range protocol.Epoch(10) {
		end = f.end(e)
	}
	l := f.open(db)
	check(t, l.Add(f.tree, end))
	f.reaches(l, 6, 9)
	f.closed(l, 6)
	f.closed(l, 8)
	f.bonds(l, 8, 0)
	f.bonds(l, 9, 10)
	if r, err := l.Paid(5); r != nil || err != nil {
		t.Errorf("epoch 5 is there: %v", err)
	}
	for e := protocol.Epoch(10); e < 13; e++ { // three at once, as a node that was busy does
		end = f.end(e)
	}
	check(t, l.Add(f.tree, end))
	f.reaches(l, 6, 12)
	f.bonds(l, 11, 0)
	f.bonds(l, 12, 13)
	for e := protocol.Epoch(13); e < 30; e++ { // and too many
		end = f.end(e)
	}
	check(t, l.Add(f.tree, end))
	f.reaches(l, 26, 29)
	f.closed(l, 28)
	f.reaches(f.open(db), 26, 29)
}

// TestADamagedEpochIsSaidToBe: bytes that nobody wrote so are an error, and no
// epoch without weights.
func TestADamagedEpochIsSaidToBe(t *testing.T) {
	f := newForgetful(t)
	db, err := store.Open(t.TempDir(), store.Options{})
	check(t, err)
	defer func() { check(t, db.Close()) }()
	l := f.open(db)
	f.end(0)
	check(t, l.Add(f.tree, f.end(1)))
	key := append([]byte{'p'}, store.Key(0)...)
	whole, err := db.Space("epochs").Get(key)
	check(t, err)
	for i, b := range [][]byte{{}, {1}, whole[:len(whole)-1], append(slices.Clip(whole), 0)} {
		check(t, db.Space("epochs").Set(key, b))
		if r, err := l.Paid(0); r != nil || !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("case %d: %v, %v", i, r, err)
		}
	}
	check(t, db.Space("epochs").Set([]byte("mark"), []byte{1}))
	if _, err := node.OpenEpochs(db, &f.params); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("a damaged mark: %v", err)
	}
}
