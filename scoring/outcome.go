package scoring

import (
	"bytes"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// Outcome is a judgement of an answer, of any kind. It is a record: its
// canonical bytes are what a judge keeps.
type Outcome struct {
	_       struct{} `cbor:",toarray"`
	Task    protocol.TaskID
	Kind    protocol.Kind
	Finding wire.Finding
	// Found is what the judge of the kind found, in its own words, from which it
	// makes the card of any judge.
	Found []byte
}

// Passed reports whether the answer is what the task asks for.
func (o *Outcome) Passed() bool { return o.Finding == wire.FindingPassed }

// Proven reports whether the answer was found false in a way that anyone who
// has its bytes can repeat.
func (o *Outcome) Proven() bool { return o.Finding.Proven() }

// Card returns the card on which a judge states the outcome. Answer is the hash
// of the answer's envelope; body is what the kind says beside the finding.
func (o *Outcome) Card(judge, seat protocol.SeatID, k wire.AnswerKey, answer protocol.Hash, body []byte) wire.Card {
	return wire.Card{
		Judge: judge, Round: k.Round, Seat: seat, Slot: k.Slot, Task: o.Task, Answer: answer,
		Kind: o.Kind, Finding: o.Finding, Body: body,
	}
}

// CheckCard returns [ErrFalseCard] unless a card says what the outcome is. Body
// is what the judge who signed it should have said beside the finding. The
// answer's hash is not compared: a miner may send the same answer in two
// envelopes.
func (o *Outcome) CheckCard(c *wire.Card, body []byte) error {
	switch {
	case c.Task != o.Task:
		return fmt.Errorf("task %s, not %s: %w", c.Task.Short(), o.Task.Short(), ErrFalseCard)
	case c.Kind != o.Kind || c.Finding != o.Finding:
		return fmt.Errorf("says %s, found %s: %w", c.Finding, o.Finding, ErrFalseCard)
	case !bytes.Equal(c.Body, body):
		return fmt.Errorf("says %s, as was found, for other reasons: %w", c.Finding, ErrFalseCard)
	}
	return nil
}
