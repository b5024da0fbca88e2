package scenario_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/scoring/yuma/scenario"
)

// A judge that fulfils all its duties, and says in its weights not what it found
// but what the others agreed on, saves nothing, but hears less noise than by its
// own few draws. This is what it gains by that.

// crowd is how many miners there are, keep how much of a judge's average stays from
// epoch to epoch, in tenths, as the kinds of params.Local have it.
const (
	crowd   = 12
	quorum  = 4
	keep    = 9
	epochs  = 200
	mayGain = 5 // per cent
)

// market is the world of a test: what miners are worth, and what each judge thinks.
type market struct {
	rng    *rand.Rand
	worth  [crowd]int         // how many of 100 answers are right
	thinks [quorum][crowd]int // in 100,000ths
	opened [][quorum][crowd]int
}

// pass moves the world on by an epoch, in which one of every of so many miners, in
// a thousand, becomes another, and each judge draws two answers of each.
func (m *market) pass(churn int) {
	for i := range m.worth {
		if m.rng.IntN(1000) < churn {
			m.worth[i] = m.rng.IntN(101)
		}
		for j := range quorum {
			found := 0
			for range 2 {
				if m.rng.IntN(100) < m.worth[i] {
					found += 50_000
				}
			}
			m.thinks[j][i] = (keep*m.thinks[j][i] + (10-keep)*found) / 10
		}
	}
	m.opened = append(m.opened, m.thinks)
}

// copied is what the other judges agreed on in the newest weights that are open
// when weights of the running epoch are sealed: the median of those of two epochs
// before.
func (m *market) copied(i int) int {
	rows := m.opened[max(0, len(m.opened)-3)]
	said := []int{rows[0][i], rows[1][i], rows[2][i]}
	slices.Sort(said)
	return said[1]
}

// dividends plays the epochs, and returns what the copier, the last judge, earned
// and what the others did on average.
func dividends(t *testing.T, seed uint64, churn int, copies bool) (copier, others uint64) {
	t.Helper()
	m := &market{rng: rand.New(rand.NewPCG(seed, 0))}
	for i := range m.worth {
		m.worth[i] = 40 + m.rng.IntN(61)
	}
	p := params.Local()
	y, tempo := p.Yuma, p.Schedule.Tempo
	n := quorum + crowd
	s := scenario.Scenario{Schema: scenario.Schema, Name: "copier", Setup: scenario.Setup{
		N: n, Tempo: tempo, Kappa: y.Kappa, MaxValidators: quorum, ActivityCutoff: y.ActivityCutoff,
		BondsMovingAverage: y.BondsMovingAverage, BondsPenalty: y.BondsPenalty, Yuma3: y.Yuma3, LiquidAlpha: y.LiquidAlpha,
		AlphaLow: y.AlphaLow, AlphaHigh: y.AlphaHigh, Steepness: y.Steepness, StakeThreshold: 1, ZerosKeepBonds: true, CarryIfNoIncentive: true, PaysAgreed: true,
		Stake: make([]uint64, n), RegisteredAt: make([]uint64, n), LastUpdate: make([]uint64, n), Permit: make([]bool, n), Block: 1,
	}}
	for j := range quorum {
		s.Setup.Stake[j], s.Setup.Permit[j] = uint64(p.Seats.MinStake), true
	}
	for e := 1; e <= epochs; e++ {
		m.pass(churn)
		for j := range quorum {
			row := scenario.Operation{Op: scenario.SetWeights, UID: new(uint16(j))}
			for i := range crowd {
				say := m.thinks[j][i]
				if copies && j == quorum-1 {
					say = m.copied(i)
				}
				row.UIDs, row.Values = append(row.UIDs, uint16(quorum+i)), append(row.Values, uint16(say*65535/100_000))
			}
			s.Ops = append(s.Ops, row)
		}
		s.Ops = append(s.Ops,
			scenario.Operation{Op: scenario.SetBlock, Block: new(tempo * uint64(e))},
			scenario.Operation{Op: scenario.Epoch, Emission: new(uint64(p.Emission.PerBlock) * tempo)})
	}
	if err := s.Run(func(r scenario.Ran) error {
		for j, d := range r.Result.ValidatorEmission[:quorum] {
			if j == quorum-1 {
				copier += d
			} else {
				others += d
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return copier, others / (quorum - 1)
}

// TestAJudgeThatCopiesWeightsGainsLittle: over 200 epochs of the shipped rules it
// has at most a twentieth more than a judge that says what it found, however often
// miners change. The first line is what chance alone makes of four honest ones.
func TestAJudgeThatCopiesWeightsGainsLittle(t *testing.T) {
	var b strings.Builder
	for _, c := range []struct {
		churn  int
		copies bool
	}{{10, false}, {0, true}, {1, true}, {10, true}, {50, true}, {200, true}} {
		worst, at := -100.0, uint64(0)
		for seed := range uint64(4) {
			copier, others := dividends(t, seed, c.churn, c.copies)
			if copier == 0 || others == 0 {
				t.Fatalf("seed %d: the copier has %d, others %d", seed, copier, others)
			}
			if gain := 100 * (float64(copier)/float64(others) - 1); gain > worst {
				worst, at = gain, seed
			}
		}
		fmt.Fprintf(&b, "copies %-5t  of 1000 miners %3d change an epoch: at most %+.2f %% (seed %d of 0 to 3)\n", c.copies, c.churn, worst, at)
		if worst > mayGain {
			t.Errorf("copies %t, churn %d: it has %.2f %% more than an honest judge", c.copies, c.churn, worst)
		}
	}
	t.Log("\n" + b.String())
}
