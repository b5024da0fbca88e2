package api

import (
	"fmt"
	"net/http"

	"github.com/assaynet/assay/protocol"
)

// taskPageBytes ends a page of tasks: an answer may have a mebibyte, and who asks
// holds a page in memory.
const taskPageBytes = 8 << 20

// tasks shows the tasks of one kind that were answered, with their evidence, by
// round, seat and slot: what a data set is made of.
func (h *Handler) tasks(r *request) (any, error) {
	p, err := newPager[Task](r)
	if err != nil {
		return nil, err
	}
	kind := protocol.Kind(r.query["kind"])
	if h.params.Kind(kind) == nil {
		return nil, problem(http.StatusBadRequest, problemQuery, "/v1/network lists the kinds", "kind %.40q", kind)
	}
	if h.src.Work == nil {
		return nil, notKept("answers and cards", "ask a validator")
	}
	v, err := h.view(r.ctx())
	if err != nil {
		return nil, err
	}
	l := taskList{h: h, v: v, p: p, kind: kind}
	if err := h.eachRound(r, p, v, "tasks", func(n protocol.Round) error { return l.add(r, n) }); err != nil {
		return nil, err
	}
	return p.page(), nil
}

// eachRound calls fn for the rounds of the epochs that a request asks for, until
// the page is full. A cursor of such a page has a round, a seat and a slot.
func (h *Handler) eachRound(r *request, p roundPager, v *view, what string, fn func(protocol.Round) error) error {
	want, err := r.epochs()
	if err != nil {
		return err
	}
	s := h.params.Schedule
	first, err := p.rounds(s, what, &want, v.oldest)
	if err != nil {
		return err
	}
	for n := first; n <= s.RoundOf(v.height) && s.EpochOfRound(n) <= want.to && !p.ended(); n++ {
		if err := fn(n); err != nil {
			return fmt.Errorf("round %d: %w", n, err)
		}
	}
	return nil
}

// roundPager is a [pager] of any item.
type roundPager interface {
	rounds(s protocol.Schedule, what string, want *epochRange, oldest protocol.Epoch) (protocol.Round, error)
	ended() bool
}

// rounds bounds a range of epochs to those that are kept, and returns the round in
// which the page begins.
func (p *pager[T]) rounds(s protocol.Schedule, what string, want *epochRange, oldest protocol.Epoch) (protocol.Round, error) {
	round := protocol.Round(p.after.epoch)
	p.after.epoch = s.EpochOfRound(round)
	kept, err := p.keeps(what, *want, oldest)
	p.after.epoch = protocol.Epoch(round)
	*want = kept
	if first := s.RoundOf(s.EpochStart(kept.from)); err != nil || !p.begun || round < first {
		return first, err
	}
	return round, nil
}

func (p *pager[T]) ended() bool { return p.more }

// taskList is a page of tasks that is being filled.
type taskList struct {
	h     *Handler
	v     *view
	p     *pager[Task]
	kind  protocol.Kind
	bytes int
}

// add adds the tasks of a round.
func (l *taskList) add(r *request, n protocol.Round) error {
	keys, err := l.h.src.Work.Answered(r.ctx(), n)
	if err != nil {
		return err
	}
	for _, k := range keys {
		pos := position{epoch: protocol.Epoch(k.Round), a: k.UID, b: protocol.UID(k.Slot)}
		if !l.p.wants(pos) {
			continue
		}
		l.p.more = l.bytes >= taskPageBytes
		if l.p.full() {
			return nil
		}
		ev, err := l.h.src.Work.EvidenceAt(r.ctx(), k, l.kind)
		if err != nil {
			return err
		}
		if ev == nil {
			l.p.skip(pos)
			continue
		}
		if err := l.show(pos, ev); err != nil {
			return err
		}
	}
	return nil
}

func (l *taskList) show(pos position, ev *Evidence) error {
	t, err := l.h.shownTask(ev)
	if err != nil {
		return err
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
