package wire_test

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// FuzzDecode gives bytes to every message: what decodes encodes to the same
// bytes, and nothing panics.
func FuzzDecode(f *testing.F) {
	names, all := messages()
	for i, name := range names {
		f.Add(uint8(i), wire.Encode(all[name]))
	}
	f.Fuzz(func(t *testing.T, which uint8, b []byte) {
		v := reflect.New(reflect.TypeOf(all[names[int(which)%len(names)]]).Elem()).Interface()
		if wire.Decode(b, wire.MaxReceiptBytes, v) != nil {
			return
		}
		if got := wire.Encode(v); !bytes.Equal(got, b) {
			t.Errorf("%T: got %x from %x", v, got, b)
		}
		switch m := v.(type) {
		case wire.Body:
			_ = m.Check()
		case *wire.Answer:
			_ = m.Check()
		case *wire.Card:
			_ = m.Check()
		}
	})
}

// trusting verifies everything, so that fuzzing gets behind the signature.
func trusting(protocol.PublicKey, string, []byte, wire.Signature) error { return nil }

func FuzzDecodeTx(f *testing.F) {
	_, all := messages()
	for _, v := range all {
		f.Add(wire.Encode(v))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		tx, body, err := wire.DecodeTx(b, chain, trusting)
		if err != nil {
			return
		}
		if !bytes.Equal(wire.Encode(tx), b) || !bytes.Equal(wire.Encode(body), tx.Body) || body.Type() != tx.Type {
			t.Errorf("%+v does not stand for %x", tx, b)
		}
	})
}

func FuzzOpen(f *testing.F) {
	_, all := messages()
	for _, v := range all {
		f.Add(wire.Encode(v))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := wire.Open(b, wire.MaxAnswerBytes, wire.DomainAnswer, chain, trusting)
		if err == nil && !bytes.Equal(wire.Encode(e), b) {
			t.Errorf("%+v does not stand for %x", e, b)
		}
	})
}

func FuzzDecodeReceipt(f *testing.F) {
	f.Add(wire.Encode(sampleReceipt()))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := wire.DecodeReceipt(b)
		if err == nil && !bytes.Equal(wire.Encode(r), b) {
			t.Errorf("%+v does not stand for %x", r, b)
		}
	})
}

func FuzzDecodeEvidenceRequest(f *testing.F) {
	f.Add(wire.Encode(&wire.EvidenceRequest{Part: wire.EvidenceAnswer}))
	f.Add(wire.Encode(&wire.EvidenceRequest{Part: wire.EvidenceCards, Key: sampleAnswer().Key()}))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := wire.DecodeEvidenceRequest(b)
		if err == nil && !bytes.Equal(wire.Encode(r), b) {
			t.Errorf("%+v does not stand for %x", r, b)
		}
	})
}
