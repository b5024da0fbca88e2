package split_test

import (
	"slices"
	"testing"

	"github.com/assaynet/assay/engine/split"
)

// need is ten bytes for a part, seven for a layer, five for the embedding and
// thirty for the output; a page of a layer is two.
func need(layers int) split.Need {
	return func(from, to int) (model, page int64) {
		model = 10 + 7*int64(to-from)
		if from == 0 {
			model += 5
		}
		if to == layers {
			model += 30
		}
		return model, 2 * int64(to-from)
	}
}

func TestLayersFillOneDeviceAfterTheOther(t *testing.T) {
	for _, c := range []struct {
		pages int
		free  []int64
		ends  []int
		all   bool
	}{
		{1, []int64{99}, []int{6}, true},  // 45 + 6 × 9
		{1, []int64{98}, []int{5}, false}, // one short
		{2, []int64{99}, []int{5}, false}, // pages take it
		{1, []int64{50, 50}, []int{3, 5}, false},
		{1, []int64{50, 67}, []int{3, 6}, true}, // 10 + 3 × 9 + 30
		{1, []int64{0, 99}, []int{0, 6}, true},  // nothing for the first
		{1, []int64{1000, 99}, []int{6, 6}, true},
		{1, nil, nil, false},
	} {
		if ends, all := split.Fill(0, 6, c.pages, c.free, need(6)); !slices.Equal(ends, c.ends) || all != c.all {
			t.Errorf("%d pages in %v: got %v, %t, want %v, %t", c.pages, c.free, ends, all, c.ends, c.all)
		}
	}
}

func TestDevicesShareSoThatPagesHaveTheMostRoom(t *testing.T) {
	if ends, pages := split.Widest(6, []int64{200, 200}, need(6)); pages != 23 || !slices.Equal(ends, []int{3, 6}) {
		t.Errorf("got %v and %d pages, want 3 layers each and (200 - 10 - 3×7 - 30) / (3×2) pages", ends, pages)
	}
	if ends, pages := split.Widest(6, []int64{1000, 100}, need(6)); pages != 76 || !slices.Equal(ends, []int{6, 6}) {
		t.Errorf("got %v and %d pages: a small device only takes room away", ends, pages)
	}
	if _, pages := split.Widest(6, []int64{50, 50}, need(6)); pages != 0 {
		t.Errorf("got %d pages where there is no room", pages)
	}
}

func TestTheProcessorHasAsFewLayersAsNeedBe(t *testing.T) {
	if from, ends := split.Least(6, 1, []int64{50, 50}, need(6)); from != 1 || !slices.Equal(ends, []int{5, 6}) {
		t.Errorf("got %d, %v", from, ends)
	}
	if from, ends := split.Least(6, 1, []int64{40}, need(6)); from != 6 || ends != nil {
		t.Errorf("got %d, %v, want all layers elsewhere", from, ends)
	}
}
