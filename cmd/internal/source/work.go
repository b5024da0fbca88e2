package source

import (
	"context"
	"errors"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/validator"
)

// Judged is what is read of a validator's records: validator.Validator.
type Judged interface {
	Scores(e protocol.Epoch, from protocol.UID, limit int) ([]scoring.Explanation, bool, error)
	OldestScores() (protocol.Epoch, error)
	Weights(e protocol.Epoch) (*validator.Sealed, error)
	Answers(n protocol.Round) ([]wire.AnswerKey, error)
	CardsOf(n protocol.Round) ([]validator.Card, error)
	Slot(k wire.AnswerKey) (*validator.TaskView, error)
	Task(id protocol.TaskID) (*validator.TaskView, error)
}

var _ Judged = (*validator.Validator)(nil)

// Work returns the scores and the evidence of a validator. The state says whose
// a seat was, and which tasks a round had.
func Work(chain string, p *params.Params, v Judged, s api.State) api.Work {
	return &work{chain: chain, params: p, judged: v, state: s}
}

type work struct {
	chain  string
	params *params.Params
	judged Judged
	state  api.State
}

// Scores implements [api.Work]. Scores are kept from the moment at which their
// weights are sealed, so all are final.
func (w *work) Scores(ctx context.Context, from api.ScoreKey, limit int) ([]api.Score, error) {
	r, height, err := w.state.State(ctx)
	if err != nil {
		return nil, err
	}
	var out []api.Score
	for last := w.params.Schedule.EpochOf(height); from.Epoch <= last && len(out) < limit; from = (api.ScoreKey{Epoch: from.Epoch + 1}) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		page, _, err := w.judged.Scores(from.Epoch, from.UID, limit-len(out))
		if err != nil {
			return nil, err
		}
		if len(page) == 0 {
			continue
		}
		tasks, err := w.tasks(r, from.Epoch)
		if err != nil {
			return nil, err
		}
		for i := range page {
			s := score(&page[i])
			if s.Hotkey, err = hotkeyOf(r, s.Epoch, page[i].Tally.Seat); err != nil {
				return nil, err
			}
			if s.Tasks, err = tasks.of(page[i].Tally.Seat); err != nil {
				return nil, err
			}
			s.Exact, s.Inexact = tasks.judged(page[i].Tally.Seat)
			out = append(out, s)
		}
	}
	return out, nil
}

// OldestScores implements [api.Work].
func (w *work) OldestScores(ctx context.Context) (protocol.Epoch, error) {
	e, err := w.judged.OldestScores()
	if !errors.Is(err, validator.ErrNotFound) {
		return e, err
	}
	_, height, err := w.state.State(ctx)
	return w.params.Schedule.EpochOf(height), err
}

func score(x *scoring.Explanation) api.Score {
	t, a := &x.Tally, &x.Average
	return api.Score{
		Epoch: x.Epoch, UID: t.Seat.UID, Registered: t.Seat.Registered, Final: true,
		Asked: t.Asked, Answered: t.Opened, Late: t.Late, Unopened: t.Unopened,
		Tokens: t.Tokens, OwnRuns: t.Runs, OwnPasses: t.Passes,
		Bound: x.Bound, Speed: x.Speed, Availability: x.Availability, Weight: x.Weight,
		Explain: api.Explain{
			Reason: string(x.Reason), Work: t.Work, MeanWork: x.Work, Raw: x.Raw, Delay: t.Delay, Commits: t.Commits,
			AverageEpochs: a.Epochs, AverageAsked: a.Asked, AverageOpened: a.Opened, AverageRuns: a.Runs, AveragePasses: a.Passes,
		},
	}
}

// hotkeyOf finds whose seat it was: on the roster of the epoch, or today. The
// zero key stands for one that nobody remembers.
func hotkeyOf(r ledger.Reader, e protocol.Epoch, id protocol.SeatID) (protocol.PublicKey, error) {
	if s, ok, err := ledger.ReadRosterSeat(r, e, id.UID); err != nil || ok && s.ID == id {
		return s.Hotkey, err
	}
	if s, ok, err := ledger.ReadSeat(r, id.UID); err != nil || ok && s.ID == id {
		return s.Hotkey, err
	}
	if p, ok, err := ledger.ReadPayment(r, e, id.UID); err != nil || ok && p.Seat == id {
		return p.Hotkey, err
	}
	return protocol.PublicKey{}, nil
}

// epochTasks holds the answers that entered the weights of an epoch.
type epochTasks struct {
	w       *work
	r       ledger.Reader
	answers map[protocol.UID][]wire.AnswerKey
	found   map[wire.AnswerKey]findings
}

// findings are what judges, the own one included, say of an answer.
type findings struct {
	seat         protocol.SeatID
	exact, wrong bool
}

func (w *work) tasks(r ledger.Reader, e protocol.Epoch) (*epochTasks, error) {
	t := &epochTasks{w: w, r: r, answers: map[protocol.UID][]wire.AnswerKey{}, found: map[wire.AnswerKey]findings{}}
	sealed, err := w.judged.Weights(e)
	if errors.Is(err, validator.ErrNotFound) {
		return t, nil
	}
	if err != nil {
		return nil, err
	}
	for _, n := range sealed.Rounds {
		keys, err := w.judged.Answers(n)
		if err != nil {
			return nil, err
		}
		for _, k := range keys {
			t.answers[k.UID] = append(t.answers[k.UID], k)
		}
		if err := t.cards(n); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// cards notes what the judges found in a round.
func (t *epochTasks) cards(n protocol.Round) error {
	cards, err := t.w.judged.CardsOf(n)
	if err != nil {
		return err
	}
	for i := range cards {
		c, err := cards[i].Open()
		if err != nil {
			return err
		}
		f := t.found[c.Key()]
		f.seat = c.Seat
		switch c.Finding {
		case wire.FindingExact:
			f.exact = true
		case wire.FindingUnopen: // counted by itself
		default:
			f.wrong = true
		}
		t.found[c.Key()] = f
	}
	return nil
}

// judged counts the answers of a seat that a judge found equal and none found
// false, and those that some judge found false.
func (t *epochTasks) judged(seat protocol.SeatID) (exact, inexact uint32) {
	for _, f := range t.found {
		switch {
		case f.seat != seat:
		case f.wrong:
			inexact++
		case f.exact:
			exact++
		}
	}
	return exact, inexact
}

// of returns the ids of the tasks that a seat answered, at most
// [api.MaxScoreTasks], the oldest first.
func (t *epochTasks) of(seat protocol.SeatID) ([]protocol.TaskID, error) {
	keys := t.answers[seat.UID]
	var out []protocol.TaskID
	for _, k := range keys[:min(len(keys), api.MaxScoreTasks)] {
		id, ok, err := t.id(k, seat)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, id)
		}
	}
	return out, nil
}

// id names the task of a slot: derived from what the ledger has, which is
// cheap, or else read from the answer.
func (t *epochTasks) id(k wire.AnswerKey, seat protocol.SeatID) (protocol.TaskID, bool, error) {
	rec, ok, err := ledger.ReadRound(t.r, k.Round)
	if err != nil {
		return protocol.TaskID{}, false, err
	}
	roster, asked, err := ledger.ReadRosterSeat(t.r, t.w.params.Schedule.EpochOfRound(k.Round), k.UID)
	if err != nil {
		return protocol.TaskID{}, false, err
	}
	if ok && asked && !rec.TaskSeed.IsZero() {
		task := inference.Derive(t.w.chain, t.w.params, rec.TaskSeed, k.Round, roster.ID, roster.Models, k.Slot)
		return task.ID, roster.ID == seat, nil
	}
	view, err := t.w.judged.Slot(k)
	if errors.Is(err, validator.ErrNotFound) {
		return protocol.TaskID{}, false, nil
	}
	if err != nil {
		return protocol.TaskID{}, false, err
	}
	return view.Answer.Task.ID, view.Answer.Task.Seat == seat, nil
}

// Evidence implements [api.Work].
func (w *work) Evidence(_ context.Context, id protocol.TaskID) (*api.Evidence, error) {
	view, err := w.judged.Task(id)
	if errors.Is(err, validator.ErrNotFound) {
		return nil, fmt.Errorf("no answer was accepted: %w", api.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	ev := &api.Evidence{
		Task: view.Answer.Task, Hotkey: view.Answer.Hotkey,
		Answers: []api.Signed{{Raw: view.Answer.Envelope, Received: view.Answer.Received}},
	}
	for i := range view.Cards {
		ev.Cards = append(ev.Cards, api.Signed{Raw: view.Cards[i].Envelope, Received: view.Cards[i].Received})
	}
	return ev, nil
}
