package export_test

import (
	"context"
	"errors"
	"testing"

	"github.com/assaynet/assay/cmd/internal/export"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/api/apitest"
	"github.com/assaynet/assay/protocol/wire"
)

// TestTextsAreThoseOnTheLedger: all pairs of a set, in their order, or none.
func TestTextsAreThoseOnTheLedger(t *testing.T) {
	texts := &wire.Pairs{Texts: [][3]string{{"p0", "a0", "b0"}, {"p1", "a1", "b1"}}}
	var list []api.Pair
	for _, round := range []protocol.Round{4, 8} {
		for i, x := range texts.Texts {
			list = append(list, api.Pair{
				Epoch: 2, Round: round, Setter: 1, Hotkey: apitest.Public("validator-1"), Place: uint16(i), Root: texts.Root(), Prompt: x[0], A: x[1], B: x[2],
				Gold: 1, Ratings: []api.Rating{{Rater: apitest.Public("miner-0"), Key: 5, Side: 1}},
			})
		}
	}
	give := func(list []api.Pair) ([]export.Preference, error) {
		var got []export.Preference
		_, err := export.Preferences(export.People(func(_ context.Context, _ protocol.Epoch, yield func(*api.Pair) error) error {
			for i := range list {
				if err := yield(&list[i]); err != nil {
					return err
				}
			}
			return nil
		}))(t.Context(), 2, func(p *export.Preference) error {
			got = append(got, *p)
			return nil
		})
		return got, err
	}
	got, err := give(list)
	if err != nil || len(got) != 4 {
		t.Fatalf("got %+v, %v", got, err)
	}
	want := export.Origin{Pair: "8/1/1", Root: texts.Root().String(), Setter: apitest.Public("validator-1").String(), Gold: 1, Epoch: 2, Round: 8}
	if last := got[3]; last.Chosen != "b1" || last.Rejected != "a1" || last.Lane != "people" || last.Provenance != want || last.Raters[0].Rater != apitest.Public("miner-0").String() {
		t.Errorf("got %+v, want %+v", last, want)
	}
	list[1].A = "something else"
	if _, err := give(list); !errors.Is(err, export.ErrRow) {
		t.Errorf("another text: got %v", err)
	}
	if _, err := give(list[2:3]); !errors.Is(err, export.ErrRow) {
		t.Errorf("half a set: got %v", err)
	}
}
