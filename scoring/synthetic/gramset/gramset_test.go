package gramset_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/task/synthetic/text"
	"github.com/assaynet/assay/scoring/synthetic/gramset"
)

func file(t testing.TB, s *gramset.Set) []byte {
	t.Helper()
	var b bytes.Buffer
	if n, err := s.WriteTo(&b); err != nil || n != int64(b.Len()) {
		t.Fatalf("wrote %d of %d bytes, %v", b.Len(), n, err)
	}
	return b.Bytes()
}

func TestAFileHoldsTheSet(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	grams := make([]uint64, 1000)
	for i := range grams {
		grams[i] = r.Uint64()
	}
	made := gramset.Of(text.OverlapGram, slices.Concat(grams, grams[:10]))
	b := file(t, made)
	s, err := gramset.Read(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if s.Name() != made.Name() || s.Name() != protocol.Hash(sha256.Sum256(b)) || s.Size() != 13 || s.Len() != 1000 {
		t.Errorf("got %s of %d grams of %d words", s.Name(), s.Len(), s.Size())
	}
	for _, g := range grams {
		if !s.Has(g) || s.Has(g+1) {
			t.Fatalf("%x: in it %v, the next %v", g, s.Has(g), s.Has(g+1))
		}
	}
	if !bytes.Equal(file(t, s), b) {
		t.Error("written again it is another file")
	}
}

// TestASetOfNumbersThatAreNotSpreadIsLookedUp: who names a set chooses its grams.
func TestASetOfNumbersThatAreNotSpreadIsLookedUp(t *testing.T) {
	const last = ^uint64(0)
	for _, grams := range [][]uint64{
		nil,
		{0},
		{last},
		{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20},
		{last - 40, last - 39, last - 38, last - 20, last - 1},
		{0, 5, 1 << 63, 1<<63 + 2, last},
	} {
		s := gramset.Of(text.NovelGram, grams)
		for _, near := range append([]uint64{0, 1 << 62, 1 << 63, last}, grams...) {
			for d := range uint64(5) {
				if g := near + d - 2; s.Has(g) != slices.Contains(grams, g) {
					t.Errorf("%x: has %x: %t", grams, g, s.Has(g))
				}
			}
		}
	}
}

func TestWhatIsNoSetIsRefused(t *testing.T) {
	good := file(t, gramset.Of(text.NovelGram, []uint64{1, 2, 3}))
	change := func(at int, b byte) []byte {
		c := bytes.Clone(good)
		c[at] = b
		return c
	}
	for name, b := range map[string][]byte{
		"nothing":               nil,
		"a part of a head":      good[:31],
		"another magic":         change(0, 'A'),
		"grams of four words":   change(19, 4),
		"something in the gap":  change(20, 1),
		"2^56 grams":            change(24, 1),
		"one gram more":         change(31, 4),
		"one gram less":         change(31, 2),
		"a gram twice":          change(47, 1),
		"a gram before another": change(55, 0),
		"bytes after it":        append(bytes.Clone(good), 0),
	} {
		if _, err := gramset.Read(bytes.NewReader(b)); !errors.Is(err, gramset.ErrFile) {
			t.Errorf("%s: got %v, want %v", name, err, gramset.ErrFile)
		}
	}
}

// FuzzRead: no file panics, and what is read is written the same.
func FuzzRead(f *testing.F) {
	f.Add(file(f, gramset.Of(text.OverlapGram, []uint64{7, 9, 1 << 63})))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := gramset.Read(bytes.NewReader(b))
		if err == nil && !bytes.Equal(file(t, s), b) {
			t.Fatal("written again it is another file")
		}
	})
}
