package raters

import (
	_ "embed" // the scenario that ships
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/assaynet/assay/cmd/internal/simulation"
	"github.com/assaynet/assay/scoring/preference"
)

//go:embed scenario.toml
var shipped []byte

// Shipped returns the scenario that ships, as its file.
func Shipped() []byte { return shipped }

// ErrScenario says that a scenario's file is not one, or asks for what cannot be.
var ErrScenario = simulation.ErrScenario

// Scenario is what is simulated: a model of pairs and people, and cases with
// what is demanded of each. scenario.toml says what every field means.
type Scenario struct {
	Model  Model  `toml:"model"`
	Cases  []Case `toml:"case"`
	Memory Memory `toml:"memory"`
}

// Model is how pairs come about and how people answer them.
type Model struct {
	Raters     int       `toml:"raters"`
	PairsEach  int       `toml:"pairs_each"`
	GoldShare  float64   `toml:"gold_share"`
	PerPair    int       `toml:"raters_a_pair"`
	Setters    int       `toml:"setters"`
	Skills     []float64 `toml:"skills"`
	Undecided  float64   `toml:"undecided"`
	Traps      float64   `toml:"traps"`
	TrapSkill  float64   `toml:"trap_skill"`
	Engine     float64   `toml:"engine"`
	Longer     float64   `toml:"longer"`
	SameLength float64   `toml:"same_length"`
	Outside    float64   `toml:"outside"`
	Taste      float64   `toml:"taste"`
}

// Case is one row of the table.
type Case struct {
	Name string `toml:"name"`
	// Cheats are tried one after the other; what pays best counts. See behaviours.
	Cheats []string `toml:"cheats"`
	// Seats of the cheat, of Raters if that is not 0.
	Seats  int `toml:"seats"`
	Raters int `toml:"raters"`
	// Knows is the part of golds that the cheat knows; Leaks, Inverts and
	// Withholds count setters.
	Knows     float64 `toml:"knows"`
	Leaks     int     `toml:"leaks"`
	Inverts   int     `toml:"inverts"`
	Withholds int     `toml:"withholds"`
	// Noise lists parts of answers that the cheat gives at random; the one that
	// pays it best counts.
	Noise []float64 `toml:"noise"`
	// The demands; 0 is none.
	MinAUC         float64 `toml:"min_auc"`
	MaxPay         float64 `toml:"max_pay"`
	MinPaid        float64 `toml:"min_paid"`
	MinCorrelation float64 `toml:"min_correlation"`
}

// Memory asks what is remembered from epoch to epoch.
type Memory struct {
	Epochs    int `toml:"epochs"`
	PairsEach int `toml:"pairs_each"`
	// Turn is the epoch, from 0, in which sleepers begin to cheat.
	Turn int `toml:"turn"`
	// Keep lists rates: that of the sums of agreement, and that of the rest.
	Keep [][2]float64 `toml:"keep"`
	// Seats of sleepers and of the clique, that knows a part of the golds.
	Seats int     `toml:"seats"`
	Knows float64 `toml:"knows"`
	Noise float64 `toml:"noise"`
}

// The limits of a scenario, so that a file cannot ask for all memory.
const (
	maxRaters = 512
	maxPairs  = 1 << 17
	maxCases  = 512
	maxNoise  = 64
	maxEpochs = 64
)

// Read reads a scenario. Errors: [ErrScenario].
func Read(text []byte) (*Scenario, error) {
	var s Scenario
	if err := simulation.Decode(text, &s); err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	return &s, nil
}

func (s *Scenario) check() error {
	m := s.Model
	most := maxPairs / max(m.Raters, 1) // a rater; that there are raters is a rule of its own
	shares := []float64{m.GoldShare, m.Undecided, m.Traps, m.TrapSkill, m.Engine, m.Longer, m.SameLength, m.Outside, m.Taste}
	for _, r := range []struct {
		ok   bool
		rule string
	}{
		{within(shares...) && within(m.Skills...) && len(m.Skills) > 0, "shares and skills of the model are 0 to 1, and there is a skill"},
		{m.Raters >= 3 && m.Raters <= maxRaters, fmt.Sprintf("raters are 3 to %d", maxRaters)},
		{m.PerPair >= 2 && m.PerPair <= preference.MaxAnswers, fmt.Sprintf("raters_a_pair are 2 to %d", preference.MaxAnswers)},
		{m.PairsEach >= 1 && m.PairsEach <= most, fmt.Sprintf("pairs_each × raters is at most %d", maxPairs)},
		{m.Setters >= 1 && m.Setters <= 64, "setters are 1 to 64"},
		{len(s.Cases) <= maxCases, fmt.Sprintf("there are at most %d cases", maxCases)},
		{s.Memory.Epochs >= 0 && s.Memory.Epochs <= maxEpochs, fmt.Sprintf("epochs are at most %d", maxEpochs)},
		{s.Memory.PairsEach >= 0 && s.Memory.PairsEach <= most, fmt.Sprintf("pairs_each × raters is at most %d", maxPairs)},
		{s.Memory.check(&m), fmt.Sprintf("memory has at most %d keep rates from 0 to below 1, a turn within its epochs, shares from 0 to 1, and seats for honest people", maxNoise)},
	} {
		if !r.ok {
			return fmt.Errorf("%w: %s", ErrScenario, r.rule)
		}
	}
	for i := range s.Cases {
		if err := s.Cases[i].check(&m); err != nil {
			return fmt.Errorf("%w: case %q: %w", ErrScenario, s.Cases[i].Name, err)
		}
	}
	return nil
}

func (m *Memory) check(model *Model) bool {
	for _, k := range m.Keep {
		if !within(k[:]...) || k[0] == 1 || k[1] == 1 {
			return false
		}
	}
	return len(m.Keep) <= maxNoise && m.Turn >= 0 && m.Turn <= m.Epochs && within(m.Knows, m.Noise) && m.Seats >= 0 && m.Seats < model.Raters
}

func (c *Case) check(m *Model) error {
	raters := m.Raters
	if c.Raters != 0 {
		raters = c.Raters
	}
	setters := []int{c.Leaks, c.Inverts, c.Withholds}
	switch {
	case raters < 3 || raters > m.Raters:
		return fmt.Errorf("raters are 3 to the model's %d", m.Raters)
	case c.Seats < 0 || c.Seats >= raters || (c.Seats == 0) != (len(c.Cheats) == 0):
		return errors.New("cheats have seats, and leave one to an honest rater")
	case slices.Min(setters) < 0 || slices.Max(setters) > m.Setters || c.Inverts+c.Withholds > m.Setters:
		return errors.New("leaks, inverts and withholds count setters")
	case !within(c.Knows) || !within(c.Noise...) || len(c.Noise) > maxNoise:
		return fmt.Errorf("knows and noise are 0 to 1, of noise at most %d", maxNoise)
	}
	for _, name := range c.Cheats {
		if behaviours[name] == nil {
			return fmt.Errorf("there is no cheat %q; there are %s", name, strings.Join(slices.Sorted(maps.Keys(behaviours)), ", "))
		}
	}
	return nil
}

var within = simulation.Within
