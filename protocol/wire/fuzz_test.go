package wire_test

import (
	"bytes"
	"reflect"
	"testing"

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
		case *wire.Task:
			_ = m.Check()
		case *wire.Answer:
			_ = m.Check()
		case *wire.Card:
			_ = m.Check()
		case *wire.Pairs:
			_, _ = m.Check(), m.Root()
		}
	})
}

// Fuzzing never gets behind a signature, so it begins there.
func FuzzReadTx(f *testing.F) {
	_, all := messages()
	for _, v := range all {
		f.Add(wire.Encode(v))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		tx, body, err := wire.ReadTx(b, chain)
		if err != nil {
			return
		}
		if !bytes.Equal(wire.Encode(tx), b) || !bytes.Equal(wire.Encode(body), tx.Body) || body.Type() != tx.Type {
			t.Errorf("%+v does not stand for %x", tx, b)
		}
	})
}

func FuzzReadAnswer(f *testing.F) {
	_, all := messages()
	for _, v := range all {
		f.Add(wire.Encode(v))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := wire.ReadAnswer(b)
		if err == nil && (!bytes.Equal(wire.Encode(&a.Envelope), b) || !bytes.Equal(wire.Encode(&a.Answer), a.Payload)) {
			t.Errorf("%+v does not stand for %x", a, b)
		}
	})
}

func FuzzReadCard(f *testing.F) {
	_, all := messages()
	for _, v := range all {
		f.Add(wire.Encode(v))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := wire.ReadCard(b)
		if err == nil && (!bytes.Equal(wire.Encode(&c.Envelope), b) || !bytes.Equal(wire.Encode(&c.Card), c.Payload)) {
			t.Errorf("%+v does not stand for %x", c, b)
		}
	})
}

func FuzzReadPublished(f *testing.F) {
	_, all := messages()
	for _, v := range all {
		f.Add(wire.Encode(v))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := wire.ReadPublished(b)
		if err == nil && (!bytes.Equal(wire.Encode(&p.Envelope), b) || !bytes.Equal(wire.Encode(&p.Pairs), p.Payload)) {
			t.Errorf("%+v does not stand for %x", p, b)
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
