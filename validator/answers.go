package validator

import (
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/validator/record"
)

// takeAnswer checks an answer and writes it. Evidence that was asked for comes
// after the deadline and with an old height: it was in time for whoever has it.
func (i *inbox) takeAnswer(raw []byte, evidence bool) error {
	s, err := wire.OpenAnswer(raw, i.cfg.ChainID)
	if err != nil {
		return err
	}
	a := &s.Answer
	now, leave := i.views.enter()
	defer leave()
	if now == nil {
		return fmt.Errorf("before the first block: %w", ErrEarly)
	}
	if err := i.inWindow(now.head, s.Height, evidence); err != nil {
		return err
	}
	asked, err := i.asked(now, s.Sender, a)
	if err != nil {
		return err
	}
	if err := i.checkAnswerTime(now.head, a.Round, evidence); err != nil {
		return err
	}
	if err := i.firstAnswer(a); err != nil { // before what costs more than one read
		return err
	}
	record, err := i.checkAnswer(now, s.Sender, asked, a)
	if err != nil {
		return err
	}
	record.Received, record.Hotkey, record.Envelope = now.head, s.Sender, wire.HashOf("assay/1/envelope", raw)
	if err := i.keepAnswer(a, record, raw); err != nil {
		return err
	}
	i.enqueueIfDrawn(now, a.Key())
	return nil
}

// keepAnswer writes an answer that was checked, unless another about the slot was
// written meanwhile, or is being written.
func (i *inbox) keepAnswer(a *wire.Answer, r *record.Answer, raw []byte) error {
	name := fmt.Sprintf("answer %x", a.Key().Bytes())
	if !i.claims.take(name) {
		return duplicateAnswer(a)
	}
	defer i.claims.free(name)
	if err := i.firstAnswer(a); err != nil {
		return err
	}
	var b record.Batch
	b.Answer(r, raw, a.Body)
	return i.book.Write(&b)
}

// firstAnswer refuses an answer where there is one already.
func (i *inbox) firstAnswer(a *wire.Answer) error {
	known, err := i.book.Answer(a.Key())
	if err == nil && known != nil {
		err = duplicateAnswer(a)
	}
	return err
}

func duplicateAnswer(a *wire.Answer) error {
	return fmt.Errorf("slot %d of seat %d in round %d: %w", a.Slot, a.Seat.UID, a.Round, ErrDuplicate)
}

// enqueueIfDrawn puts a fresh answer into the queue if it is an own duty, so
// that it need not wait for the next block.
func (i *inbox) enqueueIfDrawn(now *view, k wire.AnswerKey) {
	if duties, _ := i.draws.known(k.Round); now.own(duties, k) != nil {
		i.queue.add(job{key: k, deadline: i.cardDeadline(k.Round), duty: true})
	}
}

// asked returns what the seat that an answer says it is of is asked. It
// is looked at before anything is held: keys that were not asked cost nothing.
func (i *inbox) asked(now *view, sender protocol.PublicKey, a *wire.Answer) (*task.Round, error) {
	s := i.schedule()
	if a.Round > s.RoundOf(now.head) {
		return nil, fmt.Errorf("round %d at height %d: %w", a.Round, now.head, ErrWindow)
	}
	roster, ok, err := ledger.ReadRosterSeat(now, s.EpochOfRound(a.Round), a.Seat.UID)
	if err != nil {
		return nil, err
	}
	asked, err := ledger.ReadTasks(now, i.cfg.ChainID, i.cfg.Params, a.Round, &roster)
	if err != nil {
		return nil, err
	}
	if !ok || roster.ID != a.Seat || roster.Hotkey != sender || a.Slot >= asked.Slots() {
		return nil, fmt.Errorf("seat %d, slot %d in round %d: %w", a.Seat.UID, a.Slot, a.Round, ErrNoSeat)
	}
	return &asked, nil
}

// checkAnswerTime refuses what is early or late.
func (i *inbox) checkAnswerTime(head protocol.Height, n protocol.Round, evidence bool) error {
	s := i.schedule()
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

// checkAnswer checks an answer against the ledger and returns what is kept of it.
func (i *inbox) checkAnswer(now *view, hotkey protocol.PublicKey, asked *task.Round, a *wire.Answer) (*record.Answer, error) {
	commit, ok, err := ledger.ReadCommit(now, a.Round, a.Seat.UID)
	if err != nil {
		return nil, err
	}
	if !ok || commit.Seat != a.Seat || !asked.Asks(a.Slot) {
		return nil, fmt.Errorf("seat %d in round %d: %w", a.Seat.UID, a.Round, ErrNoCommitment)
	}
	t, err := i.cfg.Kinds.Derive(asked, a.Slot)
	if err != nil {
		return nil, err
	}
	if err := task.CheckOpening(i.cfg.Kinds, i.cfg.ChainID, commit.Root, asked.Slots(), hotkey, t, a); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadProof, err)
	}
	if err := i.cfg.Kinds.CheckAnswer(t, a.Body); err != nil {
		return nil, err
	}
	kind, err := i.cfg.Kinds.Of(t.Kind)
	if err != nil {
		return nil, err
	}
	sum, err := kind.Sum(a.Body)
	return &record.Answer{Task: *t, Custody: wire.CustodyLeaf(i.self, a.Salt, sum)}, err
}
