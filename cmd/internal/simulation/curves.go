package simulation

import (
	"fmt"

	"github.com/go-analyze/charts"
	"github.com/guptarohit/asciigraph"
)

// Curves are values over one list of things that are counted, such as epochs.
type Curves struct {
	Title  string
	First  string // what the values begin and end with, for a terminal
	Last   string
	X      []string
	Names  []string
	Values [][]float64 // of each name, one an X
}

// SVG returns the curves as an SVG image, and nil of none.
func (c *Curves) SVG() ([]byte, error) {
	if len(c.Values) == 0 {
		return nil, nil
	}
	o := charts.NewLineChartOptionWithData(c.Values)
	o.Title.Text = c.Title
	o.Legend.SeriesNames = c.Names
	o.Legend.Padding = charts.NewBox(0, 40, 0, 0)
	o.XAxis.Labels = c.X
	p := charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputSVG, Width: 1200, Height: 700})
	if err := p.LineChart(o); err != nil {
		return nil, fmt.Errorf("draw: %w", err)
	}
	return p.Bytes()
}

// Text returns the curves for a terminal, width columns wide, and "" of none; with
// colours only where they are wanted.
func (c *Curves) Text(width int, colours bool) string {
	if len(c.Values) == 0 {
		return ""
	}
	options := []asciigraph.Option{
		asciigraph.Height(16), asciigraph.Width(width), asciigraph.LowerBound(0), asciigraph.Precision(3),
		asciigraph.Caption(fmt.Sprintf("%s, %s to %s", c.Title, c.First, c.Last)),
	}
	if colours {
		var of []asciigraph.AnsiColor
		for i := range c.Names {
			of = append(of, asciigraph.AnsiColor(1+i%14)) // the terminal's own, without black
		}
		options = append(options, asciigraph.SeriesColors(of...), asciigraph.SeriesLegends(c.Names...))
	}
	return asciigraph.PlotMany(c.Values, options...)
}
