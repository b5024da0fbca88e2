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

// gate bounds what is taken on. A caller has no more answers in the making than
// there are places left: one alone fills half of them, two a third each, and
// there is always room for another (Choudhury and Hahne, "Dynamic queue length
// thresholds", 1998).
type gate struct {
	most  int
	keyed bool           // callers are told apart
	own   map[string]own // what callers may by themselves
	now   func() time.Time

	mu    sync.Mutex
	total int            // guarded by mu
	each  map[string]int // guarded by mu: of each caller that has any

	texts chan struct{} // places for those who turn text into token ids
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
	return &gate{most: most, keyed: len(keys) > 0, own: limits, now: time.Now, each: map[string]int{}, texts: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))}
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

// atOnce is how many places a caller with limits of its own can have, where nobody
// else has any: to come again for more is in vain.
func (g *gate) atOnce(o *own) int {
	most := g.most
	if g.keyed {
		most = (most + 1) / 2
	}
	if o.answers > 0 {
		most = min(most, o.answers)
	}
	return most
}

// enter takes n places, which leave gives back, or says that there is no room.
func (g *gate) enter(caller string, n int) (leave func(), err error) {
	o := g.own[caller]
	if most := g.atOnce(&o); n > most {
		return func() {}, refuse("n", "at most %d answers at once are given here to one who asks, and %d are asked for", most, n)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	left := g.most - g.total - n
	if left < 0 || g.keyed && g.each[caller]+n > left+1 {
		return func() {}, &problem{
			status: http.StatusTooManyRequests, Type: typeBusy,
			Message: "too many requests wait; try again when some are answered",
		}
	}
	if o.answers > 0 && g.each[caller]+n > o.answers {
		return func() {}, &problem{
			status: http.StatusTooManyRequests, Type: typeBusy,
			Message: fmt.Sprintf("this key may have %d answers in the making or waiting at once; try again when some are answered", o.answers),
		}
	}
	if err := o.pass(g.now()); err != nil {
		return func() {}, err
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
