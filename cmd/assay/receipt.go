package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/task/inference"
	"github.com/assaynet/assay/protocol/task/kinds"
	"github.com/assaynet/assay/protocol/wire"
)

// maxReceiptFile bounds a receipt's file: the bytes in base64, and the fields
// around them.
const maxReceiptFile = wire.MaxReceiptBytes*4/3 + 4096

// errReceipt says that a file is no receipt, or not a true one.
var errReceipt = errors.New("the receipt is not valid")

// receipt is a receipt whose signatures hold.
type receipt struct {
	wire.Receipt
	answer *wire.SignedAnswer
	cards  []*wire.SignedCard
	model  protocol.ModelID
	codes  []inference.Code // of the cards; "unopened" of one that says so
}

// readReceipt reads what assay receipt printed and checks all that needs no
// model: form, signatures, and that task, answer and cards belong together.
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
	if r.ChainID != f.ChainID || r.Task.ID != f.Task || r.model != f.Model || r.answer.Sender != f.Hotkey {
		return nil, errors.New("the fields around the bytes say something else than the bytes")
	}
	return r, nil
}

// readBodies reads what the kind of the task has to say.
func (r *receipt) readBodies() error {
	if r.Task.Kind != inference.Kind {
		return fmt.Errorf("a task of kind %q, this program runs %q again", r.Task.Kind, inference.Kind)
	}
	t, err := inference.ReadTask(r.Task.Body)
	if err != nil {
		return err
	}
	r.model = t.Model
	table := kinds.All()
	if err := table.CheckAnswer(&r.Task, r.answer.Answer.Body); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	for i, c := range r.cards {
		if err := table.CheckCard(&c.Card); err != nil {
			return fmt.Errorf("card %d: %w", i, err)
		}
		code := inference.Code(c.Card.Finding)
		if b, err := inference.ReadCard(c.Card.Body); err == nil {
			code = b.Code
		}
		r.codes = append(r.codes, code)
	}
	return nil
}
