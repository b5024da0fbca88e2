package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/assaynet/assay/protocol/store"
)

// Conform runs the suite. fresh returns a file system and an empty directory
// on it; each case gets its own.
func Conform(t *testing.T, fresh func(t *testing.T) (store.FS, string)) {
	cases := map[string]func(*testing.T, store.FS, string){
		"what was written is there after opening again": reopen,
		"spaces do not see each other":                  spaces,
		"a batch is all or nothing":                     batches,
		"iteration is in order and within its prefix":   iteration,
		"the second opener is refused":                  locked,
		"a closed database refuses without harm":        closed,
		"reading only changes nothing":                  readOnly,
	}
	for name, run := range cases {
		t.Run(name, func(t *testing.T) {
			fs, dir := fresh(t)
			run(t, fs, dir)
		})
	}
}

// Open opens a database and closes it with the test.
func Open(t testing.TB, fs store.FS, dir string) *store.DB {
	t.Helper()
	db, err := store.Open(dir, store.Options{FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, s *store.Space, key, value string) {
	t.Helper()
	got, err := s.Get([]byte(key))
	if err != nil || !bytes.Equal(got, []byte(value)) || (got == nil) != (value == "") {
		t.Fatalf("value of %q: got %q, %v, want %q", key, got, err, value)
	}
}

func reopen(t *testing.T, fs store.FS, dir string) {
	db := Open(t, fs, dir)
	must(t, db.Space("a").Set([]byte("k"), []byte("v")))
	must(t, db.Space("a").Set([]byte("gone"), []byte("v")))
	must(t, db.Space("a").Delete([]byte("gone")))
	must(t, db.Close())
	db = Open(t, fs, dir)
	want(t, db.Space("a"), "k", "v")
	want(t, db.Space("a"), "gone", "")
	if _, err := db.Space("a").Get(nil); !errors.Is(err, store.ErrKey) {
		t.Fatalf("empty key: got %v, want %v", err, store.ErrKey)
	}
}

func spaces(t *testing.T, fs store.FS, dir string) {
	db := Open(t, fs, dir)
	a, ab := db.Space("a"), db.Space("ab")
	must(t, a.Set([]byte("b"), []byte("1")))
	must(t, ab.Set([]byte("x"), []byte("2")))
	want(t, a, "b", "1")
	want(t, ab, "b", "")
	want(t, ab, "x", "2")
	n := 0
	must(t, a.Iterate(nil, nil, func(_, _ []byte) bool { n++; return true }))
	if n != 1 {
		t.Fatalf("space a: got %d keys, want 1", n)
	}
}

func batches(t *testing.T, fs store.FS, dir string) {
	db := Open(t, fs, dir)
	a, b := db.Space("a"), db.Space("b")
	batch := db.Batch()
	batch.Set(a, []byte("k"), []byte("1"))
	batch.Set(b, []byte("k"), []byte("2"))
	want(t, a, "k", "")
	must(t, batch.Commit())
	want(t, a, "k", "1")
	want(t, b, "k", "2")

	batch = db.Batch()
	batch.Delete(a, []byte("k"))
	batch.Set(b, nil, []byte("3"))
	if err := batch.Commit(); !errors.Is(err, store.ErrKey) {
		t.Fatalf("batch with an empty key: got %v, want %v", err, store.ErrKey)
	}
	want(t, a, "k", "1")

	batch = db.Batch()
	batch.Delete(a, []byte("k"))
	batch.Discard()
	want(t, a, "k", "1")
}

func iteration(t *testing.T, fs store.FS, dir string) {
	db := Open(t, fs, dir)
	s := db.Space("s")
	for i := range 20 {
		must(t, s.Set(fmt.Appendf(nil, "p%02d", i), []byte{byte(i)}))
	}
	must(t, s.Set([]byte("q"), []byte("x")))
	must(t, s.Set([]byte("\xff\xff"), []byte("x")))
	var got []byte
	must(t, s.Iterate([]byte("p"), []byte("05"), func(k, v []byte) bool {
		got = append(got, v...)
		must(t, s.Delete(k)) // the walk sees the space as it was
		return len(got) < 4
	}))
	if !bytes.Equal(got, []byte{5, 6, 7, 8}) {
		t.Fatalf("walk from p05: got %v, want 5 6 7 8", got)
	}
	n := 0
	must(t, s.Iterate([]byte("\xff"), nil, func(_, _ []byte) bool { n++; return true }))
	if n != 1 {
		t.Fatalf("walk over the last prefix: got %d keys, want 1", n)
	}
	batch := db.Batch()
	batch.DeleteRange(s, []byte("p"), []byte("p15"))
	must(t, batch.Commit())
	want(t, s, "p14", "")
	want(t, s, "p15", "\x0f")
	want(t, s, "q", "x")
}

func locked(t *testing.T, fs store.FS, dir string) {
	db := Open(t, fs, dir)
	if _, err := store.Open(dir, store.Options{FS: fs}); !errors.Is(err, store.ErrLocked) {
		t.Fatalf("second opener: got %v, want %v", err, store.ErrLocked)
	}
	must(t, db.Close())
	Open(t, fs, dir)
}

func closed(t *testing.T, fs store.FS, dir string) {
	db := Open(t, fs, dir)
	s := db.Space("s")
	must(t, s.Set([]byte("k"), []byte("v")))
	err := s.Iterate(nil, nil, func(_, _ []byte) bool {
		must(t, db.Close())
		return true
	})
	if !errors.Is(err, store.ErrClosed) {
		t.Fatalf("walk that was cut short: got %v, want %v", err, store.ErrClosed)
	}
	if _, err := s.Get([]byte("k")); !errors.Is(err, store.ErrClosed) {
		t.Fatalf("read after close: got %v, want %v", err, store.ErrClosed)
	}
	if err := s.Set([]byte("k"), []byte("w")); !errors.Is(err, store.ErrClosed) {
		t.Fatalf("write after close: got %v, want %v", err, store.ErrClosed)
	}
	must(t, db.Close())
	want(t, Open(t, fs, dir).Space("s"), "k", "v")
}

func readOnly(t *testing.T, fs store.FS, dir string) {
	if _, err := store.Open(dir, store.Options{FS: fs, ReadOnly: true}); !errors.Is(err, store.ErrMissing) {
		t.Fatalf("reading where nothing is: got %v, want %v", err, store.ErrMissing)
	}
	db := Open(t, fs, dir)
	must(t, db.Space("s").Set([]byte("k"), []byte("v")))
	must(t, db.Close())
	ro, err := store.Open(dir, store.Options{FS: fs, ReadOnly: true})
	must(t, err)
	want(t, ro.Space("s"), "k", "v")
	if err := ro.Space("s").Set([]byte("k"), []byte("w")); !errors.Is(err, store.ErrReadOnly) {
		t.Fatalf("write to a database for reading: got %v, want %v", err, store.ErrReadOnly)
	}
	must(t, ro.Close())
}
