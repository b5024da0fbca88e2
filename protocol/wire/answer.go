package wire

import (
	"encoding/binary"
	"fmt"

	"github.com/assaynet/assay/protocol"
)

// Limits of an answer, named before anything is allocated.
const (
	// MaxAnswerBytes bounds an answer in its envelope.
	MaxAnswerBytes = 1 << 20
	// MaxResultBytes bounds what was answered: what the answer's own fields and
	// the envelope leave, rounded down.
	MaxResultBytes = MaxAnswerBytes - 4<<10
	// maxProof is the depth of a tree over MaxSlots.
	maxProof = 10
)

// Answer is one opened slot of a round's commitment. It travels in an
// [Envelope] of [DomainAnswer] that the seat's hotkey signed.
type Answer struct {
	_     struct{}        `cbor:",toarray"`
	Round protocol.Round  // in which the task was set
	Seat  protocol.SeatID // that was asked; its hotkey signs
	Slot  uint16          // 0 … Slots − 1, over the slots of all kinds
	Slots uint16          // 1 … MaxSlots: how many the commitment is over
	Task  protocol.TaskID
	Salt  [32]byte        // hides the body until it is opened; of the miner's choice
	Body  []byte          // at most MaxResultBytes: what was answered, as the task's kind has it
	Proof []protocol.Hash // RFC 6962 audit path from the slot's leaf to the root
}

// Key names the slot that the answer fills.
func (a *Answer) Key() AnswerKey { return AnswerKey{Round: a.Round, UID: a.Seat.UID, Slot: a.Slot} }

// AnswerKey names one slot of one seat in one round.
type AnswerKey struct {
	_     struct{} `cbor:",toarray"`
	Round protocol.Round
	UID   protocol.UID
	Slot  uint16 // below MaxSlots
}

// Bytes is round, uid and slot, big-endian: in the order of a database.
func (k AnswerKey) Bytes() []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(k.Round))
	b = binary.BigEndian.AppendUint16(b, uint16(k.UID))
	return binary.BigEndian.AppendUint16(b, k.Slot)
}

// keyBytes is the length of [AnswerKey.Bytes].
const keyBytes = 12

// AnswerKeys is a list of slots, each as [AnswerKey.Bytes]: of many a list of
// numbers would take longer to read.
type AnswerKeys []byte

// Len returns how many there are.
func (l AnswerKeys) Len() int { return len(l) / keyBytes }

// At returns number i, below Len.
func (l AnswerKeys) At(i int) AnswerKey {
	b := l[keyBytes*i:]
	return AnswerKey{
		Round: protocol.Round(binary.BigEndian.Uint64(b)), UID: protocol.UID(binary.BigEndian.Uint16(b[8:])), Slot: binary.BigEndian.Uint16(b[10:]),
	}
}

// Add appends a slot.
func (l *AnswerKeys) Add(k AnswerKey) { *l = append(*l, k.Bytes()...) }

// Check refuses what no honest miner sends: [ErrLimit]. What the body says is
// for the task's kind to check.
func (a *Answer) Check() error {
	switch {
	case a.Slots == 0 || a.Slots > MaxSlots || a.Slot >= a.Slots:
		return fmt.Errorf("slot %d of %d: %w", a.Slot, a.Slots, ErrLimit)
	case len(a.Body) > MaxResultBytes:
		return fmt.Errorf("body of %d bytes, at most %d: %w", len(a.Body), MaxResultBytes, ErrLimit)
	case len(a.Proof) > maxProof:
		return fmt.Errorf("proof of %d hashes, at most %d: %w", len(a.Proof), maxProof, ErrLimit)
	}
	return nil
}

// SignedAnswer is an answer with the envelope in which it came.
type SignedAnswer struct {
	Envelope
	Answer Answer
}

// OpenAnswer reads the envelope of an answer and checks all that its bytes
// show, the signature included. Errors: those of [Open], [ErrLimit].
func OpenAnswer(raw []byte, chain string) (*SignedAnswer, error) {
	s := new(SignedAnswer)
	return s, s.open(raw, MaxAnswerBytes, DomainAnswer, chain, &s.Answer)
}

// ReadAnswer reads the envelope of an answer that was opened before: it does
// not look at the signature again. Errors: those of [Decode], [ErrLimit].
func ReadAnswer(raw []byte) (*SignedAnswer, error) {
	s := new(SignedAnswer)
	return s, s.read(raw, MaxAnswerBytes, &s.Answer)
}

// Sum is the body of an answer as it enters the leaf of its slot: what was said
// apart from the fingerprint of the run that said it, so that whoever proves a part
// of the run need not show the rest. No two bodies of a kind have one sum.
type Sum struct {
	Digest      protocol.Hash // of all that the fingerprint does not cover
	Fingerprint protocol.Hash // zero where the kind has none
}

// SumOf returns the sum of a body of a kind without fingerprints.
func SumOf(body []byte) Sum { return Sum{Digest: HashOf("assay/1/slot/body", body)} }

// SlotLeaf returns the leaf of an answered slot: it binds chain, task, hotkey,
// salt and the answer's body, so that it can be neither guessed nor used by
// another.
func SlotLeaf(chain string, task protocol.TaskID, hotkey protocol.PublicKey, salt [32]byte, s Sum) protocol.Hash {
	return leafHash(HashOf("assay/1/slot", lengthed(chain), task[:], hotkey[:], salt[:], s.Digest[:], s.Fingerprint[:]))
}

// CustodyLeaf returns the leaf by which a judge shows that it holds an answer: who
// does not have it cannot compute the leaf, nor copy it from another judge.
func CustodyLeaf(judge protocol.PublicKey, salt [32]byte, s Sum) protocol.Hash {
	return leafHash(HashOf("assay/1/custody", judge[:], salt[:], s.Digest[:], s.Fingerprint[:]))
}

// EmptySlotLeaf returns the leaf of a slot that was not answered.
func EmptySlotLeaf(slot uint16) protocol.Hash {
	return leafHash(HashOf("assay/1/slot/empty", binary.BigEndian.AppendUint16(nil, slot)))
}

// lengthed is s behind its length in eight bytes.
func lengthed(s string) []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(len(s))), s...)
}
