package gate

import (
	"math/rand/v2"
	"testing"
)

// TestVectorsGiveTheBitsOfLoops: signatures of all numbers of grams up to a hundred
// and of the extreme ones, and where the first of a list lies that shares a
// position, whichever position that is.
func TestVectorsGiveTheBitsOfLoops(t *testing.T) {
	if !vectors {
		if got := (&lanes{1}).sharing([]lanes{{2}}); got != 0 { // all others are zero
			t.Fatalf("got %d, want 0", got)
		}
		return
	}
	r := rand.New(rand.NewPCG(7, 7))
	grams := []uint64{0, ^uint64(0), 1 << 63, 1<<63 - 1, 1 << 32, 1<<32 - 1}
	for i := range grams {
		if got, want := Sign(grams[i:i+1]), plainSign(grams[i:i+1]); got != want {
			t.Fatalf("gram %#x: got %v, want %v", grams[i], got, want)
		}
	}
	for len(grams) < 100 {
		grams = append(grams, r.Uint64())
		if got, want := Sign(grams), plainSign(grams); got != want {
			t.Fatalf("%d grams: got %v, want %v", len(grams), got, want)
		}
	}
	var zero lanes
	for at := range Positions {
		list := make([]lanes, 1+r.IntN(5))
		for i := range list {
			for k := range list[i] {
				list[i][k] = r.Uint64() | 0x0001_0001_0001_0001
			}
		}
		place := r.IntN(len(list))
		list[place][at/4] &^= 0xffff << (at % 4 * 16)
		if got, plain := zero.sharing(list), zero.plainSharing(list); got != place || plain != place {
			t.Fatalf("position %d of %d of %d: got %d with vectors, %d without", at, place, len(list), got, plain)
		}
		list[place][at/4] |= 0x8000 << (at % 4 * 16)
		if got, plain := zero.sharing(list), zero.plainSharing(list); got != len(list) || plain != len(list) {
			t.Fatalf("nothing shared of %d: got %d with vectors, %d without", len(list), got, plain)
		}
	}
}
