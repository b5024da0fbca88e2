package main

import (
	"encoding/json"
	"net/http"
	"slices"
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
