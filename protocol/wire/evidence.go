package wire

import "fmt"

// EvidencePart says what of a slot is asked for.
type EvidencePart uint8

// The parts, with what the response holds.
const (
	EvidenceAnswer EvidencePart = 1 // the envelope of the opened answer
	EvidenceCards  EvidencePart = 2 // [CardList]
)

// maxEvidenceRequest bounds a request: four numbers and their framing.
const maxEvidenceRequest = 64

// EvidenceRequest asks a validator for what it keeps of one slot. An empty
// response says that it has nothing.
type EvidenceRequest struct {
	_    struct{} `cbor:",toarray"`
	Part EvidencePart
	Key  AnswerKey // of the slot that was asked
}

// DecodeEvidenceRequest reads a request; errors are those of [Decode] and
// [ErrUnknown].
func DecodeEvidenceRequest(b []byte) (*EvidenceRequest, error) {
	var r EvidenceRequest
	if err := Decode(b, maxEvidenceRequest, &r); err != nil {
		return nil, err
	}
	if r.Part != EvidenceAnswer && r.Part != EvidenceCards {
		return nil, fmt.Errorf("evidence of part %d: %w", r.Part, ErrUnknown)
	}
	return &r, nil
}

// CardList holds the envelopes of all cards about one slot that a validator
// keeps, by judge. At most 256 judges draw one answer.
type CardList struct {
	_     struct{} `cbor:",toarray"`
	Cards [][]byte // each at most MaxCardBytes
}
