package makers

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/assaynet/assay/cmd/internal/simulation"
)

// Report is the table of a simulation. The same scenario, rules, seed and number
// of worlds make the same report.
type Report struct {
	Seed   uint64 `json:"seed"`
	Worlds int    `json:"worlds"`
	Rows   []Row  `json:"rows"`
}

// Row is what a case shows, over all its worlds, with the share that pays best.
type Row struct {
	Case   string `json:"case"`
	Cheat  string `json:"cheat"`
	Seats  int    `json:"seats"`
	Makers int    `json:"makers"`
	// Pay is what a cheat is paid by what an honest maker is, Net what the cheats
	// have of a record at the request's price, less what their league spends.
	Pay simulation.Number `json:"pay"`
	Net simulation.Number `json:"net"`
	// Caught is the share of the cheats' records that is not paid, Paid that of
	// honest makers' that is.
	Caught simulation.Number `json:"caught"`
	Paid   simulation.Number `json:"paid"`
	// Varied is the share that pays best, Tried all of them.
	Varied float64 `json:"varied"`
	// Gates are what the cheats' records do not pass, Alarms what honest ones do
	// not; a record may fail at several.
	Gates  []Catch `json:"gates"`
	Alarms []Catch `json:"alarms"`
	Tried  []Tried `json:"tried"`
	// Demand is what was asked, in words; Holds whether all of it is so.
	Demand string `json:"demand"`
	Holds  bool   `json:"holds"`
}

// Catch is the share of records that a gate stops.
type Catch struct {
	Gate  string            `json:"gate"`
	Share simulation.Number `json:"share"`
}

// Tried is one share that a cheat varies.
type Tried struct {
	Varied float64           `json:"varied"`
	Pay    simulation.Number `json:"pay"`
	Net    simulation.Number `json:"net"`
	Gates  []Catch           `json:"gates"`
}

// demand compares the row with what its case demands.
func (r *Row) demand(c *Case) {
	r.Holds = true
	var words []string
	for _, d := range []struct {
		name  string
		got   simulation.Number
		limit *float64
		least bool
	}{
		{"pay", r.Pay, c.MaxPay, false},
		{"net", r.Net, c.MaxNet, false},
		{"paid", r.Paid, c.MinPaid, true},
	} {
		if d.limit == nil {
			continue
		}
		sign, ok := "≤", float64(d.got) <= *d.limit
		if d.least {
			sign, ok = "≥", float64(d.got) >= *d.limit
		}
		words = append(words, fmt.Sprintf("%s %s %s", d.name, sign, strconv.FormatFloat(*d.limit, 'f', -1, 64)))
		r.Holds = r.Holds && ok // nothing to say is less and more than nothing
	}
	r.Demand = strings.Join(words, ", ")
}

// Failed counts the rows whose demand does not hold.
func (r *Report) Failed() int { return r.count(func(row *Row) bool { return !row.Holds }) }

// Demands counts the rows that have one.
func (r *Report) Demands() int { return r.count(func(row *Row) bool { return row.Demand != "" }) }

func (r *Report) count(is func(*Row) bool) (n int) {
	for i := range r.Rows {
		if is(&r.Rows[i]) {
			n++
		}
	}
	return n
}

// Tables returns the rows for people, the head first.
func (r *Report) Tables() [][][]string {
	out := [][]string{{"case", "seats", "pay/honest", "net", "caught", "honest paid", "best by", "stopped by", "demand", ""}}
	for i := range r.Rows {
		row := &r.Rows[i]
		best := ""
		if len(row.Tried) > 1 {
			best = fmt.Sprintf("%g varied", row.Varied)
		}
		verdict := ""
		if row.Demand != "" {
			verdict = "holds"
		}
		if !row.Holds {
			verdict = "FAILS"
		}
		var gates []string
		for _, g := range row.Gates {
			gates = append(gates, g.Gate+" "+g.Share.String())
		}
		out = append(out, []string{
			row.Case, fmt.Sprintf("%d/%d", row.Seats, row.Makers), row.Pay.String(), row.Net.String(), row.Caught.String(), row.Paid.String(),
			best, strings.Join(gates, ", "), row.Demand, verdict,
		})
	}
	return [][][]string{out}
}

// plot has the cases that vary a share: what a cheat is paid by what an honest
// maker is, over the share of words that it replaces.
func (r *Report) plot() *simulation.Plot {
	p := &simulation.Plot{Title: "a cheat's pay by an honest maker's over the share of words that it replaces", Worlds: r.Worlds, Seed: r.Seed}
	for i := range r.Rows {
		var xs []float64
		for _, t := range r.Rows[i].Tried {
			xs = append(xs, t.Varied)
		}
		if len(xs) > len(p.Shares) && len(xs) > 1 {
			p.Shares = xs // the longest list, that of most steps
		}
	}
	for i := range r.Rows {
		var xs, ys []float64
		for _, t := range r.Rows[i].Tried {
			xs, ys = append(xs, t.Varied), append(ys, float64(t.Pay))
		}
		if len(xs) > 1 && slices.Equal(xs, p.Shares) {
			p.Names, p.Values = append(p.Names, r.Rows[i].Case), append(p.Values, ys)
		}
	}
	return p
}

// SVG returns the plot as an SVG image, and nil where no case varies a share.
func (r *Report) SVG() ([]byte, error) { return r.plot().SVG() }

// Text returns the plot for a terminal, and "" where no case varies a share; with
// colours only where they are wanted.
func (r *Report) Text(colours bool) string { return r.plot().Text(colours) }
