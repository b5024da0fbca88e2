package index_test

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/scoring/synthetic/gate"
	"github.com/assaynet/assay/scoring/synthetic/index"
)

// records makes records of n grams each, of which a share is the same as the
// record's before.
func records(seed uint64, count, n, same int) []index.Entry {
	r := rand.New(rand.NewPCG(seed, 1))
	list := make([]index.Entry, count)
	for i := range list {
		grams := make([]uint64, n)
		for k := range grams {
			grams[k] = r.Uint64()
		}
		if i > 0 {
			copy(grams, list[i-1].Grams[:same])
		}
		list[i] = index.Entry{Grams: grams, Signature: gate.Sign(grams)}
	}
	return list
}

func open(t testing.TB, dir string) (*store.DB, *index.Disk) {
	t.Helper()
	db, d, err := index.Open(dir, "window")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db, d
}

// TestMemoryAndDiskAgree: over the same records, added one by one and in two
// parts with the database closed between them.
func TestMemoryAndDiskAgree(t *testing.T) {
	list := append(records(1, 200, 40, 38), records(2, 100, 40, 0)...)
	dir := t.TempDir()
	db, d := open(t, dir)
	if err := d.Add(list[:150]); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	_, d = open(t, dir)
	if err := d.Add(list[150:]); err != nil {
		t.Fatal(err)
	}
	var m index.Memory
	var said [][2]int
	for i := range list {
		e := &list[i]
		_, want := m.Alike(&e.Signature)
		fresh := slices.DeleteFunc(slices.Clone(e.Grams), m.Has)
		seen, equal := m.Add(e.Grams, &e.Signature)
		if seen != len(e.Grams)-len(fresh) || equal != want {
			t.Fatalf("record %d: %d grams were seen and %d positions equal, want %d and %d", i, seen, equal, len(e.Grams)-len(fresh), want)
		}
		said = append(said, [2]int{seen, equal})
	}
	if m.Len() != 300 || d.Len() != 300 {
		t.Fatalf("%d in memory and %d on the disk, want 300", m.Len(), d.Len())
	}
	alike := 0
	probes := append(records(1, 250, 40, 37), records(3, 50, 40, 0)...)
	probes = append(probes, list...)
	for i := range probes {
		p := &probes[i]
		number, equal := m.Alike(&p.Signature)
		onDisk, equalOnDisk, err := d.Alike(&p.Signature)
		if err != nil || number != onDisk || equal != equalOnDisk {
			t.Fatalf("probe %d: memory says %d with %d, the disk %d with %d, %v", i, number, equal, onDisk, equalOnDisk, err)
		}
		if equal == gate.Positions {
			alike++
		}
		for _, g := range p.Grams {
			if missing, err := d.Missing([]uint64{g}); err != nil || len(missing) == 0 != m.Has(g) {
				t.Fatalf("probe %d: memory has a gram: %v, the disk misses %d, %v", i, m.Has(g), missing, err)
			}
		}
		grams := slices.Sorted(slices.Values(p.Grams))
		want := slices.DeleteFunc(slices.Clone(grams), m.Has)
		if missing, err := d.Missing(grams); err != nil || !slices.Equal(missing, want) {
			t.Fatalf("probe %d: memory misses %d grams, the disk %d, %v", i, want, missing, err)
		}
	}
	if alike < 300 {
		t.Errorf("%d probes found themselves, want 300", alike)
	}
	// One that was emptied is as good as new.
	m.Clear()
	if _, equal := m.Alike(&list[0].Signature); m.Len() != 0 || equal != 0 || m.Has(list[0].Grams[0]) {
		t.Errorf("an index that was emptied has %d records, %d positions equal", m.Len(), equal)
	}
	for i := range list {
		seen, equal := m.Add(list[i].Grams, &list[i].Signature)
		if got := [2]int{seen, equal}; got != said[i] {
			t.Fatalf("record %d: %v grams seen and positions equal, the first time %v", i, got, said[i])
		}
	}
}

// TestAnIndexThatWantsMoreMemoryIsOpenedAgain: what was added is there, and who
// asks for it meanwhile is refused.
func TestAnIndexThatWantsMoreMemoryIsOpenedAgain(t *testing.T) {
	dir := t.TempDir()
	db, d := open(t, dir)
	list := records(6, 1, 40, 0)
	const many = 2_000_000 // records, as the count has it
	err := errors.Join(d.Add(list), db.Space("window").Set([]byte("next"), store.Key(many)), db.Close())
	if err != nil {
		t.Fatal(err)
	}
	_, d = open(t, dir)
	if missing, err := d.Missing(slices.Sorted(slices.Values(list[0].Grams))); err != nil || len(missing) > 0 || d.Len() != many {
		t.Errorf("%d grams of 40 are missing among %d records, %v", len(missing), d.Len(), err)
	}
	if _, _, err := index.Open(dir, "window"); !errors.Is(err, store.ErrLocked) {
		t.Errorf("opened twice: got %v", err)
	}
}

// TestAFullBandStaysQuick: a thousand records of one signature; the first is found.
func TestAFullBandStaysQuick(t *testing.T) {
	list := records(4, 1, 40, 0)
	var m index.Memory
	for range 1000 {
		m.Add(list[0].Grams, &list[0].Signature)
	}
	if number, equal := m.Alike(&list[0].Signature); number != 0 || equal != gate.Positions {
		t.Errorf("found %d with %d positions, want 0 with all", number, equal)
	}
	if allocs := testing.AllocsPerRun(10, func() { m.Alike(&list[0].Signature) }); allocs > 8 {
		t.Errorf("%v allocations to look through a full band", allocs)
	}
}

func TestADamagedIndexIsSaid(t *testing.T) {
	db, d := open(t, t.TempDir())
	list := records(5, 1, 40, 0)
	if err := d.Add(list); err != nil {
		t.Fatal(err)
	}
	if err := db.Space("window/signs").Set(store.Key(0), []byte{1}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.Alike(&list[0].Signature); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("a short signature: got %v, want %v", err, store.ErrCorrupt)
	}
	if err := db.Space("window").Set([]byte("next"), []byte{1}); err != nil {
		t.Fatal(err)
	}
	if _, err := index.OpenDisk(db, "window"); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("a short count: got %v, want %v", err, store.ErrCorrupt)
	}
}

// fill makes the same record's grams and signature cheaply, for benchmarks of many.
func fill(e *index.Entry, r *rand.ChaCha8) {
	for i := range e.Grams {
		e.Grams[i] = r.Uint64()
	}
	for i := range e.Signature {
		e.Signature[i] = uint16(r.Uint64())
	}
}

// BenchmarkMemory builds an index of a million records of 40 grams and looks
// records up in it.
func BenchmarkMemory(b *testing.B) {
	const million = 1_000_000
	r, e := rand.NewChaCha8([32]byte{1}), index.Entry{Grams: make([]uint64, 40)}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var m index.Memory
	for range million {
		fill(&e, r)
		m.Add(e.Grams, &e.Signature)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	for b.Loop() {
		fill(&e, r)
		for _, g := range e.Grams {
			m.Has(g)
		}
		m.Alike(&e.Signature)
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/million, "B/record")
	runtime.KeepAlive(&m)
}

// BenchmarkDisk does the same in a database, of a million records, and of a tenth:
// what a lookup takes must not depend on it. The cache has room for the filters.
// ASSAY_INDEX gives another number of records, and ASSAY_INDEX_DIR a directory in
// which the index stays: what is there already is not built again.
func BenchmarkDisk(b *testing.B) {
	counts := []int{100_000, 1_000_000}
	if n, err := strconv.Atoi(os.Getenv("ASSAY_INDEX")); err == nil {
		counts = []int{n}
	}
	for _, count := range counts {
		b.Run(strconv.Itoa(count), func(b *testing.B) { benchDisk(b, count) })
	}
}

func benchDisk(b *testing.B, count int) {
	dir := b.TempDir()
	if kept := os.Getenv("ASSAY_INDEX_DIR"); kept != "" {
		dir = filepath.Join(kept, strconv.Itoa(count))
	}
	db, d, err := index.Open(dir, "window")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	built := grow(b, db, d, count)
	r, e := rand.NewChaCha8([32]byte{1}), index.Entry{Grams: make([]uint64, 40)}
	for b.Loop() {
		fill(&e, r)
		slices.Sort(e.Grams)
		if _, err := d.Missing(e.Grams); err != nil {
			b.Fatal(err)
		}
		if _, _, err := d.Alike(&e.Signature); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(built, "built/s")
	b.ReportMetric(float64(db.Size())/float64(count), "disk-B/record")
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.HeapSys)/(1<<20), "heap-MiB")
}

// grow adds records until there are count of them, and returns how many a second.
func grow(b *testing.B, db *store.DB, d *index.Disk, count int) (perSecond float64) {
	b.Helper()
	const batch = 5000
	list := make([]index.Entry, batch)
	for i := range list {
		list[i].Grams = make([]uint64, 40)
	}
	first, begun := int(d.Len()), time.Now()
	for at := first; at < count; at += batch {
		r := rand.NewChaCha8([32]byte{2, byte(at), byte(at >> 8), byte(at >> 16), byte(at >> 24)})
		for i := range list {
			fill(&list[i], r)
		}
		if err := d.Add(list[:min(batch, count-at)]); err != nil {
			b.Fatal(err)
		}
	}
	if err := db.Flush(); err != nil {
		b.Fatal(err)
	}
	return float64(max(count-first, 0)) / time.Since(begun).Seconds()
}

// FuzzAlike: any signatures that share a band find each other.
func FuzzAlike(f *testing.F) {
	f.Add([]byte("a signature"), uint8(3))
	f.Fuzz(func(t *testing.T, b []byte, band uint8) {
		var s, u gate.Signature
		for i := range s {
			s[i] = binary.BigEndian.Uint16([]byte{byte(i), 1})
			if len(b) > 0 {
				s[i] += uint16(b[i%len(b)])
			}
			u[i] = ^s[i]
		}
		at := int(band) % gate.Bands * gate.Rows
		copy(u[at:at+gate.Rows], s[at:])
		var m index.Memory
		m.Add([]uint64{1}, &s)
		if _, equal := m.Alike(&u); equal != gate.Rows {
			t.Fatalf("%d positions are equal, want %d", equal, gate.Rows)
		}
	})
}
