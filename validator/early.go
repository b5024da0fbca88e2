package validator

import (
	"bytes"
	"fmt"
	"sync"

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

// early holds messages that came before the ledger here was as far as their
// senders'. A copy counts once.
type early struct {
	mu       sync.Mutex // guards all below
	messages map[protocol.Hash]*earlyMessage
	order    []protocol.Hash // as they came
	bySender map[protocol.PublicKey]int
	bytes    int
}

// earlyMessage is one of them. It belongs to whom [early.takeAll] gave it.
type earlyMessage struct {
	name   protocol.Hash // of its bytes
	raw    []byte
	domain wire.Domain
	sender protocol.PublicKey
	steps  int // how often it was looked at again
}

func newEarly() *early { return new(early).emptied() }

func (h *early) emptied() *early {
	h.messages, h.order, h.bySender, h.bytes = map[protocol.Hash]*earlyMessage{}, nil, map[protocol.PublicKey]int{}, 0
	return h
}

// hold keeps a copy of an early message whose signature was checked, and returns
// why it is not taken yet; [ErrFull] when there is no room.
func (h *early) hold(raw []byte, domain wire.Domain, why error) error {
	var e wire.Envelope
	if err := wire.Decode(raw, wire.MaxAnswerBytes, &e); err != nil {
		return err
	}
	m := &earlyMessage{name: wire.HashOf("assay/1/envelope", raw), raw: bytes.Clone(raw), domain: domain, sender: e.Sender}
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.messages[m.name] != nil:
		return why
	case len(h.order) >= maxHeld || h.bytes+len(raw) > maxHeldBytes || h.bySender[e.Sender] >= maxHeldEach:
		return fmt.Errorf("%w: %w", ErrFull, why)
	}
	h.addLocked(m)
	return why
}

// takeAll returns all messages as they came, and forgets them.
func (h *early) takeAll() []*earlyMessage {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make([]*earlyMessage, len(h.order))
	for i, name := range h.order {
		list[i] = h.messages[name]
	}
	h.emptied()
	return list
}

// again holds a message that is still early, unless it was held for too long.
func (h *early) again(m *earlyMessage) {
	if m.steps >= maxHeldSteps {
		return
	}
	m.steps++
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.messages[m.name] == nil {
		h.addLocked(m)
	}
}

func (h *early) addLocked(m *earlyMessage) {
	h.messages[m.name] = m
	h.order = append(h.order, m.name)
	h.bySender[m.sender]++
	h.bytes += len(m.raw)
}

// len returns how many messages are held.
func (h *early) len() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.order)
}
