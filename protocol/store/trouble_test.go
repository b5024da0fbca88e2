package store_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/store/storetest"
)

// killed returns the files of a database that was not closed: what it holds
// beyond its first table files is in its log, which the next opening replays
// and flushes.
func killed(t *testing.T) storetest.Crash {
	t.Helper()
	disk := storetest.NewCrash()
	db := storetest.Open(t, disk, "db")
	for i := range 30 {
		if err := db.Space("s").Set(store.Key(uint64(i)), make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
		if i == 10 {
			if err := db.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	return disk.Clone(0, 1)
}

// patience is far more than opening takes; a test that waits as long has failed.
const patience = time.Minute

// openSoon opens a database, and fails the test if that does not end.
func openSoon(t *testing.T, fs store.FS, o store.Options) (*store.DB, error) {
	t.Helper()
	type result struct {
		db  *store.DB
		err error
	}
	c := make(chan result, 1)
	o.FS = fs
	go func() {
		db, err := store.Open("db", o)
		c <- result{db, err}
	}()
	select {
	case r := <-c:
		return r.db, r.err
	case <-time.After(patience):
		t.Fatal("the opening does not end")
		return nil, nil
	}
}

// A disk that takes nothing more from the k-th write on ends the opening with
// its own word, whichever write that is, and stops pebble from trying again.
// What was written before the trouble is there when it is over.
func TestOpenEndsOnADiskThatTakesNoMore(t *testing.T) {
	for _, no := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EIO} {
		t.Run(no.Error(), func(t *testing.T) {
			failed := 0
			for k := int64(0); ; k++ {
				disk := killed(t)
				faults := storetest.NewFaults(disk)
				faults.FailWritesAfter(k, no)
				db, err := openSoon(t, faults, store.Options{Fatal: func(err error) { t.Errorf("write %d: told of %v beside the error", k, err) }})
				if err == nil {
					faults.FailAfter(-1)
					if err := db.Close(); err != nil {
						t.Fatal(err)
					}
					break
				}
				failed++
				full := errors.Is(no, syscall.ENOSPC) || errors.Is(no, syscall.EDQUOT)
				if !errors.Is(err, no) || errors.Is(err, store.ErrFull) != full || errors.Is(err, store.ErrLocked) || errors.Is(err, store.ErrCorrupt) {
					t.Fatalf("write %d: got %v, want %v", k, err, no)
				}
				if n := faults.Failed(); n > 50 {
					t.Fatalf("write %d was tried %d times", k, n)
				}
				faults.FailAfter(-1)
				again := storetest.Open(t, disk.Clone(0, 2), "db")
				for i := range 30 {
					if v, err := again.Space("s").Get(store.Key(uint64(i))); err != nil || len(v) != 1000 {
						t.Fatalf("write %d: key %d: got %d bytes, %v", k, i, len(v), err)
					}
				}
			}
			if failed < 10 {
				t.Fatalf("only %d writes could fail, so this test shows little", failed)
			}
		})
	}
}

// A sector that cannot be read is the disk's trouble, and neither damage of the
// database, which would be thrown away, nor a lock.
func TestOpenTellsAnUnreadableSectorFromDamage(t *testing.T) {
	failed := 0
	for k := int64(0); ; k++ {
		faults := storetest.NewFaults(killed(t))
		faults.FailReadsAfter(k, syscall.EIO)
		db, err := openSoon(t, faults, store.Options{Fatal: func(error) { select {} }})
		if err == nil {
			faults.FailAfter(-1)
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			break
		}
		failed++
		if !errors.Is(err, syscall.EIO) || errors.Is(err, store.ErrCorrupt) || errors.Is(err, store.ErrLocked) {
			t.Fatalf("read %d: got %v, want %v", k, err, syscall.EIO)
		}
	}
	if failed < 10 {
		t.Fatalf("only %d reads could fail, so this test shows little", failed)
	}
}

// lockFault is a file system whose lock fails in a way of its own.
type lockFault struct {
	store.FS
	err error
}

func (l lockFault) Lock(string) (io.Closer, error) { return nil, l.err }

func TestOnlyAHeldLockIsADatabaseInUse(t *testing.T) {
	at := func(no syscall.Errno) error { return &fs.PathError{Op: "open", Path: "db/LOCK", Err: no} }
	for _, tc := range []struct {
		err  error
		held bool
	}{
		{syscall.EAGAIN, true},
		{syscall.EACCES, true}, // POSIX's other word for it
		{errors.New("lock held by current process"), true},
		{at(syscall.EACCES), false},
		{at(syscall.EPERM), false},
		{at(syscall.EROFS), false},
		{at(syscall.ENOSPC), false},
		{at(syscall.EMFILE), false},
		{at(syscall.EIO), false},
		{syscall.ENOLCK, false},
		{syscall.EIO, false},
	} {
		_, err := store.Open("db", store.Options{FS: lockFault{storetest.Memory(), tc.err}})
		if errors.Is(err, store.ErrLocked) != tc.held || !errors.Is(err, tc.err) || errors.Is(err, store.ErrCorrupt) {
			t.Errorf("%#v: got %v, want a held lock: %v", tc.err, err, tc.held)
		}
	}
}

// When the disk fills up while the database is open, its owner is told once, and
// what was acknowledged is there afterwards.
func TestADiskThatFillsUpIsToldAndLosesNothing(t *testing.T) {
	for name, fail := range map[string]func(*store.DB) error{
		"on a write":        func(db *store.DB) error { return db.Space("s").Set(store.Key(99), []byte("v")) },
		"in the background": func(db *store.DB) error { return db.Flush() },
	} {
		t.Run(name, func(t *testing.T) {
			disk := storetest.Memory()
			faults := storetest.NewFaults(disk)
			told := make(chan error, 1)
			db, err := store.Open("db", store.Options{FS: faults, Fatal: func(err error) {
				told <- err
				select {} // as the end of the process
			}})
			if err != nil {
				t.Fatal(err)
			}
			for i := range 20 {
				if err := db.Space("s").Set(store.Key(uint64(i)), []byte("v")); err != nil {
					t.Fatal(err)
				}
			}
			faults.FailWritesAfter(0, syscall.ENOSPC)
			go func() { _ = fail(db) }()
			select {
			case err := <-told:
				if !errors.Is(err, store.ErrFull) {
					t.Errorf("told of %v, want %v", err, store.ErrFull)
				}
			case <-time.After(patience):
				t.Fatal("nobody was told")
			}
			if err := db.Failed(); !errors.Is(err, store.ErrFailed) || !errors.Is(err, store.ErrFull) {
				t.Errorf("got %v, want %v", err, store.ErrFull)
			}
			if _, err := db.Space("s").Get(store.Key(0)); !errors.Is(err, store.ErrFailed) {
				t.Errorf("a read afterwards: got %v, want %v", err, store.ErrFailed)
			}
			faults.FailAfter(-1)
			again := storetest.Open(t, clone(t, disk), "db")
			for i := range 20 {
				if v, err := again.Space("s").Get(store.Key(uint64(i))); err != nil || string(v) != "v" {
					t.Errorf("key %d: got %q, %v", i, v, err)
				}
			}
		})
	}
}

// A table that is damaged on the disk is called so by the read that meets it.
func TestAReadOfADamagedTableSaysSo(t *testing.T) {
	dir := filled(t)
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil || len(tables) == 0 {
		t.Fatalf("no table: %v", err)
	}
	for _, name := range tables {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		b[100] ^= 1 // within the first block; the size and the index stay
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	db, err := store.Open(dir, store.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Space("s").Get(store.Key(0)); !errors.Is(err, store.ErrCorrupt) || strings.Contains(fmt.Sprint(err), "%!") {
		t.Errorf("got %v, want %v", err, store.ErrCorrupt)
	}
}
