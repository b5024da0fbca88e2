package raters

import (
	"fmt"
	"slices"

	"github.com/go-analyze/charts"
	"github.com/guptarohit/asciigraph"
)

// curves are the cases that try noise, for both plots: what the cheats are paid
// for their work, over the part of answers that they give at random.
func (r *Report) curves() (names []string, noise []float64, pay [][]float64) {
	for _, row := range r.Rows {
		var xs, ys []float64
		for _, t := range row.Tried {
			if t.Cheat == row.Tried[0].Cheat {
				xs, ys = append(xs, t.Noise), append(ys, float64(t.Pay))
			}
		}
		if len(xs) < 2 || noise != nil && !slices.Equal(xs, noise) {
			continue
		}
		noise = xs
		names, pay = append(names, row.Case), append(pay, ys)
	}
	return names, noise, pay
}

const plotTitle = "pay for work over the noise in a cheat's answers"

// SVG returns the plot as an SVG image, and nil where no case tries noise.
func (r *Report) SVG() ([]byte, error) {
	names, noise, pay := r.curves()
	if len(pay) == 0 {
		return nil, nil
	}
	o := charts.NewLineChartOptionWithData(pay)
	o.Title.Text = fmt.Sprintf("%s (%d worlds, seed %d)", plotTitle, r.Worlds, r.Seed)
	o.Legend.SeriesNames = names
	o.Legend.Padding = charts.NewBox(0, 40, 0, 0)
	o.XAxis.Labels = nil
	for _, x := range noise {
		o.XAxis.Labels = append(o.XAxis.Labels, fmt.Sprintf("%g %%", x*100))
	}
	p := charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputSVG, Width: 1200, Height: 700})
	if err := p.LineChart(o); err != nil {
		return nil, fmt.Errorf("draw: %w", err)
	}
	return p.Bytes()
}

// Text returns the plot for a terminal, and "" where no case tries noise; with
// colours only where they are wanted.
func (r *Report) Text(colours bool) string {
	names, noise, pay := r.curves()
	if len(pay) == 0 {
		return ""
	}
	options := []asciigraph.Option{
		asciigraph.Height(16), asciigraph.Width(60), asciigraph.LowerBound(0), asciigraph.Precision(2),
		asciigraph.Caption(fmt.Sprintf("%s, %g to %g %%", plotTitle, noise[0]*100, noise[len(noise)-1]*100)),
	}
	if colours {
		var of []asciigraph.AnsiColor
		for i := range names {
			of = append(of, asciigraph.AnsiColor(1+i%14)) // the terminal's own, without black
		}
		options = append(options, asciigraph.SeriesColors(of...), asciigraph.SeriesLegends(names...))
	}
	return asciigraph.PlotMany(pay, options...)
}
