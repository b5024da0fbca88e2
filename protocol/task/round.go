package task

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
)

// ErrSlot says that a seat was not asked for an answer in a slot.
var ErrSlot = errors.New("task: slot that the seat was not asked")

// Asked is what a seat is asked of one kind in an epoch.
type Asked struct {
	_      struct{} `cbor:",toarray"`
	Kind   protocol.Kind
	Slots  uint16 // in each round in which tasks of the kind fall due, at least one
	Models []protocol.ModelID
}

// Due is what a seat is asked of one kind in a round in which tasks of the kind
// fall due.
type Due struct {
	Asked
	// Seed is what the tasks follow from. It is zero where none was drawn: then
	// the slots are there, but nothing is asked in them.
	Seed protocol.Hash
}

// Round is what one seat is asked in a round: all that its tasks follow from.
type Round struct {
	Chain  string
	Params *params.Params
	Number protocol.Round
	Seat   protocol.SeatID
	Due    []Due // the slots of a kind follow those of the one before
}

// Slots returns how many slots the seat has: those of all kinds that fall due.
// A commitment of the round is over so many.
func (r *Round) Slots() uint16 {
	var n uint16
	for i := range r.Due {
		n += r.Due[i].Slots
	}
	return n
}

// Asks reports whether the answer in a slot is published and judged: the slot is
// one of the seat's, the seed of its kind was drawn, and the kind's answers are
// not opened on the ledger.
func (r *Round) Asks(slot uint16) bool {
	due, err := r.at(slot)
	return err == nil && !due.Seed.IsZero() && !due.OnLedger(r.Params)
}

// KindOf returns the kind of which a slot is; "" where the seat has no such slot.
func (r *Round) KindOf(slot uint16) protocol.Kind {
	due, err := r.at(slot)
	if err != nil {
		return ""
	}
	return due.Kind
}

// OnLedger reports whether answers of the kind are opened on the ledger.
func (a *Asked) OnLedger(p *params.Params) bool {
	k := p.Kind(a.Kind)
	return k != nil && k.OnLedger()
}

// First returns the first slot of a kind, and whether the seat is asked of it.
func (r *Round) First(kind protocol.Kind) (slot uint16, asked bool) {
	for i := range r.Due {
		if r.Due[i].Kind == kind {
			return slot, true
		}
		slot += r.Due[i].Slots
	}
	return 0, false
}

// ID returns the id of the task in a slot; [ErrSlot] as [Table.Derive] has it.
func (r *Round) ID(slot uint16) (protocol.TaskID, error) {
	due, err := r.at(slot)
	if err != nil {
		return protocol.TaskID{}, err
	}
	if due.Seed.IsZero() {
		return protocol.TaskID{}, fmt.Errorf("slot %d, whose kind drew no seed: %w", slot, ErrSlot)
	}
	return taskID(r, due, slot), nil
}

// at returns what falls due in a slot; [ErrSlot] where nothing does.
func (r *Round) at(slot uint16) (*Due, error) {
	left := slot
	for i := range r.Due {
		if left < r.Due[i].Slots {
			return &r.Due[i], nil
		}
		left -= r.Due[i].Slots
	}
	return nil, fmt.Errorf("slot %d of %d: %w", slot, r.Slots(), ErrSlot)
}

// Derive returns the task of one slot of a seat in a round. Its id is
//
//	SHA-256("assay/1/task" ‖ 0 ‖ len(kind) ‖ kind ‖ len(chain) ‖ chain ‖ seed ‖ round ‖ uid ‖ registered ‖ slot)
//
// (lengths, rounds and heights in eight bytes, uid and slot in two, all
// big-endian), and all else its kind draws from a stream that the id seeds: no
// two seats get the same task, and nobody can know it before the seed is drawn.
// Errors: [ErrSlot], also where no seed was drawn; [ErrKind].
func (t Table) Derive(r *Round, slot uint16) (*wire.Task, error) {
	due, err := r.at(slot)
	if err != nil {
		return nil, err
	}
	if due.Seed.IsZero() {
		return nil, fmt.Errorf("slot %d, whose kind drew no seed: %w", slot, ErrSlot)
	}
	k, err := t.Of(due.Kind)
	if err != nil {
		return nil, err
	}
	id := taskID(r, due, slot)
	body := k.Derive(r.Params, id, due.Models)
	return &wire.Task{ID: id, Kind: due.Kind, Round: r.Number, Seat: r.Seat, Slot: slot, Body: body}, nil
}

// DeriveAll returns the tasks of a seat in a round, one for each slot and in
// their order. Where no seed was drawn the task has no id and no body: there is
// nothing to answer, and the slot stays empty. Errors: [ErrKind].
func (t Table) DeriveAll(r *Round) ([]wire.Task, error) {
	tasks := make([]wire.Task, r.Slots())
	for i := range tasks {
		slot := uint16(i)
		due, err := r.at(slot)
		if err != nil {
			return nil, err
		}
		if due.Seed.IsZero() {
			tasks[i] = wire.Task{Kind: due.Kind, Round: r.Number, Seat: r.Seat, Slot: slot}
			continue
		}
		one, err := t.Derive(r, slot)
		if err != nil {
			return nil, err
		}
		tasks[i] = *one
	}
	return tasks, nil
}

func taskID(r *Round, due *Due, slot uint16) protocol.TaskID {
	b := binary.BigEndian.AppendUint64(nil, uint64(len(due.Kind)))
	b = append(b, due.Kind...)
	b = binary.BigEndian.AppendUint64(b, uint64(len(r.Chain)))
	b = append(b, r.Chain...)
	b = append(b, due.Seed[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(r.Number))
	b = binary.BigEndian.AppendUint16(b, uint16(r.Seat.UID))
	b = binary.BigEndian.AppendUint64(b, uint64(r.Seat.Registered))
	b = binary.BigEndian.AppendUint16(b, slot)
	return wire.HashOf("assay/1/task", b)
}
