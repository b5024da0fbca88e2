package server

import (
	"context"
	"net/http"
	"runtime"
	"sync"
)

// defaultQueue is how many answers may be in the making or wait for it.
const defaultQueue = 256

// gate bounds what is taken on. A caller has no more answers in the making than
// there are places left: one alone fills half of them, two a third each, and
// there is always room for another (Choudhury and Hahne, "Dynamic queue length
// thresholds", 1998).
type gate struct {
	most  int
	keyed bool // callers are told apart

	mu    sync.Mutex
	total int            // guarded by mu
	each  map[string]int // guarded by mu: of each caller that has any

	texts chan struct{} // places for those who turn text into token ids
}

func newGate(most int, keyed bool) *gate {
	return &gate{most: most, keyed: keyed, each: map[string]int{}, texts: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))}
}

// enter takes n places, which leave gives back, or says that there is no room.
func (g *gate) enter(caller string, n int) (leave func(), err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	left := g.most - g.total - n
	if left < 0 || g.keyed && g.each[caller]+n > left+1 {
		return func() {}, &problem{
			status: http.StatusTooManyRequests, Type: typeBusy,
			Message: "too many requests wait; try again when some are answered",
		}
	}
	g.total += n
	g.each[caller] += n
	return sync.OnceFunc(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.total -= n
		if g.each[caller] -= n; g.each[caller] == 0 {
			delete(g.each, caller)
		}
	}), nil
}

func (g *gate) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.total
}

// encode calls f when there is a place for it: long texts of one do not take
// all processors.
func (g *gate) encode(ctx context.Context, f func() error) error {
	select {
	case g.texts <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-g.texts }()
	return f()
}

// callerKey is the key of the caller's name in a context.
type callerKey struct{}

func callerOf(ctx context.Context) string {
	name, _ := ctx.Value(callerKey{}).(string)
	return name
}
