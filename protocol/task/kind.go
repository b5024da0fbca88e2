package task

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
)

var (
	// ErrKind says that the ledger names a kind that this program does not have.
	ErrKind = errors.New("task: unknown kind")
	// ErrSlot says that a seat was not asked for as many answers.
	ErrSlot = errors.New("task: slot that the seat was not asked")
)

// Kind is one kind of task: what of it follows from public bytes alone. Methods
// are pure, and safe for concurrent use.
type Kind interface {
	Name() protocol.Kind
	// Derive returns the body of the task with this id for a seat that offers
	// these models, each drawn from the id's [Stream] and nothing else.
	Derive(p *params.Params, id protocol.TaskID, models []protocol.ModelID) []byte
	// CheckTask, CheckAnswer and CheckCard refuse bodies that no honest program
	// makes, with the errors of package wire. The answer is one to the task; the
	// card is one about an answer that was opened.
	CheckTask(t *wire.Task) error
	CheckAnswer(t *wire.Task, body []byte) error
	CheckCard(c *wire.Card) error
}

// Asked is what a seat is asked of one kind in each round of an epoch.
type Asked struct {
	_      struct{} `cbor:",toarray"`
	Kind   protocol.Kind
	Slots  uint16 // at least one
	Models []protocol.ModelID
}

// Slots returns how many slots a seat has in a round: those of all kinds.
func Slots(asked []Asked) uint16 {
	var n uint16
	for i := range asked {
		n += asked[i].Slots
	}
	return n
}

// At returns what is asked in a slot; [ErrSlot] where nothing is. The slots of
// the kinds follow each other in the order of the list.
func At(asked []Asked, slot uint16) (*Asked, error) {
	left := slot
	for i := range asked {
		if left < asked[i].Slots {
			return &asked[i], nil
		}
		left -= asked[i].Slots
	}
	return nil, fmt.Errorf("slot %d of %d: %w", slot, Slots(asked), ErrSlot)
}

// Table is the kinds that a program has, each once, in a fixed order.
type Table []Kind

// Of returns the kind with a name; [ErrKind].
func (t Table) Of(name protocol.Kind) (Kind, error) {
	for _, k := range t {
		if k.Name() == name {
			return k, nil
		}
	}
	return nil, fmt.Errorf("kind %.16q: %w", name, ErrKind)
}

// CheckTask refuses a task whose body its kind refuses; [ErrKind] says that the
// program is to blame, not who made it.
func (t Table) CheckTask(k *wire.Task) error {
	kind, err := t.Of(k.Kind)
	if err != nil {
		return err
	}
	return kind.CheckTask(k)
}

// CheckAnswer refuses an answer to k with a body that its kind refuses, as
// [Table.CheckTask] does.
func (t Table) CheckAnswer(k *wire.Task, body []byte) error {
	kind, err := t.Of(k.Kind)
	if err != nil {
		return err
	}
	return kind.CheckAnswer(k, body)
}

// CheckCard refuses a card with a body that its kind refuses, as
// [Table.CheckTask] does. Of an answer that was not opened there is none.
func (t Table) CheckCard(c *wire.Card) error {
	kind, err := t.Of(c.Kind)
	if err != nil || c.Finding == wire.FindingUnopened {
		return err
	}
	return kind.CheckCard(c)
}

// Derive returns the task of one slot of a seat. Its id is
//
//	SHA-256("assay/1/task" ‖ 0 ‖ len(kind) ‖ kind ‖ len(chain) ‖ chain ‖ seed ‖ round ‖ uid ‖ registered ‖ slot)
//
// (lengths, rounds and heights in eight bytes, uid and slot in two, all
// big-endian), and all else its kind draws from a stream that the id seeds: no
// two seats get the same task, and nobody can know it before the seed is drawn.
// Errors: [ErrSlot], [ErrKind].
func (t Table) Derive(chain string, p *params.Params, seed protocol.Hash, round protocol.Round, seat protocol.SeatID, asked []Asked, slot uint16) (*wire.Task, error) {
	a, err := At(asked, slot)
	if err != nil {
		return nil, err
	}
	k, err := t.Of(a.Kind)
	if err != nil {
		return nil, err
	}
	id := taskID(a.Kind, chain, seed, round, seat, slot)
	return &wire.Task{ID: id, Kind: a.Kind, Round: round, Seat: seat, Slot: slot, Body: k.Derive(p, id, a.Models)}, nil
}

// DeriveAll returns the tasks of a seat in a round, in the order of their slots.
func (t Table) DeriveAll(chain string, p *params.Params, seed protocol.Hash, round protocol.Round, seat protocol.SeatID, asked []Asked) ([]wire.Task, error) {
	tasks := make([]wire.Task, Slots(asked))
	for i := range tasks {
		one, err := t.Derive(chain, p, seed, round, seat, asked, uint16(i))
		if err != nil {
			return nil, err
		}
		tasks[i] = *one
	}
	return tasks, nil
}

func taskID(kind protocol.Kind, chain string, seed protocol.Hash, round protocol.Round, seat protocol.SeatID, slot uint16) protocol.TaskID {
	b := binary.BigEndian.AppendUint64(nil, uint64(len(kind)))
	b = append(b, kind...)
	b = binary.BigEndian.AppendUint64(b, uint64(len(chain)))
	b = append(b, chain...)
	b = append(b, seed[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(round))
	b = binary.BigEndian.AppendUint16(b, uint16(seat.UID))
	b = binary.BigEndian.AppendUint64(b, uint64(seat.Registered))
	b = binary.BigEndian.AppendUint16(b, slot)
	return wire.HashOf("assay/1/task", b)
}
