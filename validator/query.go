package validator

import (
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
)

// MaxPage is the most entries that one page of a query has.
const MaxPage = 1000

// Score returns what a seat is worth in a kind in epoch e with all its factors;
// [ErrNotFound] where the seat has none.
func (v *Validator) Score(e protocol.Epoch, uid protocol.UID, kind protocol.Kind) (*scoring.Explanation, error) {
	x, ok, err := get[scoring.Explanation](v.cfg.Store, tableScores, partKey(e, uid, kind))
	if err == nil && !ok {
		err = fmt.Errorf("score of seat %d in epoch %d: %w", uid, e, ErrNotFound)
	}
	return &x, err
}

// Scores returns what seats are worth in epoch e from seat from on, by uid and
// kind: limit of them (1 … [MaxPage]), those of the last seat in full, and whether
// others follow.
func (v *Validator) Scores(e protocol.Epoch, from protocol.UID, limit int) (page []scoring.Explanation, more bool, err error) {
	rows, err := scan[scoring.Explanation](v.cfg.Store, tableScores, era(uint64(e)))
	if err != nil {
		return nil, false, err
	}
	limit = min(max(limit, 1), MaxPage)
	for i := range rows {
		switch {
		case rows[i].value.Tally.Seat.UID < from:
		case len(page) >= limit && rows[i].value.Tally.Seat != page[len(page)-1].Tally.Seat:
			return page, true, nil
		default:
			page = append(page, rows[i].value)
		}
	}
	return page, false, nil
}

// OldestScores returns the oldest epoch of which there are scores;
// [ErrNotFound] where there are none.
func (v *Validator) OldestScores() (e protocol.Epoch, err error) {
	found := false
	err = v.cfg.Store.Scan(tableScores, nil, func(key, _ []byte) bool {
		e, found = epochOf(key), true
		return false
	})
	switch {
	case err != nil:
		return 0, fmt.Errorf("%w: scan %s: %w", ErrStore, tableScores, err)
	case !found:
		return 0, fmt.Errorf("scores: %w", ErrNotFound)
	}
	return e, nil
}

// Weights returns what the weights of epoch e were made of; [ErrNotFound]
// before they are sealed.
func (v *Validator) Weights(e protocol.Epoch) (*Sealed, error) {
	s, ok, err := get[Sealed](v.cfg.Store, tableEpochs, era(uint64(e)))
	if err == nil && !ok {
		err = fmt.Errorf("weights of epoch %d: %w", e, ErrNotFound)
	}
	return &s, err
}

// TaskView is everything that is known here of one slot.
type TaskView struct {
	Key    wire.AnswerKey
	Answer *Answer
	// Judgement is the own run's, nil where there was none.
	Judgement *Judgement
	Cards     []Card
}

// Task returns what is known of a task, by its id; [ErrNotFound] where no
// answer to it was accepted.
func (v *Validator) Task(id protocol.TaskID) (*TaskView, error) {
	k, ok, err := get[wire.AnswerKey](v.cfg.Store, tableTasks, id[:])
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("task %s: %w", id.Short(), ErrNotFound)
	}
	return v.Slot(k)
}

// Slot returns what is known of one slot; [ErrNotFound] where no answer was
// accepted.
func (v *Validator) Slot(k wire.AnswerKey) (*TaskView, error) {
	a, ok, err := get[Answer](v.cfg.Store, tableAnswers, k.Bytes())
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("slot %d of seat %d in round %d: %w", k.Slot, k.UID, k.Round, ErrNotFound)
	}
	view := &TaskView{Key: k, Answer: &a}
	j, ok, err := get[Judgement](v.cfg.Store, tableJudgements, k.Bytes())
	if err != nil {
		return nil, err
	}
	if ok {
		view.Judgement = &j
	}
	cards, err := scan[Card](v.cfg.Store, tableCards, k.Bytes())
	for i := range cards {
		view.Cards = append(view.Cards, cards[i].value)
	}
	return view, err
}

// Evidence returns the envelope of an accepted answer, for peers that missed
// it; nil where there is none.
func (v *Validator) Evidence(k wire.AnswerKey) ([]byte, error) {
	a, ok, err := get[Answer](v.cfg.Store, tableAnswers, k.Bytes())
	if err != nil || !ok {
		return nil, err
	}
	return a.Envelope, nil
}

// Serve answers a peer that asks for what is kept of a slot, nil where there
// is nothing. Errors of wire blame who asks.
func (v *Validator) Serve(request []byte) ([]byte, error) {
	r, err := wire.DecodeEvidenceRequest(request)
	if err != nil {
		return nil, err
	}
	if r.Part == wire.EvidenceAnswer {
		return v.Evidence(r.Key)
	}
	rows, err := scan[Card](v.cfg.Store, tableCards, r.Key.Bytes())
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	var list wire.CardList
	for i := range rows {
		list.Cards = append(list.Cards, rows[i].value.Envelope)
	}
	return wire.Encode(&list), nil
}

// CardsOf returns the cards about one round that are known here, by slot and judge.
func (v *Validator) CardsOf(n protocol.Round) ([]Card, error) {
	rows, err := scan[Card](v.cfg.Store, tableCards, era(uint64(n)))
	out := make([]Card, len(rows))
	for i := range rows {
		out[i] = rows[i].value
	}
	return out, err
}

// Answers returns the keys of the answers of one round that are known here.
func (v *Validator) Answers(n protocol.Round) ([]wire.AnswerKey, error) {
	var out []wire.AnswerKey
	err := v.cfg.Store.Scan(tableAnswers, era(uint64(n)), func(key, _ []byte) bool {
		out = append(out, keyOf(key))
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("%w: scan %s: %w", ErrStore, tableAnswers, err)
	}
	return out, nil
}

// Receipt returns the self-contained record of an answer, with the cards that
// are known here; [ErrNotFound] where no answer was accepted.
func (v *Validator) Receipt(k wire.AnswerKey) (*wire.Receipt, error) {
	view, err := v.Slot(k)
	if err != nil {
		return nil, err
	}
	r := &wire.Receipt{ChainID: v.cfg.ChainID, Task: view.Answer.Task, Answer: view.Answer.Envelope}
	for i := range view.Cards {
		r.Cards = append(r.Cards, view.Cards[i].Envelope)
	}
	return r, nil
}
