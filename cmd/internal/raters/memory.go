package raters

import (
	"context"
	"math"

	"github.com/assaynet/assay/scoring/fixed"
)

// Remembered is what keep rates make of small epochs: each list has a value an
// epoch.
type Remembered struct {
	KeepAgreement float64 `json:"keep_agreement"`
	KeepRest      float64 `json:"keep_rest"`
	// Paid is the part of honest raters that are paid, Correlation that of
	// their skill and pay.
	Paid        []Number `json:"paid"`
	Correlation []Number `json:"correlation"`
	// Clique is the pay for its work of a clique that knows a part of the golds,
	// Sleepers that of raters who answer at random from the turn on.
	Clique   []Number `json:"clique"`
	Sleepers []Number `json:"sleepers"`
}

// memoryCases counts what is simulated for each keep rate.
const memoryCases = 3

// remember simulates the memory's cases at one keep rate.
func (c *Config) remember(ctx context.Context, keep [2]float64) (Remembered, error) {
	m := &c.Scenario.Memory
	p := c.Params
	p.KeepAgreement, p.KeepRest = uint32(math.Floor(keep[0]*fixed.Whole)), uint32(math.Floor(keep[1]*fixed.Whole))
	out := Remembered{KeepAgreement: keep[0], KeepRest: keep[1]}
	model := c.Scenario.Model
	model.PairsEach = m.PairsEach
	for _, of := range []struct {
		s    setting
		take func([]outcome)
	}{
		{setting{m: model, c: &Case{}}, func(epochs []outcome) {
			out.Paid = numbers(epochs, func(o *outcome) float64 { return o.paid })
			out.Correlation = numbers(epochs, func(o *outcome) float64 { return o.correlation })
		}},
		{setting{m: model, c: &Case{Knows: m.Knows}, cheat: behaviours["clique"], noise: m.Noise, cheats: m.Seats}, func(epochs []outcome) {
			out.Clique = numbers(epochs, func(o *outcome) float64 { return o.pay })
		}},
		{setting{m: model, c: &Case{}, cheat: behaviours["random"], cheats: m.Seats, turn: m.Turn}, func(epochs []outcome) {
			out.Sleepers = numbers(epochs, func(o *outcome) float64 { return o.pay })
		}},
	} {
		epochs, err := c.worlds(ctx, of.s, p, m.Epochs)
		if err != nil {
			return Remembered{}, err
		}
		of.take(epochs)
	}
	return out, nil
}

func numbers(epochs []outcome, field func(*outcome) float64) []Number {
	out := []Number{}
	for i := range epochs {
		out = append(out, number(field(&epochs[i])))
	}
	return out
}
