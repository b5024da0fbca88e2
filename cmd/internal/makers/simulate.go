package makers

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"sync/atomic"

	"github.com/assaynet/assay/cmd/internal/simulation"
	"github.com/assaynet/assay/protocol/task/synthetic/text"
	"github.com/assaynet/assay/scoring/synthetic"
	"github.com/assaynet/assay/scoring/synthetic/gramset"
)

// Config says what to simulate.
type Config struct {
	Scenario *Scenario
	Rules    synthetic.Rules
	Seed     uint64
	Worlds   int // of each case and share that is varied
	Threads  int // they change no result
	// Done counts worlds while it runs; nil does not.
	Done *atomic.Int64
}

// Count returns how many worlds a run makes.
func (c *Config) Count() int {
	n := 0
	for i := range c.Scenario.Cases {
		n += max(len(c.Scenario.Cases[i].Varied), 1)
	}
	return n * c.Worlds
}

// Run simulates all cases.
func Run(ctx context.Context, c Config) (*Report, error) {
	if c.Done == nil {
		c.Done = new(atomic.Int64)
	}
	report := &Report{Seed: c.Seed, Worlds: c.Worlds, Rows: []Row{}}
	for i := range c.Scenario.Cases {
		row, err := c.row(ctx, &c.Scenario.Cases[i])
		if err != nil {
			return nil, err
		}
		report.Rows = append(report.Rows, row)
	}
	return report, nil
}

// row simulates one case with all shares that are varied, and takes the one that
// pays best.
func (c *Config) row(ctx context.Context, of *Case) (Row, error) {
	row := Row{Case: of.Name, Cheat: of.Cheat, Seats: of.Seats, Makers: c.Scenario.Model.Makers, Tried: []Tried{}}
	varied := of.Varied
	if len(varied) == 0 {
		varied = []float64{0}
	}
	for i, share := range varied {
		worlds, err := simulation.Worlds(ctx, c.Seed, c.Worlds, c.Threads, c.Done, func(r *rand.Rand) (outcome, error) {
			return newWorld(&c.Scenario.Model, of, share, r).outcome(c.Rules)
		})
		if err != nil {
			return Row{}, err
		}
		o := mean(worlds)
		t := Tried{Varied: share, Pay: simulation.Round(o.pay), Net: simulation.Round(o.net), Gates: o.cheats.gates()}
		row.Tried = append(row.Tried, t)
		if i == 0 || t.Pay > row.Pay {
			row.Varied, row.Pay, row.Net, row.Gates = share, t.Pay, t.Net, t.Gates
			row.Caught = simulation.Round(1 - o.cheats.paid/o.cheats.records)
			row.Paid, row.Alarms = simulation.Round(o.honest.paid/o.honest.records), o.honest.gates()
		}
	}
	row.demand(of)
	return row, nil
}

// side is what became of the records of cheats, or of honest makers.
type side struct {
	records, paid, pay float64
	failed             map[synthetic.Gate]float64
}

// gates returns the share of records that do not pass each gate, of those gates
// that any does not pass, in their order.
func (s *side) gates() []Catch {
	out := []Catch{}
	for _, g := range synthetic.Gates() {
		if n := s.failed[g]; n > 0 {
			out = append(out, Catch{Gate: string(g), Share: simulation.Round(n / s.records)})
		}
	}
	return out
}

// outcome is what one world shows, or the sums of all.
type outcome struct {
	cheats, honest side
	// pay is a cheat's pay by an honest maker's, net what cheats have of a record
	// less what their league pays; NaN where there is nothing to say.
	pay, net float64
}

func (w *world) outcome(rules synthetic.Rules) (outcome, error) {
	w.hand()
	var grams []uint64
	for _, t := range w.named {
		grams = append(grams, novel(t)...)
	}
	set := gramset.Of(text.NovelGram, grams)
	spec := w.specification(set)
	j, err := synthetic.NewJudge(synthetic.Config{Rules: rules, Specification: spec, Sets: []*gramset.Set{set}})
	if err != nil {
		return outcome{}, err
	}
	slices.SortFunc(w.records, func(a, b synthetic.Record) int {
		return synthetic.PlaceOf(spec, a.Block, a.ID).Compare(synthetic.PlaceOf(spec, b.Block, b.ID))
	})
	for i := range w.records {
		if err := j.Judge(&w.records[i]); err != nil {
			return outcome{}, err
		}
	}
	list, total := j.Finish()
	return w.look(list, &total, spec), nil
}

func (w *world) look(list []synthetic.Judgement, total *synthetic.Total, spec *synthetic.Specification) outcome {
	o := outcome{pay: math.NaN(), net: math.NaN()}
	o.cheats.failed, o.honest.failed = map[synthetic.Gate]float64{}, map[synthetic.Gate]float64{}
	for i := range list {
		m, s := &list[i], &o.honest
		if int(m.Maker) < w.c.Seats {
			s = &o.cheats
		}
		s.records++
		s.pay += float64(m.Pay)
		if m.Reason == "" {
			s.paid++
		}
		for _, g := range m.Failed {
			s.failed[g]++
		}
		if m.Reason == synthetic.Full {
			s.failed[synthetic.Full]++
		}
	}
	if w.c.Seats == 0 || o.cheats.records == 0 {
		return o
	}
	seats, others := float64(w.c.Seats), float64(w.m.Makers-w.c.Seats)
	if o.honest.pay > 0 {
		o.pay = (o.cheats.pay / seats) / (o.honest.pay / others)
	}
	spent := 0.0
	if w.c.Cheat == "league" {
		spent = float64(total.Paid) + w.m.Fee*float64(spec.Maximum)
	}
	o.net = (o.cheats.pay - spent) / o.cheats.records / price
	return o
}

// mean adds up sides, and takes the mean of what worlds have to say.
func mean(worlds []outcome) (out outcome) {
	out.cheats.failed, out.honest.failed = map[synthetic.Gate]float64{}, map[synthetic.Gate]float64{}
	var pays, nets []float64
	for i := range worlds {
		out.cheats.add(&worlds[i].cheats)
		out.honest.add(&worlds[i].honest)
		pays, nets = append(pays, worlds[i].pay), append(nets, worlds[i].net)
	}
	out.pay, out.net = average(pays), average(nets)
	return out
}

func (s *side) add(o *side) {
	s.records += o.records
	s.paid += o.paid
	s.pay += o.pay
	for g, n := range o.failed {
		s.failed[g] += n
	}
}

func average(v []float64) float64 {
	v = slices.DeleteFunc(v, math.IsNaN)
	var sum float64
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}
