package wire

import (
	"fmt"

	"github.com/assaynet/assay/protocol"
)

// MaxReceiptBytes bounds a receipt: an answer, its task and some cards.
const MaxReceiptBytes = 2 << 20

// Receipt is a self-contained record of one answer: with the model file, and
// nothing else, anyone can run it again.
type Receipt struct {
	_       struct{} `cbor:",toarray"`
	ChainID string
	Model   protocol.ModelID
	Task    InferenceTask
	Answer  []byte   // the answer's envelope, signed by the miner
	Cards   [][]byte // the cards' envelopes, signed by the judges
}

// DecodeReceipt reads a receipt; errors are those of [Decode] and [ErrLimit].
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
	if a.Answer.Task != r.Task.ID || a.Answer.Key() != r.Task.Key() || a.Answer.Seat != r.Task.Seat || r.Task.Model != r.Model {
		return nil, nil, fmt.Errorf("answer: %w", ErrOtherTask)
	}
	cards := make([]*SignedCard, len(r.Cards))
	for i, raw := range r.Cards {
		c, err := OpenCard(raw, r.ChainID)
		if err == nil && (c.Card.Task != r.Task.ID || c.Card.Key() != r.Task.Key()) {
			err = ErrOtherTask
		}
		if err != nil {
			return nil, nil, fmt.Errorf("card %d: %w", i, err)
		}
		cards[i] = c
	}
	return a, cards, nil
}

// Limits of an inference task.
const (
	maxPromptText = 64 << 10
	maxTopK       = 256
)

// InferenceTask is everything that decides the answer of an inference task,
// beside the model.
type InferenceTask struct {
	_               struct{} `cbor:",toarray"`
	ID              protocol.TaskID
	Round           protocol.Round
	Seat            protocol.SeatID
	Slot            uint16
	Model           protocol.ModelID
	System          string
	Prompt          string
	TemperatureBits uint32 // the bits of a binary32: 0 is greedy
	TopK            uint32 // 1 … 256
	TopP            uint32 // 1 … 65536, in 65536ths
	Seed            [32]byte
	MaxTokens       uint32 // 1 … MaxOutputTokens
}

// Key names the slot that the task fills.
func (t *InferenceTask) Key() AnswerKey {
	return AnswerKey{Round: t.Round, UID: t.Seat.UID, Slot: t.Slot}
}

// Check refuses settings that no engine takes: [ErrLimit].
func (t *InferenceTask) Check() error {
	switch {
	case len(t.System)+len(t.Prompt) > maxPromptText:
		return fmt.Errorf("prompt of %d bytes, at most %d: %w", len(t.System)+len(t.Prompt), maxPromptText, ErrLimit)
	case t.MaxTokens == 0 || t.MaxTokens > MaxOutputTokens:
		return fmt.Errorf("maximum of %d tokens, 1 … %d: %w", t.MaxTokens, MaxOutputTokens, ErrLimit)
	case t.TopK == 0 || t.TopK > maxTopK || t.TopP == 0 || t.TopP > 1<<16:
		return fmt.Errorf("top-k %d, top-p %d: %w", t.TopK, t.TopP, ErrLimit)
	}
	return nil
}
