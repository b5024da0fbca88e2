package makers

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"sync/atomic"

	"github.com/assaynet/assay/cmd/internal/simulation"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/scoring/synthetic"
	"github.com/assaynet/assay/scoring/synthetic/gramset"
	"github.com/assaynet/assay/scoring/synthetic/index"
)

// Config says what to simulate.
type Config struct {
	Scenario *Scenario
	Rules    synthetic.Rules
	Params   *params.Params // of the network whose ledger burns, and holds deposits
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
		n += len(c.Scenario.Cases[i].shares())
	}
	return n * c.Worlds
}

// Run simulates all cases.
func Run(ctx context.Context, c Config) (*Report, error) {
	if c.Done == nil {
		c.Done = new(atomic.Int64)
	}
	worlds, err := simulation.Worlds(ctx, c.Seed, c.Worlds, c.Threads, new(atomic.Int64), func(r *rand.Rand) ([]outcome, error) {
		return c.world(ctx, r)
	})
	if err != nil {
		return nil, err
	}
	report, at := &Report{Seed: c.Seed, Worlds: c.Worlds, Rows: []Row{}}, 0
	for i := range c.Scenario.Cases {
		of := &c.Scenario.Cases[i]
		means := make([]outcome, len(of.shares()))
		for k := range means {
			means[k] = mean(worlds, at+k)
		}
		report.Rows, at = append(report.Rows, c.row(of, means)), at+len(means)
	}
	return report, nil
}

// world makes one world, in which every case has the same language, the same sets
// and the same honest makers, and returns the outcomes of all cases and shares.
func (c *Config) world(ctx context.Context, r *rand.Rand) ([]outcome, error) {
	g := newGround(&c.Scenario.Model, r)
	var out []outcome
	for i := range c.Scenario.Cases {
		of := &c.Scenario.Cases[i]
		for _, share := range of.shares() {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			o, err := newWorld(g, of, share, rand.New(rand.NewPCG(r.Uint64(), r.Uint64()))).outcome(c)
			if err != nil {
				return nil, err
			}
			out = append(out, o)
			c.Done.Add(1)
		}
	}
	return out, nil
}

// row takes of all shares that are varied the one that pays best.
func (c *Config) row(of *Case, means []outcome) Row {
	row := Row{Case: of.Name, Cheat: of.Cheat, Seats: of.Seats, Makers: c.Scenario.Model.Makers, Tried: []Tried{}}
	for i, share := range of.shares() {
		o := &means[i]
		t := Tried{Varied: share, Pay: simulation.Round(o.pay), Net: simulation.Round(o.net), Gates: o.cheats.gates()}
		row.Tried = append(row.Tried, t)
		if i == 0 || t.Pay > row.Pay {
			row.Varied, row.Pay, row.Net, row.Gates = share, t.Pay, t.Net, t.Gates
			row.Caught = simulation.Round(1 - o.cheats.paid/o.cheats.records)
			row.Paid, row.Alarms = simulation.Round(o.honest.paid/o.honest.records), o.honest.gates()
		}
	}
	row.demand(of)
	return row
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

func (w *world) outcome(c *Config) (outcome, error) {
	w.hand()
	spec := w.specification()
	cfg := synthetic.Config{Rules: c.Rules, Specification: spec, Sets: []*gramset.Set{w.set}, Memo: w.memo}
	if w.beside.Len() > 0 {
		cfg.Window = index.Fixed{Memory: &w.beside}
	}
	j, err := synthetic.NewJudge(cfg)
	if err != nil {
		return outcome{}, err
	}
	w.sort(spec)
	for i := range w.records {
		if err := j.Judge(&w.records[i]); err != nil {
			return outcome{}, err
		}
	}
	list, total := j.Finish()
	return w.look(c.Params, list, &total, spec), nil
}

// sort puts the records into the order of their places.
func (w *world) sort(spec *synthetic.Specification) {
	type placed struct {
		synthetic.Place
		synthetic.Record
	}
	list := make([]placed, len(w.records))
	for i, r := range w.records {
		list[i] = placed{synthetic.PlaceOf(spec, r.Block, r.ID), r}
	}
	slices.SortFunc(list, func(a, b placed) int { return a.Compare(b.Place) })
	for i := range list {
		w.records[i] = list[i].Record
	}
}

func (w *world) look(p *params.Params, list []synthetic.Judgement, total *synthetic.Total, spec *synthetic.Specification) outcome {
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
	spent := protocol.Amount(w.unopened) * ledger.SealDeposit(price)
	if w.c.Cheat == "league" { // it has no judge
		burned, judges := ledger.RequestCost(p, protocol.Amount(spec.Maximum))
		spent += protocol.Amount(total.Paid) + burned + judges
	}
	o.net = (o.cheats.pay - float64(spent)) / o.cheats.records / price
	return o
}

// mean adds up sides of the at-th outcome of all worlds, and takes the mean of what
// they have to say.
func mean(worlds [][]outcome, at int) (out outcome) {
	out.cheats.failed, out.honest.failed = map[synthetic.Gate]float64{}, map[synthetic.Gate]float64{}
	var pays, nets []float64
	for i := range worlds {
		o := &worlds[i][at]
		out.cheats.add(&o.cheats)
		out.honest.add(&o.honest)
		pays, nets = append(pays, o.pay), append(nets, o.net)
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
