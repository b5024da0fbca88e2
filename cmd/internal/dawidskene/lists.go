package dawidskene

import (
	"runtime"
	"sync"
)

// lists are answers by item, or by rater, each list in the order in which they
// were given: sums over one are the same whoever makes them.
type lists struct {
	ends  []int // of each list in parts; it begins where the one before it ends
	parts []part
}

// part is an answer without what its list is of: other is its rater or its item.
type part struct{ other, label uint32 }

func listsOf(answers []Answer, n int, of func(*Answer) (list, other int)) *lists {
	l := &lists{ends: make([]int, n), parts: make([]part, len(answers))}
	for i := range answers {
		list, _ := of(&answers[i])
		l.ends[list]++
	}
	begin := 0
	for i, count := range l.ends {
		l.ends[i] = begin // it moves on to its end
		begin += count
	}
	for i := range answers {
		list, other := of(&answers[i])
		l.parts[l.ends[list]] = part{uint32(other), uint32(answers[i].Label)}
		l.ends[list]++
	}
	return l
}

func (l *lists) of(i int) []part {
	if i == 0 {
		return l.parts[:l.ends[0]]
	}
	return l.parts[l.ends[i-1]:l.ends[i]]
}

// share calls f on all processors for ranges of lists that hold about as many
// answers each, and returns when all are done.
func (l *lists) share(f func(from, to int)) {
	workers := runtime.GOMAXPROCS(0)
	var wg sync.WaitGroup
	from := 0
	for w := 1; w <= workers; w++ {
		to := from
		for to < len(l.ends) && (w == workers || l.ends[to] <= len(l.parts)*w/workers) {
			to++
		}
		a, b := from, to
		wg.Go(func() { f(a, b) })
		from = to
	}
	wg.Wait()
}
