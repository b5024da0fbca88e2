package record

import (
	"sort"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
)

// Reader reads what a validator keeps. Errors of all its methods are [ErrStore],
// with [ErrCorrupt] where that is why.
type Reader struct {
	store Store
	chain string
	folds folds
}

// NewReader returns a reader of the records in a store, of the network with this
// chain id.
func NewReader(s Store, chain string) *Reader { return &Reader{store: s, chain: chain} }

// Answer returns the record of an accepted answer, nil where there is none.
func (r *Reader) Answer(k wire.AnswerKey) (*Answer, error) {
	return get[Answer](r, tableAnswers, k.Bytes())
}

// AnswersOf returns the answers of a round, by seat and slot.
func (r *Reader) AnswersOf(n protocol.Round) ([]Answer, error) {
	return scan[Answer](r, tableAnswers, era(n))
}

// Answers returns the keys of the answers of a round, by seat and slot.
func (r *Reader) Answers(n protocol.Round) ([]wire.AnswerKey, error) {
	var out []wire.AnswerKey
	err := r.walk(tableAnswers, era(n), func(key, _ []byte) bool {
		out = append(out, keyOf(key))
		return true
	})
	return out, err
}

// Envelope returns the bytes of an accepted answer, nil where there is none.
func (r *Reader) Envelope(k wire.AnswerKey) ([]byte, error) {
	return r.raw(tableEnvelopes, k.Bytes())
}

// Opened returns an accepted answer, read from its bytes; nil where there is
// none.
func (r *Reader) Opened(k wire.AnswerKey) (*wire.Answer, error) {
	raw, err := r.Envelope(k)
	if err != nil || raw == nil {
		return nil, err
	}
	s, err := wire.ReadAnswer(raw) // its signature was checked when it came
	if err != nil {
		return nil, corrupt(tableEnvelopes, k.Bytes(), err)
	}
	return &s.Answer, nil
}

// Judgement returns what the own run found of an answer, nil where there was
// none.
func (r *Reader) Judgement(k wire.AnswerKey) (*Judgement, error) {
	return get[Judgement](r, tableJudgements, k.Bytes())
}

// Judged returns the keys of the answers of a round that own runs judged, by seat
// and slot.
func (r *Reader) Judged(n protocol.Round) ([]wire.AnswerKey, error) {
	var out []wire.AnswerKey
	err := r.walk(tableJudgements, era(n), func(key, _ []byte) bool {
		out = append(out, keyOf(key))
		return true
	})
	return out, err
}

// Card returns the card of a judge about a slot, nil where there is none.
func (r *Reader) Card(k wire.AnswerKey, judge protocol.UID) (*Card, error) {
	return get[Card](r, tableCards, cardKey(k, judge))
}

// OwnCard returns the own card about a slot, nil where there is none.
func (r *Reader) OwnCard(k wire.AnswerKey, self protocol.UID) (*wire.Card, error) {
	c, err := r.Card(k, self)
	if err != nil || c == nil || !c.Own {
		return nil, err
	}
	return &c.Said, nil
}

// CardsAbout returns the cards about a slot, by judge.
func (r *Reader) CardsAbout(k wire.AnswerKey) ([]Card, error) {
	return scan[Card](r, tableCards, k.Bytes())
}

// CardsOf returns the cards about a round, by seat, slot and judge.
func (r *Reader) CardsOf(n protocol.Round) ([]Card, error) {
	return scan[Card](r, tableCards, era(n))
}

// Attest returns what is said to be here of a round, nil before it is made.
func (r *Reader) Attest(n protocol.Round) (*wire.Attest, error) {
	return get[wire.Attest](r, tableAttests, era(n))
}

// Sealed returns what the weights of epoch e were made of, nil before they are
// sealed.
func (r *Reader) Sealed(e protocol.Epoch) (*Sealed, error) {
	return get[Sealed](r, tableEpochs, era(e))
}

// LastSealed returns the newest weights of the epochs before e, within as many
// of them; nil if there are none.
func (r *Reader) LastSealed(e protocol.Epoch, within uint64) (*Sealed, error) {
	for back := protocol.Epoch(1); back <= e && uint64(back) <= within; back++ {
		if s, err := r.Sealed(e - back); err != nil || s != nil {
			return s, err
		}
	}
	return nil, nil
}

// ScoresOf returns what seats are worth in epoch e with all factors, by uid and
// kind.
func (r *Reader) ScoresOf(e protocol.Epoch) ([]scoring.Explanation, error) {
	return scan[scoring.Explanation](r, tableScores, era(e))
}

// Abstained returns the rounds that the weights of epoch e leave out whole because
// answers that were given in them were not here; none for most epochs.
func (r *Reader) Abstained(e protocol.Epoch) ([]protocol.Round, error) {
	a, err := get[Abstention](r, tableAbstained, era(e))
	if err != nil || a == nil {
		return nil, err
	}
	return a.Rounds, nil
}

// Absent returns which seats the weights of epoch e leave out of rounds that count
// for others, because answers of theirs were not here; none for most epochs.
func (r *Reader) Absent(e protocol.Epoch) ([]Absence, error) {
	a, err := get[Abstention](r, tableAbstained, era(e))
	if err != nil || a == nil {
		return nil, err
	}
	return a.Absent, nil
}

// Findings returns what was sealed of epoch e, without the cards that are shown;
// nil before it is made.
func (r *Reader) Findings(e protocol.Epoch) (*wire.OpenCards, error) {
	return get[wire.OpenCards](r, tableFindings, era(e))
}

// IsClosed reports whether the scores of epoch e are final.
func (r *Reader) IsClosed(e protocol.Epoch) (bool, error) {
	c, err := get[Closed](r, tableClosed, era(e))
	return c != nil, err
}

// FinalsFrom returns the epoch from which on scores become final, and whether
// that was written yet ([Book.BeginFinals]).
func (r *Reader) FinalsFrom() (protocol.Epoch, bool, error) {
	e, err := get[protocol.Epoch](r, tableMarks, markFinals)
	if err != nil || e == nil {
		return 0, false, err
	}
	return *e, true, nil
}

// SeenFrom returns the first of the epochs up to e of all of which weights were
// sealed without a gap: what was remembered of earlier ones is not in those of e.
// In a record of a program that did not note gaps it is the oldest with scores. It
// returns [ErrNotFound] where there are no scores.
func (r *Reader) SeenFrom(e protocol.Epoch) (from protocol.Epoch, err error) {
	began, err := get[[]protocol.Epoch](r, tableMarks, markBegan)
	if err != nil {
		return 0, err
	}
	if began != nil {
		if n := sort.Search(len(*began), func(i int) bool { return (*began)[i] > e }); n > 0 {
			return (*began)[n-1], nil
		}
	}
	return r.OldestScores()
}

// SealedEpochs returns the epochs whose weights are sealed, ascending and not nil,
// without those that are folded.
func (r *Reader) SealedEpochs() ([]protocol.Epoch, error) { return r.epochs(tableEpochs) }

// ClosedEpochs returns the epochs whose scores are final, ascending and not nil,
// without those that are folded.
func (r *Reader) ClosedEpochs() ([]protocol.Epoch, error) { return r.epochs(tableClosed) }

func (r *Reader) epochs(table string) ([]protocol.Epoch, error) {
	out := []protocol.Epoch{}
	err := r.walk(table, nil, func(key, _ []byte) bool {
		out = append(out, protocol.Epoch(eraOf(key)))
		return true
	})
	return out, err
}
