package validator

import (
	"context"
	"errors"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/wire"
)

// OnAnswer checks an opened answer from gossip and keeps the first for each
// slot. It returns nil when the answer is in the store, an error of wire for
// bytes that are out of order, else a [Reason]; [ErrEarly] is held and tried again,
// not lost. It makes no run.
func (v *Validator) OnAnswer(_ context.Context, raw []byte) error {
	err := v.takeAnswer(raw, false)
	v.metrics.message("answer", err)
	if errors.Is(err, ErrEarly) {
		return v.hold(raw, wire.DomainAnswer, err)
	}
	return err
}

// takeAnswer checks an answer and writes it. Evidence that was asked for comes
// after the deadline and with an old height: it was in time for whoever has it.
func (v *Validator) takeAnswer(raw []byte, evidence bool) error {
	s, err := wire.OpenAnswer(raw, v.cfg.ChainID)
	if err != nil {
		return err
	}
	a := &s.Answer
	v.take.Lock()
	defer v.take.Unlock()
	now := v.newest()
	if now == nil {
		return fmt.Errorf("before the first block: %w", ErrEarly)
	}
	if err := v.inWindow(now.head, s.Height, evidence); err != nil {
		return err
	}
	asked, err := v.asked(now, s.Sender, a)
	if err != nil {
		return err
	}
	if err := v.checkAnswerTime(now.head, a.Round, evidence); err != nil {
		return err
	}
	task, err := v.checkAnswer(now, s.Sender, asked, a)
	if err != nil {
		return err
	}
	record := Answer{Envelope: raw, Received: now.head, Hotkey: s.Sender, Task: *task}
	k := a.Key()
	if err := write(v.cfg.Store, put{tableAnswers, k.Bytes(), &record}, put{tableTasks, task.ID[:], &k}); err != nil {
		return err
	}
	v.enqueueIfDrawn(k)
	return nil
}

// asked returns what the seat that an answer says it is of is asked. It
// is looked at before anything is held: keys that were not asked cost nothing.
func (v *Validator) asked(now *view, sender protocol.PublicKey, a *wire.Answer) (*task.Round, error) {
	s := &v.cfg.Params.Schedule
	if a.Round > s.RoundOf(now.head) {
		return nil, fmt.Errorf("round %d at height %d: %w", a.Round, now.head, ErrWindow)
	}
	roster, ok, err := ledger.ReadRosterSeat(now, s.EpochOfRound(a.Round), a.Seat.UID)
	if err != nil {
		return nil, err
	}
	asked, err := ledger.ReadTasks(now, v.cfg.ChainID, v.cfg.Params, a.Round, &roster)
	if err != nil {
		return nil, err
	}
	if !ok || roster.ID != a.Seat || roster.Hotkey != sender || a.Slot >= asked.Slots() {
		return nil, fmt.Errorf("seat %d, slot %d in round %d: %w", a.Seat.UID, a.Slot, a.Round, ErrNoSeat)
	}
	return &asked, nil
}

// checkAnswerTime refuses what is early or late.
func (v *Validator) checkAnswerTime(head protocol.Height, n protocol.Round, evidence bool) error {
	s := &v.cfg.Params.Schedule
	switch {
	case head+maxHeldSteps < s.CommitDeadline(n):
		return fmt.Errorf("round %d at height %d: %w", n, head, ErrWindow)
	case head < s.CommitDeadline(n):
		return fmt.Errorf("round %d at height %d: %w", n, head, ErrEarly)
	case head > s.OpenDeadline(n) && !evidence:
		return fmt.Errorf("round %d at height %d, deadline %d: %w", n, head, s.OpenDeadline(n), ErrLate)
	}
	return nil
}

// inWindow refuses an envelope whose height is too far from ours.
func (v *Validator) inWindow(head, signed protocol.Height, evidence bool) error {
	w := protocol.Height(v.cfg.Params.Gossip.ReplayWindow)
	if signed > head+w || (head > signed+w && !evidence) {
		return fmt.Errorf("signed at height %d, now %d: %w", signed, head, ErrWindow)
	}
	return nil
}

// checkAnswer checks an answer against the ledger and returns its task.
func (v *Validator) checkAnswer(now *view, hotkey protocol.PublicKey, asked *task.Round, a *wire.Answer) (*wire.Task, error) {
	if _, ok, err := get[Answer](v.cfg.Store, tableAnswers, a.Key().Bytes()); err != nil || ok {
		if err == nil {
			err = fmt.Errorf("slot %d of seat %d in round %d: %w", a.Slot, a.Seat.UID, a.Round, ErrDuplicate)
		}
		return nil, err
	}
	commit, ok, err := ledger.ReadCommit(now, a.Round, a.Seat.UID)
	if err != nil {
		return nil, err
	}
	if !ok || commit.Seat != a.Seat || !asked.Asks(a.Slot) {
		return nil, fmt.Errorf("seat %d in round %d: %w", a.Seat.UID, a.Round, ErrNoCommitment)
	}
	t, err := v.cfg.Kinds.Derive(asked, a.Slot)
	if err != nil {
		return nil, err
	}
	if err := task.CheckOpening(v.cfg.ChainID, commit.Root, asked.Slots(), hotkey, t, a); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadProof, err)
	}
	return t, v.cfg.Kinds.CheckAnswer(t, a.Body)
}
