package dawidskene

import (
	"errors"
	"fmt"
	"math"
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

	spare [][]float64 // what the posteriors of the next round are made in
}

// least keeps a rater that never gave an answer from ruling a label out for ever.
const least = 1e-10

// Fit estimates by expectation and maximisation in turn, from the shares of
// answers on: it takes what is likeliest near to what most say. The order of
// answers moves the last bits alone. Errors: [ErrInput].
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
	for e.Rounds < s.Rounds {
		e.Rounds++
		e.maximise(answers, n)
		if e.expect(answers, n) <= s.Tolerance {
			break
		}
	}
	e.maximise(answers, n) // so that frequencies and tables are those of the posteriors
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
func (e *Estimate) maximise(answers []Answer, n Size) {
	answered := make([]bool, n.Items)
	for _, a := range answers {
		answered[a.Item] = true
	}
	e.Frequency = make([]float64, n.Labels)
	for i, p := range e.Posterior {
		if answered[i] {
			for l, v := range p {
				e.Frequency[l] += v
			}
		}
	}
	normalise(e.Frequency)
	said := matrix(n.Raters*n.Labels, n.Labels)
	for _, a := range answers {
		row := said[a.Rater*n.Labels+a.Label]
		for l, v := range e.Posterior[a.Item] {
			row[l] += v
		}
	}
	for i, t := range e.Table {
		for l, row := range t {
			for answer := range row {
				row[answer] = said[i*n.Labels+answer][l]
			}
		}
		seen := make([]bool, n.Labels)
		for _, row := range t {
			for l, v := range row {
				seen[l] = seen[l] || v > 0
			}
		}
		for _, row := range t {
			for l := range row {
				if seen[l] { // an answer that the rater gave at all
					row[l] = max(row[l], least)
				}
			}
			normalise(row)
		}
	}
}

// expect makes posteriors of frequencies and tables, and returns the largest
// change.
func (e *Estimate) expect(answers []Answer, n Size) float64 {
	if e.spare == nil {
		e.spare = matrix(n.Items, n.Labels)
	}
	next, frequency := e.spare, logs(e.Frequency)
	for i := range next {
		copy(next[i], frequency)
	}
	said := e.logsByAnswer(n) // one logarithm a cell, not one an answer
	for _, a := range answers {
		row, p := said[a.Rater*n.Labels+a.Label], next[a.Item]
		for l := range p {
			p[l] += row[l]
		}
	}
	var most float64
	for i, p := range next {
		top := math.Inf(-1)
		for _, v := range p {
			top = max(top, v)
		}
		for l, v := range p {
			p[l] = math.Exp(v - top)
		}
		normalise(p)
		for l, v := range p {
			most = max(most, math.Abs(v-e.Posterior[i][l]))
		}
	}
	e.Posterior, e.spare = next, e.Posterior
	return most
}

// logsByAnswer returns the logarithms of the tables' cells by rater and answer, in
// rows of the true labels: what is read of one answer lies together.
func (e *Estimate) logsByAnswer(n Size) [][]float64 {
	out := matrix(n.Raters*n.Labels, n.Labels)
	for i, t := range e.Table {
		for l, row := range t {
			for answer, v := range row {
				out[i*n.Labels+answer][l] = math.Log(v)
			}
		}
	}
	return out
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
