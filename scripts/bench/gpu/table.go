package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// table is what is printed at the end.
type table struct {
	lines [][4]string
	log   io.Writer // where not nil, each line goes there at once, too
	err   error     // what failed
}

// failed notes an error, if it is one, as what came of something.
func (t *table) failed(err error, what string) {
	if err != nil {
		t.add(what, "", "", "FAILED: "+strings.ReplaceAll(err.Error(), "\n", "; "))
		t.err = errors.Join(t.err, fmt.Errorf("%s: %w", what, err))
	}
}

// add adds a figure beside what is demanded of it.
func (t *table) add(what, demand, aim, seen string) {
	t.lines = append(t.lines, [4]string{what, demand, aim, seen})
	if t.log != nil {
		_, _ = fmt.Fprintf(t.log, "%s: %s\n", what, seen) // the table has it, too
	}
}

// least adds a figure that must be at least something, most one that must be at
// most that; both say where it is not.
func (t *table) least(what string, demand, aim, seen float64, unit, beside string) {
	t.bound(what, "≥", demand, aim, seen, unit, beside, seen >= demand)
}

func (t *table) most(what string, demand, aim, seen float64, unit, beside string) {
	t.bound(what, "≤", demand, aim, seen, unit, beside, seen <= demand)
}

func (t *table) bound(what, sign string, demand, aim, seen float64, unit, beside string, met bool) {
	text := fmt.Sprintf("%.3g%s", seen, unit)
	if beside != "" {
		text += " (" + beside + ")"
	}
	if !met {
		text += "; not met"
	}
	t.add(what, fmt.Sprintf("%s %.3g%s", sign, demand, unit), fmt.Sprintf("%.3g%s", aim, unit), text)
}

func (t *table) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if _, err := fmt.Fprintln(w, "what\tdemand\taim\tseen"); err != nil {
		return err
	}
	for _, l := range t.lines {
		if _, err := fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", l[0], l[1], l[2], l[3]); err != nil {
			return err
		}
	}
	return w.Flush()
}
