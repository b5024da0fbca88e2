package api

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// shape shows the bodies of one kind of tasks. Each gives an object of a schema
// of openapi.json that has the kind's name, as InferenceTask, and refuses bytes
// that are no body of the kind.
type shape struct {
	kind               protocol.Kind
	task, answer, card func(body []byte) (any, error)
}

// shapes has all kinds that are judged, in the order of package kinds.
func shapes() []shape { return []shape{inferenceShape(), judgementShape(), syntheticShape()} }

// OtherBody is a body of a kind that this program does not have.
type OtherBody struct {
	CBOR []byte `json:"cbor"`
}

// shapeOf returns the shape of a kind. That of a kind which this program does not
// have shows the bytes: who asks may know what they say.
func shapeOf(kind protocol.Kind) shape {
	for _, s := range shapes() {
		if s.kind == kind {
			return s
		}
	}
	other := func(body []byte) (any, error) { return OtherBody{CBOR: body}, nil }
	return shape{kind: kind, task: other, answer: other, card: other}
}

// TaskBody returns the body of a task as JSON. Errors, of this and the next
// three, are those of the kind, for a body that is none of its own.
func TaskBody(t *wire.Task) (json.RawMessage, error) { return show(shapeOf(t.Kind).task, t.Body) }

// AnswerBody returns the body of an answer to a task of a kind as JSON.
func AnswerBody(kind protocol.Kind, a *wire.Answer) (json.RawMessage, error) {
	return show(shapeOf(kind).answer, a.Body)
}

// CardBody returns the body of a card as JSON.
func CardBody(c *wire.Card) (json.RawMessage, error) {
	return show(shapeOf(c.Kind).card, c.Body)
}

func show(read func([]byte) (any, error), body []byte) (json.RawMessage, error) {
	v, err := read(body)
	if err != nil {
		return nil, err
	}
	b, err := encode(v)
	return bytes.TrimSpace(b), err
}

// NewReceipt returns a receipt as a node gives it; hotkey is that of the seat
// that answered.
func NewReceipt(r *wire.Receipt, hotkey protocol.PublicKey) (Receipt, error) {
	body, err := TaskBody(&r.Task)
	if err != nil {
		return Receipt{}, fmt.Errorf("task %s: %w", r.Task.ID, err)
	}
	return Receipt{
		Format: ReceiptFormat, ChainID: r.ChainID, Task: r.Task.ID, Kind: r.Task.Kind, Body: body,
		Hotkey: hotkey, Bytes: wire.Encode(r),
	}, nil
}
