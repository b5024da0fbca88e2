package dawidskene

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
)

// ErrInput says that answers name what there is not, or that there is nothing to
// estimate.
var ErrInput = errors.New("invalid answers")

// Answer is one rater's answer to one item: indices from 0.
type Answer struct{ Item, Rater, Label int }

// Size says how many items, raters and labels there are.
type Size struct{ Items, Raters, Labels int }

// Settings of the estimation; the zero value takes 100 rounds at most and ends
// when no posterior moves by more than 10⁻⁶. With a tolerance below zero all
// rounds are taken.
type Settings struct {
	Rounds    int
	Tolerance float64
}

// maxCells bounds the numbers that an estimate holds: of 8 bytes each.
const maxCells = 1 << 27

// Estimate is what the answers say.
type Estimate struct {
	// Posterior is the probability of each label, by item; of an item that nobody
	// answered it is the labels' frequency.
	Posterior [][]float64
	// Frequency is that of each label over the items.
	Frequency []float64
	// Table is, by rater and true label, how often the rater gives each answer; of
	// a rater that answered nothing all are 0.
	Table [][][]float64
	// Rounds is how many were taken.
	Rounds int

	// spare is what the posteriors of the next round are made in, and said what the
	// tables are: a row of the true labels for each rater and answer.
	spare, said [][]float64
}

// least keeps a rater that never gave an answer from ruling a label out for ever.
const least = 1e-10

// Fit estimates by expectation and maximisation in turn, from the shares of
// answers on: it takes what is likeliest near to what most say. The order of
// answers moves the last bits alone, and the number of processors none: each item
// and each rater is one's alone. Errors: [ErrInput].
func Fit(answers []Answer, n Size, s Settings) (*Estimate, error) {
	if err := check(answers, n); err != nil {
		return nil, err
	}
	if s.Rounds == 0 {
		s.Rounds = 100
	}
	if s.Tolerance == 0 {
		s.Tolerance = 1e-6
	}
	e := &Estimate{Posterior: matrix(n.Items, n.Labels), Table: make([][][]float64, n.Raters)}
	for i := range e.Table {
		e.Table[i] = matrix(n.Labels, n.Labels)
	}
	for _, a := range answers {
		e.Posterior[a.Item][a.Label]++
	}
	for _, p := range e.Posterior {
		normalise(p)
	}
	items := listsOf(answers, n.Items, func(a *Answer) (int, int) { return a.Item, a.Rater })
	raters := listsOf(answers, n.Raters, func(a *Answer) (int, int) { return a.Rater, a.Item })
	e.spare, e.said = matrix(n.Items, n.Labels), matrix(n.Raters*n.Labels, n.Labels)
	for e.Rounds < s.Rounds {
		e.Rounds++
		e.maximise(items, raters)
		if e.expect(items) <= s.Tolerance {
			break
		}
	}
	e.maximise(items, raters) // so that frequencies and tables are those of the posteriors
	return e, nil
}

func check(answers []Answer, n Size) error {
	if len(answers) == 0 || n.Items < 1 || n.Raters < 1 || n.Labels < 2 {
		return fmt.Errorf("%w: there are none, or fewer than two labels", ErrInput)
	}
	if n.Labels > 1<<10 || n.Items > maxCells/n.Labels || n.Raters > maxCells/n.Labels/n.Labels {
		return fmt.Errorf("%w: %d items and %d raters with %d labels are too many", ErrInput, n.Items, n.Raters, n.Labels)
	}
	for _, a := range answers {
		if a.Item < 0 || a.Item >= n.Items || a.Rater < 0 || a.Rater >= n.Raters || a.Label < 0 || a.Label >= n.Labels {
			return fmt.Errorf("%w: %+v is not within %+v", ErrInput, a, n)
		}
	}
	return nil
}

// maximise makes frequencies and tables of the posteriors.
func (e *Estimate) maximise(items, raters *lists) {
	e.Frequency = make([]float64, len(e.Posterior[0]))
	for i, p := range e.Posterior {
		if len(items.of(i)) > 0 {
			for l, v := range p {
				e.Frequency[l] += v
			}
		}
	}
	normalise(e.Frequency)
	raters.share(func(from, to int) {
		for i := from; i < to; i++ {
			e.tabulate(i, raters.of(i))
		}
	})
}

// tabulate makes a rater's table of what it said of each item.
func (e *Estimate) tabulate(rater int, answers []part) {
	labels := len(e.Frequency)
	said := e.said[rater*labels : (rater+1)*labels]
	for _, row := range said {
		clear(row)
	}
	for _, a := range answers {
		row, p := said[a.label], e.Posterior[a.other]
		for l := range row {
			row[l] += p[l]
		}
	}
	for l, row := range e.Table[rater] {
		for answer := range row {
			row[answer] = said[answer][l]
		}
	}
	for answer, of := range said {
		if !slices.ContainsFunc(of, func(v float64) bool { return v > 0 }) {
			continue // the rater never gave it
		}
		for _, row := range e.Table[rater] {
			row[answer] = max(row[answer], least)
		}
	}
	for _, row := range e.Table[rater] {
		normalise(row)
	}
}

// expect makes posteriors of frequencies and tables, and returns the largest
// change.
func (e *Estimate) expect(items *lists) float64 {
	frequency, labels := logs(e.Frequency), len(e.Frequency)
	e.logsByAnswer()
	var mu sync.Mutex
	var most float64
	items.share(func(from, to int) {
		var change float64
		for i := from; i < to; i++ {
			p := e.spare[i]
			copy(p, frequency)
			for _, a := range items.of(i) {
				row := e.said[int(a.other)*labels+int(a.label)]
				for l := range p {
					p[l] += row[l]
				}
			}
			likely(p)
			for l, v := range p {
				change = max(change, math.Abs(v-e.Posterior[i][l]))
			}
		}
		mu.Lock()
		most = max(most, change)
		mu.Unlock()
	})
	e.Posterior, e.spare = e.spare, e.Posterior
	return most
}

// likely makes probabilities of logarithms.
func likely(p []float64) {
	top := slices.Max(p)
	for l, v := range p {
		if v == top {
			p[l] = 1 // e⁰, for which no exponential is needed
		} else {
			p[l] = math.Exp(v - top)
		}
	}
	normalise(p)
}

// logsByAnswer brings the logarithms of the tables' cells into said: one logarithm
// a cell and not one an answer, and what is read of one answer lies together.
func (e *Estimate) logsByAnswer() {
	labels := len(e.Frequency)
	for i, t := range e.Table {
		for l, row := range t {
			for answer, v := range row {
				e.said[i*labels+answer][l] = math.Log(v)
			}
		}
	}
}

func logs(v []float64) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = math.Log(x)
	}
	return out
}

func matrix(rows, columns int) [][]float64 {
	cells := make([]float64, rows*columns)
	out := make([][]float64, rows)
	for i := range out {
		out[i] = cells[i*columns : (i+1)*columns : (i+1)*columns]
	}
	return out
}

// normalise makes the sum one, where there is one.
func normalise(v []float64) {
	var sum float64
	for _, x := range v {
		sum += x
	}
	if sum == 0 {
		return
	}
	for i := range v {
		v[i] /= sum
	}
}
