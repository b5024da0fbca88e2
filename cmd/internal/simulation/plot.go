package simulation

import (
	"fmt"

	"github.com/go-analyze/charts"
	"github.com/guptarohit/asciigraph"
)

// Plot is curves over one list of shares.
type Plot struct {
	Title  string
	Worlds int
	Seed   uint64
	Names  []string
	Shares []float64
	Values [][]float64 // of each name, one a share
}

// SVG returns the plot as an SVG image, and nil of no curve.
func (p *Plot) SVG() ([]byte, error) {
	if len(p.Values) == 0 {
		return nil, nil
	}
	o := charts.NewLineChartOptionWithData(p.Values)
	o.Title.Text = fmt.Sprintf("%s (%d worlds, seed %d)", p.Title, p.Worlds, p.Seed)
	o.Legend.SeriesNames = p.Names
	o.Legend.Padding = charts.NewBox(0, 40, 0, 0)
	o.XAxis.Labels = nil
	for _, x := range p.Shares {
		o.XAxis.Labels = append(o.XAxis.Labels, fmt.Sprintf("%g %%", x*100))
	}
	c := charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputSVG, Width: 1200, Height: 700})
	if err := c.LineChart(o); err != nil {
		return nil, fmt.Errorf("draw: %w", err)
	}
	return c.Bytes()
}

// Text returns the plot for a terminal, and "" of no curve; with colours only
// where they are wanted.
func (p *Plot) Text(colours bool) string {
	if len(p.Values) == 0 {
		return ""
	}
	options := []asciigraph.Option{
		asciigraph.Height(16), asciigraph.Width(60), asciigraph.LowerBound(0), asciigraph.Precision(2),
		asciigraph.Caption(fmt.Sprintf("%s, %g to %g %%", p.Title, p.Shares[0]*100, p.Shares[len(p.Shares)-1]*100)),
	}
	if colours {
		var of []asciigraph.AnsiColor
		for i := range p.Names {
			of = append(of, asciigraph.AnsiColor(1+i%14)) // the terminal's own, without black
		}
		options = append(options, asciigraph.SeriesColors(of...), asciigraph.SeriesLegends(p.Names...))
	}
	return asciigraph.PlotMany(p.Values, options...)
}
