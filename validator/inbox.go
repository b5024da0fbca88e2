package validator

import (
	"errors"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/validator/record"
)

// inbox checks what comes from peers, answers and cards, and writes what it takes.
// It may be used from many goroutines and has no lock of its own: each message is
// checked and written under the view that was the newest when it came (views), and
// of two copies that come at one moment one has the claim to its slot.
type inbox struct {
	*base
	views  *views
	draws  *draws
	early  *early
	queue  *queue
	board  *board
	claims claims
	// holders is the worker's own.
	holders holders
}

// onAnswer takes an answer from gossip, or holds it where it is early.
func (i *inbox) onAnswer(raw []byte) error {
	err := i.takeAnswer(raw, false)
	i.metrics.message("answer", err)
	if errors.Is(err, ErrEarly) {
		return i.early.hold(raw, wire.DomainAnswer, err)
	}
	return err
}

// onCard takes a card from gossip, or holds it where it is early.
func (i *inbox) onCard(raw []byte) error {
	err := i.takeCard(raw)
	i.metrics.message("card", err)
	if errors.Is(err, ErrEarly) {
		return i.early.hold(raw, wire.DomainCard, err)
	}
	return err
}

// retryEarly looks again at what came early.
func (i *inbox) retryEarly() error {
	var errs []error
	for _, m := range i.early.takeAll() {
		var err error
		topic := "card"
		if m.domain == wire.DomainAnswer {
			topic, err = "answer", i.takeAnswer(m.raw, false)
		} else {
			err = i.takeCard(m.raw)
		}
		i.metrics.message(topic, err)
		switch {
		case errors.Is(err, record.ErrStore):
			errs = append(errs, err)
		case errors.Is(err, ErrEarly):
			i.early.again(m)
		}
	}
	return errors.Join(errs...)
}

// inWindow refuses an envelope whose height is too far from ours.
func (i *inbox) inWindow(head, signed protocol.Height, evidence bool) error {
	w := protocol.Height(i.cfg.Params.Gossip.ReplayWindow)
	if signed > head+w || (head > signed+w && !evidence) {
		return fmt.Errorf("signed at height %d, now %d: %w", signed, head, ErrWindow)
	}
	return nil
}
