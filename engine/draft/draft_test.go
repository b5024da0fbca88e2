package draft_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/assaynet/assay/engine/draft"
)

func TestWhatWasQuotedIsForeseen(t *testing.T) {
	l := draft.New([]int32{1, 2, 3, 4, 5, 6, 7, 8, 9})
	if tokens, _ := l.Guess(4); tokens != nil {
		t.Errorf("nothing stood there before, but %v", tokens)
	}
	l.Add(2)
	if tokens, _ := l.Guess(4); tokens != nil {
		t.Errorf("one token is no source, but %v", tokens)
	}
	l.Add(3)
	for _, want := range [][]int32{{4, 5, 6, 7}, {5, 6, 7, 8}, {6, 7, 8, 9}, {7, 8, 9, 2}, {8, 9, 2, 3}} {
		tokens, likely := l.Guess(4)
		if !slices.Equal(tokens, want) || !slices.IsSortedFunc(likely, func(a, b float64) int { return int(b*1e6) - int(a*1e6) }) {
			t.Errorf("got %v with %v, want %v", tokens, likely, want)
		}
		l.Add(want[0])
	}
}

func TestARepeatedTextGoesOnForEver(t *testing.T) {
	l := draft.New([]int32{5, 6, 7, 5, 6, 7, 5})
	if tokens, _ := l.Guess(8); !slices.Equal(tokens, []int32{6, 7, 5, 6, 7, 5, 6, 7}) {
		t.Errorf("got %v", tokens)
	}
}

func TestTheLongestSourceIsTakenAndOfEqualsTheLatest(t *testing.T) {
	long := []int32{10, 1, 2, 3, 77, 20, 1, 2, 3, 88, 30, 2, 3, 99}
	for last, want := range map[int32]int32{10: 77, 20: 88, 40: 88, 30: 99} {
		l := draft.New(append(slices.Clone(long), last))
		if last != 30 {
			l.Add(1)
		}
		l.Add(2)
		l.Add(3)
		if tokens, _ := l.Guess(1); !slices.Equal(tokens, []int32{want}) {
			t.Errorf("after %d, 1, 2, 3: got %v, want %d", last, tokens, want)
		}
	}
}

// TestAReplacedWordDoesNotEndASource: behind a token that was replaced the text
// goes on as before.
func TestAReplacedWordDoesNotEndASource(t *testing.T) {
	text := []int32{}
	for i := range int32(40) {
		text = append(text, 100+i)
	}
	l := draft.New(append(slices.Clone(text), 1))
	for _, id := range text[:15] {
		l.Add(id)
	}
	l.Add(2) // in place of text[15]
	if tokens, _ := l.Guess(3); !slices.Equal(tokens, text[16:19]) {
		t.Errorf("got %v, want %v", tokens, text[16:19])
	}
}

// TestWhatIsLikelyIsCounted: guesses of a text that agrees with itself become
// likelier, those of one that does not less likely.
func TestWhatIsLikelyIsCounted(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	good, bad := draft.New(nil), draft.New(nil)
	for i := range int32(300) {
		good.Add(i % 25)
		if bad.Add(i % 2); i%2 == 1 {
			bad.Add(int32(10 + r.IntN(1000)))
		}
	}
	bad.Add(0)
	bad.Add(1)
	_, likely := good.Guess(8)
	if len(likely) != 8 || likely[7] < 0.8 {
		t.Errorf("a text that repeats itself: %v", likely)
	}
	if _, likely := bad.Guess(1); len(likely) != 1 || likely[0] > 0.1 {
		t.Errorf("one that never does: %v", likely)
	}
}

// TestGuessesComeFromTheSequence holds a Lookup to its bounds on random texts of
// few words, which have sources everywhere.
func TestGuessesComeFromTheSequence(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 3))
		words := 1 + r.IntN(6)
		var all []int32
		l := draft.New(nil)
		for range 300 {
			most := r.IntN(20)
			tokens, likely := l.Guess(most)
			if len(tokens) > most || len(tokens) != len(likely) {
				t.Fatalf("seed %d: %d guesses with %d probabilities, at most %d", seed, len(tokens), len(likely), most)
			}
			last := 1.0
			for i, id := range tokens {
				if !slices.Contains(all, id) || !(likely[i] > 0 && likely[i] <= last) {
					t.Fatalf("seed %d: guess %d of %d is %d with %v", seed, i, len(tokens), id, likely)
				}
				last = likely[i]
			}
			id := int32(r.IntN(words))
			l.Add(id)
			all = append(all, id)
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	text := make([]int32, 8192)
	for i := range text {
		text[i] = int32(r.IntN(300))
	}
	l := draft.New(text)
	for i := 0; b.Loop(); i++ {
		l.Add(text[i*7919%len(text)])
		l.Guess(15)
	}
}
