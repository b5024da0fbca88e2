package store_test

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/assaynet/assay/protocol/store"
)

// TestACheckpointIsTheDatabaseOfOneMoment, whatever the database does later, and
// what is done to the copy does not reach the database.
func TestACheckpointIsTheDatabaseOfOneMoment(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	open := func(name string) *store.DB {
		db, err := store.Open(at(name), store.Options{})
		put(t, err)
		return db
	}
	holds := func(db *store.DB, want string) {
		t.Helper()
		for i := range 100 {
			b, err := db.Space("s").Get(fmt.Appendf(nil, "key %d", i))
			if err != nil || string(b) != want {
				t.Fatalf("key %d: got %q, %v, want %q", i, b, err, want)
			}
		}
	}
	fill := func(db *store.DB, text string) {
		for i := range 100 {
			put(t, db.Space("s").Set(fmt.Appendf(nil, "key %d", i), []byte(text)))
		}
	}
	db := open("db")
	defer func() { put(t, db.Close()) }()
	fill(db, "old")
	put(t, db.Flush())
	fill(db, "now") // half in files, half in the log
	put(t, db.Checkpoint(at("copy")))
	fill(db, "new")
	put(t, db.Flush())

	twin := open("copy")
	holds(twin, "now")
	fill(twin, "other")
	put(t, twin.Flush())
	put(t, twin.Close())
	holds(db, "new")
	if err := db.Checkpoint(at("copy")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("in a place that is taken: got %v, want %v", err, fs.ErrExist)
	}
	put(t, db.Close())
	if err := db.Checkpoint(at("another")); !errors.Is(err, store.ErrClosed) {
		t.Errorf("of a closed database: got %v, want %v", err, store.ErrClosed)
	}
}

// full is a file system on which copies find no room.
type full struct{ store.FS }

func (f full) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if strings.Contains(name, "copy") {
		return nil, syscall.ENOSPC
	}
	return f.FS.Create(name, c)
}

// TestACopyThatFindsNoRoomHarmsNobody: the database goes on, and its process too.
func TestACopyThatFindsNoRoomHarmsNobody(t *testing.T) {
	dir := t.TempDir()
	db, err := store.Open(filepath.Join(dir, "db"), store.Options{FS: full{vfs.Default}, Fatal: func(err error) { t.Errorf("the process would end: %v", err) }})
	put(t, err)
	put(t, db.Space("s").Set([]byte("k"), []byte("v")))
	if err := db.Checkpoint(filepath.Join(dir, "copy")); !errors.Is(err, store.ErrFull) {
		t.Errorf("got %v, want %v", err, store.ErrFull)
	}
	put(t, db.Failed())
	put(t, db.Space("s").Set([]byte("k"), []byte("w")))
	put(t, db.Close())
}
