package validator

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// Bounds of what is held until the ledger here is as far as the sender's.
const (
	maxHeld      = 4096     // messages: a round of a full network
	maxHeldBytes = 64 << 20 // of all of them
	maxHeldEach  = 64       // of one sender, so that none fills the room
	maxHeldSteps = 8        // blocks: the sender is ahead by no more
)

// held are messages that came early. A copy counts once.
type held struct {
	messages map[protocol.Hash]*heldMessage
	order    []protocol.Hash // as they came
	bySender map[protocol.PublicKey]int
	bytes    int
}

type heldMessage struct {
	raw    []byte
	domain wire.Domain
	sender protocol.PublicKey
	steps  int
}

func newHeld() held {
	return held{messages: map[protocol.Hash]*heldMessage{}, bySender: map[protocol.PublicKey]int{}}
}

// hold keeps a copy of an early message whose signature was checked, and returns why it
// is not taken yet; [ErrFull] when there is no room.
func (v *Validator) hold(raw []byte, domain wire.Domain, why error) error {
	var e wire.Envelope
	if err := wire.Decode(raw, wire.MaxAnswerBytes, &e); err != nil {
		return err
	}
	name := wire.HashOf("assay/1/envelope", raw)
	v.mu.Lock()
	defer v.mu.Unlock()
	h := &v.held
	switch {
	case h.messages[name] != nil:
		return why
	case len(h.order) >= maxHeld || h.bytes+len(raw) > maxHeldBytes || h.bySender[e.Sender] >= maxHeldEach:
		return fmt.Errorf("%w: %w", ErrFull, why)
	}
	h.messages[name] = &heldMessage{raw: bytes.Clone(raw), domain: domain, sender: e.Sender}
	h.order = append(h.order, name)
	h.bySender[e.Sender]++
	h.bytes += len(raw)
	return why
}

// retryHeld looks again at what came early.
func (v *Validator) retryHeld() error {
	v.mu.Lock()
	messages, order := v.held.messages, v.held.order
	v.held = newHeld()
	v.mu.Unlock()
	var errs []error
	for _, name := range order {
		m := messages[name]
		var err error
		if m.domain == wire.DomainAnswer {
			err = v.takeAnswer(m.raw, false)
		} else {
			err = v.takeCard(m.raw)
		}
		v.metrics.message(topicOf(m.domain), err)
		switch {
		case errors.Is(err, ErrStore):
			errs = append(errs, err)
		case errors.Is(err, ErrEarly) && m.steps < maxHeldSteps:
			v.holdAgain(name, m)
		}
	}
	return errors.Join(errs...)
}

func (v *Validator) holdAgain(name protocol.Hash, m *heldMessage) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.held.messages[name] != nil {
		return
	}
	m.steps++
	v.held.messages[name] = m
	v.held.order = append(v.held.order, name)
	v.held.bySender[m.sender]++
	v.held.bytes += len(m.raw)
}

func topicOf(d wire.Domain) string {
	if d == wire.DomainAnswer {
		return "answer"
	}
	return "card"
}
