package raters

import (
	"slices"

	"github.com/assaynet/assay/cmd/internal/simulation"
)

// plot has the cases that try noise: what the cheats are paid for their work, over
// the part of answers that they give at random.
func (r *Report) plot() *simulation.Plot {
	p := &simulation.Plot{Title: "pay for work over the noise in a cheat's answers", Worlds: r.Worlds, Seed: r.Seed}
	for _, row := range r.Rows {
		var xs, ys []float64
		for _, t := range row.Tried {
			if t.Cheat == row.Tried[0].Cheat {
				xs, ys = append(xs, t.Noise), append(ys, float64(t.Pay))
			}
		}
		if len(xs) < 2 || p.Shares != nil && !slices.Equal(xs, p.Shares) {
			continue
		}
		p.Shares = xs
		p.Names, p.Values = append(p.Names, row.Case), append(p.Values, ys)
	}
	return p
}

// SVG returns the plot as an SVG image, and nil where no case tries noise.
func (r *Report) SVG() ([]byte, error) { return r.plot().SVG() }

// Text returns the plot for a terminal, and "" where no case tries noise; with
// colours only where they are wanted.
func (r *Report) Text(colours bool) string { return r.plot().Text(colours) }
