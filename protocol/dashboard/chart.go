package dashboard

import (
	"fmt"
	"html"
	"html/template"
	"strconv"
	"strings"
)

// chart is a drawing with the sentence that it says and the table that it is of.
type chart struct {
	ID       string
	SVG      template.HTML
	Keys     []key
	Sentence string
	Table    *table
}

// key says what a line or a shade stands for.
type key struct{ Class, Name string }

// Size of a drawing, in its own units; the page scales it.
const (
	wide, high           = 640, 200
	left, right          = 56, 8
	top, bottom          = 10, 24
	plotWide, plotHigh   = wide - left - right, high - top - bottom
	maxPoints            = 512 // of a line
	maxHeatX, maxHeatY   = 512, 128
	heatShades           = 8
	heatHigh             = 160 // of all rows together, where they are neither too thin
	leastRow, mostRow    = 3, 32
	dotsFrom             = 48 // up to so many points each has a mark
	labelSize, labelDrop = 11, 16
)

// line is a series of numbers, one for each place on the x axis.
type line struct {
	Name   string
	Values []float64
}

// lines draws series over the same places. first and last name the ends of the x
// axis, unit what is counted. No series has more than [maxPoints] values.
func lines(id, title, unit, first, last string, series ...line) *chart {
	most := 0.0
	n := 0
	for _, s := range series {
		n = max(n, len(s.Values))
		for _, v := range s.Values {
			most = max(most, v)
		}
	}
	n, most = min(n, maxPoints), ceiling(most)
	c := &chart{ID: id}
	var b strings.Builder
	open(&b, id, title, wide, high)
	axes(&b, most, unit, first, last)
	for i, s := range series {
		class := "s" + strconv.Itoa(i+1)
		c.Keys = append(c.Keys, key{class, s.Name})
		var path strings.Builder
		for j, v := range s.Values[:min(len(s.Values), n)] {
			x, y := at(j, n), top+plotHigh-v/most*plotHigh
			verb := "L"
			if j == 0 {
				verb = "M"
			}
			fmt.Fprintf(&path, "%s%.1f %.1f", verb, x, y)
			if n <= dotsFrom {
				fmt.Fprintf(&b, `<circle class="%s" cx="%.1f" cy="%.1f" r="%d"/>`, class, x, y, 3-i%2)
			}
		}
		fmt.Fprintf(&b, `<path class="line %s" d="%s"/>`, class, path.String())
	}
	b.WriteString("</svg>")
	c.SVG = template.HTML(b.String()) // numbers, and text that open and axes escaped
	return c
}

// at is the place of the j-th of n points.
func at(j, n int) float64 {
	if n < 2 {
		return left + plotWide/2
	}
	return left + float64(j)*plotWide/float64(n-1)
}

// ceiling is the least of 1, 2, 5 times a power of ten that is not below v.
func ceiling(v float64) float64 {
	if v <= 0 {
		return 1
	}
	p := 1.0
	for p*10 <= v {
		p *= 10
	}
	for p > v {
		p /= 10
	}
	for _, f := range []float64{1, 2, 5} {
		if f*p >= v {
			return f * p
		}
	}
	return 10 * p
}

func open(b *strings.Builder, id, title string, w, h int) {
	fmt.Fprintf(b, `<svg viewBox="0 0 %d %d" role="img" aria-labelledby="%s-title"><title id="%s-title">%s</title>`, w, h, id, id, html.EscapeString(title))
}

// axes draws the frame: the greatest value, its half and zero, and the ends of x.
func axes(b *strings.Builder, most float64, unit, first, last string) {
	for _, f := range []float64{0, 0.5, 1} {
		y := top + plotHigh - f*plotHigh
		fmt.Fprintf(b, `<path class="grid" d="M%d %.1fH%d"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`, left, y, wide-right, left-6, y+labelSize/3, shown(f*most))
	}
	y := top + plotHigh + labelDrop
	fmt.Fprintf(b, `<text x="%d" y="%d">%s</text><text x="%d" y="%d" text-anchor="end">%s</text>`, left, y, html.EscapeString(first), wide-right, y, html.EscapeString(last))
	if unit != "" {
		fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="middle">%s</text>`, left+plotWide/2, y, html.EscapeString(unit))
	}
}

// shown is a number of an axis.
func shown(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }

// heat draws values of 65535ths, one row each, in shades: the darker the more. Rows
// and columns above the limits are left out, which the caller says in words.
func heat(id, title, rowName, columnName string, rows [][]uint16) *chart {
	rows = rows[:min(len(rows), maxHeatY)]
	columns := 0
	for _, r := range rows {
		columns = max(columns, min(len(r), maxHeatX))
	}
	c := &chart{ID: id}
	cell := max(plotWide/max(columns, 1), 1)
	high := min(max(heatHigh/max(len(rows), 1), leastRow), mostRow)
	w, h := wide, top+max(len(rows), 1)*high+bottom
	var paths [heatShades + 1]strings.Builder
	for i, r := range rows {
		for j, v := range r[:min(len(r), maxHeatX)] {
			s := shade(v)
			fmt.Fprintf(&paths[s], "M%d %dh%dv%dh-%dz", left+j*cell, top+i*high, cell, high, cell)
		}
	}
	var b strings.Builder
	open(&b, id, title, w, h)
	for s := range paths {
		if paths[s].Len() > 0 {
			fmt.Fprintf(&b, `<path class="h%d" d="%s"/>`, s, paths[s].String())
		}
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d">%s</text><text x="%d" y="%d" text-anchor="end">%s</text></svg>`, left, h-6, html.EscapeString(columnName), left-6, top+labelSize, html.EscapeString(rowName))
	c.SVG = template.HTML(b.String()) // numbers, and text that is escaped
	for s := range heatShades + 1 {
		c.Keys = append(c.Keys, key{"h" + strconv.Itoa(s), shadeName(s)})
	}
	return c
}

// shade is 0 for nothing, then one of eight of the same width.
func shade(v uint16) int {
	if v == 0 {
		return 0
	}
	return 1 + int(uint32(v)*heatShades/65536)
}

func shadeName(s int) string {
	if s == 0 {
		return "0"
	}
	return fmt.Sprintf("to %.2f", float64(s)/heatShades)
}
