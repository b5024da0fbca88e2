package server

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// defaultQueue is how many answers may be in the making or wait for it.
const defaultQueue = 256

// places are what callers share. A caller has no more of them than are left: one
// alone fills half, two a third each, and there is always room for another
// (Choudhury and Hahne, "Dynamic queue length thresholds", 1998).
type places struct {
	most  int
	keyed bool // callers are told apart

	mu    sync.Mutex
	total int            // guarded by mu
	each  map[string]int // guarded by mu: of each caller that has any
}

func newPlaces(most int, keyed bool) *places {
	return &places{most: most, keyed: keyed, each: map[string]int{}}
}

// atOnce is how many one caller can have, where nobody else has any: to come again
// for more is in vain.
func (p *places) atOnce() int {
	if p.keyed {
		return (p.most + 1) / 2
	}
	return p.most
}

// fits tells whether there is room for n more of a caller's. mu is held.
func (p *places) fits(caller string, n int) bool {
	left := p.most - p.total - n
	return left >= 0 && (!p.keyed || p.each[caller]+n <= left+1)
}

// take takes n for a caller. mu is held.
func (p *places) take(caller string, n int) {
	p.total += n
	p.each[caller] += n
}

// enter takes n for a caller, where there is room for them.
func (p *places) enter(caller string, n int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.fits(caller, n) {
		return false
	}
	p.take(caller, n)
	return true
}

// leave gives n back.
func (p *places) leave(caller string, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.total -= n
	if p.each[caller] -= n; p.each[caller] == 0 {
		delete(p.each, caller)
	}
}

// count is how many are taken.
func (p *places) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.total
}

// gate bounds what is taken on.
type gate struct {
	*places                // answers in the making
	own     map[string]own // what callers may by themselves
	now     func() time.Time
	texts   chan struct{} // places for those who turn text into token ids
}

// own is a caller's own limits.
type own struct {
	answers int           // 0: none
	pace    *rate.Limiter // nil: none
}

func newGate(most int, keys []Key) *gate {
	limits := map[string]own{}
	for _, k := range keys {
		o := own{answers: k.Answers}
		if k.PerMinute > 0 {
			o.pace = rate.NewLimiter(rate.Limit(float64(k.PerMinute)/time.Minute.Seconds()), k.PerMinute)
		}
		limits[k.Name] = o
	}
	return &gate{newPlaces(most, len(keys) > 0), limits, time.Now, make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))}
}

// pass counts a request against the caller's own pace, or says when it may come.
func (o *own) pass(now time.Time) error {
	if o.pace == nil {
		return nil
	}
	r := o.pace.ReserveN(now, 1)
	wait := r.DelayFrom(now)
	if wait == 0 {
		return nil
	}
	r.CancelAt(now)
	return &problem{
		status: http.StatusTooManyRequests, Type: typeBusy, retry: wait,
		Message: fmt.Sprintf("this key may ask %d times a minute", o.pace.Burst()),
	}
}

// enter takes n places, which leave gives back, or says that there is no room.
func (g *gate) enter(caller string, n int) (leave func(), err error) {
	o, most := g.own[caller], g.atOnce()
	if o.answers > 0 {
		most = min(most, o.answers)
	}
	if n > most {
		return func() {}, refuse("n", "at most %d answers at once are given here to one who asks, and %d are asked for", most, n)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.fits(caller, n) {
		return func() {}, busy("too many requests wait; try again when some are answered")
	}
	if o.answers > 0 && g.each[caller]+n > o.answers {
		return func() {}, busy(fmt.Sprintf("this key may have %d answers in the making or waiting at once; try again when some are answered", o.answers))
	}
	if err := o.pass(g.now()); err != nil {
		return func() {}, err
	}
	g.take(caller, n)
	return sync.OnceFunc(func() { g.leave(caller, n) }), nil
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
