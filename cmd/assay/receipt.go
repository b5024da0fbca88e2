package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"

	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/task"
	"github.com/assaynet/assay/protocol/task/kinds"
	"github.com/assaynet/assay/protocol/wire"
)

// maxReceiptFile bounds a receipt's file: the bytes in base64, the task's body,
// of which each byte may be escaped in six, and the fields around them.
const maxReceiptFile = wire.MaxReceiptBytes*4/3 + 6*wire.MaxTaskBytes + 4096

// errReceipt says that a file is no receipt, or not a true one.
var errReceipt = errors.New("the receipt is not valid")

// receipt is a receipt whose signatures hold.
type receipt struct {
	wire.Receipt
	answer *wire.SignedAnswer
	cards  []*wire.SignedCard
	bodies []json.RawMessage // of the cards, as the API has them
}

// readReceipt reads what assay receipt printed and checks all that its bytes
// show: form, signatures, and that task, answer and cards belong together.
// Errors are [errReceipt].
func readReceipt(b []byte) (*receipt, error) {
	r, err := openReceipt(b)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errReceipt, err)
	}
	return r, nil
}

func openReceipt(b []byte) (*receipt, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	var f api.Receipt
	if err := d.Decode(&f); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the object")
	}
	if f.Format != api.ReceiptFormat {
		return nil, fmt.Errorf("format %q, this program reads %q", abridge(f.Format), api.ReceiptFormat)
	}
	in, err := wire.DecodeReceipt(f.Bytes)
	if err != nil {
		return nil, err
	}
	a, cards, err := in.Open()
	if err != nil {
		return nil, err
	}
	r := &receipt{Receipt: *in, answer: a, cards: cards}
	if err := r.readBodies(); err != nil {
		return nil, err
	}
	want, err := api.NewReceipt(in, a.Sender)
	if err != nil {
		return nil, err
	}
	if !sameJSON(f.Body, want.Body) {
		return nil, errAround
	}
	f.Body, want.Body = nil, nil
	if !reflect.DeepEqual(f, want) {
		return nil, errAround
	}
	return r, nil
}

var errAround = errors.New("the fields around the bytes say something else than the bytes")

// sameJSON reports whether two objects are one, however they are written.
func sameJSON(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

// readBodies refuses bodies of answer and cards that their kind refuses. Of a kind
// that this program does not have, it takes any.
func (r *receipt) readBodies() error {
	if _, err := api.AnswerBody(r.Task.Kind, &r.answer.Answer); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	table := kinds.All()
	for i, c := range r.cards {
		if err := table.CheckCard(&c.Card); err != nil && !errors.Is(err, task.ErrKind) {
			return fmt.Errorf("card %d: %w", i, err)
		}
		body, err := api.CardBody(&c.Card)
		if err != nil {
			return fmt.Errorf("card %d: %w", i, err)
		}
		r.bodies = append(r.bodies, body)
	}
	return nil
}
