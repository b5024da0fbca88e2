package store_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/store/storetest"
)

func TestStoreConformsOnADisk(t *testing.T) {
	storetest.Conform(t, func(t *testing.T) (store.FS, string) { return nil, filepath.Join(t.TempDir(), "db") })
}

func TestStoreConformsInMemory(t *testing.T) {
	storetest.Conform(t, func(*testing.T) (store.FS, string) { return storetest.Memory(), "db" })
}

func TestStoreConformsOnAFileSystemThatCrashes(t *testing.T) {
	storetest.Conform(t, func(*testing.T) (store.FS, string) { return storetest.NewCrash(), "db" })
}

// Every batch holds its number twice, in two spaces. After a crash at any
// moment all committed batches are whole, and the one that ran is whole or absent.
func TestCrashLosesNoCommittedBatchAndTearsNone(t *testing.T) {
	fs := storetest.NewCrash()
	db := storetest.Open(t, fs, "db")
	a, b := db.Space("a"), db.Space("b")
	value := bytes.Repeat([]byte("x"), 3000) // so that files roll over now and then
	for i := range 400 {
		batch := db.Batch()
		batch.Set(a, store.Key(uint64(i)), value)
		batch.Set(b, store.Key(uint64(i)), value)
		if err := batch.Commit(); err != nil {
			t.Fatal(err)
		}
		if i%40 == 7 {
			checkClone(t, fs.Clone((i*13)%101, uint64(i)), i)
		}
	}
}

func checkClone(t *testing.T, fs storetest.Crash, last int) {
	t.Helper()
	db := storetest.Open(t, fs, "db")
	for i := range last + 2 {
		x, err1 := db.Space("a").Get(store.Key(uint64(i)))
		y, err2 := db.Space("b").Get(store.Key(uint64(i)))
		if err1 != nil || err2 != nil || !bytes.Equal(x, y) || (i <= last && x == nil) {
			t.Fatalf("batch %d of %d after a crash: got %d and %d bytes, %v, %v", i, last, len(x), len(y), err1, err2)
		}
	}
}

// A write that fails at any point is an error, and what was committed before
// it is there when the disk works again.
func TestWriteErrorsAreReportedAndLoseNothing(t *testing.T) {
	for after := range int64(12) {
		t.Run(fmt.Sprint(after), func(t *testing.T) {
			disk := storetest.Memory()
			fs := storetest.NewFaults(disk)
			db, err := store.Open("db", store.Options{FS: fs})
			if err != nil {
				t.Fatal(err)
			}
			s := db.Space("s")
			committed := 0
			fs.FailAfter(after)
			for i := range 50 {
				if err = s.Set(store.Key(uint64(i)), []byte("v")); err != nil {
					break
				}
				committed++
			}
			if err == nil {
				t.Fatal("no error although every write fails")
			}
			if _, err := s.Get(store.Key(0)); err == nil {
				t.Fatal("the database goes on after a failed write")
			}
			fs.FailAfter(-1)
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			crash := clone(t, disk)
			db = storetest.Open(t, crash, "db")
			for i := range committed {
				if v, err := db.Space("s").Get(store.Key(uint64(i))); err != nil || v == nil {
					t.Fatalf("key %d of %d: got %q, %v", i, committed, v, err)
				}
			}
		})
	}
}

// clone copies all files, without the lock that the failed database holds.
func clone(t *testing.T, from store.FS) store.FS {
	t.Helper()
	to := storetest.Memory()
	if err := to.MkdirAll("db", 0o700); err != nil {
		t.Fatal(err)
	}
	names, err := from.List("db")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		if n != "LOCK" {
			storetest.Copy(t, from, to, "db/"+n)
		}
	}
	return to
}

func TestOpenRefusesANewerSchema(t *testing.T) {
	fs := storetest.Memory()
	db := storetest.Open(t, fs, "db")
	if err := db.Space("schema").Set([]byte("version"), binary.BigEndian.AppendUint32(nil, 99)); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the refusal changes nothing
		_, err := store.Open("db", store.Options{FS: fs})
		if !errors.Is(err, store.ErrNewerSchema) {
			t.Fatalf("got %v, want %v", err, store.ErrNewerSchema)
		}
	}
}

func TestOpenRefusesDamagedFilesAndKeepsThem(t *testing.T) {
	for _, kind := range []string{"MANIFEST", ".sst", "CURRENT-is-missing"} {
		t.Run(kind, func(t *testing.T) {
			dir := filled(t)
			hit := false
			names, _ := filepath.Glob(filepath.Join(dir, "*"))
			for _, n := range names {
				switch base := filepath.Base(n); {
				case strings.HasPrefix(base, kind), strings.HasSuffix(base, kind):
					damage(t, n)
					hit = true
				case kind == "CURRENT-is-missing" && strings.HasPrefix(base, "MANIFEST"):
					if err := os.Remove(n); err != nil {
						t.Fatal(err)
					}
					hit = true
				}
			}
			if !hit {
				t.Fatalf("no file %s among %v", kind, names)
			}
			if _, err := store.Open(dir, store.Options{}); !errors.Is(err, store.ErrCorrupt) {
				t.Fatalf("got %v, want %v", err, store.ErrCorrupt)
			}
			if after, _ := filepath.Glob(filepath.Join(dir, "*.sst")); len(after) == 0 {
				t.Fatal("the refusal removed the data")
			}
		})
	}
}

// filled returns the directory of a closed database with a table file.
func filled(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "db")
	db := storetest.Open(t, nil, dir)
	for i := range 4000 {
		b := db.Batch()
		b.Set(db.Space("s"), store.Key(uint64(i)), bytes.Repeat([]byte{byte(i)}, 4000))
		if i%100 != 0 {
			b.Discard()
			continue
		}
		if err := b.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// damage cuts a file in half and turns a bit.
func damage(t *testing.T, name string) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	b = b[:len(b)/2]
	if len(b) > 8 {
		b[8] ^= 0x40
	}
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestOpenRefusesADirectoryThatCannotBeMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(filepath.Join(file, "db"), store.Options{}); err == nil {
		t.Fatal("opened a database below a file")
	}
}
