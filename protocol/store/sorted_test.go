package store_test

import (
	"fmt"
	"testing"

	"github.com/assaynet/assay/protocol/store"
)

// TestManyKeysAreLookedUpAtOnce: those that are there are found, in memory and in
// files, and none of the space beside it.
func TestManyKeysAreLookedUpAtOnce(t *testing.T) {
	db, err := store.Open(t.TempDir(), store.Options{Cache: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	s, other := db.Space("numbers"), db.Space("others")
	want := ""
	var keys [][]byte
	for i := range uint64(60) {
		keys = append(keys, store.Key(i))
		if err := other.Set(store.Key(i), []byte("x")); err != nil {
			t.Fatal(err)
		}
		if i%3 != 0 {
			continue
		}
		if i == 30 {
			if err := db.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Set(store.Key(i), fmt.Appendf(nil, "v%d", i)); err != nil {
			t.Fatal(err)
		}
		want += fmt.Sprintf("%d=v%d ", i, i)
	}
	for range 2 {
		got := ""
		if err := s.GetSorted(keys, func(at int, v []byte) { got += fmt.Sprintf("%d=%s ", at, v) }); err != nil || got != want {
			t.Errorf("got %s, %v", got, err)
		}
		if err := db.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.GetSorted(keys, func(int, []byte) {}); err == nil {
		t.Error("a closed database answers")
	}
}
