package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/assaynet/assay/protocol/api"
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
	if r.ChainID != f.ChainID || r.Task.ID != f.Task || r.Model != f.Model || r.answer.Sender != f.Hotkey {
		return nil, errors.New("the fields around the bytes say something else than the bytes")
	}
	return r, nil
}
