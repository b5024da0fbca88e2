package wire

import (
	"fmt"

	"github.com/assaynet/assay/protocol"
)

// Limits of a card.
const (
	// MaxCardBytes bounds a card in its envelope.
	MaxCardBytes = 256 << 10
	// MaxVerdictBytes bounds what a kind's judge says beside the finding.
	MaxVerdictBytes = 64 << 10
	// maxCardProof is the depth of a tree of [MaxFindings] cards.
	maxCardProof = 15
)

// A Finding is what a judge found of an answer, of whatever kind. Why, is for
// the kind's own code to say, in the card's body.
type Finding string

// The findings. That a commitment came late, or that an answer was not given, is no
// finding: the ledger says so, and nobody is drawn to judge it.
const (
	FindingPassed    Finding = "passed"    // it is what the task asks for
	FindingFalse     Finding = "false"     // the judge's own work on the task shows that it is not
	FindingMalformed Finding = "malformed" // its own bytes show that it is not
	maxFindingText           = len(FindingMalformed)
)

// The bytes that stand for findings where a judge opens all that it found.
const (
	FoundNothing   byte = 0 // it did not judge
	FoundPassed    byte = 1
	FoundMalformed byte = 2
	FoundFalse     byte = 3
)

// Byte returns what stands for a finding in [OpenCards].
func (f Finding) Byte() byte {
	switch f {
	case FindingPassed:
		return FoundPassed
	case FindingMalformed:
		return FoundMalformed
	case FindingFalse:
		return FoundFalse
	}
	return FoundNothing
}

// FindingOf returns the finding that a byte stands for; empty for FoundNothing.
func FindingOf(b byte) Finding {
	switch b {
	case FoundPassed:
		return FindingPassed
	case FoundMalformed:
		return FindingMalformed
	case FoundFalse:
		return FindingFalse
	}
	return ""
}

// Proven reports whether the finding says that the answer is not what the task
// asks for, so that anyone who has its bytes can find the same.
func (f Finding) Proven() bool { return f == FindingFalse || f == FindingMalformed }

// Card is a validator's judgement of one drawn answer. It travels in an
// [Envelope] of [DomainCard] that the judge's hotkey signed.
type Card struct {
	_       struct{}        `cbor:",toarray"`
	Judge   protocol.SeatID // that was drawn; its hotkey signs
	Round   protocol.Round  // in which the task was set
	Seat    protocol.SeatID // that was asked
	Slot    uint16          // below MaxSlots
	Task    protocol.TaskID
	Answer  protocol.Hash // hash of the answer's envelope
	Kind    protocol.Kind // of the task
	Finding Finding
	Body    []byte          // 1 … MaxVerdictBytes: why, as the kind has it
	Proof   []protocol.Hash // of [Card.Leaf], under the root that the judge opened
}

// Key names the slot that the card judges.
func (c *Card) Key() AnswerKey { return AnswerKey{Round: c.Round, UID: c.Seat.UID, Slot: c.Slot} }

// Leaf is the card's leaf in the tree of a judge's cards of an epoch (see
// [OpenCards]). The judge's hotkey is in it, so that nobody can show another's
// root; the proof is not.
func (c *Card) Leaf(judge protocol.PublicKey) protocol.Hash {
	bare := *c
	bare.Proof = nil
	return leafHash(HashOf("assay/1/card/leaf", judge[:], Encode(&bare)))
}

// Check refuses what no honest judge sends: [ErrLimit], [ErrUnknown]. What the
// body says is for the kind to check.
func (c *Card) Check() error {
	switch c.Finding {
	case FindingPassed, FindingFalse, FindingMalformed:
	default:
		return fmt.Errorf("finding %.*q: %w", maxFindingText, c.Finding, ErrUnknown)
	}
	if c.Slot >= MaxSlots || len(c.Body) == 0 || len(c.Body) > MaxVerdictBytes || c.Answer.IsZero() {
		return fmt.Errorf("slot %d, body of %d bytes about answer %s: %w", c.Slot, len(c.Body), c.Answer.Short(), ErrLimit)
	}
	if len(c.Proof) > maxCardProof {
		return fmt.Errorf("a card with %d hashes of proof, at most %d: %w", len(c.Proof), maxCardProof, ErrLimit)
	}
	return checkKind(c.Kind)
}

// SignedCard is a card with the envelope in which it came.
type SignedCard struct {
	Envelope
	Card Card
}

// OpenCard reads the envelope of a card and checks all that its bytes show, the
// signature included. Errors: those of [Open], [ErrLimit], [ErrUnknown].
func OpenCard(raw []byte, chain string) (*SignedCard, error) {
	s := new(SignedCard)
	return s, s.open(raw, MaxCardBytes, DomainCard, chain, &s.Card)
}

// ReadCard reads the envelope of a card that was opened before: it does not
// look at the signature again. Errors: those of [Decode], [ErrLimit],
// [ErrUnknown].
func ReadCard(raw []byte) (*SignedCard, error) {
	s := new(SignedCard)
	return s, s.read(raw, MaxCardBytes, &s.Card)
}
