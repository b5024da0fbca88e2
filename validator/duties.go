package validator

import (
	"context"
	"errors"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scoring"
)

// duty is one drawn judgement.
type duty struct {
	key   wire.AnswerKey
	seat  protocol.SeatID
	task  wire.Task // without its body
	judge protocol.SeatID
}

// dutiesOf returns all duties of a round, none before they are drawn. They do
// not change, so they are read once.
func (v *Validator) dutiesOf(now *view, n protocol.Round) ([]duty, error) {
	v.mu.Lock()
	known, ok := v.duties[n]
	v.mu.Unlock()
	if ok {
		return known, nil
	}
	seeds, _, err := ledger.ReadRound(now, n)
	if err != nil || seeds.DutySeed.IsZero() {
		return nil, err
	}
	commits, err := ledger.ReadCommits(now, n)
	if err != nil {
		return nil, err
	}
	due, err := ledger.ReadDue(now, v.cfg.Params, n)
	if err != nil {
		return nil, err
	}
	out := []duty{}
	for _, c := range commits {
		drawn, _, err := ledger.ReadDuties(now, n, c.Seat.UID)
		if err != nil {
			return nil, err
		}
		roster, _, err := ledger.ReadRosterSeat(now, v.cfg.Params.Schedule.EpochOfRound(n), c.Seat.UID)
		if err != nil {
			return nil, err
		}
		asked := due.Of(v.cfg.ChainID, v.cfg.Params, &roster)
		for _, d := range drawn.Duties {
			task, err := v.cfg.Kinds.Derive(&asked, d.Slot)
			if err != nil {
				return nil, err
			}
			out = append(out, duty{
				key:  wire.AnswerKey{Round: n, UID: c.Seat.UID, Slot: d.Slot},
				seat: c.Seat, task: wire.Task{ID: task.ID, Kind: task.Kind}, judge: d.Judge,
			})
		}
	}
	v.mu.Lock()
	v.duties[n] = out
	v.mu.Unlock()
	return out, nil
}

// judgeDue looks at every round whose cards are still in time: own duties,
// other judges' failing cards, answers that did not arrive, own cards to repeat.
func (v *Validator) judgeDue(ctx context.Context, now *view, self *ledger.Seat) error {
	var errs []error
	own, done := 0, 0
	first, last := v.openRounds(now.head)
	for n := first; n <= last; n++ {
		duties, err := v.dutiesOf(now, n)
		if err != nil {
			return err
		}
		for _, d := range duties {
			if self == nil || d.judge != self.ID {
				continue
			}
			own++
			judged, err := v.fulfil(ctx, now, d)
			if judged {
				done++
			}
			errs = append(errs, err)
		}
		errs = append(errs, v.lookAtCards(n), v.fetchMissing(now, n))
	}
	v.mu.Lock()
	v.status.Drawn, v.status.Judged, v.status.Waiting = own, done, len(v.jobs.waiting)
	v.mu.Unlock()
	return errors.Join(errs...)
}

// fulfil brings an own duty one step further, and reports whether its card exists.
func (v *Validator) fulfil(ctx context.Context, now *view, d duty) (bool, error) {
	card, err := v.ownCard(d.key, d.judge)
	if err != nil {
		return false, err
	}
	if card != nil {
		return true, v.publishCard(ctx, now.head, card)
	}
	_, answered, err := get[Answer](v.cfg.Store, tableAnswers, d.key.Bytes())
	if err != nil {
		return false, err
	}
	if answered {
		v.enqueue(job{key: d.key, deadline: v.cardDeadline(d.key.Round), duty: true})
		return false, nil
	}
	if now.head <= v.cfg.Params.Schedule.OpenDeadline(d.key.Round) {
		return false, nil
	}
	missing, err := v.surelyUnopened(d)
	if err != nil || !missing {
		return false, err
	}
	out := scoring.Unopened(&d.task)
	if err := v.record(ctx, d.key, d.seat, &d, protocol.Hash{}, &out); err != nil {
		return false, err
	}
	return true, nil
}

// surelyUnopened reports whether an answer that did not come was not opened, as
// far as one can know: the round was observed, peers were asked and have none, and
// no other judge says that there is one. A validator that was away must not hold
// that against a miner.
func (v *Validator) surelyUnopened(d duty) (bool, error) {
	if ok, err := v.observed(d.key.Round); err != nil || !ok {
		return false, err
	}
	cards, err := scan[Card](v.cfg.Store, tableCards, d.key.Bytes())
	if err != nil {
		return false, err
	}
	for i := range cards {
		c, err := cards[i].value.Open()
		if err != nil {
			return false, err
		}
		if c.Finding != wire.FindingUnopened {
			return false, nil
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.cfg.Evidence == nil || v.jobs.asked[d.key], nil
}

// lookAtCards finds failing cards about answers that were not judged here.
func (v *Validator) lookAtCards(n protocol.Round) error {
	cards, err := scan[Card](v.cfg.Store, tableCards, era(uint64(n)))
	if err != nil {
		return err
	}
	for i := range cards {
		if cards[i].value.Own {
			continue
		}
		c, err := cards[i].value.Open()
		if err != nil {
			return err
		}
		if c.Finding == wire.FindingPassed {
			continue
		}
		known, err := v.judged(c.Key())
		if err != nil {
			return err
		}
		if !known {
			v.enqueue(job{key: c.Key(), deadline: v.cardDeadline(n)})
		}
	}
	return nil
}

func (v *Validator) judged(k wire.AnswerKey) (bool, error) {
	_, ok, err := get[Judgement](v.cfg.Store, tableJudgements, k.Bytes())
	return ok, err
}

// fetchMissing asks peers for committed answers that did not come in time.
func (v *Validator) fetchMissing(now *view, n protocol.Round) error {
	if v.cfg.Evidence == nil || now.head <= v.cfg.Params.Schedule.OpenDeadline(n) {
		return nil
	}
	v.mu.Lock()
	all := v.jobs.complete[n]
	v.mu.Unlock()
	if all {
		return nil
	}
	commits, err := ledger.ReadCommits(now, n)
	if err != nil {
		return err
	}
	due, err := ledger.ReadDue(now, v.cfg.Params, n)
	if err != nil {
		return err
	}
	missing := 0
	for _, c := range commits {
		roster, ok, err := ledger.ReadRosterSeat(now, v.cfg.Params.Schedule.EpochOfRound(n), c.Seat.UID)
		if err != nil {
			return err
		}
		asked := due.Of(v.cfg.ChainID, v.cfg.Params, &roster)
		for slot := range asked.Slots() {
			k := wire.AnswerKey{Round: n, UID: c.Seat.UID, Slot: slot}
			_, have, err := get[Answer](v.cfg.Store, tableAnswers, k.Bytes())
			if err != nil {
				return err
			}
			if ok && asked.Asks(slot) && !have && v.ask(k) {
				missing++
			}
		}
	}
	if missing == 0 {
		v.mu.Lock()
		v.jobs.complete[n] = true
		v.mu.Unlock()
	}
	return nil
}

// record writes a judgement, and the own card where it was drawn, and then
// publishes the card. D is nil where it was not drawn.
func (v *Validator) record(ctx context.Context, k wire.AnswerKey, seat protocol.SeatID, d *duty, answer protocol.Hash, out *scoring.Outcome) error {
	card, head, err := v.keepJudgement(k, seat, d, answer, out)
	if err != nil || card == nil {
		return err
	}
	return v.publishCard(ctx, head, card)
}

func (v *Validator) keepJudgement(k wire.AnswerKey, seat protocol.SeatID, d *duty, answer protocol.Hash, out *scoring.Outcome) (*wire.Card, protocol.Height, error) {
	v.take.Lock()
	defer v.take.Unlock()
	now := v.newest()
	epoch, err := v.countsIn(now.head)
	if err != nil {
		return nil, 0, err
	}
	var card *wire.Card
	puts := []put{}
	if known, err := v.judged(k); err != nil {
		return nil, 0, err
	} else if !known {
		puts = append(puts, put{tableJudgements, k.Bytes(), &Judgement{Seat: seat, Duty: d != nil, Epoch: epoch, Outcome: *out}})
		v.metrics.judged(out.Finding)
	}
	if d != nil && now.head <= v.cardDeadline(k.Round) { // later, the epoch's cards are counted
		if old, err := v.ownCard(k, d.judge); err != nil || old != nil {
			return nil, 0, err // the step and the work met over one duty
		}
		body, err := judges(v.cfg.Judges).body(out, v.self)
		if err != nil {
			return nil, 0, err
		}
		c := out.Card(d.judge, seat, k, answer, body)
		raw, err := v.sealCard(&c, now.head)
		if err != nil {
			return nil, 0, err
		}
		puts = append(puts, put{tableCards, cardKey(k, d.judge.UID), &Card{Envelope: raw, Received: now.head, Judge: v.self, Own: true}})
		card = &c
	}
	if len(puts) > 0 {
		if err := write(v.cfg.Store, puts...); err != nil {
			return nil, 0, err
		}
	}
	v.cfg.Logger.Info().Uint64("round", uint64(k.Round)).Uint16("seat", uint16(k.UID)).Uint16("slot", k.Slot).
		Str("finding", string(out.Finding)).Bool("duty", d != nil).Msg("judged")
	return card, now.head, v.compareAll(k, out)
}

// compareAll compares a fresh judgement with the cards that came before it.
func (v *Validator) compareAll(k wire.AnswerKey, out *scoring.Outcome) error {
	cards, err := scan[Card](v.cfg.Store, tableCards, k.Bytes())
	if err != nil {
		return err
	}
	own := Judgement{Outcome: *out}
	for i := range cards {
		if cards[i].value.Own {
			continue
		}
		c, err := cards[i].value.Open()
		if err != nil {
			return fmt.Errorf("card under %x: %w", cards[i].key, err)
		}
		if err := v.compare(&own, c, cards[i].value.Judge); err != nil {
			return err
		}
	}
	return nil
}
