package api

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"sync"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/audit"
	"github.com/assaynet/assay/protocol/ledger"
)

// The ledger forgets an epoch's weights, and what it paid, after some epochs. A
// node that keeps the blocks has what was paid in the record of the block that
// closed the epoch, and one that keeps epochs has all of it: it is shown from
// there, as far back as either goes.

// paidHistory remembers from which epoch on the blocks are kept.
type paidHistory struct {
	mu     sync.Mutex
	oldest protocol.Epoch // guarded by mu
	known  bool           // guarded by mu
}

// oldestKept returns the oldest epoch whose weights this node can show: that of the
// ledger, or one before it from which on it keeps epochs.
func (h *Handler) oldestKept(v *view) protocol.Epoch {
	if past, ok := h.src.State.(Past); ok {
		if oldest, next := past.PastEpochs(); oldest < v.oldest && v.oldest <= next {
			return oldest
		}
	}
	return v.oldest
}

// weightsOf returns what has the weights of an epoch: the state, or what is kept of
// those before; nil where nothing has.
func (h *Handler) weightsOf(v *view, e protocol.Epoch) (ledger.Reader, error) {
	if e >= v.oldest {
		return v, nil
	}
	if past, ok := h.src.State.(Past); ok {
		return past.PastWeights(e)
	}
	return nil, nil
}

// paymentsOf is [Handler.weightsOf] of what an epoch paid. Of one that is kept all
// payments are one record: it is read first.
func (h *Handler) paymentsOf(v *view, e protocol.Epoch) (ledger.Reader, error) {
	if past, ok := h.src.State.(Past); ok {
		if r, err := past.PastPaid(e); r != nil || err != nil {
			return r, err
		}
	}
	if e >= v.oldest {
		return v, nil
	}
	return nil, nil
}

// oldestPaid returns the oldest epoch whose payments this node can show: that of
// the ledger, or one before it that is kept, or of which the closing block is.
func (h *Handler) oldestPaid(ctx context.Context, v *view) (protocol.Epoch, error) {
	oldest, err := h.oldestClosed(ctx, v)
	return min(oldest, h.oldestKept(v)), err
}

// oldestClosed returns the oldest epoch of which the ledger has payments, or one
// before it of which the closing block is kept.
func (h *Handler) oldestClosed(ctx context.Context, v *view) (protocol.Epoch, error) {
	s, ok := h.src.State.(History)
	if !ok || v.oldest == 0 {
		return v.oldest, nil
	}
	h.past.mu.Lock()
	defer h.past.mu.Unlock()
	kept := func(e protocol.Epoch) (bool, error) {
		_, err := outcome(ctx, s, h.params.Schedule, e)
		if errors.Is(err, ErrNotFound) {
			return false, nil
		}
		return err == nil, err
	}
	if h.past.known && h.past.oldest <= v.oldest {
		if ok, err := kept(h.past.oldest); ok || err != nil {
			return h.past.oldest, err
		}
	}
	var failed error
	// Blocks go in order, so those that are kept are the newest ones.
	n := sort.Search(int(v.oldest), func(i int) bool {
		ok, err := kept(protocol.Epoch(i))
		failed = errors.Join(failed, err)
		return ok
	})
	if failed != nil {
		return 0, failed
	}
	h.past.oldest, h.past.known = protocol.Epoch(n), true
	return h.past.oldest, nil
}

// outcome is what an epoch paid, by the block that closed it; [ErrNotFound] where
// that is not kept.
func outcome(ctx context.Context, s History, sched protocol.Schedule, e protocol.Epoch) (*audit.Outcome, error) {
	rec, err := s.Record(ctx, sched.EpochEnd(e))
	if err != nil {
		return nil, err
	}
	if rec.Outcome == nil {
		return nil, fmt.Errorf("%w: block %d has no payments", ErrNotFound, rec.Height)
	}
	return rec.Outcome, nil
}

// paidIn returns what an epoch paid; nil where the epoch has not ended, or that is
// not kept. The block that closed it has all payments in one record, and so has
// what is kept of epochs; the state has each in one of its own, at the end of a
// walk: so the block is asked first, and the state last. One that cannot be read
// is an error where the state has nothing.
func (h *Handler) paidIn(ctx context.Context, v *view, e protocol.Epoch) (*audit.Outcome, error) {
	if s, ok := h.src.State.(History); ok && h.params.Schedule.EpochEnd(e) <= v.height {
		out, err := outcome(ctx, s, h.params.Schedule, e)
		if err == nil || e < v.oldest && !errors.Is(err, ErrNotFound) {
			return out, err
		}
	}
	r, err := h.paymentsOf(v, e)
	if err != nil || r == nil {
		return nil, err
	}
	rec, ok, err := ledger.ReadEpoch(r, e)
	if err != nil || !ok {
		return nil, err
	}
	list, err := ledger.ReadPayments(r, e)
	if errors.Is(err, ErrNotKept) { // what all were paid in all is one record
		return &audit.Outcome{Epoch: rec}, nil
	}
	return &audit.Outcome{Epoch: rec, Payments: list}, err
}

// paidTo is [Handler.paidIn] of one seat, or of all: of a uid it reads nothing
// else, where the ledger has it.
func (h *Handler) paidTo(ctx context.Context, v *view, e protocol.Epoch, seat *who) (*audit.Outcome, error) {
	if e < v.oldest || !seat.byUID {
		return h.paidIn(ctx, v, e)
	}
	rec, ok, err := ledger.ReadEpoch(v, e)
	if err != nil || !ok {
		return nil, err
	}
	p, ok, err := ledger.ReadPayment(v, e, seat.uid)
	if err != nil || !ok {
		return &audit.Outcome{Epoch: rec}, err
	}
	return &audit.Outcome{Epoch: rec, Payments: []ledger.Payment{p}}, nil
}
