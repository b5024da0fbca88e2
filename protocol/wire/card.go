package wire

import (
	"fmt"

	"github.com/assaynet/assay/protocol"
)

// MaxCardBytes bounds a card in its envelope.
const MaxCardBytes = 256 << 10

// A Finding is what a judge found of an answer.
type Finding string

// The findings. Those up to FindingFailed follow from an own run and carry a
// root; the rest are decided without a run and carry none (engine/arith/SPEC.md,
// section 7).
const (
	FindingExact    Finding = "exact"    // equal, bit for bit
	FindingToken    Finding = "token"    // another token was to be chosen at Position
	FindingState    Finding = "state"    // the leaf at Position is not the model's
	FindingFailed   Finding = "failed"   // the model's run fails at Position
	FindingRange    Finding = "range"    // a token id that the model does not have
	FindingLength   Finding = "length"   // no token, or more than the maximum
	FindingEnd      Finding = "end"      // ended too early or too late
	FindingLeaves   Finding = "leaves"   // the leaves do not give the fingerprint
	FindingUnopened Finding = "unopened" // committed, and no valid opening in time
	maxFindingText          = len(FindingUnopened)
)

// NeedsRun reports whether the finding carries the judge's own root.
func (f Finding) NeedsRun() bool {
	switch f {
	case FindingExact, FindingToken, FindingState, FindingFailed:
		return true
	}
	return false
}

// Card is a validator's judgement of one drawn answer. It travels in an
// [Envelope] of [DomainCard] that the judge's hotkey signed.
type Card struct {
	_        struct{} `cbor:",toarray"`
	Judge    protocol.SeatID
	Round    protocol.Round
	Seat     protocol.SeatID
	Slot     uint16
	Task     protocol.TaskID
	Answer   protocol.Hash // hash of the answer's envelope; zero when unopened
	Finding  Finding
	Position uint32        // first position that differs, where the finding has one
	Root     protocol.Hash // the judge's own root, bound to its own hotkey; zero without a run
	Tokens   uint32        // tokens of the answer
}

// Key names the slot that the card judges.
func (c *Card) Key() AnswerKey { return AnswerKey{Round: c.Round, UID: c.Seat.UID, Slot: c.Slot} }

// Leaf is the card's leaf in the epoch's tree of cards (see CommitCards).
func (c *Card) Leaf() protocol.Hash { return leafHash(HashOf("assay/1/card/leaf", Encode(c))) }

// Check refuses what no honest judge sends: [ErrLimit], [ErrUnknown].
func (c *Card) Check() error {
	switch c.Finding {
	case FindingExact, FindingToken, FindingState, FindingFailed, FindingRange, FindingLength, FindingEnd, FindingLeaves, FindingUnopened:
	default:
		return fmt.Errorf("finding %.*q: %w", maxFindingText, c.Finding, ErrUnknown)
	}
	if c.Slot >= MaxSlots || c.Position > MaxOutputTokens || c.Tokens > MaxOutputTokens {
		return fmt.Errorf("slot %d, position %d, %d tokens: %w", c.Slot, c.Position, c.Tokens, ErrLimit)
	}
	if c.Finding.NeedsRun() == c.Root.IsZero() {
		return fmt.Errorf("finding %q with root %s: %w", c.Finding, c.Root.Short(), ErrLimit)
	}
	if (c.Finding == FindingUnopened) != c.Answer.IsZero() {
		return fmt.Errorf("finding %q with answer %s: %w", c.Finding, c.Answer.Short(), ErrLimit)
	}
	return nil
}

// SignedCard is a card with the envelope in which it came.
type SignedCard struct {
	Envelope
	Card Card
}

// OpenCard reads the envelope of a card and checks all that its bytes show, the
// signature included. Errors: those of [Open], [ErrLimit], [ErrUnknown].
func OpenCard(raw []byte, chain string) (*SignedCard, error) {
	e, err := Open(raw, MaxCardBytes, DomainCard, chain)
	if err != nil {
		return nil, err
	}
	return cardIn(e)
}

// ReadCard reads the envelope of a card that was opened before: it does not
// look at the signature again. Errors: those of [Decode], [ErrLimit],
// [ErrUnknown].
func ReadCard(raw []byte) (*SignedCard, error) {
	var e Envelope
	if err := Decode(raw, MaxCardBytes, &e); err != nil {
		return nil, err
	}
	return cardIn(&e)
}

func cardIn(e *Envelope) (*SignedCard, error) {
	s := &SignedCard{Envelope: *e}
	if err := Decode(e.Payload, MaxCardBytes, &s.Card); err != nil {
		return nil, err
	}
	return s, s.Card.Check()
}
