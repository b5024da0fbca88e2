package raters_test

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/cmd/internal/raters"
	"github.com/assaynet/assay/cmd/internal/simulation/simulationtest"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/scoring/preference"
)

// small is the shipped scenario with few cases and a short memory.
func small(t *testing.T) *raters.Scenario {
	t.Helper()
	s, err := raters.Read(raters.Shipped())
	if err != nil {
		t.Fatal(err)
	}
	var cases []raters.Case
	for _, c := range s.Cases {
		switch c.Name {
		case "honest raters", "cheap, 20 %", "clique 20 %, knows half":
			cases = append(cases, c)
		}
	}
	s.Cases, s.Memory.Epochs, s.Memory.Turn, s.Memory.Keep = cases, 3, 1, s.Memory.Keep[:2]
	return s
}

func run(t *testing.T, s *raters.Scenario, seed uint64, threads int) *raters.Report {
	t.Helper()
	c := raters.Config{Scenario: s, Params: preference.Default(), Seed: seed, Worlds: 4, Threads: threads}
	r, err := raters.Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestThreadsChangeNothingAndTheSeedDoes(t *testing.T) {
	s := small(t)
	simulationtest.Threads(t, func(seed uint64, threads int) *raters.Report { return run(t, s, seed, threads) })
}

func TestHonestPeopleArePaidAndCheatsAreNot(t *testing.T) {
	r := run(t, small(t), 3, 2)
	if honest := r.Rows[0]; honest.Paid < 0.85 || honest.Demand != "paid ≥ 0.9, skill ≥ 0.6" {
		t.Errorf("honest: %+v", honest)
	}
	if cheap := r.Rows[1]; cheap.Pay > 0.1 || cheap.AUC < 0.9 || len(cheap.Tried) != 4 {
		t.Errorf("cheap: %+v", cheap)
	}
	best := r.Rows[2]
	for _, tried := range best.Tried {
		if tried.Pay > best.Pay || tried.Pay == best.Pay && tried.Noise < best.Noise {
			t.Errorf("noise %g pays %v, more than the best, %v", tried.Noise, tried.Pay, best.Pay)
		}
	}
	forgets := r.Memory[0]
	if len(forgets.Paid) != 3 || forgets.KeepRest != 0 || forgets.Sleepers[0] < 0.5 || forgets.Sleepers[2] > 0.3 {
		t.Errorf("without memory: %+v", forgets)
	}
}

// TestWhoWithholdsIsPaidLess: an eighth, which is the lane's share of the pay.
func TestWhoWithholdsIsPaidLess(t *testing.T) {
	s, err := raters.Read(raters.Shipped())
	if err != nil {
		t.Fatal(err)
	}
	s.Memory.Keep = nil
	s.Cases = slices.DeleteFunc(s.Cases, func(c raters.Case) bool { return c.Inverts+c.Withholds == 0 && c.Name != "honest raters" })
	r, err := raters.Run(t.Context(), raters.Config{Scenario: s, Params: preference.Default(), Kinds: params.Demo().Kinds, Worlds: 1, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range r.Rows {
		if row.Case != "honest raters" && row.Setter != 0.875 {
			t.Errorf("%s: got %v, want 0.875", row.Case, row.Setter)
		}
	}
	if len(r.Rows) != 4 || r.Rows[0].Setter.String() != "-" {
		t.Errorf("honest setters: got %+v", r.Rows[0])
	}
}

func TestADemandThatDoesNotHoldIsCounted(t *testing.T) {
	s := small(t)
	s.Cases[0].MinPaid = 1.1
	if r := run(t, s, 1, 2); r.Rows[0].Holds || r.Failed() == 0 {
		t.Errorf("got %+v", r.Rows[0])
	}
}

func TestBothPlotsShowEveryCurve(t *testing.T) {
	r := run(t, small(t), 1, 2)
	svg, err := r.SVG()
	if err != nil {
		t.Fatal(err)
	}
	for d := xml.NewDecoder(strings.NewReader(string(svg))); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"<svg", "clique 20 %, knows half", "25 %", "seed 1"} {
		if !strings.Contains(string(svg), want) {
			t.Errorf("%q is not in the image", want)
		}
	}
	plain, coloured := r.Text(false), r.Text(true)
	if strings.Contains(plain, "\x1b") || !strings.Contains(plain, "0 to 25 %") || !strings.Contains(coloured, "clique 20 %, knows half") {
		t.Errorf("got %q and %q", plain, coloured)
	}
	s := small(t)
	s.Cases = s.Cases[:1]
	if r := run(t, s, 1, 2); r.Text(false) != "" {
		t.Error("a plot of nothing")
	}
}

func TestAScenarioThatCannotBeIsRefused(t *testing.T) {
	simulationtest.Refuses(t, raters.Shipped(), raters.Read, map[string][3]string{
		"no TOML":            {"[model]", "[model", "line"},
		"an unknown field":   {"traps =", "trapz =", "there is no"},
		"a share":            {"traps = 0.05", "traps = 1.5", "0 to 1"},
		"not a number":       {"traps = 0.05", "traps = nan", "0 to 1"},
		"too many pairs":     {"pairs_each = 150", "pairs_each = 1000000", "at most"},
		"too many raters":    {"raters = 30", "raters = 100000", "raters are 3 to"},
		"one rater a pair":   {"raters_a_pair = 5", "raters_a_pair = 1", "raters_a_pair"},
		"no skill":           {"skills = [0.85, 0.75, 0.65]", "skills = []", "skill"},
		"an unknown cheat":   {`["half"]`, `["quarter"]`, `there is no cheat "quarter"`},
		"cheats alone":       {"seats = 13", "seats = 30", "leave one"},
		"too many setters":   {"leaks = 1", "leaks = 5", "count setters"},
		"a keep rate of one": {"[0.5, 0.75]", "[1, 0.75]", "keep rates"},
		"endless epochs":     {"epochs = 8", "epochs = 100000", "epochs are at most"},
	})
}

func TestAnEmptyScenarioIsNoScenario(t *testing.T) {
	for _, text := range []string{"", "[model]\nskills = [0.7]\n", "[model]\nskills = [0.7]\nraters = -1\n"} {
		if _, err := raters.Read([]byte(text)); !errors.Is(err, raters.ErrScenario) {
			t.Errorf("%q: got %v, want %v", text, err, raters.ErrScenario)
		}
	}
}

func FuzzRead(f *testing.F) { simulationtest.Fuzz(f, raters.Shipped(), raters.Read) }
