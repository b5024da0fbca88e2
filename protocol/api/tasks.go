package api

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// taskPageBytes ends a page of tasks: an answer may have a mebibyte, and who asks
// holds a page in memory.
const taskPageBytes = 8 << 20

// tasks shows the tasks that were answered, with their evidence, by round, seat and
// slot: what a data set is made of.
func (h *Handler) tasks(r *request) (any, error) {
	p, err := newPager[Task](r)
	if err != nil {
		return nil, err
	}
	kind, err := h.kind(r)
	if err != nil {
		return nil, err
	}
	found := wire.Finding(r.query["finding"])
	switch found {
	case "", wire.FindingPassed, wire.FindingFalse, wire.FindingMalformed:
	default:
		return nil, problem(http.StatusBadRequest, problemQuery, "give finding=passed, false or malformed", "finding %.40q", found)
	}
	if h.src.Work == nil {
		return nil, notKept("answers and cards", "ask a validator")
	}
	seat, err := h.seated(r, "seat")
	if err != nil {
		return nil, err
	}
	v, err := h.view(r.ctx())
	if err != nil {
		return nil, err
	}
	l := taskList{h: h, v: v, p: p, kind: kind, seat: seat, found: found}
	if err := h.eachRound(r, p, v, "tasks", func(n protocol.Round) error { return l.add(r, n) }); err != nil {
		return nil, err
	}
	return p.page(), nil
}

// eachRound calls fn for the rounds of the epochs that a request asks for, until
// the page is full. A cursor of such a page has a round, a seat and a slot.
func (h *Handler) eachRound(r *request, p roundPager, v *view, what string, fn func(protocol.Round) error) error {
	want, err := h.epochs(r)
	if err != nil {
		return err
	}
	s := h.params.Schedule
	first, last, err := p.rounds(s, what, want, v)
	if err != nil {
		return err
	}
	for first <= last && !p.ended() {
		n := first
		if p.down() {
			n = last
		}
		if err := fn(n); err != nil {
			return fmt.Errorf("round %d: %w", n, err)
		}
		switch {
		case !p.down():
			first++
		case last == 0:
			return nil
		default:
			last--
		}
	}
	return nil
}

// roundPager is a [pager] of any item.
type roundPager interface {
	rounds(s protocol.Schedule, what string, want epochRange, v *view) (first, last protocol.Round, err error)
	ended() bool
	down() bool
}

// rounds bounds a range of epochs to those that are kept, and returns the first
// and the last round that the page may need.
func (p *pager[T]) rounds(s protocol.Schedule, what string, want epochRange, v *view) (first, last protocol.Round, err error) {
	round := protocol.Round(p.after.epoch)
	p.after.epoch = s.EpochOfRound(round)
	want, err = p.keeps(what, want, v.oldest)
	p.after.epoch = protocol.Epoch(round)
	if err != nil {
		return 0, 0, err
	}
	first, last = s.RoundOf(s.EpochStart(want.from)), s.RoundOf(v.height)
	if want.to < v.epoch {
		last = s.RoundOf(s.EpochEnd(want.to))
	}
	if want.from > v.epoch { // of what is to come, nothing; EpochStart may be too large
		return 1, 0, nil
	}
	switch {
	case p.begun && p.newest:
		last = min(last, round)
	case p.begun:
		first = max(first, round)
	}
	return first, last, nil
}

func (p *pager[T]) down() bool { return p.newest }

func (p *pager[T]) ended() bool { return p.more }

// taskList is a page of tasks that is being filled.
type taskList struct {
	h     *Handler
	v     *view
	p     *pager[Task]
	kind  protocol.Kind // empty for all
	seat  who
	found wire.Finding // that some card has; empty for any
	bytes int
}

// add adds the tasks of a round.
func (l *taskList) add(r *request, n protocol.Round) error {
	keys, err := l.h.src.Work.Answered(r.ctx(), n)
	if err != nil {
		return err
	}
	for i := range l.p.inOrder(len(keys)) {
		k := keys[i]
		pos := position{epoch: protocol.Epoch(k.Round), a: k.UID, b: protocol.UID(k.Slot)}
		if !l.p.wants(pos) {
			continue
		}
		l.p.more = l.bytes >= taskPageBytes
		if l.p.full() {
			return nil
		}
		if !l.seat.is(k.UID, protocol.PublicKey{}) {
			l.p.skip(pos)
			continue
		}
		ev, err := l.h.src.Work.EvidenceAt(r.ctx(), k, l.kind)
		if err != nil {
			return err
		}
		if ev == nil {
			l.p.skip(pos)
			continue
		}
		if err := l.show(r, pos, ev); err != nil {
			return err
		}
	}
	return nil
}

func (l *taskList) show(r *request, pos position, ev *Evidence) error {
	t, err := l.h.shownTask(r.ctx(), ev)
	if err != nil {
		return err
	}
	if l.found != "" && !slices.ContainsFunc(t.Cards, func(c Card) bool { return c.Finding == l.found }) {
		l.p.skip(pos)
		return nil
	}
	if err := addFacts(l.v, t); err != nil {
		return err
	}
	for _, list := range [][]Signed{ev.Answers, ev.Cards} {
		for i := range list {
			l.bytes += len(list[i].Raw)
		}
	}
	l.p.add(pos, *t)
	return nil
}
