package repeats_test

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/assaynet/assay/scoring/synthetic/repeats"
)

// record is a record's numbers, and whether it may be the first to have them.
type record struct {
	numbers []uint64
	first   bool
}

// find returns, of each record, the numbers that are found to be repeated, by their
// place in the record's own, and how many different ones there are.
func find(t *testing.T, memory int, list []record) (found [][]uint64, distinct uint64) {
	t.Helper()
	dir := t.TempDir()
	f, err := repeats.New(dir, memory)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range list {
		if err := f.Add(uint32(i), r.numbers, r.first); err != nil {
			t.Fatal(err)
		}
	}
	if distinct, err = f.Find(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range list {
		ids, err := f.Of(uint32(i), nil)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, ids)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%d files have names, %v", len(left), err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return found, distinct
}

// TestWhatComesTwiceIsFound: among four thousand records of numbers below a bound,
// against a map of all of them; with hardly any memory, and with enough.
func TestWhatComesTwiceIsFound(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	list := make([]record, 4000)
	for i := range list {
		set := map[uint64]bool{}
		for range r.IntN(40) {
			set[r.Uint64N(60_000)] = true
		}
		list[i] = record{slices.Sorted(maps.Keys(set)), r.IntN(4) > 0}
	}
	// Of each number the records from the first on that may be the first.
	chains := map[uint64][]int{}
	for i := range list {
		for _, n := range list[i].numbers {
			if list[i].first || len(chains[n]) > 0 {
				chains[n] = append(chains[n], i)
			}
		}
	}
	want, wantDistinct := make([]int, len(list)), uint64(0)
	for _, c := range chains {
		if len(c) < 2 {
			continue
		}
		wantDistinct++
		for _, i := range c {
			want[i]++
		}
	}
	for _, memory := range []int{1, 1 << 20} {
		found, distinct := find(t, memory, list)
		if distinct != wantDistinct {
			t.Errorf("%d bytes: %d numbers are repeated, want %d", memory, distinct, wantDistinct)
		}
		who := map[uint64][]int{} // by what a number is called
		for i, ids := range found {
			if len(ids) != want[i] {
				t.Fatalf("%d bytes: record %d repeats %d numbers, want %d", memory, i, len(ids), want[i])
			}
			for _, id := range ids {
				who[id] = append(who[id], i)
			}
		}
		if got, want := shapes(who), shapes(chains); !maps.Equal(got, want) {
			t.Errorf("%d bytes: the records of the numbers differ", memory)
		}
	}
}

// shapes counts the lists of records that have a number in common, of two and more.
func shapes(chains map[uint64][]int) map[[2]int]int {
	out := map[[2]int]int{}
	for _, c := range chains {
		for i := 1; i < len(c); i++ {
			out[[2]int{c[0], c[i]}]++
		}
	}
	return out
}

func TestRecordsComeInOrder(t *testing.T) {
	f, err := repeats.New(t.TempDir(), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if err := f.Add(7, []uint64{1}, true); err != nil {
		t.Fatal(err)
	}
	for _, n := range []uint32{7, 6, repeats.MaxRecords} {
		if err := f.Add(n, nil, true); !errors.Is(err, repeats.ErrRecord) {
			t.Errorf("record %d after 7: got %v, want %v", n, err, repeats.ErrRecord)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := f.Find(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	if _, err := f.Of(9, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Of(8, nil); !errors.Is(err, repeats.ErrRecord) {
		t.Errorf("record 8 after 9: got %v, want %v", err, repeats.ErrRecord)
	}
}
