package api_test

import (
	"strconv"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// TestChallengesComeInTheOrderOfTheirBlocksAndNoMoreThanCanBeRead: a page with the
// votes of many appeals ends early, and the next goes on behind it.
func TestChallengesComeInTheOrderOfTheirBlocksAndNoMoreThanCanBeRead(t *testing.T) {
	const electors, posted = 256, 90
	n, h := seeded(t)
	set := func(key []byte, value any) {
		t.Helper()
		if err := n.Tree.Set(key, wire.Encode(value)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range posted {
		k := wire.Case{Round: protocol.Round(i), UID: 3, Accused: 3}
		// Two a block, the newest about the oldest rounds.
		set(ledger.ChallengeKey(k), ledger.ChallengeRecord{Case: k, Posted: protocol.Height(100 - i/2), Stage: ledger.StageVoting})
		for e := range protocol.UID(electors) {
			set(ledger.VoteKey(k, e), ledger.VoteRecord{Elector: protocol.SeatID{UID: e}})
		}
	}
	for limit, pages := range map[int]int{100: 2, 7: 13} {
		var got []api.Challenge
		for next, n := "", 0; ; n++ {
			var p api.Page[api.Challenge]
			decode(t, get(t, h, "/v1/challenges?limit="+strconv.Itoa(limit)+next), &p)
			got = append(got, p.Items...)
			if p.Next == "" {
				if n+1 != pages {
					t.Errorf("by %d there are %d pages, want %d", limit, n+1, pages)
				}
				break
			}
			next = "&cursor=" + p.Next
		}
		if len(got) != posted {
			t.Fatalf("by %d there are %d challenges, want %d", limit, len(got), posted)
		}
		for i := range got {
			block := posted/2 - 1 - i/2
			if want := protocol.Round(2*block + i%2); got[i].Round != want || len(got[i].Electors) != electors {
				t.Errorf("by %d, challenge %d is of round %d with %d electors, want %d with 256", limit, i, got[i].Round, len(got[i].Electors), want)
			}
		}
	}
}

// TestChallengesOfASeatAndAnEpoch: those of an answer and those of a card are about
// who gave it, and the newest come first where that is asked for, over all pages.
func TestChallengesOfASeatAndAnEpoch(t *testing.T) {
	n, h := seeded(t) // epochs have 20 blocks
	for i, k := range []wire.Case{{Round: 1, UID: 2, Accused: 2}, {Round: 2, UID: 3, Accused: 3}, {Round: 3, UID: 2, Accused: 1}, {Round: 4, UID: 3, Accused: 1}} {
		r := ledger.ChallengeRecord{Case: k, Posted: protocol.Height(10 + 10*(i/2)*2), Stage: ledger.StageVoting} // 10, 10, 30, 30
		if err := n.Tree.Set(ledger.ChallengeKey(k), wire.Encode(r)); err != nil {
			t.Fatal(err)
		}
	}
	for query, want := range map[string]string{
		"":                            "1234",
		"order=newest":                "4321",
		"order=newest&limit=1":        "4321",
		"limit=3":                     "1234",
		"seat=2":                      "13",
		"seat=1":                      "34",
		"seat=3&order=newest&limit=1": "42",
		"seat=60":                     "",
		"epoch=0":                     "12",
		"epoch=1":                     "34",
		"epoch=latest":                "34",
		"epoch=1..&seat=3":            "4",
		"epoch=..0&seat=3":            "2",
	} {
		got := ""
		for next := ""; ; {
			var p api.Page[api.Challenge]
			decode(t, get(t, h, "/v1/challenges?"+query+next), &p)
			for i := range p.Items {
				got += strconv.FormatUint(uint64(p.Items[i].Round), 10)
			}
			if p.Next == "" {
				break
			}
			next = "&cursor=" + p.Next
		}
		if got != want {
			t.Errorf("%s: got the rounds %s, want %s", query, got, want)
		}
	}
}
