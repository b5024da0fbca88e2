package lane_test

import (
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task/preference"
	"github.com/assaynet/assay/scoring/preference/lane"
)

// TestARoundWithoutASeedHasNoPairsThatCount: where the beacon stood still, sets can
// be sealed and opened, for they are made from the seed of the round before, and
// nobody was asked to rate them.
func TestARoundWithoutASeedHasNoPairsThatCount(t *testing.T) {
	p := params.Local()
	raters := make([]preference.Rater, 8)
	for i := range raters {
		raters[i].ID.UID, raters[i].Coldkey = protocol.UID(10+i), protocol.PublicKey{2, byte(10 + i)}
	}
	sets := make([]preference.Set, 2)
	for i := range sets {
		sets[i].Setter.UID, sets[i].Coldkey, sets[i].Link = protocol.UID(i), protocol.PublicKey{2, byte(i)}, protocol.Hash{1}
		sets[i].Origins = make([]byte, p.Preference.Pairs)
	}
	for seed, want := range map[protocol.Hash]int{{}: 0, {7}: 2 * int(p.Preference.Pairs)} {
		pairs, err := lane.ReadPairs(new(ledger.MemTree), &p, &ledger.Lane{Set: 3, Due: 4, Seed: seed, Sets: sets, Raters: raters}, nil)
		if err != nil || len(pairs.List) != want || len(pairs.Table.Pairs) != len(sets) || len(pairs.Table.Seats) != len(raters) {
			t.Errorf("seed %s: got %d pairs of %d sets, %v, want %d", seed, len(pairs.List), len(pairs.Table.Pairs), err, want)
		}
	}
}
