package state_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/state"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/store/storetest"
)

func open(t testing.TB, fs store.FS) (*state.State, *store.DB) {
	t.Helper()
	db, err := store.Open("db", store.Options{FS: fs})
	check(t, err)
	t.Cleanup(func() { _ = db.Close() })
	s, err := state.Open(db.Space("state"))
	check(t, err)
	return s, db
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// block changes both trees alike: some keys come, some change, some go.
func block(t testing.TB, seed uint64, trees ...ledger.Tree) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	for range 40 {
		key := fmt.Appendf(nil, "%c%03d", 'a'+rune(r.IntN(3)), r.IntN(100))
		value := fmt.Appendf(nil, "value %d", r.Uint64())
		remove := r.IntN(4) == 0
		for _, tree := range trees {
			if remove {
				check(t, tree.Remove(key))
			} else {
				check(t, tree.Set(key, value))
			}
		}
	}
}

func dump(t testing.TB, r ledger.Reader, prefix string) []string {
	t.Helper()
	var all []string
	check(t, r.Iterate([]byte(prefix), func(k, v []byte) bool {
		got, err := r.Get(k)
		if err != nil || !bytes.Equal(got, v) {
			t.Fatalf("key %s: get %q, %v, iterate %q", k, got, err, v)
		}
		all = append(all, string(k)+"="+string(v))
		return true
	}))
	return all
}

func TestStateIsAMapWithVersions(t *testing.T) {
	s, _ := open(t, storetest.Memory())
	oracle := &ledger.MemTree{}
	old := map[protocol.Height][]string{}
	for h := protocol.Height(1); h <= 30; h++ {
		block(t, uint64(h), s, oracle)
		want := dump(t, oracle, "b")
		if got := dump(t, s, "b"); !slices.Equal(got, want) {
			t.Fatalf("working tree at %d: got %v, want %v", h, got, want)
		}
		working := s.WorkingHash()
		hash, version, err := s.Commit()
		check(t, err)
		if hash != working || version != h || s.Version() != h || s.Hash() != hash {
			t.Fatalf("commit %d: got hash %s, version %d, want %s", h, hash, version, working)
		}
		old[h] = dump(t, oracle, "")
	}
	for h, want := range old {
		snap, err := s.At(h)
		check(t, err)
		if got := dump(t, snap, ""); !slices.Equal(got, want) {
			t.Fatalf("state %d: got %v, want %v", h, got, want)
		}
	}
	for _, h := range []protocol.Height{0, 31} {
		if _, err := s.At(h); !errors.Is(err, state.ErrVersion) {
			t.Fatalf("state %d: got %v, want %v", h, err, state.ErrVersion)
		}
	}
}

func TestRollbackForgetsABlockThatWasNotCommitted(t *testing.T) {
	s, _ := open(t, storetest.Memory())
	block(t, 1, s)
	check1 := s.WorkingHash()
	s.Rollback()
	if got := dump(t, s, ""); len(got) != 0 {
		t.Fatalf("after rollback: got %v, want nothing", got)
	}
	block(t, 1, s)
	hash, _, err := s.Commit()
	check(t, err)
	if hash != check1 {
		t.Fatalf("same block again: got %s, want %s", hash, check1)
	}
	block(t, 2, s)
	second := s.WorkingHash()
	block(t, 3, s)
	s.Rollback()
	block(t, 2, s)
	if got := s.WorkingHash(); got != second {
		t.Fatalf("block 2 after rollback: got %s, want %s", got, second)
	}
}

func TestACrashLeavesTheStateOfAWholeBlock(t *testing.T) {
	fs := storetest.NewCrash()
	s, _ := open(t, fs)
	hashes := map[protocol.Height]protocol.Hash{0: {}}
	for h := protocol.Height(1); h <= 20; h++ {
		block(t, uint64(h), s)
		before := fs.Clone(int(h)*5, uint64(h))
		hash, _, err := s.Commit()
		check(t, err)
		hashes[h] = hash
		for name, clone := range map[string]storetest.Crash{"before": before, "after": fs.Clone(0, 0)} {
			c, db := open(t, clone)
			want := h
			if name == "before" {
				want--
			}
			if c.Version() != want || c.Hash() != hashes[want] {
				t.Fatalf("crash %s commit %d: got version %d, hash %s", name, h, c.Version(), c.Hash())
			}
			if name == "before" { // it goes on from there to the same state
				block(t, uint64(h), c)
				if got := c.WorkingHash(); got != hash {
					t.Fatalf("block %d again: got %s, want %s", h, got, hash)
				}
			}
			check(t, db.Close())
		}
	}
}

func TestOldVersionsGo(t *testing.T) {
	s, _ := open(t, storetest.Memory())
	for h := range protocol.Height(state.Keep + 20) {
		block(t, uint64(h), s)
		_, _, err := s.Commit()
		check(t, err)
	}
	if _, err := s.At(20); !errors.Is(err, state.ErrVersion) {
		t.Fatalf("state 20: got %v, want %v", err, state.ErrVersion)
	}
	snap, err := s.At(21)
	check(t, err)
	if len(dump(t, snap, "")) == 0 {
		t.Fatal("state 21 is empty")
	}
}

func TestSnapshotsAreReadWhileBlocksGoOn(t *testing.T) {
	s, _ := open(t, storetest.Memory())
	block(t, 0, s)
	_, _, err := s.Commit()
	check(t, err)
	snap := s.Latest()
	want := dump(t, snap, "")
	done := make(chan struct{})
	go func() {
		defer close(done)
		for h := range uint64(50) {
			block(t, h, s)
			if _, _, err := s.Commit(); err != nil {
				t.Error(err)
			}
		}
	}()
	for range 50 {
		if got := dump(t, snap, ""); !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
		_ = dump(t, s.Latest(), "a")
	}
	<-done
}

// What a version has is read again as it was, also what is not there, and what is
// too long to be remembered; the next version has its own.
func TestAVersionReadsTheSameAgain(t *testing.T) {
	s, _ := open(t, storetest.Memory())
	write := func(value string) *state.Snapshot {
		t.Helper()
		check(t, s.Set([]byte("short"), []byte(value)))
		check(t, s.Set([]byte("long"), bytes.Repeat([]byte(value), 4096)))
		_, _, err := s.Commit()
		check(t, err)
		return s.Latest()
	}
	first := write("1")
	reads := func(snap *state.Snapshot, value string) {
		t.Helper()
		for range 3 {
			for key, want := range map[string]string{"short": value, "long": strings.Repeat(value, 4096), "none": ""} {
				got, err := snap.Get([]byte(key))
				if err != nil || string(got) != want || (got == nil) != (key == "none") {
					t.Fatalf("%s: got %.8q, %v, want %.8q", key, got, err, want)
				}
			}
		}
	}
	reads(first, "1")
	second := write("2")
	reads(second, "2")
	reads(first, "1")
}

// BenchmarkGetAgain reads what a transfer looks at, of 4,096 accounts in turn:
// before versions remembered what they read, each walked down the tree.
func BenchmarkGetAgain(b *testing.B) {
	s, _ := open(b, storetest.Memory())
	keys := make([][]byte, 4096)
	for i := range keys {
		keys[i] = fmt.Appendf(nil, "account %d", i)
		check(b, s.Set(keys[i], []byte("some balance and a nonce")))
	}
	_, _, err := s.Commit()
	check(b, err)
	snap := s.Latest()
	for i := 0; b.Loop(); i++ {
		if _, err := snap.Get(keys[i%len(keys)]); err != nil {
			b.Fatal(err)
		}
	}
}

// A version begins with what the one before remembered: what a block wrote, removed
// or took back is never taken for what was there before.
func TestVersionsRememberWhatIsTrueOfThem(t *testing.T) {
	s, _ := open(t, storetest.Memory())
	reads := func(r interface{ Get([]byte) ([]byte, error) }, want map[string]string) {
		t.Helper()
		for range 2 { // from the tree, and from memory
			for k, v := range want {
				got, err := r.Get([]byte(k))
				check(t, err)
				if string(got) != v {
					t.Errorf("%s is %q, want %q", k, got, v)
				}
			}
		}
	}
	large := strings.Repeat("x", 2048) // more than is remembered
	for k, v := range map[string]string{"same": "1", "other": "1", "gone": "1", "long": "1"} {
		check(t, s.Set([]byte(k), []byte(v)))
	}
	_, _, err := s.Commit()
	check(t, err)
	first, now := s.Latest(), map[string]string{"same": "1", "other": "1", "gone": "1", "long": "1", "new": ""}
	reads(first, now)

	check(t, s.Set([]byte("other"), []byte("thrown away")))
	check(t, s.Remove([]byte("same")))
	reads(s, map[string]string{"same": "", "other": "thrown away", "gone": "1"})
	s.Rollback()
	reads(s, now)

	check(t, s.Set([]byte("other"), []byte("2")))
	check(t, s.Set([]byte("new"), []byte("2")))
	check(t, s.Set([]byte("long"), []byte(large)))
	check(t, s.Remove([]byte("gone")))
	then := map[string]string{"same": "1", "other": "2", "gone": "", "long": large, "new": "2"}
	reads(s, then)
	reads(s.Latest(), now)
	_, _, err = s.Commit()
	check(t, err)
	reads(s.Latest(), then)
	reads(s, then)
	reads(first, now)
}
