package wire

import (
	"fmt"
)

// MaxReceiptBytes bounds a receipt: an answer, its task and some cards.
const MaxReceiptBytes = 2 << 20

// Receipt is a self-contained record of one answer: with what the task's kind
// needs to judge it (a model file), and nothing else, anyone can do so again.
type Receipt struct {
	_       struct{} `cbor:",toarray"`
	ChainID string
	Task    Task     // as the beacon drew it; nobody signs that
	Answer  []byte   // the answer's envelope, signed by the hotkey of the seat that was asked
	Cards   [][]byte // the cards' envelopes, signed by the hotkeys of the judges; any number that fits
}

// DecodeReceipt reads a receipt; errors are those of [Decode], [ErrLimit].
func DecodeReceipt(b []byte) (*Receipt, error) {
	var r Receipt
	if err := Decode(b, MaxReceiptBytes, &r); err != nil {
		return nil, err
	}
	return &r, r.Task.Check()
}

// Open opens answer and cards, and checks that all are of the receipt's chain
// and task. Errors: those of [OpenAnswer] and [OpenCard], [ErrOtherTask].
func (r *Receipt) Open() (*SignedAnswer, []*SignedCard, error) {
	a, err := OpenAnswer(r.Answer, r.ChainID)
	if err != nil {
		return nil, nil, fmt.Errorf("answer: %w", err)
	}
	if a.Answer.Task != r.Task.ID || a.Answer.Key() != r.Task.Key() || a.Answer.Seat != r.Task.Seat {
		return nil, nil, fmt.Errorf("answer: %w", ErrOtherTask)
	}
	cards := make([]*SignedCard, len(r.Cards))
	for i, raw := range r.Cards {
		c, err := OpenCard(raw, r.ChainID)
		if err == nil && (c.Card.Task != r.Task.ID || c.Card.Key() != r.Task.Key() || c.Card.Kind != r.Task.Kind) {
			err = ErrOtherTask
		}
		if err != nil {
			return nil, nil, fmt.Errorf("card %d: %w", i, err)
		}
		cards[i] = c
	}
	return a, cards, nil
}
