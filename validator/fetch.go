package validator

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/validator/record"
)

// How one answer is asked for. Some of those who attested it may lie, or hang: that
// costs hedgeAfter, and once, for they are asked last then. They are not left out,
// for they may be all there is.
const (
	// askFor bounds one question.
	askFor = 2 * time.Second
	// hedgeAfter is how long one holder is waited for before another is asked
	// besides, far above what an answer takes; hedges is how many are asked at once.
	hedgeAfter = 400 * time.Millisecond
	hedges     = 3
	// shunFor is how long a holder that did not answer in time, or not with what it
	// attested, is asked last; banFor how long one whose answer proves nothing.
	shunFor = time.Minute
	banFor  = 10 * time.Minute
)

// holders are those who attested answers. It has no lock: the worker alone asks.
type holders struct {
	// round is that of which an answer was fetched last, complete.
	round *ledger.Holding
	last  map[protocol.PublicKey]time.Time // who is asked last, until when
}

// putLast has a holder asked last for a while.
func (h *holders) putLast(holder protocol.PublicKey, d time.Duration) {
	if h.last == nil {
		h.last = map[protocol.PublicKey]time.Time{}
	}
	if until := time.Now().Add(d); until.After(h.last[holder]) {
		h.last[holder] = until
	}
}

// order brings holders into a random order in which those that are asked last are
// so.
func (h *holders) order(all []protocol.PublicKey) {
	now := time.Now()
	for holder, until := range h.last {
		if now.After(until) {
			delete(h.last, holder)
		}
	}
	rand.Shuffle(len(all), func(a, b int) { all[a], all[b] = all[b], all[a] })
	rank := func(k protocol.PublicKey) int {
		if _, ok := h.last[k]; ok {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(all, func(a, b protocol.PublicKey) int { return rank(a) - rank(b) })
}

// given is what a holder gave when it was asked.
type given struct {
	holder protocol.PublicKey
	raw    []byte // nil where it has nothing
	err    error
}

// fetch asks those who attested an answer for it, one and others besides, until one
// gives what opens the commitment: what a liar gives is not taken. Where nobody
// gives it now, the next step asks again; when its cards are out of time, nobody.
func (i *inbox) fetch(ctx context.Context, j job) error {
	now, k := i.views.newest(), j.key
	if now.head > j.deadline {
		return nil
	}
	if known, err := i.book.Answer(k); err != nil || known != nil {
		return err // it came meanwhile
	}
	if h := i.holders.round; h == nil || h.Round != k.Round {
		h, err := ledger.ReadHolding(now, i.cfg.ChainID, i.cfg.Params, k.Round)
		if err != nil {
			return err
		}
		i.holders.round = h
	}
	all := slices.DeleteFunc(i.holders.round.Of(k), func(holder protocol.PublicKey) bool {
		return holder == i.self // an older copy of the database has less than was attested
	})
	i.holders.order(all)
	if err := i.ask(ctx, all, k); err != nil {
		return fmt.Errorf("ask for slot %d of seat %d in round %d: %w", k.Slot, k.UID, k.Round, err)
	}
	return nil
}

// ask asks one holder, and another besides when it fails or has not answered for
// hedgeAfter, until the answer is here. The error is the last, nil where nobody has
// it.
func (i *inbox) ask(ctx context.Context, all []protocol.PublicKey, k wire.AnswerKey) (failed error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answers := make(chan given, len(all))       // so that nobody is left behind
	begun := map[protocol.PublicKey]time.Time{} // of those that have not answered
	asked := 0
	more := func() {
		if asked == len(all) || len(begun) == hedges {
			return
		}
		holder := all[asked]
		asked++
		begun[holder] = time.Now()
		go func() {
			ctx, cancel := context.WithTimeout(ctx, askFor)
			defer cancel()
			raw, err := i.cfg.Evidence(ctx, holder, k)
			answers <- given{holder, raw, err}
		}()
	}
	more()
	tick := time.NewTicker(hedgeAfter)
	defer tick.Stop()
	for len(begun) > 0 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			more()
		case a := <-answers:
			delete(begun, a.holder)
			here, err := i.takeGiven(&a, k)
			if errors.Is(err, record.ErrStore) {
				return err
			}
			if here {
				i.overtaken(begun)
				return nil
			}
			if err != nil {
				failed = err
			}
			more()
		}
	}
	return failed
}

// takeGiven takes what a holder gave, and reports whether the answer is here.
func (i *inbox) takeGiven(a *given, k wire.AnswerKey) (here bool, err error) {
	err = a.err
	if a.raw != nil {
		err = i.takeAnswer(a.raw, true)
		i.metrics.message("evidence", err)
	}
	if errors.Is(err, record.ErrStore) {
		return false, err
	}
	if known, err := i.book.Answer(k); err != nil || known != nil {
		return known != nil, err
	}
	switch {
	case a.raw != nil:
		i.holders.putLast(a.holder, banFor)
	case a.err == nil, errors.Is(a.err, context.DeadlineExceeded):
		i.holders.putLast(a.holder, shunFor)
	}
	return false, err
}

// overtaken puts those last that others were asked besides, and answered before.
func (i *inbox) overtaken(begun map[protocol.PublicKey]time.Time) {
	for holder, at := range begun {
		if time.Since(at) >= hedgeAfter {
			i.holders.putLast(holder, shunFor)
		}
	}
}
