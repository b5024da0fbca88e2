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
