package synthetic_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring/synthetic"
)

// keeps puts a request with its records into a state.
func keeps(t *testing.T, tree *ledger.MemTree, id protocol.Hash, q *ledger.Request, records []ledger.Record) {
	t.Helper()
	if err := tree.Set(ledger.RequestKey(id), wire.Encode(q)); err != nil {
		t.Fatal(err)
	}
	for i := range records {
		if err := tree.Set(ledger.MadeRecordKey(id, records[i].Seal), wire.Encode(&records[i].MadeRecord)); err != nil {
			t.Fatal(err)
		}
	}
}

// own is the id of the request that is judged.
var own = protocol.Hash{5}

// TestWhatOneRequestPaidIsNotNewInTheNext: a maker sells a record, and with some
// words changed again to who asks later. Not so what is forgotten before its end,
// or was not paid.
func TestWhatOneRequestPaidIsNotNewInTheNext(t *testing.T) {
	p := params.Params{}
	p.Tasks.Retention, p.Schedule.Tempo = 10, 20
	r := rand.New(rand.NewPCG(1, 2))
	page, fresh := write(r, 60), write(r, 60)
	again := page + " " + write(r, 6)
	maker := protocol.PublicKey{2}
	q := &ledger.Request{Asked: *askedFor(`{"topic": "tea", "examples": ["` + page + `"]}`), Opened: 2}
	q.Asked.Deadline = 300 // opened until 320, settled by 360
	plain := &ledger.Request{Asked: *askedFor(`{"topic": "tea"}`), Opened: 2}
	plain.Asked.Deadline = 300
	records := []ledger.Record{
		{Seal: protocol.Hash{1}, MadeRecord: ledger.MadeRecord{Maker: maker, Height: 290, Text: again}},
		{Seal: protocol.Hash{2}, MadeRecord: ledger.MadeRecord{Maker: maker, Height: 291, Text: fresh}},
	}
	both := []wire.RecordPay{{Number: 0, Amount: price}, {Number: 1, Amount: price}}
	for name, c := range map[string]struct {
		ended protocol.Height
		paid  protocol.Amount
		spec  string
		text  string
		want  []wire.RecordPay
	}{
		"ended with the openings":    {320, 1, `{"topic": "tea"}`, page, both[1:]},
		"of another form":            {320, 1, `{"schema": {"type": "object"}}`, `{"tea": "` + page + `"}`, both[1:]},
		"kept to the end":            {161, 1, `{"topic": "tea"}`, page, both[1:]},
		"forgotten before":           {160, 1, `{"topic": "tea"}`, page, both},
		"not paid":                   {320, 0, `{"topic": "tea"}`, page, both},
		"of nothing that one judges": {320, 1, `{`, page, both},
	} {
		tree := &ledger.MemTree{}
		e := &ledger.Request{Asked: *askedFor(c.spec), Opened: 2, Ended: c.ended, Count: 1}
		keeps(t, tree, protocol.Hash{7}, e, []ledger.Record{
			{Seal: protocol.Hash{8}, MadeRecord: ledger.MadeRecord{Maker: maker, Text: c.text, Paid: c.paid}},
			{Seal: protocol.Hash{9}, MadeRecord: ledger.MadeRecord{Maker: maker, Text: fresh}},
		})
		before, err := synthetic.Before(&p, tree, own, plain)
		if err != nil {
			t.Fatal(err)
		}
		pays, err := synthetic.Settle(plain, records, protocol.Hash{1}, before, never)
		if err != nil || !slices.Equal(pays, c.want) {
			t.Errorf("%s: paid %v, %v, want %v", name, pays, err, c.want)
		}
		// An example that was paid before keeps nobody from being paid.
		if pays, err = synthetic.Settle(q, records, protocol.Hash{1}, before, never); err != nil || !slices.Equal(pays, both[1:]) {
			t.Errorf("%s, with an example: paid %v, %v", name, pays, err)
		}
	}
}

// TestOfTwoRequestsThatRunOnlyTheFirstIsSoldATwin: a maker seals a text for one
// request and nearly the same for another, and opens both before either has paid.
// The one whose deadline is sooner, or whose id is smaller, may pay it; to the
// other it is not new, whatever the first then does with it.
func TestOfTwoRequestsThatRunOnlyTheFirstIsSoldATwin(t *testing.T) {
	p := params.Params{}
	p.Tasks.Retention, p.Schedule.Tempo = 10, 20
	r := rand.New(rand.NewPCG(1, 4))
	page, fresh := write(r, 60), write(r, 60)
	q := &ledger.Request{Asked: *askedFor(`{"topic": "tea"}`), Opened: 2}
	q.Asked.Deadline = 300 // opened until 320
	records := []ledger.Record{
		{Seal: protocol.Hash{1}, MadeRecord: ledger.MadeRecord{Height: 290, Text: page + " " + write(r, 6)}},
		{Seal: protocol.Hash{2}, MadeRecord: ledger.MadeRecord{Height: 291, Text: fresh}},
	}
	both := []wire.RecordPay{{Number: 0, Amount: price}, {Number: 1, Amount: price}}
	for name, c := range map[string]struct {
		id              byte
		deadline, ended protocol.Height
		spec, text      string
		want            []wire.RecordPay
	}{
		"a sooner deadline":          {7, 299, 0, `{"topic": "tea"}`, page, both[1:]},
		"a smaller id":               {4, 300, 0, `{"topic": "tea"}`, page, both[1:]},
		"a greater id":               {6, 300, 0, `{"topic": "tea"}`, page, both},
		"a later deadline":           {4, 301, 0, `{"topic": "tea"}`, page, both},
		"sooner, and ended later":    {7, 299, 321, `{"topic": "tea"}`, page, both[1:]},
		"ended in time, paying none": {7, 270, 320, `{"topic": "tea"}`, page, both},
		"a program that was not run": {7, 299, 0, `{"schema": {"required": ["p"]}, "run": ["p"]}`, `{"p": "` + page + `"}`, both[1:]},
		"no record of its schema":    {7, 299, 0, `{"schema": {"required": ["q"]}}`, `{"p": "` + page + `"}`, both},
		"too short for a record":     {7, 299, 0, `{"topic": "tea"}`, page[:30], both},
		"nothing that one judges":    {7, 299, 0, `{`, page, both},
	} {
		tree := &ledger.MemTree{}
		e := &ledger.Request{Asked: *askedFor(c.spec), Opened: 1, Ended: c.ended}
		e.Asked.Deadline = c.deadline
		keeps(t, tree, protocol.Hash{c.id}, e, []ledger.Record{{Seal: protocol.Hash{8}, MadeRecord: ledger.MadeRecord{Text: c.text}}})
		keeps(t, tree, own, q, records)
		before, err := synthetic.Before(&p, tree, own, q)
		if err != nil {
			t.Fatal(err)
		}
		if pays, err := synthetic.Settle(q, records, protocol.Hash{1}, before, never); err != nil || !slices.Equal(pays, c.want) {
			t.Errorf("%s: paid %v, %v, want %v", name, pays, err, c.want)
		}
	}
}

// TestTheNewestOfEarlierTextsCount: of more than the bound the oldest is not
// looked at, and so is paid again.
func TestTheNewestOfEarlierTextsCount(t *testing.T) {
	p := params.Params{}
	p.Tasks.Retention, p.Schedule.Tempo = 10, 20
	r := rand.New(rand.NewPCG(1, 3))
	old, young := write(r, 60), write(r, 60)
	long := strings.Repeat("a", synthetic.MaxText)
	tree := &ledger.MemTree{}
	var many []ledger.Record
	for i := range synthetic.MaxBefore/synthetic.MaxText - 1 {
		many = append(many, ledger.Record{Seal: protocol.Hash{byte(i >> 8), byte(i), 1}, MadeRecord: ledger.MadeRecord{Text: long, Paid: 1}})
	}
	of := func(end protocol.Height) *ledger.Request {
		return &ledger.Request{Asked: *askedFor(`{}`), Ended: end, Count: 1}
	}
	paid := func(text string) []ledger.Record {
		return []ledger.Record{{MadeRecord: ledger.MadeRecord{Text: text, Paid: 1}}}
	}
	keeps(t, tree, protocol.Hash{1}, of(318), paid(old))
	keeps(t, tree, protocol.Hash{2}, of(319), append(many, ledger.Record{Seal: protocol.Hash{255}, MadeRecord: ledger.MadeRecord{Text: long[:synthetic.MaxText-len(young)], Paid: 1}}))
	keeps(t, tree, protocol.Hash{3}, of(320), paid(young))
	q := &ledger.Request{Asked: *askedFor(`{}`)}
	q.Asked.Deadline = 300
	before, err := synthetic.Before(&p, tree, own, q)
	if err != nil {
		t.Fatal(err)
	}
	records := []ledger.Record{{Seal: protocol.Hash{1}, MadeRecord: ledger.MadeRecord{Text: old}}, {Seal: protocol.Hash{2}, MadeRecord: ledger.MadeRecord{Text: young}}}
	pays, err := synthetic.Settle(q, records, protocol.Hash{1}, before, never)
	if want := []wire.RecordPay{{Number: 0, Amount: price}}; err != nil || !slices.Equal(pays, want) {
		t.Errorf("paid %v, %v, want %v", pays, err, want)
	}
}

// TestWhatRunsBesidePushesNothingPaidOut: of two requests that run the one with the
// later deadline is looked at first, up to a bound of its own.
func TestWhatRunsBesidePushesNothingPaidOut(t *testing.T) {
	p := params.Params{}
	p.Tasks.Retention, p.Schedule.Tempo = 10, 20
	r := rand.New(rand.NewPCG(1, 5))
	old, sold := write(r, 60), write(r, 60)
	tree := &ledger.MemTree{}
	var many []ledger.Record
	for i := range synthetic.MaxBeside / synthetic.MaxText {
		many = append(many, ledger.Record{Seal: protocol.Hash{byte(i >> 8), byte(i), 1}, MadeRecord: ledger.MadeRecord{Text: strings.Repeat("a", synthetic.MaxText)}})
	}
	runs := func(deadline protocol.Height) *ledger.Request {
		q := &ledger.Request{Asked: *askedFor(`{}`), Opened: 1}
		q.Asked.Deadline = deadline
		return q
	}
	keeps(t, tree, protocol.Hash{1}, &ledger.Request{Asked: *askedFor(`{}`), Ended: 310, Count: 1}, []ledger.Record{{MadeRecord: ledger.MadeRecord{Text: old, Paid: 1}}})
	keeps(t, tree, protocol.Hash{2}, runs(298), []ledger.Record{{MadeRecord: ledger.MadeRecord{Text: sold}}})
	q := runs(300)
	records := []ledger.Record{
		{Seal: protocol.Hash{1}, MadeRecord: ledger.MadeRecord{Text: old}},
		{Seal: protocol.Hash{2}, MadeRecord: ledger.MadeRecord{Text: sold}},
	}
	sees := func() []wire.RecordPay {
		before, err := synthetic.Before(&p, tree, own, q)
		if err != nil {
			t.Fatal(err)
		}
		pays, err := synthetic.Settle(q, records, protocol.Hash{1}, before, never)
		if err != nil {
			t.Fatal(err)
		}
		return pays
	}
	if pays := sees(); len(pays) != 0 {
		t.Errorf("paid %v of what both others have", pays)
	}
	keeps(t, tree, protocol.Hash{3}, runs(299), many)
	if pays, want := sees(), []wire.RecordPay{{Number: 1, Amount: price}}; !slices.Equal(pays, want) {
		t.Errorf("paid %v beside eight mebibytes, want %v", pays, want)
	}
}
