package key_test

import (
	"bytes"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
)

func FuzzCheckPublic(f *testing.F) {
	for _, v := range readVectors(f).Keys {
		f.Add([]byte(v.Public))
	}
	f.Add(make([]byte, 33))
	f.Add(append([]byte{4}, make([]byte, 32)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) != len(protocol.PublicKey{}) {
			return
		}
		pub := protocol.PublicKey(b)
		if key.CheckPublic(pub) != nil {
			return
		}
		back, err := protocol.ParseAddress(pub.String())
		if err != nil || back != pub {
			t.Errorf("address %s was read as %v, %v", pub, back, err)
		}
	})
}

// FuzzVerify looks for a second signature of a message: Verify may accept
// only what Sign made.
func FuzzVerify(f *testing.F) {
	v := readVectors(f).Keys
	for _, k := range v {
		for _, s := range k.Signatures {
			f.Add([]byte(k.Public), s.Domain, []byte(s.Message), []byte(s.Signature))
		}
	}
	f.Add([]byte(v[0].Public), "", []byte{}, []byte{})
	p := fromBytes(f, v[0].Secret)
	f.Fuzz(func(t *testing.T, pub []byte, domain string, msg, sig []byte) {
		if len(pub) != len(protocol.PublicKey{}) {
			return
		}
		if key.Verify(protocol.PublicKey(pub), domain, msg, sig) != nil || protocol.PublicKey(pub) != p.Public() {
			return
		}
		want, err := p.Sign(domain, msg)
		if err != nil || !bytes.Equal(want[:], sig) {
			t.Errorf("%x verifies; the key made %x, %v", sig, want[:], err)
		}
	})
}

func BenchmarkSign(b *testing.B) {
	p, msg := testKey(b), make([]byte, 256)
	for b.Loop() {
		if _, err := p.Sign("assay/test", msg); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	p, msg := testKey(b), make([]byte, 256)
	sig, err := p.Sign("assay/test", msg)
	if err != nil {
		b.Fatal(err)
	}
	pub := p.Public()
	for b.Loop() {
		if err := key.Verify(pub, "assay/test", msg, sig[:]); err != nil {
			b.Fatal(err)
		}
	}
}
