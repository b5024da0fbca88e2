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
	want, err := r.epochs()
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
	// A cursor of this list has a round, a seat and a slot.
	after := p.after
	p.after.epoch = h.params.Schedule.EpochOfRound(protocol.Round(after.epoch))
	if want, err = p.keeps("tasks", want, v.oldest); err != nil {
		return nil, err
	}
	p.after = after
	l := taskList{h: h, v: v, p: p, kind: kind}
	s := h.params.Schedule
	first := s.RoundOf(s.EpochStart(want.from))
	if p.begun {
		first = max(first, protocol.Round(after.epoch))
	}
	for n := first; n <= s.RoundOf(v.height) && s.EpochOfRound(n) <= want.to && !p.more; n++ {
		if err := l.add(r, n); err != nil {
			return nil, fmt.Errorf("round %d: %w", n, err)
		}
	}
	return p.page(), nil
}

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
