package preference_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/assaynet/assay/scoring/preference"
)

// FuzzScore makes pairs of bytes, five a pair, and scores them in both orders:
// no panic, one result, and nothing out of its range.
func FuzzScore(f *testing.F) {
	f.Add([]byte("preference is what is left when all that is cheap is taken away"))
	f.Add([]byte{0, 0, 0, 0, 0, 255, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, raw []byte) {
		var pairs []preference.Pair
		for chunk := range slices.Chunk(raw, 5) {
			p := preference.Pair{ID: string(rune('a' + len(pairs))), Setter: "s"}
			for len(chunk) < 5 {
				chunk = append(chunk, 0)
			}
			p.Epoch, p.Cell = uint64(chunk[0]>>6), chunk[0]&1
			p.Length, p.Z, p.Gold = int8(chunk[1]%3)-1, int8(chunk[1]/3%3)-1, preference.Choice(chunk[1]/9%3)-1
			p.Setter = string(rune('a' + chunk[0]>>1&3))
			for i, c := range chunk[2:] {
				p.Answers = append(p.Answers, preference.Answer{Rater: string(rune('a'+i)) + string(rune('a'+c>>4)), Choice: preference.Choice(c%4) - 1})
			}
			pairs = append(pairs, p)
		}
		forth := newBook(t, pairs...)
		want := score(t, forth)
		slices.Reverse(pairs)
		if got := score(t, newBook(t, pairs...)); !reflect.DeepEqual(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
		for _, r := range want {
			if r.Gate > one || r.W > one || r.Voice < one || r.Done > uint64(len(pairs))*one || r.Q > 22938 || r.Pay > r.Done {
				t.Errorf("out of range: %+v", r)
			}
		}
		if err := newBook(t).Restore(forth.Carry()); err != nil {
			t.Error(err)
		}
	})
}
