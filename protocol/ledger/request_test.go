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

const asked = 10 * protocol.Unit // the maximum of the request below

// What that costs beside: burned, and for its judges.
const burnedBy, judgesFee = asked / 64, asked / 64

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
	if got := before - n.account("rich cold").Balance; got != asked+burnedBy+judgesFee+n.fee(body) {
		t.Errorf("the request cost %s", got)
	}
	id := ledger.RequestID(secret("rich cold").Public(), n.height, body)
	if s, err := ledger.ReadSupply(n.tree); err != nil || s.Escrow != asked+judgesFee {
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

// seal seals a finding of a judge, and returns what opens it.
func (n *network) seal(judge string, request protocol.Hash, pays ...wire.RecordPay) *wire.OpenFinding {
	n.tb.Helper()
	f := &wire.OpenFinding{Request: request, Salt: [32]byte{byte(len(judge)), judge[1]}, Pays: pays}
	if err := n.do(judge, &wire.SealFinding{Request: request, Seal: f.Seal(secret(judge).Public())}); err != nil {
		n.tb.Fatalf("%s: %v", judge, err)
	}
	return f
}

// open opens findings, in this order.
func (n *network) open(judges []string, findings map[string]*wire.OpenFinding) {
	n.tb.Helper()
	for _, name := range judges {
		if err := n.do(name, findings[name]); err != nil {
			n.tb.Fatalf("%s: %v", name, err)
		}
	}
}

// settling is a request with a record of m1's and one of m2's, all of whose judges
// have sealed a finding: v1 with 100 of the stake of 210 and v3 with 50 that m1 is
// to be paid a token, v2 with 60 that m2 is.
func settling(t *testing.T) (n *network, id protocol.Hash, findings map[string]*wire.OpenFinding) {
	t.Helper()
	n, id = requested(t, 10)
	made := n.sealed(id, map[string]string{"m1 cold": "Tea is a leaf.", "m2 cold": "Tea is not coffee."})
	n.until(10)
	for name, r := range made {
		if err := n.do(name, r); err != nil {
			t.Fatal(err)
		}
	}
	n.until(30)
	first := wire.RecordPay{Number: n.number(id, "m1 cold"), Amount: protocol.Unit}
	other := wire.RecordPay{Number: n.number(id, "m2 cold"), Amount: protocol.Unit}
	findings = map[string]*wire.OpenFinding{"v1": n.seal("v1", id, first), "v2": n.seal("v2", id, other), "v3": n.seal("v3", id, first)}
	n.until(50)
	return n, id, findings
}

// TestARequestIsSettledByMostOfTheStake, once all that was sealed is open. What was
// not paid returns, and so does what rounding left of the judges' part.
func TestARequestIsSettledByMostOfTheStake(t *testing.T) {
	n, id, findings := settling(t)
	before := map[string]protocol.Amount{}
	for _, name := range []string{"rich cold", "m1 cold", "m2 cold", "v1 cold", "v2 cold", "v3 cold"} {
		before[name] = n.account(name).Balance
	}
	for _, name := range []string{"v1", "v3"} {
		n.open([]string{name}, findings)
		if r := n.read(id); r.Ended != 0 || r.Escrow != asked || r.Fee != judgesFee {
			t.Fatalf("settled by %s: %+v", name, r)
		}
	}
	n.open([]string{"v2"}, findings)
	v1, v3 := judgesFee*100/150, judgesFee*50/150
	if r := n.read(id); r.Ended != n.height || r.Escrow != 0 || r.Paid != protocol.Unit || r.Count != 1 || r.Fee != 0 || r.Judged != v1+v3 {
		t.Errorf("settled: %+v", r)
	}
	if !slices.Contains(n.events(), ledger.EventSettled) {
		t.Errorf("events: %v", n.events())
	}
	for name, want := range map[string]protocol.Amount{
		"rich cold": asked - protocol.Unit + judgesFee - v1 - v3,
		"m1 cold":   protocol.Unit,
		"m2 cold":   0,
		"v1 cold":   v1,
		"v3 cold":   v3,
	} {
		if got := n.account(name).Balance; got != before[name]+want {
			t.Errorf("%s had %s and has %s, want %s more", name, before[name], got, want)
		}
	}
	if got := n.account("v2 cold").Balance; got != before["v2 cold"] {
		t.Errorf("who found something else had %s and has %s", before["v2 cold"], got)
	}
	if err := n.do("v1", findings["v1"]); !errors.Is(err, ledger.ErrDeadline) {
		t.Errorf("a finding on what is settled: %v", err)
	}
}

// TestATextIsPaidOnce for as long as the request is kept that paid it; then nothing
// of either is left in the state, and it may be paid again.
func TestATextIsPaidOnce(t *testing.T) {
	n, id, findings := settling(t)
	n.open([]string{"v1", "v2", "v3"}, findings)
	forgotten := n.height + 80
	// What was paid once is not paid again, by any request.
	again := &wire.Request{Specification: `{"topic":"tea"}`, Count: 1, Price: 1, Maximum: 1, Deadline: n.height + 5}
	if err := n.do("rich cold", again); err != nil {
		t.Fatal(err)
	}
	second := ledger.RequestID(secret("rich cold").Public(), n.height, again)
	copied := n.sealed(second, map[string]string{"m2 cold": "Tea is a leaf."})
	n.until(again.Deadline)
	if err := n.do("m2 cold", copied["m2 cold"]); err != nil {
		t.Errorf("a text that was paid: %v", err)
	}
	if r := n.read(second); r.Sealed != 0 || r.Opened != 0 {
		t.Errorf("of a text that was paid %d are sealed and %d opened", r.Sealed, r.Opened)
	}
	n.until(forgotten - 1)
	n.read(id)
	n.until(forgotten)
	if _, ok, err := ledger.ReadRequest(n.tree, id); ok || err != nil {
		t.Errorf("the request is there still, %v", err)
	}
	// Of the second one nothing was opened: it ended with the openings.
	n.until(again.Deadline + 20 + 80)
	for _, letter := range []string{"A", "D", "Z", "B", "M", "F", "J", "X"} {
		_ = n.tree.Iterate([]byte(letter), func(k, _ []byte) bool {
			t.Errorf("left in the state: %q", k[:1])
			return true
		})
	}
}

// TestWhatNobodyAgreesOnGoesBack, all of it but the part that was burned: v2 and v3
// have more than half of the stake, but v3 never opened what it found, and that
// counts as none.
func TestWhatNobodyAgreesOnGoesBack(t *testing.T) {
	n, id, findings := settling(t)
	n.open([]string{"v1", "v2"}, findings)
	before := n.account("rich cold").Balance
	r := n.read(id)
	n.until(r.SettleDeadline(n.p) - 1)
	if n.account("rich cold").Balance != before {
		t.Error("it went back too early")
	}
	n.block()
	if got := n.account("rich cold").Balance - before; got != asked+judgesFee {
		t.Errorf("%s went back", got)
	}
	if r = n.read(id); r.Escrow != 0 || r.Fee != 0 || r.Paid != 0 || r.Judged != 0 || r.Ended != n.height {
		t.Errorf("ended: %+v", r)
	}
	if err := n.do("v3", findings["v3"]); !errors.Is(err, ledger.ErrDeadline) {
		t.Errorf("too late: %v", err)
	}
}

// TestASilentJudgeKeepsNobodyFromBeingPaid: v2 never opens, and at the last height
// the others settle without it.
func TestASilentJudgeKeepsNobodyFromBeingPaid(t *testing.T) {
	n, id, findings := settling(t)
	n.open([]string{"v3", "v1"}, findings)
	r := n.read(id)
	n.until(r.SettleDeadline(n.p))
	if r = n.read(id); r.Ended != n.height || r.Paid != protocol.Unit || r.Judged != judgesFee*100/150+judgesFee*50/150 {
		t.Errorf("ended: %+v", r)
	}
}

// TestALazyJudgeHasNothingToCopy: a seal of another's opens for nobody else, and
// nobody seals once the first has opened.
func TestALazyJudgeHasNothingToCopy(t *testing.T) {
	n, id := requested(t, 10)
	made := n.sealed(id, map[string]string{"m1 cold": "Tea is a leaf."})
	n.until(10)
	if err := n.do("m1 cold", made["m1 cold"]); err != nil {
		t.Fatal(err)
	}
	n.until(30)
	finding := n.seal("v1", id, wire.RecordPay{Amount: protocol.Unit})
	if err := n.do("v2", &wire.SealFinding{Request: id, Seal: finding.Seal(secret("v1").Public())}); err != nil {
		t.Fatal(err)
	}
	n.until(50)
	n.open([]string{"v1"}, map[string]*wire.OpenFinding{"v1": finding})
	if err := n.do("v2", finding); !errors.Is(err, ledger.ErrMismatch) {
		t.Errorf("a copy of what was opened: %v", err)
	}
	if err := n.do("v3", &wire.SealFinding{Request: id, Seal: finding.Seal(secret("v3").Public())}); !errors.Is(err, ledger.ErrDeadline) {
		t.Errorf("a seal after the openings: %v", err)
	}
}

// TestWhereNothingIsMadeAllGoesBackAtOnce: at the deadline of what did not come.
func TestWhereNothingIsMadeAllGoesBackAtOnce(t *testing.T) {
	for name, c := range map[string]struct {
		texts map[string]string
		ends  protocol.Height
	}{
		"nothing sealed": {nil, 10},
		"nothing opened": {map[string]string{"m1 cold": "Tea is a leaf."}, 30},
	} {
		n, id := requested(t, 10)
		n.sealed(id, c.texts)
		before := n.account("rich cold").Balance
		n.until(c.ends - 1)
		if got := n.account("rich cold").Balance; got != before {
			t.Errorf("%s: %s went back too early", name, got-before)
		}
		n.block()
		if got := n.account("rich cold").Balance - before; got != asked+judgesFee {
			t.Errorf("%s: %s went back", name, got)
		}
		if r := n.read(id); r.Ended != c.ends {
			t.Errorf("%s: ended: %+v", name, r)
		}
	}
}

// TestWhoFillsARequestLosesWhatItsSealsHold: a maker seals what it will never
// open, so that nobody else can. It runs out of money before the request is
// full, and of its deposits only that of the one record that it opens goes
// back.
func TestWhoFillsARequestLosesWhatItsSealsHold(t *testing.T) {
	n, id := requested(t, 12)
	deposit := ledger.SealDeposit(3 * protocol.Unit)
	if deposit != 93_750_000 || 16384*deposit < asked {
		t.Fatalf("a seal holds %s, and to fill a request of %s costs %s", deposit, asked, 16384*deposit)
	}
	tea := record(id, "Tea is a leaf.")
	seals := []protocol.Hash{tea.Seal(secret("m1 cold").Public())}
	var refused error
	sealed, fees, before := 0, protocol.Amount(0), n.account("m1 cold").Balance
	for refused == nil {
		for len(seals) < wire.MaxSeals {
			seals = append(seals, protocol.Hash{0: byte(len(seals)), 1: byte(sealed >> 8), 2: 1})
		}
		slices.SortFunc(seals, func(a, b protocol.Hash) int { return bytes.Compare(a[:], b[:]) })
		b := &wire.SealRecords{Request: id, Seals: seals}
		if refused = n.do("m1 cold", b); refused == nil {
			sealed, fees, seals = sealed+len(seals), fees+n.fee(b), nil
		}
	}
	if ledger.ReasonOf(refused) != ledger.ErrCannotPay || sealed != 1024 {
		t.Fatalf("%d records are sealed, then %v", sealed, refused)
	}
	held := deposit * protocol.Amount(sealed)
	if got := before - n.account("m1 cold").Balance; got < held+fees || got > held+2*fees {
		t.Errorf("they cost %s, want %s and fees of %s", got, held, fees)
	}
	made := n.sealed(id, map[string]string{"m2 cold": "Tea is not coffee."})
	n.until(12)
	before = n.account("m1 cold").Balance
	if err := n.do("m1 cold", tea); err != nil {
		t.Fatal(err)
	}
	if got := n.account("m1 cold").Balance; got != before+deposit-n.fee(tea) {
		t.Errorf("with one record open it has %s, had %s", got, before)
	}
	if err := n.do("m2 cold", made["m2 cold"]); err != nil {
		t.Fatal(err)
	}
	escrow := func() protocol.Amount {
		s, err := ledger.ReadSupply(n.tree)
		if err != nil {
			t.Fatal(err)
		}
		return s.Escrow
	}
	if got := escrow(); got != asked+judgesFee+held-deposit {
		t.Errorf("%s in escrow", got)
	}
	before, rich := n.account("m1 cold").Balance, n.account("rich cold").Balance
	r := n.read(id)
	n.until(r.SettleDeadline(n.p))
	if got := escrow(); got != 0 || n.account("m1 cold").Balance != before || n.account("rich cold").Balance != rich+asked+judgesFee {
		t.Errorf("at the end %s in escrow, the maker has %s, had %s", got, n.account("m1 cold").Balance, before)
	}
}

// TestASmallRequestPaysItsJudgesFees, whatever its maximum is.
func TestASmallRequestPaysItsJudgesFees(t *testing.T) {
	p := testParams()
	for _, maximum := range []protocol.Amount{1, protocol.Unit / 100} {
		fees := 2 * p.Fees.Weight * protocol.Amount(p.Seats.MaxValidators)
		if burned, judges := ledger.RequestCost(&p, maximum); burned != fees || judges != fees {
			t.Errorf("%s: %s burned, %s for its judges, want %s each", maximum, burned, judges, fees)
		}
	}
	if burned, judges := ledger.RequestCost(&p, 1001*protocol.Unit+32); burned != 15_640_625_001 || judges != 15_640_625_000 {
		t.Errorf("%s burned, %s for its judges", burned, judges)
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
	want("the seal again", "m1 cold", seals(mine), ledger.ErrDuplicate)
	want("a copy of another's seal, which opens for nobody", "m2 cold", seals(mine), "")
	want("opening before the deadline", "m1 cold", tea, ledger.ErrDeadline)
	want("judging before the deadline", "v1", &wire.SealFinding{Request: id}, ledger.ErrDeadline)
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
	if got := before + ledger.SealDeposit(3*protocol.Unit) - n.account("m1 cold").Balance; got != n.fee(long) || got < 8000*n.p.Fees.Byte {
		t.Errorf("the long record cost %s", got)
	}
	n.until(40)
	want("a record after the openings", "m1 cold", long, ledger.ErrDeadline)
	finding := func(pays ...wire.RecordPay) *wire.OpenFinding { return &wire.OpenFinding{Request: id, Pays: pays} }
	sealOf := func(judge string, f *wire.OpenFinding) *wire.SealFinding {
		return &wire.SealFinding{Request: id, Seal: f.Seal(secret(judge).Public())}
	}
	absent := finding(wire.RecordPay{Number: 2, Amount: 1})
	dear := finding(wire.RecordPay{Amount: 3*protocol.Unit + 1})
	many := finding()
	for i := range uint32(4) {
		many.Pays = append(many.Pays, wire.RecordPay{Number: i, Amount: 1})
	}
	want("a miner's finding", "m1", sealOf("m1", absent), ledger.ErrNotPermitted)
	want("a finding", "v1", sealOf("v1", absent), "")
	want("another finding", "v1", sealOf("v1", dear), ledger.ErrDuplicate)
	want("a finding opened early", "v1", absent, ledger.ErrDeadline)
	want("a finding", "v2", sealOf("v2", dear), "")
	n.until(60)
	want("a seal too late", "v3", sealOf("v3", many), ledger.ErrDeadline)
	want("a record that is not there", "v1", absent, ledger.ErrMismatch)
	want("above the price", "v2", dear, ledger.ErrMismatch)
	want("what it did not seal", "v2", finding(), ledger.ErrMismatch)
	want("a finding of who sealed none", "v3", many, ledger.ErrUnknown)
	want("what nobody asked for", "v1", &wire.OpenFinding{Request: protocol.Hash{9}}, ledger.ErrUnknown)
}

// TestAFindingPaysNoMoreThanWasAsked: it is refused when it is opened, and a right
// one is taken once.
func TestAFindingPaysNoMoreThanWasAsked(t *testing.T) {
	n, id := requested(t, 10)
	made := n.sealed(id, map[string]string{"m1 cold": "one", "m2 cold": "two", "v1 cold": "three"})
	n.until(10)
	for name, r := range made {
		if err := n.do(name, r); err != nil {
			t.Fatal(err)
		}
	}
	n.until(30)
	pays := func(amounts ...protocol.Amount) (out []wire.RecordPay) {
		for i, a := range amounts {
			out = append(out, wire.RecordPay{Number: uint32(i), Amount: a})
		}
		return out
	}
	findings := map[string]*wire.OpenFinding{
		"v1": n.seal("v1", id, pays(3*protocol.Unit, 3*protocol.Unit, 3*protocol.Unit)...),
		"v2": n.seal("v2", id, pays(1, 1, 1, 1)...),
		"v3": n.seal("v3", id, pays(1, 1, 1)...),
	}
	n.until(50)
	n.open([]string{"v1"}, findings)
	if err := n.do("v1", findings["v1"]); !errors.Is(err, ledger.ErrDuplicate) {
		t.Errorf("a finding again: %v", err)
	}
	if err := n.do("v2", findings["v2"]); !errors.Is(err, ledger.ErrMismatch) {
		t.Errorf("more than were asked for: %v", err)
	}
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
