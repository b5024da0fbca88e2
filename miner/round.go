package miner

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/preference"
	"github.com/assaynet/assay/protocol/wire"
)

// newRound derives a round's tasks and salts.
func (m *Miner) newRound(asked *task.Round, seed, link protocol.Hash) (*Round, error) {
	tasks, err := m.cfg.Kinds.DeriveAll(asked)
	if err != nil {
		return nil, err
	}
	r := &Round{Round: asked.Number, Seat: asked.Seat, Seed: seed, Link: link}
	for _, t := range tasks {
		r.Slots = append(r.Slots, Slot{Task: t, Salt: Salt(m.cfg.Salt, t.ID)})
	}
	m.cfg.Logger.Info().Uint64("round", uint64(r.Round)).Int("tasks", len(r.Slots)).Msg("asked")
	return r, nil
}

// Salt returns the salt of a sealed answer: HMAC-SHA256(secret, "assay/1/salt"
// ‖ 0 ‖ task). It is found again after a crash, and nobody without the secret
// can guess it.
func Salt(secret [32]byte, task protocol.TaskID) (salt [32]byte) {
	h := hmac.New(sha256.New, secret[:])
	_, _ = h.Write([]byte("assay/1/salt\x00"))
	_, _ = h.Write(task[:])
	copy(salt[:], h.Sum(nil))
	return salt
}

// Work answers the running round's open slots one after the other, keeps each
// answer as it comes, and seals and sends the commitment when all are done. It
// returns when there is nothing left to answer or the round is closed.
func (m *Miner) Work(ctx context.Context) error {
	for {
		within, cancel := context.WithCancel(ctx)
		n, slot, ok := m.next(cancel)
		if !ok {
			cancel()
			break
		}
		body, planted, err := m.answer(within, &slot.Task)
		cancelled := within.Err() != nil
		cancel()
		switch {
		case cancelled:
			return ctx.Err()
		case errors.Is(err, ErrStopped):
			return err
		case errors.Is(err, ErrLater):
			m.wait(n, slot.Task.Slot)
		case err != nil:
			m.fail(n, &slot.Task, err)
		default:
			if err := m.keep(n, slot.Task.Slot, body, planted); err != nil {
				return err
			}
		}
	}
	return m.sealWhenDone(ctx)
}

// next returns a slot to answer; stop ends its answering when the round closes.
func (m *Miner) next(stop context.CancelFunc) (protocol.Round, Slot, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.round == nil || m.round.Sealed || m.closed {
		return 0, Slot{}, false
	}
	for _, slot := range m.round.Slots {
		if !slot.Answered && !slot.Task.ID.IsZero() && !m.failed[slot.Task.Slot] && !m.later[slot.Task.Slot] {
			m.stop = stop
			return m.round.Round, slot, true
		}
	}
	return 0, Slot{}, false
}

// answer has a task answered by the worker of its kind.
func (m *Miner) answer(ctx context.Context, t *wire.Task) (body []byte, planted *Plant, err error) {
	w := m.workers[t.Kind]
	if w == nil {
		return nil, nil, fmt.Errorf("kind %.16q, for which there is no worker", t.Kind)
	}
	began := time.Now()
	var alter Alter
	g, ok := w.(Gardener)
	if ok {
		alter = m.alters(t, &planted)
	}
	if alter != nil {
		body, err = g.AnswerPlanted(ctx, t, m.cfg.Hotkey.PublicKey(), alter)
	} else {
		body, err = w.Answer(ctx, t, m.cfg.Hotkey.PublicKey())
	}
	if err == nil {
		m.metrics.answered(t.Kind, time.Since(began))
	}
	return body, planted, err
}

// wait leaves a slot until the next step.
func (m *Miner) wait(n protocol.Round, slot uint16) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.round != nil && m.round.Round == n {
		m.later[slot] = true
	}
}

func (m *Miner) fail(n protocol.Round, t *wire.Task, err error) {
	m.cfg.Logger.Error().Err(err).Uint64("round", uint64(n)).Uint16("slot", t.Slot).Msg("task has no answer")
	m.metrics.fail(t.Kind)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.status.Failed++
	m.status.facts.of(m.cfg.Params.Schedule.EpochOfRound(n), func(x *tally) { x.failed++ })
	if m.round != nil && m.round.Round == n {
		m.failed[t.Slot] = true
	}
}

// keep puts an answer into the store, unless its round was sealed without it.
func (m *Miner) keep(n protocol.Round, slot uint16, body []byte, planted *Plant) error {
	_, err := m.change(n, func(now *Round) (*Round, error) {
		next := *now
		next.Slots = slices.Clone(next.Slots)
		s := &next.Slots[slot]
		s.Answered, s.Body, s.Plant = true, body, planted
		return &next, nil
	})
	return err
}

func (m *Miner) sealWhenDone(ctx context.Context) error {
	m.mu.Lock()
	round, closed := m.round, m.closed || len(m.later) > 0
	m.mu.Unlock()
	if round == nil || closed || round.Sealed {
		return nil
	}
	if err := m.seal(round.Round); err != nil {
		return err
	}
	return m.submitCommit(ctx)
}

// publishOpenings opens the round's answers, and again every other block until
// the deadline, for peers that missed them.
func (m *Miner) publishOpenings(ctx context.Context, head protocol.Height, round *Round) error {
	m.mu.Lock()
	last := m.opened
	due := last == 0 || head >= last+openEvery
	m.status.Phase = PhaseOpened
	m.closeLocked()
	m.mu.Unlock()
	if head > m.cfg.Params.Schedule.OpenDeadline(round.Round) || !due {
		return nil
	}
	envelopes, err := Openings(m.cfg.Kinds, m.cfg.ChainID, m.cfg.Params, m.cfg.Hotkey, head, round)
	if err != nil {
		return err
	}
	for _, raw := range envelopes {
		if err := m.cfg.Publish(ctx, TopicAnswer, raw); err != nil {
			return fmt.Errorf("publish an opening of round %d: %w", round.Round, err)
		}
	}
	m.mu.Lock()
	m.opened = head
	if last == 0 {
		m.status.Opened += uint64(len(envelopes))
	}
	m.mu.Unlock()
	m.metrics.openings.Add(float64(len(envelopes)))
	return nil
}

// noteGiven counts, once the ledger says it, the answers of a round that judges of
// more than half of the stake do not hold.
func (m *Miner) noteGiven(r ledger.Reader, head protocol.Height, round *Round) error {
	s := &m.cfg.Params.Schedule
	m.mu.Lock()
	counted := m.counted
	m.mu.Unlock()
	if counted || head < s.AttestDeadline(round.Round) {
		return nil
	}
	given, err := ledger.ReadGiven(r, round.Round, round.Seat)
	if err != nil {
		return err
	}
	missed := uint64(0)
	for i := range round.Slots {
		if k := m.cfg.Params.Kind(round.Slots[i].Task.Kind); round.Slots[i].Answered && k != nil && !k.OnLedger() && !given.Slots.Has(i) {
			missed++
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.counted = true
	m.status.facts.of(s.EpochOfRound(round.Round), func(t *tally) { t.missed += missed })
	return nil
}

// openOnLedger opens answers of kinds that are opened there, when it is time, until
// the ledger has them.
func (m *Miner) openOnLedger(ctx context.Context, r ledger.Reader, head protocol.Height, round *Round) error {
	n := round.Round
	sched := &m.cfg.Params.Schedule
	// The next block is the first, and the last, that may hold it.
	if head < sched.OpenDeadline(n) || sched.RoundOf(head+1) != n {
		return nil
	}
	for i := range round.Slots {
		if !round.Slots[i].Answered || round.Slots[i].Task.Kind != preference.Kind {
			continue
		}
		if known, ok, err := ledger.ReadRatings(r, n, round.Seat.UID); err != nil || ok && known.Seat == round.Seat {
			return err
		}
		a, err := round.sealed().Opening(m.cfg.Kinds, m.cfg.ChainID, m.cfg.Hotkey.PublicKey(), uint16(i))
		if err != nil {
			return err
		}
		if err := m.cfg.Submit(ctx, &wire.OpenRatings{Round: n, Salt: a.Salt, Ratings: a.Body, Proof: a.Proof}); err != nil {
			return fmt.Errorf("open the ratings of round %d: %w", n, err)
		}
	}
	return nil
}

// Openings returns the signed answers that open a sealed round, one for each
// slot that has an answer and is not opened on the ledger. The height enters the
// envelope, so that a repetition is not taken for the message that peers saw
// already.
func Openings(kinds task.Table, chain string, p *params.Params, s wire.Signer, head protocol.Height, round *Round) ([][]byte, error) {
	var out [][]byte
	sealed := round.sealed()
	for i := range round.Slots {
		if k := p.Kind(round.Slots[i].Task.Kind); !round.Slots[i].Answered || k != nil && k.OnLedger() {
			continue
		}
		a, err := sealed.Opening(kinds, chain, s.PublicKey(), uint16(i))
		if err != nil {
			return nil, err
		}
		e, err := wire.Seal(s, wire.DomainAnswer, chain, head, wire.Encode(a))
		if err != nil {
			return nil, err
		}
		out = append(out, wire.Encode(e))
	}
	return out, nil
}
