package store_test

import (
	"fmt"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/store/storetest"
	"github.com/assaynet/assay/protocol/wire"
)

func TestViewWalksItsOwnKeysBothWays(t *testing.T) {
	db := storetest.Open(t, storetest.Memory(), "db")
	put(t, db.Space("aa").Set([]byte("k0"), []byte("other")))
	put(t, db.Space("ab").Set([]byte("k0"), []byte("other")))
	c := db.Space("a").View()
	for i := range 5 {
		put(t, c.Set(fmt.Appendf(nil, "k%d", i), []byte{}))
	}
	it, err := c.ReverseIterator([]byte("k1"), []byte("k4"))
	put(t, err)
	var got string
	for ; it.Valid(); it.Next() {
		got += string(it.Key()) + " "
	}
	put(t, it.Error())
	put(t, it.Close())
	if got != "k3 k2 k1 " {
		t.Fatalf("from k4 down to k1: got %q", got)
	}
	it, err = c.Iterator(nil, nil)
	put(t, err)
	n := 0
	for ; it.Valid(); it.Next() {
		n++
	}
	put(t, it.Close())
	if n != 5 {
		t.Fatalf("all keys: got %d, want 5", n)
	}
	if _, err := c.Iterator([]byte{}, nil); err == nil {
		t.Fatal("an empty start is accepted")
	}
}

func TestViewTellsEmptyFromAbsent(t *testing.T) {
	c := storetest.Open(t, storetest.Memory(), "db").Space("a").View()
	put(t, c.SetSync([]byte("k"), []byte{}))
	if v, err := c.Get([]byte("k")); err != nil || v == nil {
		t.Fatalf("empty value: got %v, %v", v, err)
	}
	if ok, err := c.Has([]byte("absent")); err != nil || ok {
		t.Fatalf("absent: got %v, %v", ok, err)
	}
	if err := c.Set([]byte("k"), nil); err == nil {
		t.Fatal("a nil value is accepted")
	}
	put(t, c.DeleteSync([]byte("k")))
	if v, err := c.Get([]byte("k")); err != nil || v != nil {
		t.Fatalf("deleted: got %v, %v", v, err)
	}
}

func TestViewReadsAfterCloseFindNothing(t *testing.T) {
	db := storetest.Open(t, storetest.Memory(), "db")
	c := db.Space("a").View()
	put(t, c.SetSync([]byte("k"), []byte("v")))
	it, err := c.Iterator(nil, nil)
	put(t, err)
	put(t, db.Close())
	if v, err := c.Get([]byte("k")); err != nil || v != nil {
		t.Fatalf("read: got %q, %v", v, err)
	}
	if it.Valid() || it.Error() != nil || it.Close() != nil {
		t.Fatal("an iterator outlives the database")
	}
	if late, err := c.Iterator(nil, nil); err != nil || late.Valid() || late.Close() != nil {
		t.Fatalf("late iterator: got %v", err)
	}
}

func TestABatchIsUsedOnce(t *testing.T) {
	db := storetest.Open(t, storetest.Memory(), "db")
	for name, b := range map[string]interface {
		Set(k, v []byte) error
		WriteSync() error
		Close() error
	}{"plain": db.Space("a").View().NewBatch(), "sized": db.Space("b").View().NewBatchWithSize(10)} {
		put(t, b.Set([]byte("k"), []byte("v")))
		put(t, b.WriteSync())
		if b.Set([]byte("k"), []byte("w")) == nil || b.WriteSync() == nil {
			t.Fatalf("%s: a written batch is used again", name)
		}
		put(t, b.Close())
		put(t, b.Close())
	}
	if v, err := db.Space("b").Get([]byte("k")); err != nil || string(v) != "v" {
		t.Fatalf("got %q, %v", v, err)
	}
}

func FuzzTablesRefuseWhatIsNoRecord(f *testing.F) {
	f.Add([]byte{0x82, 0x41, 0x00, 0x01})
	f.Add([]byte{0x9f})
	db, err := store.Open("db", store.Options{FS: storetest.Memory()})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = db.Close() })
	f.Add(wire.Encode(wire.RevealWeights{Epoch: 2, UIDs: []protocol.UID{1}, Values: []uint16{9}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		put(t, db.Space("rows").Set(store.Key(1), b))
		v, ok, err := rows(db).Get(store.Key(1))
		if err != nil {
			return
		}
		put(t, rows(db).Put(store.Key(2), v))
		again, _ := db.Space("rows").Get(store.Key(2))
		if !ok || string(again) != string(b) {
			t.Fatalf("got %x, want %x", again, b)
		}
	})
}
