package record

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
)

// MaxPage is the most entries that one page of a query has.
const MaxPage = 1000

// Score returns what a seat is worth in a kind in epoch e with all its factors;
// [ErrNotFound] where the seat has none.
func (r *Reader) Score(e protocol.Epoch, uid protocol.UID, kind protocol.Kind) (*scoring.Explanation, error) {
	x, err := get[scoring.Explanation](r, tableScores, partKey(e, uid, kind))
	if err == nil && x == nil {
		err = fmt.Errorf("score of seat %d in epoch %d: %w", uid, e, ErrNotFound)
	}
	return x, err
}

// Scores returns what seats are worth in epoch e from seat from on, by uid and
// kind: limit of them (1 … [MaxPage]), those of the last seat in full, and whether
// others follow.
func (r *Reader) Scores(e protocol.Epoch, from protocol.UID, limit int) (page []scoring.Explanation, more bool, err error) {
	rows, err := r.ScoresOf(e)
	if err != nil {
		return nil, false, err
	}
	limit = min(max(limit, 1), MaxPage)
	for i := range rows {
		switch {
		case rows[i].Tally.Seat.UID < from:
		case len(page) >= limit && rows[i].Tally.Seat != page[len(page)-1].Tally.Seat:
			return page, true, nil
		default:
			page = append(page, rows[i])
		}
	}
	return page, false, nil
}

// OldestScores returns the oldest epoch of which there are scores;
// [ErrNotFound] where there are none.
func (r *Reader) OldestScores() (e protocol.Epoch, err error) {
	found := false
	err = r.walk(tableScores, nil, func(key, _ []byte) bool {
		e, found = protocol.Epoch(eraOf(key)), true
		return false
	})
	if err != nil {
		return 0, err
	}
	// Rows first: those that are folded meanwhile are seen in either place.
	past, err := get[protocol.Epoch](r, tableMarks, markOldest)
	switch {
	case err != nil:
		return 0, err
	case past != nil && (!found || *past < e):
		return *past, nil
	case !found:
		return 0, fmt.Errorf("scores: %w", ErrNotFound)
	}
	return e, nil
}

// Weights returns what the weights of epoch e were made of; [ErrNotFound]
// before they are sealed.
func (r *Reader) Weights(e protocol.Epoch) (*Sealed, error) {
	s, err := r.Sealed(e)
	if err == nil && s == nil {
		err = fmt.Errorf("weights of epoch %d: %w", e, ErrNotFound)
	}
	return s, err
}

// TaskView is everything that is known here of one slot.
type TaskView struct {
	Key      wire.AnswerKey
	Answer   *Answer
	Envelope []byte // of the answer
	// Judgement is the own run's, nil where there was none.
	Judgement *Judgement
	Cards     []Card // that are open
}

// Task returns what is known of a task, by its id; [ErrNotFound] where no
// answer to it was accepted.
func (r *Reader) Task(id protocol.TaskID) (*TaskView, error) {
	k, err := get[wire.AnswerKey](r, tableTasks, id[:])
	if err != nil {
		return nil, err
	}
	if k == nil {
		return nil, fmt.Errorf("task %s: %w", id.Short(), ErrNotFound)
	}
	return r.Slot(*k)
}

// TasksBeginning returns tasks whose id, in hex, begins with prefix: two at most.
func (r *Reader) TasksBeginning(prefix string) ([]protocol.TaskID, error) {
	whole, err := hex.DecodeString(prefix[:len(prefix)&^1])
	if err != nil || len(whole) > len(protocol.TaskID{}) {
		return nil, nil //nolint:nilerr // no id begins so
	}
	var out []protocol.TaskID
	err = r.walk(tableTasks, whole, func(key, _ []byte) bool {
		if len(key) == len(protocol.TaskID{}) && strings.HasPrefix(hex.EncodeToString(key), prefix) {
			out = append(out, protocol.TaskID(key))
		}
		return len(out) < 2
	})
	return out, err
}

// Slot returns what is known of one slot; [ErrNotFound] where no answer was
// accepted.
func (r *Reader) Slot(k wire.AnswerKey) (*TaskView, error) {
	a, err := r.Answer(k)
	if err != nil {
		return nil, err
	}
	if a == nil {
		return nil, fmt.Errorf("slot %d of seat %d in round %d: %w", k.Slot, k.UID, k.Round, ErrNotFound)
	}
	view := &TaskView{Key: k, Answer: a}
	if view.Envelope, err = r.Envelope(k); err != nil {
		return nil, err
	}
	if view.Judgement, err = r.Judgement(k); err != nil {
		return nil, err
	}
	view.Cards, err = r.openCards(k)
	return view, err
}

// openCards returns the cards about a slot that may be shown, by judge: own ones
// when the root that they are under is open.
func (r *Reader) openCards(k wire.AnswerKey) ([]Card, error) {
	cards, err := r.CardsAbout(k)
	return slices.DeleteFunc(cards, func(c Card) bool { return !c.Open }), err
}

// Serve answers a peer that asks for what is kept of a slot, nil where there
// is nothing. Errors of wire blame who asks.
func (r *Reader) Serve(request []byte) ([]byte, error) {
	q, err := wire.DecodeEvidenceRequest(request)
	if err != nil {
		return nil, err
	}
	if q.Part == wire.EvidenceAnswer {
		return r.Envelope(q.Key)
	}
	cards, err := r.openCards(q.Key)
	if err != nil || len(cards) == 0 {
		return nil, err
	}
	var list wire.CardList
	for i := range cards {
		list.Cards = append(list.Cards, cards[i].Envelope)
	}
	return wire.Encode(&list), nil
}

// Receipt returns the self-contained record of an answer, with the cards that
// are known here; [ErrNotFound] where no answer was accepted.
func (r *Reader) Receipt(k wire.AnswerKey) (*wire.Receipt, error) {
	view, err := r.Slot(k)
	if err != nil {
		return nil, err
	}
	out := &wire.Receipt{ChainID: r.chain, Task: view.Answer.Task, Answer: view.Envelope}
	for i := range view.Cards {
		out.Cards = append(out.Cards, view.Cards[i].Envelope)
	}
	return out, nil
}
