package node_test

import (
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/wire"
)

// payBook is a ledger that pays seat 7 five units for work and one for judging
// in every epoch, and keeps the payments of four.
type payBook struct {
	t      *testing.T
	tree   *ledger.MemTree
	params params.Params
	seat   protocol.SeatID
}

func newPayBook(t *testing.T) *payBook {
	p := params.Local()
	p.Tasks.Retention = 4
	return &payBook{t: t, tree: &ledger.MemTree{}, params: p, seat: protocol.SeatID{UID: 7, Registered: 3}}
}

// end pays epoch e, removes what is too old, and returns its last height.
func (b *payBook) end(e protocol.Epoch) protocol.Height {
	b.t.Helper()
	check(b.t, b.tree.Set(ledger.PaymentKey(e, 7), wire.Encode(ledger.Payment{Seat: b.seat, Miner: 5, Validator: 1})))
	if e >= 4 {
		check(b.t, b.tree.Remove(ledger.PaymentKey(e-4, 7)))
	}
	return b.params.Schedule.EpochEnd(e)
}

func (b *payBook) open(db *store.DB) *node.Totals {
	b.t.Helper()
	totals, err := node.OpenTotals(db, &b.params)
	check(b.t, err)
	return totals
}

func (b *payBook) want(totals *node.Totals, miner protocol.Amount, since protocol.Epoch) {
	b.t.Helper()
	sum, from, ok := totals.Of(b.seat)
	if want := (node.Total{Miner: miner, Validator: miner / 5}); sum != want || from != since || !ok {
		b.t.Errorf("got %+v since %d, %v, want %+v since %d", sum, from, ok, want, since)
	}
}

func TestATotalIsOfAllEpochsAndNotOfThoseThatAreKept(t *testing.T) {
	b := newPayBook(t)
	dir := t.TempDir()
	db, err := store.Open(dir, store.Options{})
	check(t, err)
	totals := b.open(db)
	if _, _, ok := totals.Of(b.seat); ok {
		t.Error("a total before the first epoch ended")
	}
	for e := range protocol.Epoch(20) {
		end := b.end(e)
		check(t, totals.Add(b.tree, end-1)) // not paid yet
		check(t, totals.Add(b.tree, end))
		check(t, totals.Add(b.tree, end+1))
		b.want(totals, 5*protocol.Amount(e+1), 0)
		if e%3 == 0 { // the process ends; what it knew is on the disk
			check(t, db.Close())
			db, err = store.Open(dir, store.Options{})
			check(t, err)
			totals = b.open(db)
			b.want(totals, 5*protocol.Amount(e+1), 0)
		}
	}
	if sum, _, _ := totals.Of(protocol.SeatID{UID: 7, Registered: 99}); sum != (node.Total{}) {
		t.Errorf("the next holder of the uid inherits %+v", sum)
	}
	check(t, db.Close())
}

// A start in the middle: the epochs that are still there are added; what lies
// before is not in the total, which says so.
func TestATotalSaysFromWhichEpochOnItCounts(t *testing.T) {
	b := newPayBook(t)
	db, err := store.Open(t.TempDir(), store.Options{})
	check(t, err)
	defer func() { check(t, db.Close()) }()
	var end protocol.Height
	for e := range protocol.Epoch(10) {
		end = b.end(e)
	}
	totals := b.open(db)
	check(t, totals.Add(b.tree, end))
	b.want(totals, 20, 6)
	for e := protocol.Epoch(10); e < 13; e++ { // three at once, as a node that was busy does
		end = b.end(e)
	}
	check(t, totals.Add(b.tree, end))
	b.want(totals, 35, 6)
	for e := protocol.Epoch(13); e < 30; e++ { // and too many
		end = b.end(e)
	}
	check(t, totals.Add(b.tree, end))
	b.want(totals, 20, 26)
	b.want(b.open(db), 20, 26)
}
