package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// maxReceiptCards is how many cards a receipt carries, first come, first served:
// two judges are the rule, and each envelope has about 400 bytes.
const maxReceiptCards = 64

func (h *Handler) evidence(r *request) (*Evidence, error) {
	if h.src.Work == nil {
		return nil, notKept("answers and cards", "ask a validator")
	}
	id, err := h.taskID(r)
	if err != nil {
		return nil, err
	}
	ev, err := h.src.Work.Evidence(r.ctx(), id)
	if errors.Is(err, ErrNotFound) && h.src.State != nil {
		return nil, h.noTask(r, id, err)
	}
	if err != nil {
		return nil, fmt.Errorf("task %s: %w", id, err)
	}
	return ev, nil
}

// leastPrefix is the fewest first digits of an id that stand for it.
const leastPrefix = 6

// taskID reads the id of a task, or its first digits, where no other task that is
// known here begins with them.
func (h *Handler) taskID(r *request) (protocol.TaskID, error) {
	s := r.http.PathValue("id")
	f, ok := h.src.Work.(Finder)
	if !ok || len(s) < leastPrefix || len(s) >= 2*len(protocol.TaskID{}) || strings.Trim(s, "0123456789abcdef") != "" {
		id, err := r.hash("id", "task id")
		if p, bad := errors.AsType[*Problem](err); bad && ok {
			p.Hint = fmt.Sprintf("it is 64 hex digits, or the first %d of them or more", leastPrefix)
		}
		return id, err
	}
	list, err := f.TasksBeginning(r.ctx(), s)
	switch {
	case err != nil:
		return protocol.TaskID{}, fmt.Errorf("task %s: %w", s, err)
	case len(list) == 0:
		return protocol.TaskID{}, problem(http.StatusNotFound, problemNotFound, "assay tasks lists those that there are", "no task that is known here begins with %s", s)
	case len(list) > 1:
		return protocol.TaskID{}, problem(http.StatusBadRequest, problemPath, "give more digits", "several tasks begin with %s, %s and %s among them", s, list[0], list[1])
	}
	return list[0], nil
}

// noTask says that there is no such task here, and from which epoch on there
// could be: an id does not tell how old it is.
func (h *Handler) noTask(r *request, id protocol.TaskID, why error) error {
	v, err := h.view(r.ctx())
	if err != nil {
		return err
	}
	p := problem(http.StatusNotFound, problemNotFound, fmt.Sprintf("answers and cards are kept for %d epochs, here those of epoch %d and later", h.params.Tasks.Retention, v.oldest),
		"task %s: %s", id, why)
	p.OldestEpoch = &v.oldest
	return p
}

func (h *Handler) task(r *request) (any, error) {
	ev, err := h.evidence(r)
	if err != nil {
		return nil, err
	}
	t, err := h.shownTask(r.ctx(), ev)
	if err != nil || h.src.State == nil {
		return t, err
	}
	v, err := h.view(r.ctx())
	if err != nil {
		return nil, err
	}
	return t, addFacts(v, t)
}

// shownTask is the task of evidence, without what the ledger says of it.
func (h *Handler) shownTask(ctx context.Context, ev *Evidence) (*Task, error) {
	k := &ev.Task
	body, err := TaskBody(k)
	if err != nil {
		return nil, fmt.Errorf("task %s: %w", k.ID, err)
	}
	t := &Task{
		ID: k.ID, Kind: k.Kind, Epoch: h.params.Schedule.EpochOfRound(k.Round), Round: k.Round,
		UID: k.Seat.UID, Registered: k.Seat.Registered, Hotkey: ev.Hotkey, Slot: k.Slot, Body: body,
		Judges: []protocol.UID{}, Answers: []Answer{}, Cards: []Card{},
	}
	if t.Time, err = h.timeOf(ctx, max(h.params.Schedule.RoundStart(k.Round), 1)); err != nil {
		return nil, err
	}
	for _, s := range ev.Answers {
		a, err := answer(k.Kind, s)
		if err != nil {
			return nil, fmt.Errorf("answer of task %s: %w", k.ID, err)
		}
		t.Answers = append(t.Answers, a)
	}
	for _, s := range ev.Cards {
		c, err := card(s)
		if err != nil {
			return nil, fmt.Errorf("card of task %s: %w", k.ID, err)
		}
		t.Cards = append(t.Cards, c)
	}
	return t, nil
}

// addFacts adds what the ledger says of the task, if it still does.
func addFacts(v *view, t *Task) error {
	c, ok, err := ledger.ReadCommit(v, t.Round, t.UID)
	if err != nil {
		return err
	}
	if ok {
		t.Commitment = &Commitment{Root: c.Root, Height: c.Height}
	}
	d, _, err := ledger.ReadDuties(v, t.Round, t.UID)
	if err != nil {
		return err
	}
	for _, duty := range d.Duties {
		if duty.Slot == t.Slot {
			t.Judges = append(t.Judges, duty.Judge.UID)
		}
	}
	return nil
}

func answer(kind protocol.Kind, s Signed) (Answer, error) {
	e, err := wire.ReadAnswer(s.Raw)
	if err != nil {
		return Answer{}, err
	}
	body, err := AnswerBody(kind, &e.Answer)
	return Answer{Hash: e.Hash(), Sender: e.Sender, Received: s.Received, Body: body, Raw: s.Raw}, err
}

func card(s Signed) (Card, error) {
	e, err := wire.ReadCard(s.Raw)
	if err != nil {
		return Card{}, err
	}
	body, err := CardBody(&e.Card)
	return Card{
		Judge: e.Card.Judge.UID, Hotkey: e.Sender, Received: s.Received, Answer: e.Card.Answer,
		Finding: e.Card.Finding, Body: body, Raw: s.Raw,
	}, err
}

func (h *Handler) receipt(r *request) (any, error) {
	ev, err := h.evidence(r)
	if err != nil {
		return nil, err
	}
	if len(ev.Answers) == 0 {
		return nil, problem(http.StatusNotFound, problemNotFound, "a task that nobody answered has none", "task %s has no answer that this node accepted", ev.Task.ID)
	}
	rec := wire.Receipt{ChainID: h.chain, Task: ev.Task, Answer: ev.Answers[0].Raw}
	for _, c := range ev.Cards[:min(len(ev.Cards), maxReceiptCards)] {
		rec.Cards = append(rec.Cards, c.Raw)
	}
	return NewReceipt(&rec, ev.Hotkey)
}
