package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// rows are what is printed of the rounds, and the ratio of ours to theirs that is
// wanted.
var rows = []struct {
	name   string
	of     func(figures) float64
	wanted string
}{
	{"tokens of answers", func(f figures) float64 { return float64(f.tokens) }, ""},
	{"tokens a second, together", func(f figures) float64 { return f.rate }, "≥ 2.5"},
	{"time to first token, median, ms", func(f figures) float64 { return float64(f.first.Milliseconds()) }, "≤ 0.5"},
	{"time between tokens, 99th percentile, ms", func(f figures) float64 { return float64(f.gap.Microseconds()) / 1000 }, "≤ 1.0"},
}

// print prints the medians of a model's rounds.
func (c *comparison) print(out io.Writer, model string, ours, theirs []figures) error {
	if _, err := fmt.Fprintf(out, "%s: %d clients at once, %d requests each, prompts of %d to %d tokens, answers of %d, %d threads, medians of %d rounds\n",
		model, c.clients, c.requests, c.least, c.most, c.answer, c.threads, c.rounds); err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "\tours\ttheirs\tratio\tof the rounds\twanted") // Flush tells
	for _, r := range rows {
		mine := each(ours, r.of)
		if len(theirs) == 0 {
			_, _ = fmt.Fprintf(w, "%s\t%.1f\t\t\t\t%s\n", r.name, median(mine), r.wanted)
			continue
		}
		other := each(theirs, r.of)
		ratios := make([]float64, len(mine))
		for i := range mine {
			ratios[i] = mine[i] / other[i]
		}
		_, _ = fmt.Fprintf(w, "%s\t%.1f\t%.1f\t%.2f\t%.2f–%.2f\t%s\n", r.name, median(mine), median(other), median(ratios), slices.Min(ratios), slices.Max(ratios), r.wanted)
	}
	_, _ = fmt.Fprintln(w)
	return w.Flush()
}

func each(list []figures, of func(figures) float64) []float64 {
	out := make([]float64, len(list))
	for i, f := range list {
		out[i] = of(f)
	}
	return out
}

// median is the middle of an odd number of values, or the mean of the two in it.
func median(values []float64) float64 {
	values = slices.Sorted(slices.Values(values))
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}
