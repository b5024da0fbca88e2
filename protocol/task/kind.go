package task

import (
	"errors"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
)

// ErrKind says that the ledger names a kind that this program does not have.
var ErrKind = errors.New("task: unknown kind")

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
	// Sum returns what of the body of an answer enters the leaf of its slot. It
	// refuses a body of which another has the same sum, with the errors of package
	// wire.
	Sum(body []byte) (wire.Sum, error)
	// Work returns what each of these answers is worth, whether it was judged or
	// not. They are all of the kind that were opened in one round, by seat and
	// slot, so that what an answer is worth may depend on the others. Their bodies
	// passed CheckTask and CheckAnswer.
	Work(p *params.Params, opened []Opened) []Worth
}

// Opened is an answer that was opened in time.
type Opened struct {
	Task *wire.Task
	Body []byte
	// Delay is how many blocks after the round's task seed the seat committed,
	// Median the lower median of the delays of all commitments of the round.
	Delay, Median uint64
}

// Worth is what an answer counts for.
type Worth struct {
	Units uint64 // of what the kind counts: tokens of inference
	Work  uint64 // in 65536ths of a unit, with all that makes one dearer than another
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
// [Table.CheckTask] does.
func (t Table) CheckCard(c *wire.Card) error {
	kind, err := t.Of(c.Kind)
	if err != nil {
		return err
	}
	return kind.CheckCard(c)
}

// leaf returns the leaf of a slot in which k was answered with this body.
func (t Table) leaf(chain string, k *wire.Task, hotkey protocol.PublicKey, salt [32]byte, body []byte) (protocol.Hash, error) {
	kind, err := t.Of(k.Kind)
	if err != nil {
		return protocol.Hash{}, err
	}
	sum, err := kind.Sum(body)
	return wire.SlotLeaf(chain, k.ID, hotkey, salt, sum), err
}

// CheckParams refuses a network that has a kind which the program lacks: such a
// program could neither answer nor judge what the ledger asks. [ErrKind].
func (t Table) CheckParams(p *params.Params) error {
	for i := range p.Kinds {
		if _, err := t.Of(p.Kinds[i].Name); err != nil {
			return err
		}
	}
	return nil
}
