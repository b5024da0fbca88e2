package source

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
	"github.com/assaynet/assay/validator/record"
)

// Judged is what is read of a validator's records: record.Reader.
type Judged interface {
	Scores(e protocol.Epoch, from protocol.UID, limit int) ([]scoring.Explanation, bool, error)
	OldestScores() (protocol.Epoch, error)
	Finals(r ledger.Reader, e protocol.Epoch) (list []record.Final, final bool, err error)
	Abstained(e protocol.Epoch) ([]protocol.Round, error)
	Absent(e protocol.Epoch) ([]record.Absence, error)
	SeenFrom(e protocol.Epoch) (protocol.Epoch, error)
	Task(id protocol.TaskID) (*record.TaskView, error)
	TasksBeginning(prefix string) ([]protocol.TaskID, error)
	Answers(n protocol.Round) ([]wire.AnswerKey, error)
	Answer(k wire.AnswerKey) (*record.Answer, error)
	Slot(k wire.AnswerKey) (*record.TaskView, error)
	Pairs(n protocol.Round, setter protocol.UID) (*wire.Pairs, error)
	Checked(n protocol.Round, setter protocol.UID) (*record.Checked, error)
}

var _ Judged = (*record.Reader)(nil)

// Work returns the scores and the evidence of a record. Of scores that are not
// final yet, the state says whose a seat is, and which tasks a round had.
func Work(p *params.Params, v Judged, s api.State) api.Work {
	return &work{params: p, judged: v, state: s}
}

type work struct {
	params *params.Params
	judged Judged
	state  api.State
}

// Scores implements [api.Work]. Scores are there from the moment at which their
// weights are sealed, and final when no card about them can come any more: then
// they are what the validator wrote down.
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
		if out, err = w.append(out, r, from.Epoch, page); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// append adds scores of an epoch with what judges found in it.
func (w *work) append(out []api.Score, r ledger.Reader, e protocol.Epoch, page []scoring.Explanation) ([]api.Score, error) {
	if len(page) == 0 {
		return out, nil
	}
	counted, err := w.counted(r, e)
	if err != nil {
		return nil, err
	}
	for i := range page {
		s := score(&page[i])
		counted.add(&s)
		out = append(out, s)
	}
	return out, nil
}

// SeatScores implements [api.SeatScorer].
func (w *work) SeatScores(ctx context.Context, e protocol.Epoch, uid protocol.UID) ([]api.Score, error) {
	r, _, err := w.state.State(ctx)
	if err != nil {
		return nil, err
	}
	page, _, err := w.judged.Scores(e, uid, 1)
	if err != nil {
		return nil, err
	}
	page = slices.DeleteFunc(page, func(x scoring.Explanation) bool { return x.Tally.Seat.UID != uid })
	return w.append(nil, r, e, page)
}

// OldestScores implements [api.Work].
func (w *work) OldestScores(ctx context.Context) (protocol.Epoch, error) {
	e, err := w.judged.OldestScores()
	if !errors.Is(err, record.ErrNotFound) {
		return e, err
	}
	_, height, err := w.state.State(ctx)
	return w.params.Schedule.EpochOf(height), err
}

func score(x *scoring.Explanation) api.Score {
	t, a := &x.Tally, &x.Average
	return api.Score{
		Epoch: x.Epoch, UID: t.Seat.UID, Registered: t.Seat.Registered,
		Asked: t.Asked, Answered: t.Opened, Late: t.Late, NotGiven: t.NotGiven,
		Kind: t.Kind, Units: t.Units, OwnRuns: t.Runs, OwnPasses: t.Passes,
		Bound: x.Bound, Speed: x.Speed, Availability: x.Availability, Weight: x.Weight,
		Explain: api.Explain{
			Reason: string(x.Reason), Work: t.Work, MeanWork: x.Work, Raw: x.Raw, Part: x.Part, Delay: t.Delay, Commits: t.Commits,
			AverageEpochs: a.Epochs, AverageAsked: a.Asked, AverageOpened: a.Opened, AverageRuns: a.Runs, AveragePasses: a.Passes,
		},
	}
}

// counted is what judges found in an epoch.
type counted struct {
	parts      map[part]record.Final
	final      bool
	unobserved uint32                     // rounds of nobody
	absent     map[protocol.SeatID]uint32 // rounds of a seat besides
	from       protocol.Epoch             // the first of those that were counted without a gap
	schedule   protocol.Schedule
	memory     map[protocol.Kind]protocol.Epoch
}

// part is what a seat does in one kind.
type part struct {
	seat protocol.SeatID
	kind protocol.Kind
}

func (w *work) counted(r ledger.Reader, e protocol.Epoch) (*counted, error) {
	list, final, err := w.judged.Finals(r, e)
	if err != nil {
		return nil, err
	}
	abstained, err := w.judged.Abstained(e)
	if err != nil {
		return nil, err
	}
	absent, err := w.judged.Absent(e)
	if err != nil {
		return nil, err
	}
	from, err := w.judged.SeenFrom(e)
	if err != nil {
		return nil, err
	}
	c := &counted{from: from, schedule: w.params.Schedule, memory: memories(w.params.Kinds), parts: make(map[part]record.Final, len(list)), final: final, unobserved: uint32(len(abstained)), absent: map[protocol.SeatID]uint32{}}
	for _, a := range absent {
		c.absent[a.Seat]++
	}
	for _, f := range list {
		c.parts[part{f.Seat, f.Kind}] = f
	}
	return c, nil
}

func (c *counted) add(s *api.Score) {
	seat := protocol.SeatID{UID: s.UID, Registered: s.Registered}
	f := c.parts[part{seat, s.Kind}]
	s.Hotkey, s.Exact, s.Inexact, s.Tasks = f.Hotkey, f.Exact, f.Inexact, f.Tasks
	s.Final, s.Explain.Unobserved = c.final, c.unobserved+c.absent[seat]
	// Weights are made of the epoch before: of that in which a seat was bought the
	// next ones are the first that can say anything.
	behind := c.from > c.schedule.EpochOf(s.Registered)+1 && s.Epoch < c.from+c.memory[s.Kind]
	s.Explain.SeenFrom, s.Explain.Partial = c.from, s.Explain.Unobserved > 0 || behind
}

// memories returns for each kind after how many epochs less than a part in 65536 is
// left in an average of what one epoch added.
func memories(kinds []params.Kind) map[protocol.Kind]protocol.Epoch {
	out := map[protocol.Kind]protocol.Epoch{}
	for i := range kinds {
		for left := uint64(params.One); left > 0; left = left * uint64(kinds[i].Keep) / params.One {
			out[kinds[i].Name]++
		}
	}
	return out
}

// Evidence implements [api.Work].
func (w *work) Evidence(_ context.Context, id protocol.TaskID) (*api.Evidence, error) {
	view, err := w.judged.Task(id)
	return evidence(view, err)
}

// TasksBeginning implements [api.Finder].
func (w *work) TasksBeginning(_ context.Context, prefix string) ([]protocol.TaskID, error) {
	return w.judged.TasksBeginning(prefix)
}

// Answered implements [api.Work].
func (w *work) Answered(_ context.Context, n protocol.Round) ([]wire.AnswerKey, error) {
	return w.judged.Answers(n)
}

// EvidenceAt implements [api.Work]. The bytes of an answer of another kind are not
// read.
func (w *work) EvidenceAt(_ context.Context, k wire.AnswerKey, kind protocol.Kind) (*api.Evidence, error) {
	a, err := w.judged.Answer(k)
	if err != nil || a != nil && kind != "" && a.Task.Kind != kind {
		return nil, err
	}
	return evidence(w.judged.Slot(k))
}

// Texts implements [api.Work].
func (w *work) Texts(_ context.Context, n protocol.Round, setter protocol.SeatID) (texts [][3]string, lie bool, err error) {
	c, err := w.judged.Checked(n, setter.UID)
	if err != nil {
		return nil, false, err
	}
	lie = c != nil && c.Setter == setter && c.False
	p, err := w.judged.Pairs(n, setter.UID)
	if err != nil || p == nil || p.Setter != setter {
		return nil, lie, err
	}
	return p.Texts, lie, nil
}

func evidence(view *record.TaskView, err error) (*api.Evidence, error) {
	if errors.Is(err, record.ErrNotFound) {
		return nil, fmt.Errorf("no answer was accepted: %w", api.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	ev := &api.Evidence{
		Task: view.Answer.Task, Hotkey: view.Answer.Hotkey,
		Answers: []api.Signed{{Raw: view.Envelope, Received: view.Answer.Received}},
	}
	for i := range view.Cards {
		ev.Cards = append(ev.Cards, api.Signed{Raw: view.Cards[i].Envelope, Received: view.Cards[i].Received})
	}
	return ev, nil
}
