package gate_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol/task/synthetic/text"
	"github.com/assaynet/assay/scoring/synthetic/gate"
)

const one = 1 << 16

func TestRepetitionIsSeen(t *testing.T) {
	loop := strings.Fields(strings.Repeat("again and again ", 20))
	if got := gate.Distinct(loop); got != 3*one/58 {
		t.Errorf("a loop of three words: got %d, want %d", got, 3*one/58)
	}
	if got := gate.Commonest(loop); got != 40*one/60 {
		t.Errorf("a word of two in three: got %d, want %d", got, 40*one/60)
	}
	var list []string
	for i := range 60 {
		list = append(list, fmt.Sprint("w", i))
	}
	if d, c := gate.Distinct(list), gate.Commonest(list); d != one || c != one/60 {
		t.Errorf("sixty words: got %d and %d, want %d and %d", d, c, one, one/60)
	}
	if d, c := gate.Distinct(loop[:17]), gate.Commonest(loop[:31]); d != one || c != 0 {
		t.Errorf("few words: got %d and %d, want %d and 0", d, c, one)
	}
}

func TestSecretsAndPersonalDataAreSeen(t *testing.T) {
	for s, want := range map[string]string{
		"-----BEGIN RSA PRIVATE KEY-----":                                       "key",
		"key = AKIAABCDEFGHIJKLMNOP;":                                           "token",
		"ghp_" + strings.Repeat("a1", 18):                                       "token",
		"xoxb-123456789012":                                                     "token",
		"AIza" + strings.Repeat("x", 35):                                        "token",
		"use sk-" + strings.Repeat("a", 32):                                     "token",
		"eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.SflKxwRJSMeKKF2QT4":                  "token",
		"write to ann.lee@mail.acme.co.uk.":                                     "email",
		"call +44 20 7946 0958 now":                                             "phone",
		"pay to DE89 3704 0044 0532 0130 00":                                    "iban",
		"card 4111 1111 1111 1111.":                                             "card",
		"ssn 078-05-1120":                                                       "ssn",
		"write to ann@example.com, bob@a.example.org or c@d.test":               "",
		"pay to DE88 3704 0044 0532 0130 00":                                    "",
		"card 4111 1111 1111 1112, serial 0000000000000000":                     "",
		"call 12345, +12 and 2026-11-28; it is 1111-22-3333 or 078-05-11200":    "",
		"AKIAABCDEFGHIJKLMNOPQ and task-sk-" + strings.Repeat("a", 31):          "",
		"an ordinary sentence about 4 cats, 12 dogs and ISBN 978-3-16-148410-0": "",
	} {
		if got := gate.Private(s); got != want {
			t.Errorf("%q: got %q, want %q", s, got, want)
		}
	}
}

func TestNoveltyIsTheShareOfUnseen(t *testing.T) {
	for _, c := range [][3]int{{0, 0, 0}, {4, 0, one}, {4, 1, one * 3 / 4}, {3, 2, one / 3}, {3, 3, 0}} {
		if got := gate.Novelty(c[0], c[1]); got != uint32(c[2]) {
			t.Errorf("%d of %d seen: got %d, want %d", c[1], c[0], got, c[2])
		}
	}
}

// sentence returns n words of a vocabulary that differs by seed.
func sentence(seed, n int) []string {
	words := make([]string, n)
	for i := range words {
		words[i] = fmt.Sprintf("w%c%c", 'a'+(seed*7+i*i)%23, 'a'+(seed*3+i)%19)
	}
	return words
}

// TestSignaturesEstimateTheShareInCommon: of two texts of 200 grams of which
// 100 are the same, a third of all 300 is in common.
func TestSignaturesEstimateTheShareInCommon(t *testing.T) {
	var a, b []string
	for i := range 200 {
		a, b = append(a, fmt.Sprint("x", i)), append(b, fmt.Sprint("x", i+100))
	}
	s, u := gate.Sign(text.Grams(a, 1)), gate.Sign(text.Grams(b, 1))
	if got := s.Equal(&u); got < 25 || got > 50 {
		t.Errorf("%d of 112 positions are equal, want about 37", got)
	}
	if got := s.Equal(&s); got != gate.Positions {
		t.Errorf("%d positions are equal to themselves", got)
	}
	if s[0] != 0xcdd1 || s[111] != 0x5ab4 {
		t.Errorf("the signature begins with %#x and ends with %#x: the formula has changed", s[0], s[111])
	}
}

func TestDiversityCountsDifferentRecords(t *testing.T) {
	a, b := gate.Sign(text.Grams(sentence(1, 100), 5)), gate.Sign(text.Grams(sentence(2, 100), 5))
	if a.Equal(&b) != 0 {
		t.Fatal("the two are alike")
	}
	for name, c := range map[string]struct {
		list []gate.Signature
		want uint32
	}{
		"none":           {nil, one},
		"one":            {[]gate.Signature{a}, one},
		"two":            {[]gate.Signature{a, b}, one},
		"one twice":      {[]gate.Signature{a, a}, one / 2},
		"one of three":   {[]gate.Signature{a, a, a}, one / 3},
		"two and a copy": {[]gate.Signature{a, b, a}, 3 * one / 5},
	} {
		if got := gate.Diversity(c.list); got != c.want {
			t.Errorf("%s: got %d, want %d", name, got, c.want)
		}
	}
}

// TestACrowdGrowsToTheDiversityOfItsList: positions that differ by one bit, the
// highest or the lowest, are not equal.
func TestACrowdGrowsToTheDiversityOfItsList(t *testing.T) {
	a := gate.Sign(text.Grams(sentence(1, 100), 5))
	var c gate.Crowd
	var list []gate.Signature
	for i := range 40 {
		s := a
		for k := range 2 * i {
			s[k] ^= 1 << (15 * (k & 1))
		}
		list = append(list, s)
		sum := uint64(0)
		for j := range list {
			for k := range list {
				e := uint64(list[j].Equal(&list[k]))
				sum += e * e
			}
		}
		n := uint64(len(list))
		want := uint32(n * gate.Positions * gate.Positions * one / sum)
		if got := c.Add(&s); got != want || c.Len() != i+1 || gate.Diversity(list) != want {
			t.Fatalf("%d signatures: a crowd of %d has %d, its list %d, want %d", n, c.Len(), got, gate.Diversity(list), want)
		}
	}
	if c.Clear(); c.Len() != 0 || c.Add(&a) != one {
		t.Error("a crowd that was emptied is not empty")
	}
}

// TestACrowdOfManyIsComparedAsOneByOne: of three hundred signatures that have a
// position in common by chance, of some that are one, and of both in turn; and the
// same once more in memory that was used.
func TestACrowdOfManyIsComparedAsOneByOne(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 1))
	var c gate.Crowd
	for _, twins := range []int{0, 1, 2, 0} {
		c.Clear()
		var list []gate.Signature
		sum := uint64(0)
		for i := range 300 {
			var s gate.Signature
			for k := range s {
				s[k] = uint16(r.IntN(300))
			}
			if twins == 1 && i > 0 || twins == 2 && i%2 == 1 {
				s = list[0]
			}
			for k := range list {
				e := uint64(list[k].Equal(&s))
				sum += 2 * e * e
			}
			sum += gate.Positions * gate.Positions
			list = append(list, s)
			if got, want := c.Add(&s), uint32(uint64(i+1)*gate.Positions*gate.Positions*one/sum); got != want {
				t.Fatalf("%d signatures, twins %d: got %d, want %d", i+1, twins, got, want)
			}
		}
	}
}

// TestACrowdOfSomeAtATimeIsOneOfOneByOne: of one, of as many as are compared at
// once, of one more and of many; some are alike.
func TestACrowdOfSomeAtATimeIsOneOfOneByOne(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 2))
	var one, some gate.Crowd
	for _, n := range []int{1, 16, 17, 0, 100} {
		var list []*gate.Signature
		var want []uint32
		for range n {
			s := new(gate.Signature)
			for k := range s {
				s[k] = uint16(r.IntN(40))
			}
			list, want = append(list, s), append(want, one.Add(s))
		}
		if got := some.AddEach(nil, list...); !slices.Equal(got, want) || some.Len() != one.Len() {
			t.Fatalf("%d signatures: got %d of %d, want %d of %d", n, got, some.Len(), want, one.Len())
		}
	}
	if last := one.Add(new(gate.Signature)); last == 1<<16 {
		t.Error("none was like another")
	}
}

func BenchmarkSign(b *testing.B) {
	grams := text.Grams(sentence(1, 200), 5)
	for b.Loop() {
		gate.Sign(grams)
	}
}

// BenchmarkDiversity is of a whole window of records.
func BenchmarkDiversity(b *testing.B) {
	list := make([]gate.Signature, 1024)
	for i := range list {
		list[i] = gate.Sign(text.Grams(sentence(i, 20), 5))
	}
	for b.Loop() {
		gate.Diversity(list)
	}
}

// FuzzPrivate: no text makes the patterns panic.
func FuzzPrivate(f *testing.F) {
	f.Add("pay to DE89 3704 0044 0532 0130 00 or +44 20 7946 0958, ann@acme.co")
	f.Fuzz(func(_ *testing.T, s string) { gate.Private(s) })
}
