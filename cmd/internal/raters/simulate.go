package raters

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync/atomic"

	"github.com/assaynet/assay/cmd/internal/simulation"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	task "github.com/assaynet/assay/protocol/task/preference"
	"github.com/assaynet/assay/scoring/fixed"
	"github.com/assaynet/assay/scoring/preference"
)

// Config says what to simulate.
type Config struct {
	Scenario *Scenario
	Params   preference.Params
	// Kinds are those of the network that pays setters, as validators.
	Kinds   []params.Kind
	Seed    uint64
	Worlds  int // of each case and noise
	Threads int // they change no result
	// Done counts worlds while it runs; nil does not.
	Done *atomic.Int64
}

// Count returns how many worlds a run makes.
func (c *Config) Count() int {
	n := len(c.Scenario.Memory.Keep) * memoryCases
	for i := range c.Scenario.Cases {
		n += len(c.Scenario.Cases[i].ways())
	}
	return n * c.Worlds
}

// way is one way to cheat.
type way struct {
	cheat string
	noise float64
}

// ways are all that a case tries.
func (c *Case) ways() []way {
	var out []way
	for _, cheat := range c.Cheats {
		for _, noise := range c.Noise {
			out = append(out, way{cheat, noise})
		}
		if len(c.Noise) == 0 {
			out = append(out, way{cheat: cheat})
		}
	}
	if len(out) == 0 {
		out = []way{{}}
	}
	return out
}

// Run simulates all cases and the memory.
func Run(ctx context.Context, c Config) (*Report, error) {
	if c.Done == nil {
		c.Done = new(atomic.Int64)
	}
	report := &Report{Seed: c.Seed, Worlds: c.Worlds, Rows: []Row{}, Memory: []Remembered{}}
	for i := range c.Scenario.Cases {
		row, err := c.row(ctx, &c.Scenario.Cases[i])
		if err != nil {
			return nil, err
		}
		report.Rows = append(report.Rows, row)
	}
	for _, keep := range c.Scenario.Memory.Keep {
		m, err := c.remember(ctx, keep)
		if err != nil {
			return nil, err
		}
		report.Memory = append(report.Memory, m)
	}
	return report, nil
}

// row simulates one case in all its ways, and takes that which pays best.
func (c *Config) row(ctx context.Context, of *Case) (Row, error) {
	row := Row{Case: of.Name, Seats: of.Seats, Raters: cmp.Or(of.Raters, c.Scenario.Model.Raters), Tried: []Tried{}}
	var best outcome
	for _, w := range of.ways() {
		s := setting{m: c.Scenario.Model, c: of, cheat: behaviours[w.cheat], noise: w.noise, cheats: of.Seats}
		s.m.Raters = row.Raters
		epochs, err := c.worlds(ctx, s, c.Params, 1)
		if err != nil {
			return Row{}, err
		}
		got := epochs[0]
		if len(row.Tried) == 0 || got.pay > best.pay {
			best, row.Cheat, row.Noise = got, w.cheat, w.noise
		}
		row.Tried = append(row.Tried, Tried{Cheat: w.cheat, Noise: w.noise, AUC: number(got.auc), Pay: number(got.pay)})
	}
	row.AUC, row.Pay, row.Paid, row.Correlation = number(best.auc), number(best.pay), number(best.paid), number(best.correlation)
	row.Setter = number(math.NaN())
	if of.Inverts+of.Withholds > 0 {
		row.Setter = number(c.setter())
	}
	row.demand(of)
	return row, nil
}

// setter is the part of its dividend that is left to a validator that did all its
// duties, but to set pairs and tell the truth of them.
func (c *Config) setter() float64 {
	had, done := make([]uint32, len(c.Kinds)), make([]uint32, len(c.Kinds))
	for i := range c.Kinds {
		if had[i] = 1; c.Kinds[i].Name != task.Kind {
			done[i] = 1
		}
	}
	return float64(ledger.DutyPart(c.Kinds, had, done, protocol.Unit)) / float64(protocol.Unit)
}

// worlds returns the mean of all worlds, of each epoch.
func (c *Config) worlds(ctx context.Context, s setting, p preference.Params, epochs int) ([]outcome, error) {
	all, err := simulation.Worlds(ctx, c.Seed, c.Worlds, c.Threads, c.Done, func(r *rand.Rand) ([]outcome, error) {
		return s.world(p, r, epochs)
	})
	if err != nil {
		return nil, err
	}
	out := make([]outcome, epochs)
	for e := range out {
		of := func(field func(*outcome) float64) float64 { return mean(all, e, field) }
		out[e] = outcome{
			auc:         of(func(o *outcome) float64 { return o.auc }),
			pay:         of(func(o *outcome) float64 { return o.pay }),
			paid:        of(func(o *outcome) float64 { return o.paid }),
			correlation: of(func(o *outcome) float64 { return o.correlation }),
		}
	}
	return out, nil
}

// outcome is what one epoch shows.
type outcome struct {
	auc, pay, paid, correlation float64 // NaN where there is nothing to say
}

// world makes and scores the epochs of one world.
func (s *setting) world(p preference.Params, r *rand.Rand, epochs int) ([]outcome, error) {
	book, err := preference.New(p)
	if err != nil {
		return nil, err
	}
	var out []outcome
	for e := range epochs {
		for _, pair := range s.epoch(r, e) {
			if err := book.Add(&pair); err != nil {
				return nil, err
			}
		}
		rows, err := book.Score()
		if err != nil {
			return nil, err
		}
		out = append(out, s.look(rows))
	}
	return out, nil
}

// look compares cheats and honest people.
func (s *setting) look(rows []preference.Row) outcome {
	pay := make([]float64, s.m.Raters)
	for _, r := range rows {
		seat, _ := strconv.Atoi(r.Rater) // epoch wrote it
		pay[seat] = float64(r.Pay) / fixed.Whole
	}
	n := s.cheats
	out := outcome{auc: auc(pay[n:], pay[:n]), pay: math.NaN()}
	if n > 0 {
		out.pay = ratio(sum(pay[:n]), sum(pay)) * float64(len(pay)) / float64(n)
	}
	var skills []float64
	for seat := n; seat < len(pay); seat++ {
		skills = append(skills, s.skill(seat))
		if pay[seat] > 0 {
			out.paid++
		}
	}
	out.paid /= float64(len(pay) - n)
	out.correlation = correlation(skills, pay[n:])
	return out
}

// auc is how often one of the good is above one of the bad; half of equals
// count. NaN without either.
func auc(good, bad []float64) float64 {
	var above float64
	for _, g := range good {
		for _, b := range bad {
			switch {
			case g > b:
				above++
			case g == b:
				above += 0.5
			}
		}
	}
	return above / float64(len(good)*len(bad))
}

func sum(v []float64) (s float64) {
	for _, x := range v {
		s += x
	}
	return s
}

// ratio is a ÷ b, and 0 of nothing.
func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// correlation is Pearson's; NaN where one does not vary.
func correlation(x, y []float64) float64 {
	mx, my := sum(x)/float64(len(x)), sum(y)/float64(len(y))
	var xy, xx, yy float64
	for i := range x {
		xy += (x[i] - mx) * (y[i] - my)
		xx += (x[i] - mx) * (x[i] - mx)
		yy += (y[i] - my) * (y[i] - my)
	}
	return xy / math.Sqrt(xx*yy)
}

// mean is that of the worlds that have something to say, in their order.
func mean(worlds [][]outcome, epoch int, field func(*outcome) float64) float64 {
	values := make([]float64, 0, len(worlds))
	for _, w := range worlds {
		values = append(values, field(&w[epoch]))
	}
	values = slices.DeleteFunc(values, math.IsNaN)
	return sum(values) / float64(len(values))
}
