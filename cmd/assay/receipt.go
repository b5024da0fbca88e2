package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/key"
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
	answer wire.Answer
	hotkey protocol.PublicKey // that signed the answer
	cards  []signedCard
}

// signedCard is a card with the hotkey that signed it.
type signedCard struct {
	wire.Card
	hotkey protocol.PublicKey
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
	r := &receipt{Receipt: *in}
	if err := r.openAnswer(); err != nil {
		return nil, fmt.Errorf("answer: %w", err)
	}
	if r.ChainID != f.ChainID || r.Task.ID != f.Task || r.Model != f.Model || r.hotkey != f.Hotkey {
		return nil, errors.New("the fields around the bytes say something else than the bytes")
	}
	for i, raw := range in.Cards {
		c, err := r.openCard(raw)
		if err != nil {
			return nil, fmt.Errorf("card %d: %w", i, err)
		}
		r.cards = append(r.cards, *c)
	}
	return r, nil
}

func (r *receipt) openAnswer() error {
	e, err := wire.Open(r.Answer, wire.MaxAnswerBytes, wire.DomainAnswer, r.ChainID, verifySignature)
	if err != nil {
		return err
	}
	if err := wire.Decode(e.Payload, wire.MaxAnswerBytes, &r.answer); err != nil {
		return err
	}
	if err := r.answer.Check(); err != nil {
		return err
	}
	a, t := &r.answer, &r.Task
	if a.Task != t.ID || a.Round != t.Round || a.Seat != t.Seat || a.Slot != t.Slot || t.Model != r.Model {
		return errors.New("it is of another task")
	}
	r.hotkey = e.Sender
	return nil
}

func (r *receipt) openCard(raw []byte) (*signedCard, error) {
	e, err := wire.Open(raw, wire.MaxCardBytes, wire.DomainCard, r.ChainID, verifySignature)
	if err != nil {
		return nil, err
	}
	c := &signedCard{hotkey: e.Sender}
	if err := wire.Decode(e.Payload, wire.MaxCardBytes, &c.Card); err != nil {
		return nil, err
	}
	if err := c.Check(); err != nil {
		return nil, err
	}
	if c.Task != r.Task.ID || c.Key() != r.answer.Key() {
		return nil, errors.New("it is of another task")
	}
	return c, nil
}

func verifySignature(signer protocol.PublicKey, domain string, message []byte, sig wire.Signature) error {
	return key.Verify(signer, domain, message, sig[:])
}
