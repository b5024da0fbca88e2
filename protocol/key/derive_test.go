package key_test

import (
	"errors"
	"math/big"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
)

func protocolHeight(h uint64) protocol.Height { return protocol.Height(h) }

// negate replaces the scalar in b by n minus it.
func negate(t testing.TB, b []byte) {
	t.Helper()
	n := new(big.Int).SetBytes(unhex(t, order))
	n.Sub(n, new(big.Int).SetBytes(b)).FillBytes(b)
}

func TestEveryDerivationIsItsOwn(t *testing.T) {
	p := testKey(t)
	seen := map[[32]byte]string{p.Expose(): "the key itself"}
	add := func(name string, s key.Secret, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		b := s.Expose()
		if before, ok := seen[b]; ok {
			t.Errorf("%s equals %s", name, before)
		}
		seen[b] = name
	}
	for _, g := range []uint32{0, 1, 1 << 24} {
		s, err := p.DeriveIdentity("net", g)
		add("identity", s, err)
		s, err = p.DeriveConsensus("net", g)
		add("consensus", s, err)
		s, err = p.DeriveTransport("net", g)
		add("transport", s, err)
	}
	s, err := p.DeriveBeacon("assay-1", 1)
	add("beacon", s, err)
	s, err = p.DeriveBeacon("assay-2", 1)
	add("beacon of another chain", s, err)
	s, err = p.DeriveBeacon("assay-1", 2)
	add("beacon of another height", s, err)
	s, err = p.DeriveSecret("beacon", nil)
	add("a caller's label like ours", s, err)
	s, err = p.DeriveSecret("a", []byte("b"))
	add("salt", s, err)
	s, err = p.DeriveSecret("ab", nil)
	add("salt with a moved boundary", s, err)
}

func TestDerivationNeedsAKeyAndALabel(t *testing.T) {
	var none key.Private
	wiped := testKey(t)
	wiped.Wipe()
	for _, p := range []key.Private{none, wiped} {
		_, e1 := p.DeriveIdentity("net", 0)
		_, e2 := p.DeriveConsensus("net", 0)
		_, e3 := p.DeriveTransport("net", 0)
		_, e4 := p.DeriveBeacon("assay-1", 1)
		_, e5 := p.DeriveSecret("a", nil)
		for i, err := range []error{e1, e2, e3, e4, e5} {
			if !errors.Is(err, key.ErrNoKey) {
				t.Errorf("derivation %d: got %v, want %v", i, err, key.ErrNoKey)
			}
		}
	}
	if _, err := testKey(t).DeriveSecret("a b", nil); !errors.Is(err, key.ErrLabel) {
		t.Errorf("got %v, want %v", err, key.ErrLabel)
	}
}
