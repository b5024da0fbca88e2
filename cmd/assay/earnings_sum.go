package main

import (
	"bytes"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/earning"
)

// earnings is what one seat was paid in a stretch of epochs.
type earnings struct {
	Seat    api.Holder      `json:"seat"`
	From    protocol.Epoch  `json:"from"`
	To      protocol.Epoch  `json:"to"`
	Epochs  []paidEpoch     `json:"epochs"`
	Days    []paidDay       `json:"days"`
	Sum     protocol.Amount `json:"sum"`
	Mean    protocol.Amount `json:"mean"`
	Earlier protocol.Amount `json:"earlier"`
	Later   protocol.Amount `json:"later"`
	Trend   string          `json:"trend_percent"`

	noScores string // why causes are named without scores
}

// paidEpoch is what one epoch paid, against the one before; no Change where that is
// not known.
type paidEpoch struct {
	Epoch   protocol.Epoch  `json:"epoch"`
	Height  protocol.Height `json:"height"`
	Time    time.Time       `json:"time,omitzero"`
	Work    protocol.Amount `json:"work"`
	Judging protocol.Amount `json:"judging"`
	Total   protocol.Amount `json:"total"`
	Change  string          `json:"change"`
	Causes  []earning.Cause `json:"causes"`
}

// paidDay is what the epochs of one day paid, that ended in it.
type paidDay struct {
	Day     string          `json:"day"` // as 2026-01-31; empty of epochs whose time is not known
	Epochs  int             `json:"epochs"`
	Work    protocol.Amount `json:"work"`
	Judging protocol.Amount `json:"judging"`
	Total   protocol.Amount `json:"total"`
}

// newEarnings adds up payments from epoch first on; those before it are only
// compared with. A uid that was another's seat is left out.
func newEarnings(seat api.Holder, first protocol.Epoch, paid []api.Emission, epochs []api.Epoch, scores []api.Score) *earnings {
	e := &earnings{Seat: seat, From: first, Epochs: []paidEpoch{}, Days: []paidDay{}}
	pots, works := map[protocol.Epoch]*api.Epoch{}, api.Works{}
	for i := range epochs {
		pots[epochs[i].Epoch] = &epochs[i]
	}
	for i := range scores {
		if s := &scores[i]; s.Registered == seat.Registered {
			works.Add(s)
		}
	}
	var before *earning.Pay
	for i := range paid {
		m := &paid[i]
		if m.Registered != seat.Registered {
			continue
		}
		is := m.Pay(pots[m.Epoch])
		if m.Epoch >= first {
			row := paidEpoch{
				Epoch: m.Epoch, Height: m.Height, Time: m.Time, Work: m.Miner, Judging: m.Validator, Total: m.Total, Causes: []earning.Cause{},
			}
			if before != nil && before.Epoch+1 == m.Epoch {
				row.Change = earning.Delta(before.Total(), is.Total())
				row.Causes = append(row.Causes, earning.Causes(before, is, works.PaidIn(before.Epoch), works.PaidIn(m.Epoch))...)
			}
			e.add(&row)
		}
		before = is
	}
	e.close()
	return e
}

func (e *earnings) add(row *paidEpoch) {
	if len(e.Epochs) == 0 {
		e.From = row.Epoch // a seat that came later was not paid nothing before
	}
	e.Epochs = append(e.Epochs, *row)
	e.To, e.Sum = row.Epoch, e.Sum+row.Total // parts of what was issued
	day := ""
	if !row.Time.IsZero() {
		day = row.Time.UTC().Format(time.DateOnly)
	}
	if n := len(e.Days); n == 0 || e.Days[n-1].Day != day {
		e.Days = append(e.Days, paidDay{Day: day})
	}
	d := &e.Days[len(e.Days)-1]
	d.Epochs++
	d.Work, d.Judging, d.Total = d.Work+row.Work, d.Judging+row.Judging, d.Total+row.Total
}

// close makes the means and the trend.
func (e *earnings) close() {
	n := len(e.Epochs)
	if n == 0 {
		return
	}
	e.Mean = e.Sum / protocol.Amount(n)
	if n < 2 {
		return
	}
	e.Earlier, e.Later = mean(e.Epochs[:n/2]), mean(e.Epochs[n-n/2:])
	if e.Earlier == 0 {
		return
	}
	r := new(big.Rat).SetFrac(new(big.Int).SetUint64(uint64(e.Later)), new(big.Int).SetUint64(uint64(e.Earlier)))
	r.Sub(r, big.NewRat(1, 1)).Mul(r, big.NewRat(100, 1))
	e.Trend = r.FloatString(1)
}

func mean(rows []paidEpoch) (sum protocol.Amount) {
	for i := range rows {
		sum += rows[i].Total
	}
	return sum / protocol.Amount(len(rows))
}

// table writes rows whose last column is the causes. Where those do not fit so many
// columns, 0 for as many as they take, they stand below their row.
func (e *earnings) table(b *bytes.Buffer, rows [][]string, columns int) {
	var whole bytes.Buffer
	if leftTable(&whole, rows); columns == 0 || widest(whole.String()) <= columns {
		b.Write(whole.Bytes())
		return
	}
	texts := make([]string, len(rows))
	for i, row := range rows {
		texts[i], rows[i] = row[len(row)-1], row[:len(row)-1]
	}
	rows, _ = fitting(rows, []string{"judging", "work"}, columns) // the total stays
	var table bytes.Buffer
	leftTable(&table, rows)
	for i, line := range slices.Collect(strings.Lines(table.String())) {
		if b.WriteString(line); i > 0 { // the first has the names
			indented(b, texts[i], columns)
		}
	}
}

// causeIndent is where causes below a row begin: at its second column.
const causeIndent = "       "

// indented writes words in lines of so many columns.
func indented(b *bytes.Buffer, text string, columns int) {
	line := causeIndent[:len(causeIndent)-1]
	for word := range strings.FieldsSeq(text) {
		if len(line) > len(causeIndent) && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > columns {
			b.WriteString(line + "\n")
			line = causeIndent[:len(causeIndent)-1]
		}
		line += " " + word
	}
	if strings.TrimSpace(line) != "" {
		b.WriteString(line + "\n")
	}
}

// widest is the length of the longest line, in characters.
func widest(text string) (n int) {
	for line := range strings.Lines(text) {
		n = max(n, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")))
	}
	return n
}

// tell writes the newest epochs, the days and the sums for a person, whose terminal
// has so many columns, 0 for one that takes whatever comes.
func (e *earnings) tell(out io.Writer, most, columns int) error {
	var b bytes.Buffer
	rows := [][]string{{"epoch", "time", "work", "judging", "total", "change", "why"}}
	for i := max(0, len(e.Epochs)-most); i < len(e.Epochs); i++ {
		r := &e.Epochs[i]
		rows = append(rows, []string{num(r.Epoch), stamp(r.Time), r.Work.String(), r.Judging.String(), r.Total.String(), r.Change, why(r.Causes)})
	}
	e.table(&b, rows, columns)
	if more := len(e.Epochs) - most; more > 0 {
		fmt.Fprintf(&b, "%d epochs more: --limit %d shows all\n", more, len(e.Epochs))
	}
	rows = [][]string{{"day", "epochs", "work", "judging", "total"}}
	for _, d := range e.Days {
		day := d.Day
		if day == "" {
			day = "not known"
		}
		rows = append(rows, []string{day, fmt.Sprint(d.Epochs), d.Work.String(), d.Judging.String(), d.Total.String()})
	}
	b.WriteString("\n")
	leftTable(&b, rows)
	fmt.Fprintf(&b, "\nSeat %d was paid %s in the epochs %d to %d, %s an epoch", e.Seat.UID, e.Sum, e.From, e.To, e.Mean)
	if e.Trend != "" {
		fmt.Fprintf(&b, "; %s an epoch in the later half, %s in the earlier: %s %%", e.Later, e.Earlier, withSign(e.Trend))
	}
	b.WriteString(".\n")
	_, err := out.Write(b.Bytes())
	return err
}

func why(causes []earning.Cause) string {
	texts := make([]string, len(causes))
	for i, c := range causes {
		texts[i] = printable(c.Text)
	}
	return strings.Join(texts, "; ")
}

// stamp is a time for a table; "-" where it is not known.
func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}

func withSign(n string) string {
	if minus, ok := strings.CutPrefix(n, "-"); ok {
		return "−" + minus
	}
	return "+" + n
}
