package dawidskene

import (
	"errors"
	"fmt"
	"math"
	"slices"
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

	// rows are the tables' cells in rows of the true labels by rater and answer, one
	// behind the other.
	rows []float64
}

// least keeps a rater that never gave an answer from ruling a label out for ever.
const least = 1e-10

// atOnce is how many cells are multiplied before a product is brought near one,
// and its power of two counted apart: no cell is below 10⁻¹⁰ ÷ 2³⁰, so that none
// becomes nothing, whatever many answers say against a label before others speak
// for it.
const atOnce = 12

// Fit estimates by expectation and maximisation in turn, from the shares of
// answers on: it takes what is likeliest near to what most say. The order of
// answers moves the last bits alone, and the number of processors none. Errors:
// [ErrInput].
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
	items, sums := listsOf(answers, n), sumsOf(n)
	e.rows = make([]float64, n.Raters*n.Labels*n.Labels)
	e.round(items, sums, false) // tables of the first posteriors
	for e.Rounds < s.Rounds {
		e.Rounds++
		if e.round(items, sums, true) <= s.Tolerance {
			break
		}
	}
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

// round makes posteriors of frequencies and tables, if it is to expect them, then
// frequencies and tables of the posteriors, and returns the largest change of one.
func (e *Estimate) round(items *lists, parts []sum, expect bool) (change float64) {
	each(len(parts), func(i int) {
		p, count := &parts[i], len(items.ends)
		p.clear()
		from, to := count*i/len(parts), count*(i+1)/len(parts)
		if expect {
			p.change = e.expect(items, from, to)
		}
		if len(e.Posterior[0]) == 3 {
			p.addThree(e.Posterior, items, from, to)
			return
		}
		for item := from; item < to; item++ {
			p.add(e.Posterior[item], items.of(item))
		}
	})
	for i := range parts[1:] { // in their order, so that sums are the same to the bit
		parts[0].join(&parts[i+1])
	}
	e.tabulate(&parts[0])
	return parts[0].change
}

// expect makes the posteriors of some items, and returns their largest change.
func (e *Estimate) expect(items *lists, from, to int) (change float64) {
	next, powers := make([]float64, len(e.Frequency)), make([]int, len(e.Frequency))
	for item := from; item < to; item++ {
		p, answers := e.Posterior[item], items.of(item)
		if len(next) == 3 && len(answers) <= atOnce {
			next[0], next[1], next[2] = e.ofThree(answers)
		} else {
			copy(next, e.Frequency)
			e.multiply(next, powers, answers)
		}
		normalise(next)
		for l, v := range next {
			if d := math.Abs(v - p[l]); d > change {
				change = d
			}
			p[l] = v
		}
	}
	return change
}

// multiply multiplies what stands in next by how often each rater gives its
// answer, by true label; all by one power of two, so that the largest is near one.
// powers is memory for those.
func (e *Estimate) multiply(next []float64, powers []int, answers []said) {
	if clear(powers); len(answers) > atOnce {
		apart(next, powers)
	}
	for i, a := range answers {
		for l, v := range e.rows[a:][:len(next)] {
			next[l] *= v
		}
		if i%atOnce == atOnce-1 {
			apart(next, powers)
		}
	}
	if len(answers) > atOnce {
		together(next, powers)
	}
}

// apart brings each number near one, and counts its power of two.
func apart(v []float64, powers []int) {
	for l, x := range v {
		part, power := math.Frexp(x)
		v[l], powers[l] = part, powers[l]+power
	}
}

// together gives numbers their powers of two again, less the largest.
func together(v []float64, powers []int) {
	apart(v, powers)
	most := math.MinInt
	for l, x := range v {
		if x > 0 {
			most = max(most, powers[l])
		}
	}
	for l, x := range v {
		if x > 0 {
			v[l] = math.Ldexp(x, powers[l]-most)
		}
	}
}

// ofThree is multiply, of the frequencies, for three labels and few answers: a
// choice between two and neither, which registers hold.
func (e *Estimate) ofThree(answers []said) (a, b, c float64) {
	a, b, c = e.Frequency[0], e.Frequency[1], e.Frequency[2]
	for _, at := range answers {
		r := (*[3]float64)(e.rows[at:])
		a, b, c = a*r[0], b*r[1], c*r[2]
	}
	return a, b, c
}

// tabulate makes frequencies and tables of the sums of all posteriors.
func (e *Estimate) tabulate(s *sum) {
	labels := len(s.frequency)
	e.Frequency = slices.Clone(s.frequency)
	normalise(e.Frequency)
	for rater, t := range e.Table {
		for answer := range labels {
			of := s.said[rowOf(rater, answer, labels):][:labels]
			floor := 0.0
			if slices.ContainsFunc(of, func(v float64) bool { return v > 0 }) { // the rater gave it at all
				floor = least
			}
			for l, row := range t {
				row[answer] = max(of[l], floor)
			}
		}
		for l, row := range t {
			normalise(row)
			for answer, v := range row {
				e.rows[int(rowOf(rater, answer, labels))+l] = v
			}
		}
	}
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
