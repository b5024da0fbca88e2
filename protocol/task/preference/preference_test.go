package preference_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task/preference"
	"github.com/assaynet/assay/protocol/task/preference/pair"
	"github.com/assaynet/assay/protocol/wire"
)

// raters returns seats by the letters of their owners.
func raters(owners string) (out []preference.Rater) {
	for i, o := range []byte(owners) {
		out = append(out, preference.Rater{ID: protocol.SeatID{UID: protocol.UID(i)}, Coldkey: protocol.PublicKey{o}})
	}
	return out
}

func sets(owners string) (out []preference.Set) {
	for i, o := range []byte(owners) {
		out = append(out, preference.Set{Setter: protocol.SeatID{UID: protocol.UID(100 + i)}, Coldkey: protocol.PublicKey{o}})
	}
	return out
}

func deal(pairs, ratings uint32, setters, owners string) *preference.Table {
	p := params.Local().Preference
	p.Pairs, p.Ratings = pairs, ratings
	return preference.Deal(&p, wire.HashOf("seed"), sets(setters), raters(owners))
}

func loads(d *preference.Table) (out []int) {
	for _, s := range d.Seats {
		out = append(out, len(s))
	}
	return out
}

// The demo's numbers: eighty pairs of four setters, five raters each, of eight.
func TestPairsAreDealtEvenly(t *testing.T) {
	d := deal(20, 100, "wxyz", "abcdefgh")
	if got := loads(d); !slices.Equal(got, []int{50, 50, 50, 50, 50, 50, 50, 50}) {
		t.Errorf("loads are %v", got)
	}
	met, swapped := map[[2]int]int{}, 0
	for i := range d.Pairs {
		for k, dealt := range d.Pairs[i] {
			if len(dealt) != 5 {
				t.Fatalf("pair %d of set %d was dealt to %d", k, i, len(dealt))
			}
			for a, x := range dealt {
				if got := d.Seats[x.Rater][x.Place]; got != (preference.Asked{Set: i, Pair: k, Swapped: x.Swapped}) {
					t.Errorf("rater %d has %+v in place %d", x.Rater, got, x.Place)
				}
				if x.Swapped {
					swapped++
				}
				for _, y := range dealt[:a] {
					met[[2]int{min(x.Rater, y.Rater), max(x.Rater, y.Rater)}]++
				}
			}
		}
	}
	if len(met) != 28 {
		t.Errorf("%d of 28 twos meet", len(met))
	}
	if swapped < 170 || swapped > 230 {
		t.Errorf("%d of 400 are shown the other way round", swapped)
	}
}

func TestOwnersAreAskedEquallyHoweverManySeatsTheyHave(t *testing.T) {
	d := deal(20, 100, "wxyz", "aaaabcdefgh")
	if got := loads(d); !slices.Equal(got, []int{13, 13, 12, 12, 50, 50, 50, 50, 50, 50, 50}) {
		t.Errorf("loads are %v", got)
	}
	for i := range d.Pairs {
		for _, dealt := range d.Pairs[i] {
			if n := len(slices.DeleteFunc(slices.Clone(dealt), func(x preference.Dealt) bool { return x.Rater > 3 })); n > 1 {
				t.Fatalf("one owner rates a pair %d times", n)
			}
		}
	}
}

func TestNobodyRatesHisOwnPairs(t *testing.T) {
	d := deal(20, 100, "ab", "abcdefg")
	for i, own := range []int{0, 1} {
		for _, dealt := range d.Pairs[i] {
			if len(dealt) != 5 || slices.ContainsFunc(dealt, func(x preference.Dealt) bool { return x.Rater == own }) {
				t.Fatalf("pairs of %d went to %+v", own, dealt)
			}
		}
	}
}

func TestWhatTooFewCouldRateIsGivenToNobody(t *testing.T) {
	for _, c := range []struct {
		setters, owners string
		raters          int
	}{
		{"w", "ab", 0}, {"w", "aabb", 0}, {"w", "abc", 3}, {"a", "abc", 0}, {"a", "abcd", 3}, {"w", "", 0},
	} {
		d := deal(4, 100, c.setters, c.owners)
		for _, dealt := range d.Pairs[0] {
			if len(dealt) != c.raters {
				t.Errorf("set by %s, rated by %s: dealt to %d, want %d", c.setters, c.owners, len(dealt), c.raters)
			}
		}
	}
}

func TestNoSeatIsAskedMoreThanAPersonCanDo(t *testing.T) {
	d := deal(20, 30, "wxyz", "abcdef")
	for i, n := range loads(d) {
		if n > 30 || n < 28 {
			t.Errorf("seat %d is asked %d times", i, n)
		}
	}
}

func TestASeedDecidesTheDeal(t *testing.T) {
	p := params.Local().Preference
	one := preference.Deal(&p, wire.HashOf("one"), sets("wxyz"), raters("abcdefgh"))
	again := preference.Deal(&p, wire.HashOf("one"), sets("wxyz"), raters("abcdefgh"))
	two := preference.Deal(&p, wire.HashOf("two"), sets("wxyz"), raters("abcdefgh"))
	if fmt.Sprint(one) != fmt.Sprint(again) || fmt.Sprint(one) == fmt.Sprint(two) {
		t.Error("the deal is not a function of its seed")
	}
}

func TestRatingsArePackedFourBitsEach(t *testing.T) {
	packed := preference.Pack([]uint8{1, 5, 3})
	if !slices.Equal(packed, []byte{0x15, 0x30}) {
		t.Fatalf("got %x", packed)
	}
	if got, ok := preference.Unpack(packed, 3); !ok || !slices.Equal(got, []uint8{1, 5, 3}) {
		t.Errorf("got %v, %v", got, ok)
	}
	for name, c := range map[string]struct {
		answer []byte
		pairs  int
	}{
		"one too few": {packed, 5}, "one too many": {packed, 2}, "a sixth key": {[]byte{0x60}, 1},
		"something in the bits that are left": {[]byte{0x13}, 1}, "none": {nil, 0},
	} {
		if got, ok := preference.Unpack(c.answer, c.pairs); ok {
			t.Errorf("%s: %x of %d pairs is read as %v", name, c.answer, c.pairs, got)
		}
	}
}

func TestASideIsThatOfThePairHoweverItWasShown(t *testing.T) {
	for rating, want := range []int8{0, -1, -1, 0, 1, 1} {
		side, said := preference.Side(uint8(rating), false)
		swapped, _ := preference.Side(uint8(rating), true)
		if side != want || swapped != -want || said != (rating != 0) {
			t.Errorf("rating %d: %d, swapped %d, %v", rating, side, swapped, said)
		}
	}
	if _, said := preference.Side(6, false); said {
		t.Error("a sixth key says something")
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add([]byte{0x15, 0x30}, 3)
	f.Add([]byte{0xff}, 1)
	f.Fuzz(func(t *testing.T, answer []byte, pairs int) {
		ratings, ok := preference.Unpack(answer, pairs)
		if ok && !slices.Equal(preference.Pack(ratings), answer) {
			t.Errorf("%x of %d pairs is %v", answer, pairs, ratings)
		}
	})
}

// wrong is a model that is right about every second question.
type wrong struct{ err error }

func (w wrong) Continue(_ context.Context, asks []pair.Answer) ([]string, error) {
	out := make([]string, len(asks))
	for i := range out {
		out[i] = " 7."
	}
	return out, w.err
}

func (w wrong) Choose(_ context.Context, pairs []pair.Pair) ([]int8, error) {
	out := make([]int8, len(pairs))
	for i := range out {
		out[i] = pairs[i].Longer()
	}
	return out, w.err
}

func (w wrong) Expect(_ context.Context, pairs []pair.Pair) ([]pair.Expected, error) {
	return make([]pair.Expected, len(pairs)), w.err
}

func TestASetThatItsLinkDoesNotMakeIsShownToBeALie(t *testing.T) {
	seed, link := wire.HashOf("seed"), wire.HashOf("link")
	id := protocol.SeatID{UID: 3}
	m, err := preference.Make(t.Context(), 4, id, link, seed, 12, wrong{})
	if err != nil {
		t.Fatal(err)
	}
	honest := preference.Set{Setter: id, Root: m.Pairs.Root(), Link: link, Origins: m.Origins}
	if err := preference.CheckSet(t.Context(), 4, &honest, seed, wrong{}); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(s *preference.Set){
		"another link":    func(s *preference.Set) { s.Link = wire.HashOf("other") },
		"other pairs":     func(s *preference.Set) { s.Root[0]++ },
		"another gold":    func(s *preference.Set) { s.Origins[5] = (s.Origins[5] + 1) % 27 },
		"an origin fewer": func(s *preference.Set) { s.Origins = s.Origins[:11] },
	} {
		s := honest
		s.Origins = slices.Clone(honest.Origins)
		change(&s)
		if err := preference.CheckSet(t.Context(), 4, &s, seed, wrong{}); !errors.Is(err, preference.ErrFalseSet) {
			t.Errorf("%s: got %v, want %v", name, err, preference.ErrFalseSet)
		}
	}
	if err := preference.CheckSet(t.Context(), 4, &honest, wire.HashOf("another beacon"), wrong{}); !errors.Is(err, preference.ErrFalseSet) {
		t.Errorf("of another beacon: got %v", err)
	}
	failed := errors.New("the model is closed")
	if err := preference.CheckSet(t.Context(), 4, &honest, seed, wrong{failed}); !errors.Is(err, failed) || errors.Is(err, preference.ErrFalseSet) {
		t.Errorf("a model that fails says that the setter lies: %v", err)
	}
}
