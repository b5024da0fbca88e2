package engine

import (
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/assaynet/assay/engine/arith"
)

// pool is the threads that compute. A piece of work (do) runs on one of them,
// which hands out parts of loops (spread) to those that are idle and does what
// nobody took itself: a thread that wakes late costs nothing but its help. All
// computing happens on the pool's own threads, so that their priority is the
// engine's.
type pool struct {
	workers  int
	nice     int
	jobs     chan job
	sections chan *section // capacity workers-1: one offer to each other thread; an old offer found later has no parts left
	stop     chan struct{}
	wg       sync.WaitGroup
}

type job struct {
	run  func(arith.Spread)
	done chan error // capacity 1: told once
}

func (j job) do(p *pool) {
	j.done <- guard(func() { j.run(p.spread) })
}

func newPool(workers, nice int) *pool {
	p := &pool{
		workers: workers, nice: nice,
		jobs: make(chan job), sections: make(chan *section, workers-1), stop: make(chan struct{}),
	}
	for range workers {
		p.wg.Go(p.work)
	}
	return p
}

// close ends the threads; no work may be in progress or follow.
func (p *pool) close() {
	close(p.stop)
	p.wg.Wait()
}

// do runs f on one of the threads and waits for it. The error is ErrFile: a
// part of it read where the file had been cut off.
func (p *pool) do(f func(arith.Spread)) error {
	j := job{run: f, done: make(chan error, 1)}
	p.jobs <- j
	return <-j.done
}

func (p *pool) work() {
	debug.SetPanicOnFault(true) // see guard
	if p.nice > 0 {
		// The thread keeps its priority until it ends, and it ends with this
		// goroutine, which never unlocks it.
		runtime.LockOSThread()
		lowerPriority(p.nice)
	}
	for {
		select {
		case j := <-p.jobs:
			j.do(p)
		case s := <-p.sections:
			s.work()
			p.linger()
		case <-p.stop:
			return
		}
	}
}

// lingerFor is how long a thread that has helped looks for the next section
// before it sleeps, and how long a loop's own thread looks for the end of its
// helpers. The sections of a token follow each other by some ten microseconds,
// less than it takes to sleep and wake.
const lingerFor = 100 * time.Microsecond

// linger works until nothing has come for lingerFor.
func (p *pool) linger() {
	spin(func() bool {
		select {
		case s := <-p.sections:
			s.work()
			return true
		default:
		}
		select {
		case j := <-p.jobs:
			j.do(p)
			return true
		default:
			return false
		}
	})
}

// spin calls look until it has returned false for lingerFor, and lets other
// goroutines run now and then.
func spin(look func() bool) {
	const looks = 64 // between looks at the clock, which costs as much as ten of them
	for last := time.Now(); ; {
		found := false
		for range looks {
			found = look() || found
		}
		now := time.Now()
		switch {
		case found:
			last = now
		case now.Sub(last) > lingerFor:
			return
		}
		runtime.Gosched()
	}
}

// spread is the arith.Spread of a job.
func (p *pool) spread(n int, part func(int)) {
	if n <= 1 || p.workers == 1 {
		arith.Serial(n, part)
		return
	}
	s := &section{n: int64(n), part: part, finished: make(chan struct{}, 1)}
	for range min(p.workers-1, n-1) {
		select {
		case p.sections <- s:
		default: // all others are busy with offers
		}
	}
	s.work()
	s.wait()
	if err := s.failed.Load(); err != nil {
		panic(*err)
	}
}

// section is one loop whose parts several threads take.
type section struct {
	part     func(int)
	n        int64
	next     atomic.Int64 // the next part to take
	done     atomic.Int64 // parts that are done
	failed   atomic.Pointer[fault]
	finished chan struct{} // capacity 1: told once, when done reaches n
}

func (s *section) work() {
	for {
		i := s.next.Add(1) - 1
		if i >= s.n {
			return
		}
		if err := guard(func() { s.part(int(i)) }); err != nil {
			s.failed.Store(&fault{err})
		}
		if s.done.Add(1) == s.n {
			s.finished <- struct{}{}
		}
	}
}

// wait returns when all parts are done.
func (s *section) wait() {
	const looks = 64
	for began := time.Now(); time.Since(began) < lingerFor; runtime.Gosched() {
		for range looks {
			if s.done.Load() == s.n {
				return
			}
		}
	}
	<-s.finished
}
