package export_test

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/assaynet/assay/cmd/internal/export"
	"github.com/assaynet/assay/protocol"
)

// pair is one with ratings of the raters a, b, c and so on: −1 for A, 1 for B.
func pair(id string, gold int32, ratings ...int32) export.Pair {
	p := export.Pair{Prompt: "Which " + id + "?", Sides: [2]string{id + " left", id + " right\xff"}, Lane: "people", Origin: export.Origin{Pair: id, Setter: "s", Gold: gold, Epoch: 1}}
	for i, r := range ratings {
		p.Ratings = append(p.Ratings, export.Vote{Rater: string(rune('a' + i)), Choice: r})
	}
	return p
}

func pairs(list ...export.Pair) export.Pairs {
	return func(_ context.Context, _ protocol.Epoch, yield func(*export.Pair) error) error {
		for i := range list {
			if err := yield(&list[i]); err != nil {
				return err
			}
		}
		return nil
	}
}

func rows(t *testing.T, list ...export.Pair) (out []export.Preference, dropped int64) {
	t.Helper()
	dropped, err := export.Preferences(pairs(list...))(t.Context(), 1, func(p *export.Preference) error {
		out = append(out, *p)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out, dropped
}

func TestTheSideThatRatersPreferIsChosen(t *testing.T) {
	got, dropped := rows(t,
		pair("one", -1, -1, -1, -1), pair("two", -1, 1, 1, 1), pair("three", 0, 1, 1, -1),
		pair("nobody", 0), pair("equal", 0, 0, 0, 0),
	)
	if dropped != 2 || len(got) != 3 {
		t.Fatalf("got %d rows and %d left out", len(got), dropped)
	}
	want := []export.Preference{
		{
			Prompt: "Which one?", Chosen: "one left", Rejected: "one right�", Agreement: 1, Confidence: 1, Lane: "people",
			Raters:     []export.Vote{{Rater: "a", Choice: 1}, {Rater: "b", Choice: 1}, {Rater: "c", Choice: 1}},
			Provenance: export.Origin{Pair: "one", Setter: "s", Gold: 1, Epoch: 1},
		},
		{
			Prompt: "Which two?", Chosen: "two right�", Rejected: "two left", Agreement: 1, Confidence: 1, Lane: "people",
			Raters:     []export.Vote{{Rater: "a", Choice: 1}, {Rater: "b", Choice: 1}, {Rater: "c", Choice: 1}},
			Provenance: export.Origin{Pair: "two", Setter: "s", Gold: -1, Epoch: 1},
		},
	}
	if !reflect.DeepEqual(got[:2], want) {
		t.Errorf("got %+v, want %+v", got[:2], want)
	}
	if third := got[2]; third.Agreement != 0.6667 || third.Chosen != "three right�" || third.Raters[2].Choice != -1 {
		t.Errorf("got %+v", third)
	}
}

// TestConfidenceIsThatOfTheModel: two raters who are mostly right outvote, where
// they differ from three who answer at random, what a count of votes says.
func TestConfidenceIsThatOfTheModel(t *testing.T) {
	var list []export.Pair
	noise := []int32{-1, 1, 1, -1, 1, -1, -1, 1, 1, 1, -1, -1, 1, -1, 1, -1, -1, 1, -1, 1}
	for i := range 20 {
		truth := noise[(i*7+3)%20]
		list = append(list, pair("p", 0, truth, truth, truth, noise[i], noise[(i+5)%20]))
	}
	list = append(list, pair("last", 0, 1, 1, -1, -1, -1))
	got, _ := rows(t, list...)
	last := got[len(got)-1]
	if last.Provenance.Pair != "last" || last.Agreement != 0.4 || last.Confidence < 0.6 {
		t.Errorf("got %+v", last)
	}
}

func TestRatingsThatAreNoneAreRefused(t *testing.T) {
	_, err := export.Preferences(pairs(pair("one", 0, 2)))(t.Context(), 1, nil)
	if !errors.Is(err, export.ErrRow) {
		t.Errorf("got %v", err)
	}
}
