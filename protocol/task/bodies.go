package task

import (
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
)

// Bodies reads the bodies of a kind that judges look at: T is what a task asks, A
// what is answered. A [Kind] that embeds it has its name and its checks, and does
// its work by [Bodies.Worth].
type Bodies[T, A any] struct {
	Kind protocol.Kind
	// Task, Answer and Finding read a body of each sort, and refuse what no honest
	// program makes, with the errors of package wire. Finding returns what the code
	// of a card says in the words of all kinds.
	Task    func(body []byte) (*T, error)
	Answer  func(body []byte) (*A, error)
	Finding func(body []byte) (wire.Finding, error)
	// Said returns the sum of an answer, as [Kind] has it.
	Said func(a *A) (wire.Sum, error)
}

// Found returns the Finding of [Bodies] for cards that read reads.
func Found[C interface{ Finding() wire.Finding }](read func(body []byte) (C, error)) func(body []byte) (wire.Finding, error) {
	return func(body []byte) (wire.Finding, error) {
		c, err := read(body)
		if err != nil {
			return "", err
		}
		return c.Finding(), nil
	}
}

// Name implements [Kind].
func (b Bodies[T, A]) Name() protocol.Kind { return b.Kind }

// CheckTask implements [Kind].
func (b Bodies[T, A]) CheckTask(t *wire.Task) error {
	_, err := b.Task(t.Body)
	return err
}

// CheckAnswer implements [Kind].
func (b Bodies[T, A]) CheckAnswer(_ *wire.Task, body []byte) error {
	_, err := b.Answer(body)
	return err
}

// CheckCard implements [Kind]: what a card's body says must be the card's finding.
func (b Bodies[T, A]) CheckCard(c *wire.Card) error {
	said, err := b.Finding(c.Body)
	if err != nil {
		return err
	}
	if said != c.Finding {
		return fmt.Errorf("a body that says %q with finding %q: %w", said, c.Finding, wire.ErrLimit)
	}
	return nil
}

// Sum implements [Kind].
func (b Bodies[T, A]) Sum(body []byte) (wire.Sum, error) {
	a, err := b.Answer(body)
	if err != nil {
		return wire.Sum{}, err
	}
	return b.Said(a)
}

// Worth returns what each answer is worth by what worth says of it in the kind of
// p. It is nothing where a body is none, and of all in a network without the kind,
// which asks none of it.
func (b Bodies[T, A]) Worth(p *params.Params, opened []Opened, worth func(k *params.Kind, o *Opened, t *T, a *A) Worth) []Worth {
	out := make([]Worth, len(opened))
	k := p.Kind(b.Kind)
	if k == nil {
		return out
	}
	for i := range opened {
		t, err := b.Task(opened[i].Task.Body)
		if err != nil {
			continue
		}
		a, err := b.Answer(opened[i].Body)
		if err != nil {
			continue
		}
		out[i] = worth(k, &opened[i], t, a)
	}
	return out
}
