package dawidskene_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"runtime"
	"testing"

	"github.com/assaynet/assay/cmd/internal/dawidskene"
)

// fifty are the rounds of crowd-kit's numbers.
var fifty = dawidskene.Settings{Rounds: 50, Tolerance: -1}

// TestPosteriorsAreThoseOfAnotherImplementation compares with crowd-kit, whose
// numbers scripts/oracle/peers/confidence.py wrote.
func TestPosteriorsAreThoseOfAnotherImplementation(t *testing.T) {
	raw, err := os.ReadFile("testdata/crowdkit.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Source string
		Cases  []struct {
			Labels    int
			Answers   [][3]int
			Posterior [][]float64
			Frequency []float64
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil || len(file.Cases) == 0 {
		t.Fatalf("%d cases, %v", len(file.Cases), err)
	}
	for i, c := range file.Cases {
		n := dawidskene.Size{Items: len(c.Posterior), Labels: c.Labels}
		var answers []dawidskene.Answer
		for _, a := range c.Answers {
			answers = append(answers, dawidskene.Answer{Item: a[0], Rater: a[1], Label: a[2]})
			n.Raters = max(n.Raters, a[1]+1)
		}
		e, err := dawidskene.Fit(answers, n, fifty)
		if err != nil {
			t.Fatal(err)
		}
		for item, want := range c.Posterior {
			near(t, i, "posterior", e.Posterior[item], want)
		}
		near(t, i, "frequency", e.Frequency, c.Frequency)
	}
}

func near(t *testing.T, number int, what string, got, want []float64) {
	t.Helper()
	for l := range want {
		if math.Abs(got[l]-want[l]) > 1e-6 {
			t.Errorf("case %d: %s %v, want %v", number, what, got, want)
			return
		}
	}
}

func TestWhoIsAlwaysWrongIsAsUsefulAsWhoIsRight(t *testing.T) {
	var answers []dawidskene.Answer
	for item := range 40 {
		truth := item % 2
		for rater, label := range []int{truth, truth, truth, 1 - truth} {
			answers = append(answers, dawidskene.Answer{Item: item, Rater: rater, Label: label})
		}
	}
	answers = append(answers, dawidskene.Answer{Item: 40, Rater: 3, Label: 0})
	e, err := dawidskene.Fit(answers, dawidskene.Size{Items: 42, Raters: 5, Labels: 2}, dawidskene.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	if e.Posterior[0][0] < 0.999 || e.Posterior[40][1] < 0.9 || e.Table[3][0][1] < 0.9 {
		t.Errorf("got %v, %v, %v", e.Posterior[0], e.Posterior[40], e.Table[3])
	}
	if p := e.Posterior[41]; math.Abs(p[0]-e.Frequency[0]) > 1e-6 || e.Table[4][0][0] != 0 {
		t.Errorf("of what nobody said: %v and %v, want the frequency %v and nothing", p, e.Table[4], e.Frequency)
	}
}

// TestManyRatersOfOneItemAreHeardInAnyOrder: two hundred who are hardly ever wrong
// say one label of an item, and two hundred and one the other. Whoever spoke last,
// more is more: what many say against a label rules it out for no one after them.
func TestManyRatersOfOneItemAreHeardInAnyOrder(t *testing.T) {
	const half, items = 200, 240
	for _, labels := range []int{2, 3} {
		for first := range 2 {
			var answers []dawidskene.Answer
			for item := range items {
				for rater := range 2*half + 1 {
					answers = append(answers, dawidskene.Answer{Item: item, Rater: rater, Label: item % 2})
				}
			}
			for i := range 2*half + 1 { // the smaller half first, or last
				rater := i
				if first == 1 {
					rater = 2*half - i
				}
				a := dawidskene.Answer{Item: items, Rater: rater}
				if rater >= half {
					a.Label = 1
				}
				answers = append(answers, a)
			}
			n := dawidskene.Size{Items: items + 1, Raters: 2*half + 1, Labels: labels}
			e, err := dawidskene.Fit(answers, n, dawidskene.Settings{})
			if err != nil {
				t.Fatal(err)
			}
			if p := e.Posterior[items]; !(p[1] > 0.99) {
				t.Errorf("%d labels, turned %d: 200 said the first label and 201 the second: got %v", labels, first, p)
			}
		}
	}
}

// TestProcessorsMoveNoBit: what is estimated by one processor is what five make of
// it.
func TestProcessorsMoveNoBit(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 1))
	var answers []dawidskene.Answer
	for item := range 300 {
		for rater := range r.IntN(6) {
			answers = append(answers, dawidskene.Answer{Item: item, Rater: (rater*5 + r.IntN(5)) % 9, Label: (item%3 + r.IntN(2)*r.IntN(3)) % 3})
		}
	}
	r.Shuffle(len(answers), func(i, j int) { answers[i], answers[j] = answers[j], answers[i] })
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var one *dawidskene.Estimate
	for _, processors := range []int{1, 5} {
		runtime.GOMAXPROCS(processors)
		e, err := dawidskene.Fit(answers, dawidskene.Size{Items: 300, Raters: 9, Labels: 3}, fifty)
		if err != nil {
			t.Fatal(err)
		}
		if one == nil {
			one = e
		} else if !reflect.DeepEqual(e.Posterior, one.Posterior) || !reflect.DeepEqual(e.Table, one.Table) {
			t.Errorf("%d processors estimate otherwise than one", processors)
		}
	}
}

func TestWhatCannotBeEstimatedIsRefused(t *testing.T) {
	one := []dawidskene.Answer{{}}
	fine := dawidskene.Size{Items: 1, Raters: 1, Labels: 2}
	for name, c := range map[string]struct {
		answers []dawidskene.Answer
		n       dawidskene.Size
	}{
		"nothing":      {nil, fine},
		"one label":    {one, dawidskene.Size{Items: 1, Raters: 1, Labels: 1}},
		"no item":      {[]dawidskene.Answer{{Item: 1}}, fine},
		"no rater":     {[]dawidskene.Answer{{Rater: -1}}, fine},
		"no label":     {[]dawidskene.Answer{{Label: 2}}, fine},
		"huge":         {one, dawidskene.Size{Items: math.MaxInt, Raters: 1, Labels: 2}},
		"huge tables":  {one, dawidskene.Size{Items: 1, Raters: math.MaxInt, Labels: 2}},
		"many answers": {one, dawidskene.Size{Items: 1, Raters: 1, Labels: 1 << 20}},
	} {
		if _, err := dawidskene.Fit(c.answers, c.n, dawidskene.Settings{}); !errors.Is(err, dawidskene.ErrInput) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
