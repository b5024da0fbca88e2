package synthetic_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/assaynet/assay/scoring/synthetic"
)

// TestAGrammarWithWordsOfItsOwnIsNotPaid: eight slots of twelve clauses each, and
// one word in seven is another one, as it comes. More than half of the runs of five
// words are then new at any time; what is left of the skeleton gives it away.
func TestAGrammarWithWordsOfItsOwnIsNotPaid(t *testing.T) {
	const honest, grammar = 1, 2
	r := rand.New(rand.NewPCG(12, 1))
	var slots [8][12][]string
	for i := range slots {
		for k := range slots[i] {
			slots[i][k] = strings.Fields(write(r, 9))
		}
	}
	var records []synthetic.Record
	for range 300 {
		records = append(records, record(len(records), honest, write(r, 72)))
		var words []string
		for i := range slots {
			words = append(words, slots[i][r.IntN(12)]...)
		}
		for _, at := range r.Perm(len(words))[:len(words)/7] {
			words[at] = write(r, 1)
		}
		records = append(records, record(len(records), grammar, strings.Join(words, " ")))
	}
	list, total := judge(t, synthetic.Config{Specification: request(1000)}, records)
	got := earned(list)
	if got[honest] < 299*price || got[grammar] > got[honest]/10 {
		t.Errorf("the honest maker is paid %d, the grammar %d: %v", got[honest], got[grammar], total.Failed)
	}
	if total.Failed[synthetic.GateNovelty] < 270 {
		t.Errorf("what failed is %v", total.Failed)
	}
}

// TestASkeletonIsOfLongWords: what is between them changes nothing, and where there
// are few of them it says nothing.
func TestASkeletonIsOfLongWords(t *testing.T) {
	const page = "copper kettles boil water over small fires while tired monks grind green leaves into powder"
	const few = "a cat sat on the mat and it saw that big rat run from us to the den"
	between := strings.ReplaceAll(page, " ", " the ")
	other := strings.NewReplacer("water", "juice", "leaves", "stones").Replace(between)
	list, _ := judge(t, synthetic.Config{Specification: request(9)}, []synthetic.Record{
		record(1, 1, page), record(2, 2, between), record(3, 2, other), record(4, 3, few), record(5, 3, few),
	})
	for i, want := range []struct {
		novelty, skeleton uint32
		reason            synthetic.Gate
	}{
		{one, one, ""},
		{one, 0, synthetic.GateNovelty},
		{10 * one / 25, 6 * one / 13, synthetic.GateNovelty},
		{one, one, ""},
		{0, one, synthetic.GateAlike},
	} {
		if m := list[i]; m.Novelty != want.novelty || m.Skeleton != want.skeleton || m.Reason != want.reason {
			t.Errorf("record %d: novelty %d, skeleton %d, reason %q, want %+v", i, m.Novelty, m.Skeleton, m.Reason, want)
		}
	}
}

// TestWhatWasNotPaidIsKnown: a text whose first third is a copy is not paid, and
// its other two thirds are known from then on, as often as the request has places.
func TestWhatWasNotPaidIsKnown(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 1))
	page, rest, end := write(r, 20), write(r, 40), write(r, 20)
	half := strings.Join(strings.Fields(rest)[:20], " ")
	for places, want := range map[uint32]synthetic.Gate{1: synthetic.Full, 9: synthetic.GateNovelty} {
		list, _ := judge(t, synthetic.Config{Specification: request(places)}, []synthetic.Record{
			record(1, 1, page), record(2, 2, page+" "+end), record(3, 2, page+" "+rest), record(4, 3, half+" "+write(r, 20)),
		})
		if list[1].Reason != synthetic.GateNovelty || list[2].Reason != synthetic.GateNovelty {
			t.Errorf("%d places: a third copied is %q, half %q", places, list[2].Reason, list[1].Reason)
		}
		if list[3].Reason != want {
			t.Errorf("%d places: what nobody was paid for is %q, want %q: %+v", places, list[3].Reason, want, list[3])
		}
	}
}
