package ledger_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

const (
	asked    = 10 * protocol.Unit // the maximum of the request below
	burnedBy = asked / ledger.RequestFee
)

// requested is a network in which rich asks for three records until a block.
func requested(t *testing.T, deadline protocol.Height) (*network, protocol.Hash) {
	t.Helper()
	n := newNetwork(t, testGenesis())
	n.until(2)
	body := &wire.Request{Specification: `{"topic":"tea"}`, Count: 3, Price: 3 * protocol.Unit, Maximum: asked, Deadline: deadline}
	before := n.account("rich cold").Balance
	if err := n.do("rich cold", body); err != nil {
		t.Fatal(err)
	}
	if got := before - n.account("rich cold").Balance; got != asked+burnedBy+n.p.Seats.Fee {
		t.Errorf("the request cost %s", got)
	}
	id := ledger.RequestID(secret("rich cold").Public(), n.height, body)
	if s, err := ledger.ReadSupply(n.tree); err != nil || s.Escrow != asked {
		t.Errorf("%s in escrow, %v", s.Escrow, err)
	}
	return n, id
}

func record(request protocol.Hash, text string) *wire.OpenRecord {
	return &wire.OpenRecord{Request: request, Salt: [32]byte{1}, Text: text}
}

// sealed has makers seal a record each, and returns them.
func (n *network) sealed(request protocol.Hash, texts map[string]string) map[string]*wire.OpenRecord {
	n.tb.Helper()
	out := map[string]*wire.OpenRecord{}
	for _, name := range []string{"m1 cold", "m2 cold", "v1 cold"} {
		if texts[name] == "" {
			continue
		}
		out[name] = record(request, texts[name])
		seal := out[name].Seal(secret(name).Public())
		if err := n.do(name, &wire.SealRecords{Request: request, Seals: []protocol.Hash{seal}}); err != nil {
			n.tb.Fatal(err)
		}
	}
	return out
}

// number returns the number of a maker's record.
func (n *network) number(request protocol.Hash, maker string) uint32 {
	n.tb.Helper()
	list, err := ledger.ReadRecords(n.tree, request)
	if err != nil {
		n.tb.Fatal(err)
	}
	i := slices.IndexFunc(list, func(r ledger.Record) bool { return r.Maker == secret(maker).Public() })
	if i < 0 {
		n.tb.Fatalf("no record of %s", maker)
	}
	return uint32(i)
}

func (n *network) read(request protocol.Hash) ledger.Request {
	n.tb.Helper()
	r, ok, err := ledger.ReadRequest(n.tree, request)
	if err != nil || !ok {
		n.tb.Fatalf("request: %v, %v", ok, err)
	}
	return r
}

// TestARequestIsSettledByMostOfTheStake: v1 has 100 of 210, v2 60, v3 50.
func TestARequestIsSettledByMostOfTheStake(t *testing.T) {
	n, id := requested(t, 10)
	made := n.sealed(id, map[string]string{"m1 cold": "Tea is a leaf.", "m2 cold": "Tea is not coffee."})
	n.until(10)
	for name, r := range made {
		if err := n.do(name, r); err != nil {
			t.Fatal(err)
		}
	}
	n.until(30)
	first, other := []wire.RecordPay{{Number: n.number(id, "m1 cold"), Amount: protocol.Unit}}, []wire.RecordPay{{Number: n.number(id, "m2 cold"), Amount: protocol.Unit}}
	rich, m1, m2 := n.account("rich cold").Balance, n.account("m1 cold").Balance, n.account("m2 cold").Balance
	for _, j := range []struct {
		name string
		pays []wire.RecordPay
	}{{"v1", first}, {"v2", other}} {
		if err := n.do(j.name, &wire.JudgeRequest{Request: id, Pays: j.pays}); err != nil {
			t.Fatal(err)
		}
		if r := n.read(id); r.Ended != 0 || r.Escrow != asked {
			t.Fatalf("settled by %s alone: %+v", j.name, r)
		}
	}
	if err := n.do("v3", &wire.JudgeRequest{Request: id, Pays: first}); err != nil {
		t.Fatal(err)
	}
	if r := n.read(id); r.Ended != n.height || r.Escrow != 0 || r.Paid != protocol.Unit || r.Count != 1 {
		t.Errorf("settled: %+v", r)
	}
	if !slices.Contains(n.events(), ledger.EventSettled) {
		t.Errorf("events: %v", n.events())
	}
	for name, got := range map[string]protocol.Amount{
		"the maker": n.account("m1 cold").Balance - m1 - protocol.Unit,
		"the other": n.account("m2 cold").Balance - m2,
		"requester": n.account("rich cold").Balance - rich - asked + protocol.Unit,
	} {
		if got != 0 {
			t.Errorf("%s: %d units too much", name, got)
		}
	}
	if err := n.do("v1", &wire.JudgeRequest{Request: id}); !errors.Is(err, ledger.ErrDeadline) {
		t.Errorf("a judgement of what is settled: %v", err)
	}
	// What was paid once is not paid again, by any request.
	again := &wire.Request{Specification: `{"topic":"tea"}`, Count: 1, Price: 1, Maximum: 1, Deadline: n.height + 5}
	if err := n.do("rich cold", again); err != nil {
		t.Fatal(err)
	}
	second := ledger.RequestID(secret("rich cold").Public(), n.height, again)
	copied := n.sealed(second, map[string]string{"m2 cold": "Tea is a leaf."})
	n.until(again.Deadline)
	if err := n.do("m2 cold", copied["m2 cold"]); !errors.Is(err, ledger.ErrDuplicate) {
		t.Errorf("a text that was paid: %v", err)
	}
	// At last all is forgotten, and nothing of it is left in the state.
	r := n.read(second)
	n.until(r.JudgeDeadline(n.p) + 80)
	if _, ok, err := ledger.ReadRequest(n.tree, id); ok || err != nil {
		t.Errorf("the request is there still, %v", err)
	}
	for _, letter := range []string{"A", "D", "B", "M", "F"} {
		_ = n.tree.Iterate([]byte(letter), func(k, _ []byte) bool {
			t.Errorf("left in the state: %q", k[:1])
			return true
		})
	}
}

// TestWhatNobodyAgreesOnGoesBack, all of it but the part that was burned.
func TestWhatNobodyAgreesOnGoesBack(t *testing.T) {
	n, id := requested(t, 10)
	r := n.read(id)
	n.until(30)
	if err := n.do("v1", &wire.JudgeRequest{Request: id}); err != nil {
		t.Fatal(err)
	}
	before := n.account("rich cold").Balance
	n.until(r.JudgeDeadline(n.p) - 1)
	if n.account("rich cold").Balance != before {
		t.Error("it went back too early")
	}
	n.block()
	if got := n.account("rich cold").Balance - before; got != asked {
		t.Errorf("%s went back", got)
	}
	if r = n.read(id); r.Escrow != 0 || r.Paid != 0 || r.Ended != n.height {
		t.Errorf("ended: %+v", r)
	}
	if err := n.do("v2", &wire.JudgeRequest{Request: id}); !errors.Is(err, ledger.ErrDeadline) {
		t.Errorf("too late: %v", err)
	}
}

func TestRulesOfRequests(t *testing.T) {
	n, id := requested(t, 20)
	want := func(what, name string, body wire.Body, rule ledger.Reason) {
		t.Helper()
		if err := n.do(name, body); ledger.ReasonOf(err) != rule {
			t.Errorf("%s: got %v, want %q", what, err, rule)
		}
	}
	ask := func(change func(*wire.Request)) *wire.Request {
		b := &wire.Request{Specification: "{}", Count: 1, Price: 1, Maximum: 1, Deadline: n.next() + 1}
		change(b)
		return b
	}
	want("a deadline that is over", "rich cold", ask(func(b *wire.Request) { b.Deadline = n.next() }), ledger.ErrDeadline)
	want("a deadline beyond retention", "rich cold", ask(func(b *wire.Request) { b.Deadline = n.next() + 81 }), ledger.ErrDeadline)
	want("more than there is", "rich cold", ask(func(b *wire.Request) { b.Maximum = 1000 * protocol.Unit }), ledger.ErrCannotPay)
	twice := ask(func(*wire.Request) {})
	if res := n.block(n.tx("rich cold", twice), n.txAt("rich cold", n.nonce(secret("rich cold").Public())+1, twice)); res.Txs[0].Err != nil || ledger.ReasonOf(res.Txs[1].Err) != ledger.ErrDuplicate {
		t.Errorf("twice in one block: %v, %v", res.Txs[0].Err, res.Txs[1].Err)
	}

	tea := record(id, "Tea is a leaf.")
	seals := func(of ...protocol.Hash) *wire.SealRecords { return &wire.SealRecords{Request: id, Seals: of} }
	mine := tea.Seal(secret("m1 cold").Public())
	want("records of no request", "m1 cold", &wire.SealRecords{Request: protocol.Hash{9}, Seals: []protocol.Hash{mine}}, ledger.ErrUnknown)
	want("a seal", "m1 cold", seals(mine), "")
	want("a seal of another's", "m2 cold", seals(mine), ledger.ErrDuplicate)
	want("opening before the deadline", "m1 cold", tea, ledger.ErrDeadline)
	want("judging before the deadline", "v1", &wire.JudgeRequest{Request: id}, ledger.ErrDeadline)
	long := record(id, strings.Repeat("tea ", 2000))
	want("a long record", "m1 cold", seals(long.Seal(secret("m1 cold").Public())), "")
	n.until(20)
	want("a seal after the deadline", "m2 cold", seals(protocol.Hash{1}), ledger.ErrDeadline)
	want("what nobody sealed", "m1 cold", record(id, "Coffee."), ledger.ErrMismatch)
	want("what another sealed", "m2 cold", tea, ledger.ErrMismatch)
	want("a record", "m1 cold", tea, "")
	want("a record again", "m1 cold", tea, ledger.ErrMismatch)
	before := n.account("m1 cold").Balance
	want("a long record", "m1 cold", long, "")
	if got := before - n.account("m1 cold").Balance; got != 8*n.p.Seats.Fee { // one for the transaction, seven for 8000 bytes
		t.Errorf("the long record cost %s", got)
	}
	n.until(40)
	want("a record after the openings", "m1 cold", long, ledger.ErrDeadline)
	pay := func(number uint32, amount protocol.Amount) *wire.JudgeRequest {
		return &wire.JudgeRequest{Request: id, Pays: []wire.RecordPay{{Number: number, Amount: amount}}}
	}
	want("a miner's finding", "m1", pay(0, 1), ledger.ErrNotPermitted)
	want("a record that is not there", "v1", pay(2, 1), ledger.ErrMismatch)
	want("above the price", "v1", pay(0, 3*protocol.Unit+1), ledger.ErrMismatch)
	var many []wire.RecordPay
	for i := range uint32(4) {
		many = append(many, wire.RecordPay{Number: i, Amount: 1})
	}
	want("more than were asked for", "v1", &wire.JudgeRequest{Request: id, Pays: many}, ledger.ErrMismatch)
	want("a finding", "v1", pay(0, 1), "")
	want("another finding", "v1", pay(1, 1), ledger.ErrDuplicate)
}

// TestTheOrderOfSealsIsTheirBlocks, whoever opens first.
func TestTheOrderOfSealsIsTheirBlocks(t *testing.T) {
	n, id := requested(t, 10)
	made := n.sealed(id, map[string]string{"m1 cold": "one", "m2 cold": "two"})
	n.until(10)
	for _, name := range []string{"m2 cold", "m1 cold"} {
		if err := n.do(name, made[name]); err != nil {
			t.Fatal(err)
		}
	}
	list, err := ledger.ReadRecords(n.tree, id)
	if err != nil || len(list) != 2 || bytes.Compare(list[0].Seal[:], list[1].Seal[:]) >= 0 {
		t.Fatalf("records %+v, %v", list, err)
	}
	for _, r := range list {
		if want := map[string]protocol.Height{"one": 4, "two": 5}[r.Text]; r.Height != want {
			t.Errorf("%s was sealed at %d, want %d", r.Text, r.Height, want)
		}
	}
}
