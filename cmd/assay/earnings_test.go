package main

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
)

// A miner's node may not know yet when some epochs were. One between two that ended
// in time did so, too; of those before all that it knows nothing can be said.
func TestAnEpochOfUnknownTimeIsCountedBetweenOthers(t *testing.T) {
	at := func(day int) time.Time { return time.Date(2026, 1, day, 0, 0, 0, 0, time.UTC) }
	none := time.Time{}
	for name, tc := range map[string]struct {
		ended []time.Time // of epochs 0…; the last one runs
		want  []protocol.Epoch
		left  int // of which it cannot be said
	}{
		"all are known":                       {[]time.Time{at(1), at(2), at(3), at(4), none}, []protocol.Epoch{2, 3, 4}, 0},
		"one between":                         {[]time.Time{at(1), at(2), none, at(3), none}, []protocol.Epoch{3, 4}, 0},
		"one between, of which either may be": {[]time.Time{at(1), at(2), none, none, at(4), none}, []protocol.Epoch{4, 5}, 2},
		"one among those in time":             {[]time.Time{at(2), at(3), none, at(4), none}, []protocol.Epoch{1, 2, 3, 4}, 0},
		"the newest":                          {[]time.Time{at(2), at(3), at(4), none, none}, []protocol.Epoch{1, 2, 3, 4}, 0},
		"the oldest":                          {[]time.Time{none, none, at(4), at(5), none}, []protocol.Epoch{2, 3, 4}, 2},
		"the oldest, before one at the time":  {[]time.Time{none, none, at(3), at(4), none}, []protocol.Epoch{2, 3, 4}, 0},
		"none is known":                       {[]time.Time{none, none, none, none, none}, []protocol.Epoch{4}, 4},
	} {
		web := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var page api.Page[api.Epoch]
			for e, ended := range tc.ended {
				page.Items = append(page.Items, api.Epoch{Epoch: protocol.Epoch(e), Ended: ended, Paid: e < len(tc.ended)-1})
			}
			if r.URL.Query().Get("order") == "newest" {
				slices.Reverse(page.Items)
			}
			_ = json.NewEncoder(w).Encode(page)
		})
		list, left, err := epochsSince(t.Context(), &client{url: "http://node", http: web}, at(3))
		var got []protocol.Epoch
		for i := range list {
			got = append(got, list[i].Epoch)
		}
		if err != nil || left != tc.left || !slices.Equal(got, tc.want) {
			t.Errorf("%s: got %v and %d more, %v, want %v and %d", name, got, left, err, tc.want, tc.left)
		}
	}
}

// A year of epochs of an hour lies behind a node that has the time of each proven:
// it is asked for those of a day, and not for all, whether it knows them or not.
func TestEarningsOfADayAskForNoYear(t *testing.T) {
	const year = 365 * 24
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		since           time.Duration
		known           func(ago int) bool // when the epoch was that ended so many hours ago
		want, left      int
		requests, items int
	}{
		"a day":                  {24 * time.Hour, func(int) bool { return true }, 25, 0, 1, 32},
		"a week":                 {7 * 24 * time.Hour, func(int) bool { return true }, 169, 0, 3, 224},
		"a day, no time known":   {24 * time.Hour, func(int) bool { return false }, 1, 31, 1, 32},
		"a week, few times":      {7 * 24 * time.Hour, func(ago int) bool { return ago < 20 }, 21, 75, 2, 96},
		"a week, but for a few":  {7 * 24 * time.Hour, func(ago int) bool { return ago%10 == 0 }, 162, 9, 3, 224},
		"since before the first": {2 * year * time.Hour, func(int) bool { return true }, year, 0, 13, year},
	} {
		requests, items := 0, 0
		web := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			q := r.URL.Query()
			limit, _ := strconv.Atoi(q.Get("limit"))
			from, _ := strconv.Atoi(q.Get("cursor"))
			requests++
			var page api.Page[api.Epoch]
			for i := from; i < min(from+limit, year); i++ { // 0 runs, and i ended i - 1 hours ago
				e := api.Epoch{Epoch: protocol.Epoch(year - 1 - i), Paid: i > 0}
				if i > 0 && tc.known(i-1) {
					e.Ended = now.Add(-time.Duration(i-1) * time.Hour)
				}
				page.Items = append(page.Items, e)
			}
			if items += len(page.Items); from+limit < year {
				page.Next = strconv.Itoa(from + limit)
			}
			_ = json.NewEncoder(w).Encode(page)
		})
		list, left, err := epochsSince(t.Context(), &client{url: "http://node", http: web}, now.Add(-tc.since+time.Minute))
		if err != nil || len(list) != tc.want || left != tc.left {
			t.Errorf("%s: %d epochs and %d left out, %v, want %d and %d", name, len(list), left, err, tc.want, tc.left)
		}
		if requests != tc.requests || items != tc.items {
			t.Errorf("%s: asked %d times for %d epochs, want %d times for %d", name, requests, items, tc.requests, tc.items)
		}
	}
}
