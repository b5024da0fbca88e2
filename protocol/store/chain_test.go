package store_test

import (
	"errors"
	"testing"

	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/store/storetest"
)

func TestADatabaseIsOfTheFirstChainThatItIsBoundTo(t *testing.T) {
	fs := storetest.Memory()
	db := storetest.Open(t, fs, "db")
	put(t, db.CheckChain("one")) // new, and of nobody: looking does not change that
	put(t, db.CheckChain("two"))
	put(t, db.BindChain("one"))
	put(t, db.BindChain("one"))
	put(t, db.Close())

	db = storetest.Open(t, fs, "db")
	put(t, db.CheckChain("one"))
	const want = "store: the database belongs to another chain: db is of one, not of two"
	for name, look := range map[string]func(string) error{"check": db.CheckChain, "bind": db.BindChain} {
		if err := look("two"); !errors.Is(err, store.ErrOtherChain) || err.Error() != want {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
	}
	put(t, db.CheckChain("one"))
}
