package simtest_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/protocoltest"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring/synthetic/sandbox"
	"github.com/assaynet/assay/validator/requests"
)

type requestNode struct{ *requests.Judge }

func (requestNode) Work(context.Context) error                    { return nil }
func (requestNode) Message(context.Context, string, []byte) error { return nil }

const wanted = `{"topic": "facts about tea", "schema": {"type": "object", "required": ["fact"], "additionalProperties": false,
	"properties": {"fact": {"type": "string", "minLength": 20}}}, "examples": ["{\"fact\": \"Tea was first grown in the south of China, and monks drank it to stay awake.\"}"]}`

// The facts that makers seal, by name. Each maker seals in a block of its own but
// for tom and tim, who say the same in one block.
var facts = []struct{ maker, text string }{
	{"ann", `{"fact": "A kettle that whistles does so because steam leaves through two small holes in its lid."}`},
	{"abe", `{"fact": "A kettle that whistles does so because steam leaves through two small holes in its lid."}`}, // a copy
	{"max", `{"tea": "is nice, and this is no record of what was asked for, whatever it says"}`},
	{"tom", `{"fact": "In Kenya a worker plucks some thirty kilograms of leaves between breakfast and evening."}`},
	{"tim", `{"fact": "In Kenya a worker plucks some thirty kilograms of leaves between breakfast and evening."}`},
}

// Ruth wants three facts at two tokens each. What was first is paid, of two who say
// the same in one block one by lot; copies and nonsense are not, nor is what is
// left, which returns. Of the judges one says that Max is to be paid.
func TestARequestIsPaidByTheGatesAlone(t *testing.T) {
	t.Parallel()
	s := network(t)
	s.judgeRequests(func(name string, b *wire.SealFinding) {
		if name == "vincent" {
			b.Seal = s.lie(b.Request).Seal(protocoltest.Named(name).PublicKey())
		}
	})
	ruth := protocoltest.Cold("ruth")
	s.give("ruth", "ann", "abe", "max", "tom", "tim")
	ask := &wire.Request{Specification: wanted, Count: 4, Price: 2 * protocol.Unit, Maximum: 8 * protocol.Unit, Deadline: s.Height() + 15}
	s.tx(ruth, ask)
	s.block()
	id := ledger.RequestID(ruth.PublicKey(), s.Height(), ask)
	records := map[string]*wire.OpenRecord{}
	for i, f := range facts {
		records[f.maker] = &wire.OpenRecord{Request: id, Salt: [32]byte{byte(i)}, Text: f.text}
		seal := records[f.maker].Seal(protocoltest.Cold(f.maker).PublicKey())
		s.tx(protocoltest.Cold(f.maker), &wire.SealRecords{Request: id, Seals: []protocol.Hash{seal}})
		if f.maker != "tom" {
			s.block()
		}
	}
	s.until(ask.Deadline)
	for name, r := range records {
		s.tx(protocoltest.Cold(name), r)
	}
	before := map[string]protocol.Amount{}
	s.until(ask.Deadline + 2*protocol.Height(s.Params().Schedule.Tempo))
	for _, name := range judges {
		before[name] = s.balance(name)
	}
	s.tx(protocoltest.Named("vincent"), s.lie(id)) // by hand: his program opens no other finding than its own
	s.until(s.Height() + 4)
	r, ok, err := ledger.ReadRequest(s.State(), id)
	if err != nil || !ok || r.Ended == 0 || r.Count != 2 || r.Opened != 5 {
		t.Fatalf("the request came to %+v, %v, %v", r, ok, err)
	}
	paid := map[string]protocol.Amount{}
	list, err := ledger.ReadRecords(s.State(), id)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range list {
		i := slices.IndexFunc(facts, func(f struct{ maker, text string }) bool {
			return protocoltest.Cold(f.maker).PublicKey() == k.Maker
		})
		paid[facts[i].maker] = k.Paid
	}
	if paid["ann"] != ask.Price || paid["abe"] != 0 || paid["max"] != 0 || paid["tom"]+paid["tim"] != ask.Price {
		t.Errorf("paid were %v", paid)
	}
	burned, fee := ledger.RequestCost(s.Params(), ask.Maximum)
	if got := s.balance("ruth"); got != 10*protocol.Unit-2*ask.Price-burned-r.Judged-ledger.LeastFee(&s.Params().Fees, s.ChainID(), ask) {
		t.Errorf("Ruth has %s", got)
	}
	// The three judges who agreed share what judging is paid; the fourth has nothing.
	if r.Judged != 3*(fee/3) {
		t.Errorf("judging was paid %s of %s", r.Judged, fee)
	}
	for _, name := range judges {
		want := before[name] + fee/3
		if name == "vincent" {
			want = before[name]
		}
		if got := s.balance(name); got != want {
			t.Errorf("%s had %s and has %s", name, before[name], got)
		}
	}
	// It is no work of a seat: no maker has one, and the others were paid as ever.
	s.play(6)
	s.minedNothing()
}

// judgeRequests has all judges judge requests; change sees each seal before it is
// sent.
func (s *stage) judgeRequests(change func(name string, b *wire.SealFinding)) {
	s.Helper()
	box, err := sandbox.New(s.Context(), sandbox.Compiler, sandbox.Fuel)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = box.Close(context.Background()) })
	for _, name := range judges {
		port := s.Port(name)
		s.Attach(name+"'s requests", port, requestNode{requests.New(requests.Config{
			Params: s.Params(), Hotkey: protocoltest.Named(name).PublicKey(), Salt: [32]byte{byte(len(name))}, Ledger: port, Run: box.Passes, Logger: zerolog.Nop(),
			Submit: func(ctx context.Context, body wire.Body) error {
				if b, ok := body.(*wire.SealFinding); ok {
					change(name, b)
				}
				return port.Submit(ctx, body)
			},
		})})
	}
}

// give has the first judge give ten tokens to each of these.
func (s *stage) give(names ...string) {
	s.Helper()
	for _, name := range names {
		s.tx(protocoltest.Cold(judges[0]), &wire.Transfer{To: protocoltest.Cold(name).PublicKey(), Amount: 10 * protocol.Unit})
		s.block()
	}
}

// Ruth and Rolf ask for facts at the same time, Ruth until a block earlier. Ann
// sells a fact to Ruth, and the same with two words more to Rolf, before either of
// them has paid; to Rolf she sells another one as well. Max, who has no fact, opens
// in Ruth's request what is no record: it takes nothing from what Rolf pays.
func TestOneRecordIsNotSoldToTwoRequestsThatRun(t *testing.T) {
	t.Parallel()
	s := network(t)
	s.judgeRequests(func(string, *wire.SealFinding) {})
	s.give("ruth", "rolf", "ann", "max")
	ask := func(name string, deadline protocol.Height) (protocol.Hash, *wire.Request) {
		b := &wire.Request{Specification: wanted, Count: 4, Price: protocol.Unit, Maximum: 4 * protocol.Unit, Deadline: deadline}
		s.tx(protocoltest.Cold(name), b)
		s.block()
		return ledger.RequestID(protocoltest.Cold(name).PublicKey(), s.Height(), b), b
	}
	until := s.Height() + 15
	first, _ := ask("ruth", until)
	second, asked := ask("rolf", until+1)
	twin := strings.Replace(facts[0].text, "whistles", "whistles at night", 1)
	sealed := []struct {
		maker string
		b     *wire.OpenRecord
		paid  protocol.Amount
	}{
		{"ann", &wire.OpenRecord{Request: first, Text: facts[0].text}, asked.Price},
		{"max", &wire.OpenRecord{Request: first, Text: strings.Replace(facts[3].text, "fact", "tale", 1)}, 0},
		{"ann", &wire.OpenRecord{Request: second, Text: twin}, 0},
		{"ann", &wire.OpenRecord{Request: second, Text: facts[3].text}, asked.Price},
	}
	for _, k := range sealed {
		s.tx(protocoltest.Cold(k.maker), &wire.SealRecords{Request: k.b.Request, Seals: []protocol.Hash{k.b.Seal(protocoltest.Cold(k.maker).PublicKey())}})
		s.block()
	}
	s.until(until + 1)
	for _, k := range sealed {
		s.tx(protocoltest.Cold(k.maker), k.b)
	}
	s.until(until + 2 + 3*protocol.Height(s.Params().Schedule.Tempo))
	paid := map[string]protocol.Amount{}
	for _, id := range []protocol.Hash{first, second} {
		r, ok, err := ledger.ReadRequest(s.State(), id)
		if err != nil || !ok || r.Ended == 0 || r.Count != 1 || r.Opened != 2 {
			t.Fatalf("a request came to %+v, %v, %v", r, ok, err)
		}
		list, err := ledger.ReadRecords(s.State(), id)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range list {
			paid[k.Text] = k.Paid
		}
	}
	for _, k := range sealed {
		if paid[k.b.Text] != k.paid {
			t.Errorf("%s has %s for %s, want %s", k.maker, paid[k.b.Text], k.b.Text, k.paid)
		}
	}
}

// lie is a finding that pays Max alone.
func (s *stage) lie(request protocol.Hash) *wire.OpenFinding {
	return &wire.OpenFinding{Request: request, Pays: []wire.RecordPay{{Number: s.numberOf(request, "max"), Amount: protocol.Unit}}}
}

// numberOf returns the number of a maker's record in a request.
func (s *stage) numberOf(request protocol.Hash, maker string) uint32 {
	list, err := ledger.ReadRecords(s.State(), request)
	if err != nil {
		s.Fatal(err)
	}
	return uint32(slices.IndexFunc(list, func(r ledger.Record) bool { return r.Maker == protocoltest.Cold(maker).PublicKey() }))
}
