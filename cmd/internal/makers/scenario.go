package makers

import (
	_ "embed" // the scenario that ships
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/assaynet/assay/cmd/internal/simulation"
)

//go:embed scenario.toml
var shipped []byte

// Shipped returns the scenario that ships, as its file.
func Shipped() []byte { return shipped }

// ErrScenario says that a scenario's file is not one, or asks for what cannot be.
var ErrScenario = simulation.ErrScenario

// Scenario is what is simulated. scenario.toml says what every field means.
type Scenario struct {
	Model Model  `toml:"model"`
	Cases []Case `toml:"case"`
}

// Model is how texts come about, and who hands in how many.
type Model struct {
	Makers      int     `toml:"makers"`
	RecordsEach int     `toml:"records_each"`
	Words       [2]int  `toml:"words"`
	Vocabulary  int     `toml:"vocabulary"`
	Phrases     int     `toml:"phrases"`
	PhraseShare float64 `toml:"phrase_share"`
	Public      int     `toml:"public"`
	Seals       int     `toml:"seals"`
}

// Case is one row of the table.
type Case struct {
	Name string `toml:"name"`
	// Cheat is what the first Seats hand in; "" where all are honest. See behaviours.
	Cheat string `toml:"cheat"`
	Seats int    `toml:"seats"`
	// Varied lists shares of words that the cheat replaces; the one that pays it
	// best counts.
	Varied []float64 `toml:"varied"`
	// The demands; none where they are left out.
	MaxPay  *float64 `toml:"max_pay"`
	MaxNet  *float64 `toml:"max_net"`
	MinPaid *float64 `toml:"min_paid"`
}

// shares lists the shares that the cheat varies; 0 alone where it varies none.
func (c *Case) shares() []float64 {
	if len(c.Varied) == 0 {
		return []float64{0}
	}
	return c.Varied
}

// The limits of a scenario, so that a file cannot ask for all memory.
const (
	maxMakers  = 256
	maxRecords = 1 << 14 // of all makers
	maxWords   = 1000
	maxList    = 1 << 16 // words, phrases and public texts
	maxCases   = 512
	maxVaried  = 64
	maxSeals   = 1024
)

// Read reads a scenario. Errors: [ErrScenario].
func Read(text []byte) (*Scenario, error) {
	var s Scenario
	if err := simulation.Decode(text, &s); err != nil {
		return nil, err
	}
	m := &s.Model
	for _, r := range []struct {
		ok   bool
		rule string
	}{
		{m.Makers >= 2 && m.Makers <= maxMakers, fmt.Sprintf("makers are 2 to %d", maxMakers)},
		{m.RecordsEach >= 1 && m.RecordsEach <= maxRecords/m.makers(), fmt.Sprintf("records_each × makers is at most %d", maxRecords)},
		{m.Words[0] >= 10 && m.Words[0] <= m.Words[1] && m.Words[1] <= maxWords, fmt.Sprintf("words are 10 to %d, the fewer first", maxWords)},
		{m.Vocabulary >= 100 && m.Vocabulary <= maxList, fmt.Sprintf("vocabulary is 100 to %d", maxList)},
		{m.Phrases >= 1 && m.Phrases <= maxList && m.Public >= 1 && m.Public <= maxRecords, fmt.Sprintf("phrases are 1 to %d, public texts to %d", maxList, maxRecords)},
		{simulation.Within(m.PhraseShare), "phrase_share is 0 to 1"},
		{m.Seals >= 1 && m.Seals <= maxSeals, fmt.Sprintf("seals are 1 to %d", maxSeals)},
		{len(s.Cases) <= maxCases, fmt.Sprintf("there are at most %d cases", maxCases)},
	} {
		if !r.ok {
			return nil, fmt.Errorf("%w: %s", ErrScenario, r.rule)
		}
	}
	for i := range s.Cases {
		if err := s.Cases[i].check(m); err != nil {
			return nil, fmt.Errorf("%w: case %q: %w", ErrScenario, s.Cases[i].Name, err)
		}
	}
	return &s, nil
}

// makers is never 0, so that it can be divided by before it is checked.
func (m *Model) makers() int { return max(m.Makers, 1) }

func (c *Case) check(m *Model) error {
	switch {
	case c.Cheat != "" && behaviours[c.Cheat] == nil:
		return fmt.Errorf("there is no cheat %q; there are %s", c.Cheat, strings.Join(slices.Sorted(maps.Keys(behaviours)), ", "))
	case c.Seats < 0 || c.Seats >= m.Makers || (c.Seats == 0) != (c.Cheat == ""):
		return errors.New("a cheat has seats, and leaves one to an honest maker")
	case !simulation.Within(c.Varied...) || len(c.Varied) > maxVaried:
		return fmt.Errorf("varied is 0 to 1, at most %d of it", maxVaried)
	}
	return nil
}
