package synthetic_test

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/task/synthetic/text"
	"github.com/assaynet/assay/scoring/synthetic"
	"github.com/assaynet/assay/scoring/synthetic/gate"
	"github.com/assaynet/assay/scoring/synthetic/gramset"
	"github.com/assaynet/assay/scoring/synthetic/index"
)

// TestAMemoChangesNoJudgement: what is judged with what was remembered of half of
// the texts is what is judged without: in a first request, in another in which the
// texts come in another order and as copies, and with what was there before it.
func TestAMemoChangesNoJudgement(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 5))
	var texts []string
	for i := range 40 {
		texts = append(texts, write(r, 30+i))
		if i%5 == 4 {
			texts[i] = texts[i-1] // a twin
		}
		if i%9 == 8 {
			texts[i] = "too short"
		}
	}
	known := gramset.Of(text.NovelGram, text.Novel(text.Words(texts[6])))
	memo := synthetic.NewMemo(texts[:10], texts[20:30])
	for round := range 4 {
		var records []synthetic.Record
		for i := range texts {
			records = append(records, record(i, uint32(i%3), texts[(i*7+round)%len(texts)]))
		}
		c := synthetic.Config{Specification: request(30), Sets: []*gramset.Set{known}}
		c.Specification.Sets = []protocol.Hash{known.Name()}
		if round == 2 {
			var before index.Memory
			grams := text.Novel(text.Words(texts[3]))
			sign := gate.Sign(grams)
			before.Add(grams, &sign)
			c.Window = index.Fixed{Memory: &before}
		}
		want, all := judge(t, c, records)
		c.Memo = memo
		got, total := judge(t, c, records)
		if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(total, all) || all.Accepted == 0 || all.Accepted == len(texts) {
			t.Errorf("round %d: got %+v, want %+v", round, total, all)
		}
	}
}
