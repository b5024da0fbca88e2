package raters

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/assaynet/assay/cmd/internal/simulation"
)

// Report is the table of a simulation. The same scenario, parameters, seed and
// number of worlds make the same report.
type Report struct {
	Seed   uint64       `json:"seed"`
	Worlds int          `json:"worlds"`
	Rows   []Row        `json:"rows"`
	Memory []Remembered `json:"memory"`
}

// Row is what a case shows, on average over its worlds.
type Row struct {
	Case   string `json:"case"`
	Seats  int    `json:"seats"`
	Raters int    `json:"raters"`
	// AUC is how often an honest rater is paid more than a cheat, Pay the cheats'
	// share of pay ÷ their share of work, in the way that pays them best.
	AUC Number `json:"auc"`
	Pay Number `json:"pay"`
	// Paid is the part of honest raters that are paid, Correlation that of
	// their skill and pay.
	Paid        Number `json:"paid"`
	Correlation Number `json:"correlation"`
	// Setter is the part of its dividend that the ledger leaves to a setter that
	// withholds its pairs, or whose golds others find false; null without one.
	Setter Number `json:"setter"`
	// Cheat and Noise are the way that pays best, Tried all of them.
	Cheat string  `json:"cheat"`
	Noise float64 `json:"noise"`
	Tried []Tried `json:"tried"`
	// Demand is what was asked, in words; Holds whether all of it is so.
	Demand string `json:"demand"`
	Holds  bool   `json:"holds"`
}

// Tried is one way to cheat.
type Tried struct {
	Cheat string  `json:"cheat"`
	Noise float64 `json:"noise"`
	AUC   Number  `json:"auc"`
	Pay   Number  `json:"pay"`
}

// Number is rounded; it is null in JSON where there is nothing to say.
type Number = simulation.Number

var number = simulation.Round

// demand compares the row with what its case demands.
func (r *Row) demand(c *Case) {
	r.Holds = true
	var words []string
	for _, d := range []struct {
		name  string
		got   Number
		limit float64
		least bool
	}{
		{"AUC", r.AUC, c.MinAUC, true},
		{"pay", r.Pay, c.MaxPay, false},
		{"paid", r.Paid, c.MinPaid, true},
		{"skill", r.Correlation, c.MinCorrelation, true},
	} {
		if d.limit == 0 {
			continue
		}
		sign, ok := "≤", float64(d.got) <= d.limit
		if d.least {
			sign, ok = "≥", float64(d.got) >= d.limit
		}
		words = append(words, fmt.Sprintf("%s %s %s", d.name, sign, strconv.FormatFloat(d.limit, 'f', -1, 64)))
		r.Holds = r.Holds && ok // nothing to say is less and more than nothing
	}
	r.Demand = strings.Join(words, ", ")
}

// Failed counts the rows whose demand does not hold.
func (r *Report) Failed() int {
	n := 0
	for i := range r.Rows {
		if !r.Rows[i].Holds {
			n++
		}
	}
	return n
}

// Demands counts the rows that have one.
func (r *Report) Demands() int {
	n := 0
	for i := range r.Rows {
		if r.Rows[i].Demand != "" {
			n++
		}
	}
	return n
}

// Tables returns the rows for people, and what is remembered where that was asked,
// the heads first.
func (r *Report) Tables() [][][]string {
	out := [][][]string{r.table()}
	if m := r.memory(); m != nil {
		out = append(out, m)
	}
	return out
}

func (r *Report) table() [][]string {
	out := [][]string{{"case", "seats", "AUC", "pay/work", "paid", "skill", "setter", "best by", "demand", ""}}
	for _, row := range r.Rows {
		best := row.Cheat
		if row.Noise > 0 {
			best += fmt.Sprintf(", noise %g", row.Noise)
		}
		verdict := ""
		if row.Demand != "" {
			verdict = "holds"
		}
		if !row.Holds {
			verdict = "FAILS"
		}
		out = append(out, []string{
			row.Case, fmt.Sprintf("%d/%d", row.Seats, row.Raters), row.AUC.String(), row.Pay.String(),
			row.Paid.String(), row.Correlation.String(), row.Setter.String(), best, row.Demand, verdict,
		})
	}
	return out
}

// memory has for each keep rate a line for each list, with a column an epoch.
func (r *Report) memory() [][]string {
	if len(r.Memory) == 0 {
		return nil
	}
	head := []string{"keep", ""}
	for e := range r.Memory[0].Paid {
		head = append(head, fmt.Sprintf("epoch %d", e+1))
	}
	out := [][]string{head}
	for _, m := range r.Memory {
		for _, l := range []struct {
			name string
			list []Number
		}{
			{"honest paid", m.Paid}, {"skill and pay", m.Correlation}, {"clique pay/work", m.Clique}, {"sleepers pay/work", m.Sleepers},
		} {
			line := []string{fmt.Sprintf("%g, %g", m.KeepAgreement, m.KeepRest), l.name}
			for _, n := range l.list {
				line = append(line, n.String())
			}
			out = append(out, line)
		}
	}
	return out
}
