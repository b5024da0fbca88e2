package store_test

import (
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

// rows is a table of tests.
func rows(db *store.DB) store.Table[wire.RevealWeights] {
	return store.TableOf[wire.RevealWeights](db, "rows")
}

func TestTablesKeepRecordsAcrossOpening(t *testing.T) {
	fs := storetest.Memory()
	db := storetest.Open(t, fs, "db")
	put(t, rows(db).Put(store.Key(2), wire.RevealWeights{Epoch: 2, UIDs: []protocol.UID{1, 5}, Values: []uint16{9, 65535}, Salt: [32]byte{4}}))
	put(t, db.Tables().Singles.Put(store.Key(store.SingleGenesis), []byte("chain")))
	put(t, db.Close())

	db = storetest.Open(t, fs, "db")
	w, ok, err := rows(db).Get(store.Key(2))
	if err != nil || !ok || w.Salt != [32]byte{4} || w.Values[1] != 65535 {
		t.Fatalf("weights: got %+v, %v, %v", w, ok, err)
	}
	if _, ok, err := rows(db).Get(store.Key(1)); err != nil || ok {
		t.Fatalf("absent weights: got %v, %v", ok, err)
	}
	if chain, ok, err := db.Tables().Singles.Get(store.Key(store.SingleGenesis)); err != nil || !ok || string(chain) != "chain" {
		t.Fatalf("chain: got %q, %v, %v", chain, ok, err)
	}
	if _, ok, err := db.Tables().Singles.Get(store.Key(store.SingleGenesis + 1)); err != nil || ok {
		t.Fatalf("what was never written: got %v, %v", ok, err)
	}
}

func TestADamagedRecordIsAnError(t *testing.T) {
	db := storetest.Open(t, storetest.Memory(), "db")
	for name, b := range map[string][]byte{"no record": []byte("not a record"), "too long": make([]byte, 65<<10)} {
		put(t, db.Space("rows").Set(store.Key(1), b))
		if _, _, err := rows(db).Get(store.Key(1)); !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("%s: got %v, want %v", name, err, store.ErrCorrupt)
		}
	}
}
