package synthetic_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/task/synthetic/text"
	"github.com/assaynet/assay/scoring/synthetic"
	"github.com/assaynet/assay/scoring/synthetic/gate"
	"github.com/assaynet/assay/scoring/synthetic/gramset"
	"github.com/assaynet/assay/scoring/synthetic/index"
)

// bulk judges records through files of hardly any memory, and tells of those that a
// window is to remember.
func bulk(t testing.TB, c synthetic.Config, records []synthetic.Record, remember func(synthetic.Record, *index.Entry)) (list []synthetic.Judgement, total synthetic.Total) {
	t.Helper()
	b, err := synthetic.NewBulk(c, t.TempDir(), 1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range records {
		if err := b.Judge(&records[i]); err != nil {
			t.Fatal(err)
		}
	}
	total, err = b.Finish(t.Context(), func(m *synthetic.Judgement) error {
		list = append(list, *m)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range records {
		e, err := b.Remember(&records[i])
		if err != nil {
			t.Fatal(err)
		}
		if (e != nil) != (list[i].Reason == "") {
			t.Fatalf("record %d is remembered: %v, and not paid for %q", i, e != nil, list[i].Reason)
		}
		if e != nil {
			remember(records[i], e)
		}
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	return list, total
}

// TestBulkSaysWhatMemorySays: records of few sentences, so that what is new
// hangs on which of those before were paid; with examples, a named set, a
// window, equal records, and more makers than one.
func TestBulkSaysWhatMemorySays(t *testing.T) {
	reasons := map[synthetic.Gate]int{}
	for seed := range uint64(4) {
		r := rand.New(rand.NewPCG(seed, 9))
		sentences := make([]string, 500)
		for i := range sentences {
			sentences[i] = strings.TrimSuffix(write(r, 5+r.IntN(8)), ".")
		}
		page := func() string {
			var b []string
			for range 3 + r.IntN(6) {
				b = append(b, sentences[r.IntN(len(sentences))])
			}
			return strings.Join(b, " ")
		}
		var records []synthetic.Record
		for i := range 400 {
			text := page()
			switch {
			case i > 0 && r.IntN(8) == 0:
				text = records[r.IntN(i)].Text + " " + write(r, r.IntN(4))
			case r.IntN(8) == 0:
				text = write(r, 40)
			}
			records = append(records, record(i, uint32(r.IntN(3)), text))
		}
		known := gramset.Of(text.NovelGram, text.Novel(text.Words(strings.Join(sentences[:100], " "))))
		var window index.Memory
		for range 20 {
			grams := text.Novel(text.Words(page()))
			sign := gate.Sign(grams)
			window.Add(grams, &sign)
		}
		spec := request(150)
		spec.Sets, spec.Examples = []protocol.Hash{known.Name()}, []string{write(r, 30), page() + " " + write(r, 60)}
		_, total := judge(t, synthetic.Config{Specification: spec, Sets: []*gramset.Set{known}, Window: index.Fixed{Memory: &window}}, records)
		for g, n := range total.Failed {
			reasons[g] += n
		}
		reasons[""] += total.Accepted
	}
	if reasons[""] < 100 || reasons[synthetic.GateNovelty] < 100 || reasons[synthetic.GateAlike] < 20 {
		t.Errorf("the records show too little: %v", reasons)
	}
}
