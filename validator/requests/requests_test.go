package requests_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/rs/zerolog"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/protocoltest"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/validator/requests"
)

// desk is the ledger of one judge, written by hand. What the judge says at one
// height stands on it two heights later.
type desk struct {
	t      *testing.T
	p      params.Params
	tree   *ledger.MemTree
	hotkey protocol.PublicKey
	head   protocol.Height
	sent   map[protocol.Height][]wire.Body
	sealed map[protocol.Hash]bool
	opened map[protocol.Hash]bool
	most   int // said at one height
}

var seat = protocol.SeatID{UID: 1, Registered: 1}

func newDesk(t *testing.T) *desk {
	d := &desk{
		t: t, p: params.Local(), tree: new(ledger.MemTree), hotkey: protocoltest.Named("judge").PublicKey(),
		sent: map[protocol.Height][]wire.Body{}, sealed: map[protocol.Hash]bool{}, opened: map[protocol.Hash]bool{},
	}
	d.put(ledger.HotkeyKey(d.hotkey), seat.UID)
	d.put(ledger.SeatKey(seat.UID), &ledger.Seat{ID: seat, Hotkey: d.hotkey, Permit: true})
	for e := range protocol.Epoch(9) {
		d.put(ledger.RosterJudgeKey(e, seat.UID), &ledger.RosterJudge{ID: seat, Hotkey: d.hotkey, Stake: 1})
	}
	return d
}

func (d *desk) put(key []byte, v any) {
	d.t.Helper()
	if err := d.tree.Set(key, wire.Encode(v)); err != nil {
		d.t.Fatal(err)
	}
}

// ask puts a request with one opened record on the ledger.
func (d *desk) ask(name, specification string, price protocol.Amount, deadline protocol.Height) protocol.Hash {
	d.t.Helper()
	id := ledger.TextHash(name)
	d.put(ledger.RequestKey(id), &ledger.Request{
		Asked:  wire.Request{Specification: specification, Count: 1, Price: price, Maximum: price, Deadline: deadline},
		Escrow: price, Sealed: 1, Opened: 1,
	})
	d.put(ledger.MadeRecordKey(id, ledger.TextHash("seal of "+name)), &ledger.MadeRecord{Height: 2, Text: "Tea was first grown in the south of China."})
	d.put(ledger.BeaconKey(deadline+1), &ledger.BeaconRecord{Beacon: protocol.Hash{1}})
	return id
}

func (d *desk) WaitNext(ctx context.Context, _ protocol.Height) (protocol.Height, error) {
	<-ctx.Done()
	return 0, ctx.Err()
}

func (d *desk) At(context.Context, protocol.Height) (ledger.Reader, error) {
	return d.tree.Clone(), nil
}

// submit keeps what is said until it stands in a block.
func (d *desk) submit(_ context.Context, body wire.Body) error {
	d.sent[d.head] = append(d.sent[d.head], body)
	d.most = max(d.most, len(d.sent[d.head]))
	return nil
}

// settle puts on the ledger what was said two heights ago. Twice is once.
func (d *desk) settle() {
	for _, body := range d.sent[d.head-2] {
		switch b := body.(type) {
		case *wire.SealFinding:
			d.sealed[b.Request] = true
			d.put(ledger.RequestFindingKey(b.Request, seat.UID), &ledger.RequestFinding{Seat: seat, Stake: 1, Seal: b.Seal})
		case *wire.OpenFinding:
			d.opened[b.Request] = true
			d.put(ledger.RequestFindingKey(b.Request, seat.UID), &ledger.RequestFinding{Seat: seat, Stake: 1, Seal: b.Seal(d.hotkey), Found: b.Found()})
		}
	}
}

// play has the judge see every height of a request with a deadline.
func (d *desk) play(deadline protocol.Height) {
	d.t.Helper()
	j := requests.New(requests.Config{
		Params: &d.p, Hotkey: d.hotkey, Ledger: d, Submit: d.submit, Logger: zerolog.Nop(),
		Run: func(context.Context, string) (string, bool, error) { panic("a program was run") },
	})
	r := ledger.Request{Asked: wire.Request{Deadline: deadline}}
	for d.head = r.OpenDeadline(&d.p) - 2; d.head <= r.SettleDeadline(&d.p); d.head++ {
		d.settle()
		if err := j.Step(d.t.Context(), d.head); err != nil {
			d.t.Fatalf("height %d: %v", d.head, err)
		}
	}
}

// TestRequestsThatPayNothingKeepNoOtherWaiting has somebody ask for a hundred
// texts at the smallest price, all due a block before what an honest requester
// asked for, so that its texts would be public and its makers not paid.
func TestRequestsThatPayNothingKeepNoOtherWaiting(t *testing.T) {
	const deadline = 30
	for name, specification := range map[string]string{"judged": `{"topic": "tea"}`, "that cannot be judged": `["tea"]`} {
		d := newDesk(t)
		var fillers []protocol.Hash
		for i := range 100 {
			fillers = append(fillers, d.ask(fmt.Sprintf("filler %d", i), specification, 1, deadline-1))
		}
		victim := d.ask("victim", `{"topic": "tea"}`, 3*protocol.Unit, deadline)
		d.play(deadline)
		if !d.sealed[victim] || !d.opened[victim] {
			t.Errorf("%s: sealed %v and opened %v, of the request with most at stake", name, d.sealed[victim], d.opened[victim])
		}
		judged := 0
		for _, id := range fillers {
			if d.opened[id] {
				judged++
			}
		}
		want := len(fillers)
		if name != "judged" {
			want = 0 // all of them goes back by itself
		}
		if judged != want {
			t.Errorf("%s: %d of %d others were judged, want %d", name, judged, len(fillers), want)
		}
		if d.most > 8 {
			t.Errorf("%s: %d said at one height", name, d.most)
		}
	}
}

// TestTheHighestStakeIsJudgedFirst whatever the price says that nobody holds, and
// of two that are equal the one with the lower id.
func TestTheHighestStakeIsJudgedFirst(t *testing.T) {
	const deadline = 30
	d := newDesk(t)
	low := d.ask("low", `{"topic": "tea"}`, 1, deadline)
	high := d.ask("high", `{"topic": "tea"}`, 3, deadline)
	one, two := d.ask("one", `{"topic": "tea"}`, 2, deadline), d.ask("two", `{"topic": "tea"}`, 2, deadline)
	if string(two[:]) < string(one[:]) {
		one, two = two, one
	}
	spent := ledger.Request{Asked: wire.Request{Specification: `{"topic": "tea"}`, Count: 1, Price: 9, Maximum: 9, Deadline: deadline}, Sealed: 1, Opened: 1}
	boast := d.ask("boast", `{"topic": "tea"}`, 9, deadline)
	d.put(ledger.RequestKey(boast), &spent) // holds nothing of the nine any more
	d.play(deadline)
	var got []protocol.Hash
	for _, body := range d.sent[deadline+protocol.Height(d.p.Schedule.Tempo)] {
		got = append(got, body.(*wire.SealFinding).Request)
	}
	if want := []protocol.Hash{high, one, two, low}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("first were %v, want %v", got, want)
	}
	if !d.sealed[boast] {
		t.Error("the last of five was not reached")
	}
}
