package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
)

// A seat whose incentive halves in an epoch that pays a half more: the sentences
// name both, and their parts add up to the difference.
func TestAnExplanationSplitsWhatChanged(t *testing.T) {
	t.Parallel()
	worked := protocol.Epoch(5)
	x := explanation{
		Paid:   api.Emission{Epoch: 7, Holder: api.Holder{UID: 3}, Incentive: 8_000, Miner: 7_500_000_000, Total: 7_500_000_000},
		Before: &api.Emission{Epoch: 6, Holder: api.Holder{UID: 3}, Incentive: 16_000, Miner: 10_000_000_000, Total: 10_000_000_000},
		All:    30 * protocol.Unit, AllBefore: 20 * protocol.Unit, Worked: &worked,
		Weights:       []api.Weight{{Validator: 0, Value: 5}, {Validator: 1, Value: 9}, {Validator: 2, Value: 1}, {Validator: 4, Value: 1}},
		WeightsBefore: []api.Weight{{Validator: 0, Value: 6}, {Validator: 1, Value: 8}, {Validator: 2, Value: 1}},
		Scores:        []api.Score{{Kind: "inference", Asked: 4, Answered: 3, Exact: 2, Inexact: 1, Weight: 32768, Explain: api.Explain{Reason: "paid"}}},
		ScoresBefore:  []api.Score{{Kind: "inference", Asked: 4, Answered: 4, Exact: 4, Weight: 65535}},
	}
	want := []string{
		"Epoch 7 paid seat 3 7.500000000: 7.500000000 for work, and 0.000000000 for judging, of which its stakers have their parts.",
		"That is 2.500000000 less than in epoch 6, which paid it 10.000000000.",
		"For work: its incentive went from 0.2441 to 0.1221 of all, which makes 5.000000000 less.",
		"For work: an incentive of one was paid otherwise than in the epoch before, which makes 2.500000000 more; all seats got 30.000000000, before 20.000000000.",
		"It is paid for its work of epoch 5, which 4 validators weighed: 1 higher than its work of the epoch before, 1 lower, 1 alike, 1 for the first time. Yuma takes of each weight what more than half of the stake agrees to.",
		"This node counted, of the kind inference: asked 4, answered 3, exact 2, false 1, late 0, not given 0; it weighed the seat 0.5000 (paid). Against the epoch before: answered 3, was 4, false 1, was 0, weight 32768, was 65535.",
	}
	if got := x.reasons(); !reflect.DeepEqual(got, want) {
		for i := range max(len(got), len(want)) {
			if i >= len(got) || i >= len(want) || got[i] != want[i] {
				t.Errorf("sentence %d:\n got %q\nwant %q", i, got[min(i, len(got)-1)], want[min(i, len(want)-1)])
			}
		}
	}
}

// A seat whose hotkey was swapped between two epochs is the same seat; one that was
// bought by somebody else is not.
func TestASwappedHotkeyIsTheSameSeat(t *testing.T) {
	t.Parallel()
	paid := &api.Emission{Holder: api.Holder{UID: 3, Registered: 7, Hotkey: protocol.PublicKey{2, 2}}}
	before := &api.Emission{Holder: api.Holder{UID: 3, Registered: 7, Hotkey: protocol.PublicKey{2, 1}}}
	if got := ofSeat(before, paid); got != before {
		t.Errorf("swapped: got %v, want what the seat was paid before", got)
	}
	if got := ofSeat(&api.Emission{Holder: api.Holder{UID: 3, Registered: 6}}, paid); got != nil {
		t.Errorf("another's: got %v, want nothing", got)
	}
	if got := ofSeat(nil, paid); got != nil {
		t.Errorf("not known: got %v", got)
	}
}

// What a judge left undone, or sealed and never opened, is why its dividend is
// less.
func TestAnExplanationSaysWhatBecameOfDuties(t *testing.T) {
	t.Parallel()
	for findings, want := range map[string]string{
		"":                  "For judging: it fulfilled 3 of 4 duties of epoch 6.",
		api.FindingsMissing: "For judging: it fulfilled 3 of 4 duties of epoch 6; it never sealed what it found, and so nothing of that counts.",
		api.FindingsSealed:  "For judging: it fulfilled 3 of 4 duties of epoch 6; it sealed what it found and never opened it, and so nothing of that counts.",
		api.FindingsLazy:    "For judging: it fulfilled 3 of 4 duties of epoch 6; it found an answer right that was planted to be wrong, or a card of it was proven false, and so nothing of that counts.",
		api.FindingsForfeit: "For judging: it fulfilled 3 of 4 duties of epoch 6; its challenge was wrong, or it did not vote on another's, and so nothing of that counts.",
		api.FindingsOpened:  "For judging: it fulfilled 3 of 4 duties of epoch 6; what it found was sealed and opened in time.",
	} {
		if got := dutiesDone(&api.Emission{Epoch: 7, Drawn: 4, Fulfilled: 3, Findings: findings}); got != want {
			t.Errorf("%s: got %q, want %q", findings, got, want)
		}
	}
	if got := dutiesDone(&api.Emission{Epoch: 7}); got != "" {
		t.Errorf("a miner: got %q", got)
	}
}

// What a seat was accused of stands in the explanation, with what it lost.
func TestAnExplanationSaysOfWhatASeatWasAccused(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]api.Challenge{
		"Its answer in slot 1 of round 2 was challenged in block 56: voting.":                                                                  {Round: 2, UID: 5, Slot: 1, Accused: 5, Posted: 56, Stage: "voting"},
		"Its answer in slot 1 of round 2 was challenged in block 56: guilty, and 3.000000000 is held, to be burned unless an appeal frees it.": {Round: 2, UID: 5, Slot: 1, Accused: 5, Posted: 56, Stage: "guilty", Convicted: 69, Held: 3 * protocol.Unit},
		"Its card about slot 1 of seat 6 in round 2 was challenged in block 56: burned, and 3.000000000 was lost.":                             {Round: 2, UID: 6, Slot: 1, Accused: 5, Posted: 56, Stage: "burned", Convicted: 69, Held: 3 * protocol.Unit},
		"Its card about slot 1 of seat 6 in round 2 was challenged in block 56: disputed, and the challenger paid for it.":                     {Round: 2, UID: 6, Slot: 1, Accused: 5, Posted: 56, Stage: "disputed", Charged: true},
		"Its answer in slot 1 of round 2 was challenged in block 56: freed, and the challenger paid for it.":                                   {Round: 2, UID: 5, Slot: 1, Accused: 5, Posted: 56, Stage: "freed", Convicted: 69, Held: 3 * protocol.Unit, Charged: true},
	} {
		x := explanation{Paid: api.Emission{Epoch: 1, Holder: api.Holder{UID: 5}}, Challenges: []api.Challenge{c}}
		if got := x.reasons(); !slices.Contains(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// What the owner of a seat challenged, and what the seat said as an elector, stand
// in the explanation, with what that costs; another's challenge does not.
func TestAnExplanationSaysWhatASeatChallengedAndHowItVoted(t *testing.T) {
	t.Parallel()
	owner := protocol.PublicKey{2, 9}
	electors := func(e api.Elector) []api.Elector { return []api.Elector{{UID: 4, Opened: true, Finding: "false"}, e} }
	for _, test := range []struct {
		want string
		c    api.Challenge
	}{
		{"Its owner challenged slot 1 of seat 6 in round 2 in block 56: not guilty, and the fee of 1.000000000 was lost.", api.Challenge{Challenger: owner, Fee: protocol.Unit, Stage: "not guilty", Charged: true, Accused: 6}},
		{"Its owner challenged judge 7's card about slot 1 of seat 6 in round 2 in block 56: not guilty, and the judge that posted it lost its duties of the epoch.", api.Challenge{Challenger: owner, Stage: "not guilty", Charged: true, Accused: 7}},
		{"Its owner challenged slot 1 of seat 6 in round 2 in block 56: burned.", api.Challenge{Challenger: owner, Stage: "burned", Accused: 6}},
		{"It votes on slot 1 of seat 6 in round 2, challenged in block 56: it has not sealed a vote yet.", api.Challenge{Stage: "voting", Accused: 6, Electors: electors(api.Elector{UID: 5})}},
		{"It votes on slot 1 of seat 6 in round 2, challenged in block 56: it sealed a vote.", api.Challenge{Stage: "voting", Accused: 6, Electors: electors(api.Elector{UID: 5, Sealed: true})}},
		{"It votes on slot 1 of seat 6 in round 2, challenged in block 56: it did not vote, which cost its duties of the epoch.", api.Challenge{Stage: "no quorum", Accused: 6, Electors: electors(api.Elector{UID: 5, Forfeits: true})}},
		{"It votes on slot 1 of seat 6 in round 2, challenged in block 56: it sealed a vote and did not open it, which cost its duties of the epoch.", api.Challenge{Stage: "burned", Accused: 6, Electors: electors(api.Elector{UID: 5, Sealed: true, Forfeits: true})}},
		{"It votes on slot 1 of seat 6 in round 2, challenged in block 56: it said that it cannot tell, which cost its duties of the epoch.", api.Challenge{Stage: "burned", Accused: 6, Electors: electors(api.Elector{UID: 5, Sealed: true, Opened: true, Forfeits: true})}},
		{"It votes on slot 1 of seat 6 in round 2, challenged in block 56: it said that it cannot tell, of one of so many ballots that it may have had no time.", api.Challenge{Stage: "burned", Accused: 6, Electors: electors(api.Elector{UID: 5, Sealed: true, Opened: true})}},
		{"It votes on slot 1 of seat 6 in round 2, challenged in block 56: it found passed by reference, where more than two thirds of the stake found something else, which cost its duties of the epoch.", api.Challenge{Stage: "burned", Decided: "false", Accused: 6, Electors: electors(api.Elector{UID: 5, Sealed: true, Opened: true, Finding: "passed", Backends: []string{"reference"}, Forfeits: true})}},
		{"It votes on slot 1 of seat 6 in round 2, challenged in block 56: it found false by native, where more than two thirds of the stake found something else, which cost its duties of the epoch.", api.Challenge{Stage: "freed", Appealed: true, Decided: "false", Accused: 6, Electors: electors(api.Elector{UID: 5, Sealed: true, Opened: true, Finding: "false", Backends: []string{"native"}, Forfeits: true})}},
		{"It votes on slot 1 of seat 6 in round 2, challenged in block 56: it found false by reference and native.", api.Challenge{Stage: "guilty", Decided: "false", Accused: 6, Electors: electors(api.Elector{UID: 5, Sealed: true, Opened: true, Finding: "false", Backends: []string{"reference", "native"}})}},
	} {
		c := test.c
		c.Round, c.UID, c.Slot, c.Posted = 2, 6, 1, 56
		x := explanation{Paid: api.Emission{Epoch: 1, Holder: api.Holder{UID: 5, Coldkey: owner}}, Challenges: []api.Challenge{c}}
		if got := x.reasons(); !slices.Contains(got, test.want) {
			t.Errorf("got %q, want %q", got, test.want)
		}
		x.Paid.UID, x.Paid.Coldkey = 8, protocol.PublicKey{3}
		if got, want := x.reasons(), (&explanation{Paid: x.Paid}).reasons(); !slices.Equal(got, want) {
			t.Errorf("another's challenge: got %q, want %q", got, want)
		}
	}
}

// TestEmptyPagesThatNeverEndAreRefused: a node that has nothing and says each time,
// by another cursor, that it goes on does not keep who asks for ever; one that has
// something now and then does not count as one that has nothing.
func TestEmptyPagesThatNeverEndAreRefused(t *testing.T) {
	t.Parallel()
	pages, something := 0, 0
	web := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		pages++
		items := ""
		if something > 0 && pages%something == 0 {
			items = "{}"
		}
		next := strconv.Itoa(pages)
		if pages == 3*maxEmptyPages {
			next = ""
		}
		_, _ = fmt.Fprintf(w, `{"items":[%s],"next":%q}`, items, next)
	})
	n := &client{url: "http://node", http: web}
	seen := 0
	ask := func() error { return everyPage(t.Context(), n, "/v1/tasks", url.Values{}, func(*struct{}) { seen++ }) }
	want := "http://node gives more than 4096 pages in a row with nothing of /v1/tasks"
	if err := ask(); err == nil || !strings.Contains(err.Error(), want) || pages != maxEmptyPages+1 {
		t.Errorf("got %v after %d pages", err, pages)
	}
	pages = 0
	if _, _, err := epochsSince(t.Context(), n, time.Time{}); err == nil || !strings.Contains(err.Error(), "pages in a row with nothing of epochs") || pages != maxEmptyPages+1 {
		t.Errorf("epochs: %v after %d pages", err, pages)
	}
	pages = 0
	if err := allPages(t.Context(), n, "/v1/tasks", url.Values{}, func(*struct{}) error { return nil }); err == nil || !strings.Contains(err.Error(), want) || pages != maxEmptyPages+1 {
		t.Errorf("an export: %v after %d pages", err, pages)
	}
	pages, something = 0, maxEmptyPages
	if err := ask(); err != nil || seen != 3 || pages != 3*maxEmptyPages {
		t.Errorf("of pages with something now and then: %v after %d, %d items", err, pages, seen)
	}
	server := httptest.NewServer(web)
	t.Cleanup(server.Close)
	pages, something = 0, 0
	a := app()
	a.Writer, a.ErrWriter = io.Discard, io.Discard
	err := a.RunContext(t.Context(), []string{"assay", "weights", "--json", "--node", server.URL})
	if err == nil || !strings.Contains(err.Error(), " gives more than 4096 pages in a row with nothing of weights") || pages != maxEmptyPages+1 {
		t.Errorf("a list: %v after %d pages", err, pages)
	}
}

// TestPaymentsThatNeverEndAreRefused: a node that gives page after page does not
// fill the memory of who asks.
func TestPaymentsThatNeverEndAreRefused(t *testing.T) {
	t.Parallel()
	const each = maxItems / 4
	items, pages := strings.Repeat("{},", each-1)+"{}", 0
	n := &client{url: "http://node", http: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		pages++
		_, _ = fmt.Fprintf(w, `{"items":[%s],"next":"%d"}`, items, pages)
	})}
	seen := 0
	err := everyPage(t.Context(), n, "/v1/emissions", url.Values{}, func(*struct{}) { seen++ })
	if err == nil || !strings.Contains(err.Error(), "gives more than 2097152 items of /v1/emissions") || seen != maxItems || pages != 5 {
		t.Errorf("got %v after %d pages, %d items", err, pages, seen)
	}
}
