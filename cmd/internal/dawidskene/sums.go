package dawidskene

import (
	"runtime"
	"sync"
	"sync/atomic"
)

const (
	// inParts is in how many parts items are summed, whatever the number of
	// processors: the same sums in the same order give the same bits.
	inParts = 16
	// maxPartCells is beyond which number of cells there is one part, for memory.
	maxPartCells = 1 << 20
)

// lists are the answers by item, each list in the order in which they were given.
type lists struct {
	ends []int // of each list in all; it begins where the one before it ends
	all  []said
}

// said is what a rater answered to the item of a list: where its row of so many
// true labels begins.
type said uint32

func rowOf(rater, answer, labels int) said { return said((rater*labels + answer) * labels) }

func listsOf(answers []Answer, n Size) *lists {
	l := &lists{ends: make([]int, n.Items), all: make([]said, len(answers))}
	for i := range answers {
		l.ends[answers[i].Item]++
	}
	begin := 0
	for i, count := range l.ends {
		l.ends[i] = begin // it moves on to its end
		begin += count
	}
	for _, a := range answers {
		l.all[l.ends[a.Item]] = rowOf(a.Rater, a.Label, n.Labels)
		l.ends[a.Item]++
	}
	return l
}

func (l *lists) of(i int) []said {
	if i == 0 {
		return l.all[:l.ends[0]]
	}
	return l.all[l.ends[i-1]:l.ends[i]]
}

// sum adds up the posteriors of a part of the items: of those that were answered,
// and by rater and answer.
type sum struct {
	frequency []float64
	said      []float64
	change    float64 // the largest of a posterior
}

func sumsOf(n Size) []sum {
	parts := make([]sum, inParts)
	if n.Raters*n.Labels*n.Labels > maxPartCells {
		parts = parts[:1]
	}
	for i := range parts {
		parts[i] = sum{frequency: make([]float64, n.Labels), said: make([]float64, n.Raters*n.Labels*n.Labels)}
	}
	return parts
}

func (s *sum) clear() {
	s.change = 0
	clear(s.frequency)
	clear(s.said)
}

func (s *sum) add(posterior []float64, answers []said) {
	if len(answers) == 0 {
		return
	}
	plus(s.frequency, posterior)
	for _, a := range answers {
		plus(s.said[a:][:len(posterior)], posterior)
	}
}

// addThree is add for some items, where there are three labels.
func (s *sum) addThree(posterior [][]float64, items *lists, from, to int) {
	all := (*[3]float64)(s.frequency)
	for item := from; item < to; item++ {
		answers := items.of(item)
		if len(answers) == 0 {
			continue
		}
		p := (*[3]float64)(posterior[item])
		a, b, c := p[0], p[1], p[2]
		all[0], all[1], all[2] = all[0]+a, all[1]+b, all[2]+c
		for _, at := range answers {
			r := (*[3]float64)(s.said[at:])
			r[0], r[1], r[2] = r[0]+a, r[1]+b, r[2]+c
		}
	}
}

func (s *sum) join(t *sum) {
	s.change = max(s.change, t.change)
	plus(s.frequency, t.frequency)
	plus(s.said, t.said)
}

// plus adds to v what w begins with.
func plus(v, w []float64) {
	w = w[:len(v)]
	for i := range v {
		v[i] += w[i]
	}
}

// each calls f for 0 to n − 1 on all processors, and returns when all are done.
func each(n int, f func(i int)) {
	var wg sync.WaitGroup
	var next atomic.Int64
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	wg.Wait()
}
