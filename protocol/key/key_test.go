package key_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
)

// halfOrder is (n − 1) / 2 and order is n, the order of secp256k1's group.
const (
	halfOrder = "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0"
	order     = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
)

// vectors mirrors testdata/vectors.json, which vectors.py beside it writes.
type vectors struct {
	Keys []struct {
		Secret, Public                               hexBytes
		Generation                                   uint32
		Identity, Consensus, Transport, Beacon, Salt hexBytes
		TransportPublic                              hexBytes `json:"transport_public"`
		TransportSignature                           hexBytes `json:"transport_signature"`
		Signatures                                   []struct {
			Domain             string
			Message, Signature hexBytes
		}
	}
	Seeds []struct {
		Seed, Secret hexBytes
		Name         string
	}
}

type hexBytes []byte

func (h *hexBytes) UnmarshalText(b []byte) (err error) {
	*h, err = hex.DecodeString(string(b))
	return err
}

func readVectors(t testing.TB) vectors {
	t.Helper()
	b, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Keys) == 0 || len(v.Seeds) == 0 {
		t.Fatal("no vectors")
	}
	return v
}

func fromBytes(t testing.TB, b []byte) key.Private {
	t.Helper()
	p, err := key.FromBytes(b)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// testKey returns a fixed key.
func testKey(t testing.TB) key.Private {
	t.Helper()
	return fromBytes(t, bytes.Repeat([]byte{7}, 32))
}

func TestSignaturesEqualThoseOfAnotherImplementation(t *testing.T) {
	for i, v := range readVectors(t).Keys {
		p := fromBytes(t, v.Secret)
		pub := p.Public()
		if !bytes.Equal(pub[:], v.Public) {
			t.Errorf("key %d: got public key %x, want %x", i, pub[:], []byte(v.Public))
		}
		for j, s := range v.Signatures {
			got, err := p.Sign(s.Domain, s.Message)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got[:], s.Signature) {
				t.Errorf("key %d, signature %d: got %x, want %x", i, j, got[:], []byte(s.Signature))
			}
			if err := key.Verify(pub, s.Domain, s.Message, s.Signature); err != nil {
				t.Errorf("key %d, signature %d: verify: %v", i, j, err)
			}
		}
	}
}

func TestDerivedKeysEqualThoseOfAnotherImplementation(t *testing.T) {
	for i, v := range readVectors(t).Keys {
		p := fromBytes(t, v.Secret)
		check := func(name string, want []byte, derive func() (key.Secret, error)) {
			t.Helper()
			s, err := derive()
			if err != nil {
				t.Fatal(err)
			}
			if got := s.Expose(); !bytes.Equal(got[:], want) {
				t.Errorf("key %d: got %s %x, want %x", i, name, got[:], want)
			}
		}
		check("identity", v.Identity, func() (key.Secret, error) { return p.DeriveIdentity("net", v.Generation) })
		check("consensus", v.Consensus, func() (key.Secret, error) { return p.DeriveConsensus("net", v.Generation) })
		check("transport", v.Transport, func() (key.Secret, error) { return p.DeriveTransport("net", v.Generation) })
		checkTransport(t, p, v.Generation, v.TransportPublic, v.TransportSignature)
		height := 1000 + uint64(i)
		check("beacon", v.Beacon, func() (key.Secret, error) { return p.DeriveBeacon("assay-0badcafe", protocolHeight(height)) })
		context := []byte("epoch " + string(rune('0'+i)))
		check("salt", v.Salt, func() (key.Secret, error) { return p.DeriveSecret("weights", context) })
	}
	for i, v := range readVectors(t).Seeds {
		p, err := key.FromSeed(v.Seed, v.Name)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Expose(); !bytes.Equal(got[:], v.Secret) {
			t.Errorf("seed %d: got %x, want %x", i, got[:], []byte(v.Secret))
		}
	}
}

func checkTransport(t *testing.T, p key.Private, generation uint32, public, signature []byte) {
	t.Helper()
	seed, err := p.DeriveTransport("net", generation)
	if err != nil {
		t.Fatal(err)
	}
	pub := key.TransportPublic(seed)
	sig, err := key.SignTransport(seed, "assay/test", []byte("a message"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(pub[:], public) || !bytes.Equal(sig[:], signature) {
		t.Errorf("transport key %x signs %x, want %x and %x", pub, sig[:], public, signature)
	}
	if err := key.VerifyTransport(pub, "assay/test", []byte("a message"), sig); err != nil {
		t.Error(err)
	}
	for name, err := range map[string]error{
		"another domain":  key.VerifyTransport(pub, "assay/other", []byte("a message"), sig),
		"another message": key.VerifyTransport(pub, "assay/test", []byte("a Message"), sig),
		"another key":     key.VerifyTransport([32]byte{1}, "assay/test", []byte("a message"), sig),
	} {
		if !errors.Is(err, key.ErrSignature) {
			t.Errorf("%s: got %v, want %v", name, err, key.ErrSignature)
		}
	}
	if _, err := key.SignTransport(seed, "", nil); !errors.Is(err, key.ErrLabel) {
		t.Errorf("a domain of nothing: %v", err)
	}
}

func TestGenerateSkipsWhatIsNoScalar(t *testing.T) {
	want := bytes.Repeat([]byte{9}, 32)
	stream := append(append(make([]byte, 32), unhex(t, order)...), want...)
	p, err := key.Generate(bytes.NewReader(stream))
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Expose(); !bytes.Equal(got[:], want) {
		t.Errorf("got %x, want the third draw %x", got[:], want)
	}
	if _, err := key.Generate(bytes.NewReader(stream[:80])); err == nil {
		t.Error("a reader that ends early gave a key")
	}
}

func TestFromBytesRefusesWhatIsNoScalar(t *testing.T) {
	above := unhex(t, order)
	above[31]++
	for name, b := range map[string][]byte{
		"nothing": nil, "zero": make([]byte, 32), "order": unhex(t, order), "above order": above,
		"short": bytes.Repeat([]byte{1}, 31), "long": bytes.Repeat([]byte{1}, 33),
	} {
		if _, err := key.FromBytes(b); !errors.Is(err, key.ErrPrivateKey) {
			t.Errorf("%s: got %v, want %v", name, err, key.ErrPrivateKey)
		}
	}
	below := unhex(t, order)
	below[31]--
	if _, err := key.FromBytes(below); err != nil {
		t.Errorf("order − 1: %v", err)
	}
}

func TestFromSeedRefusesShortSeedsAndBadNames(t *testing.T) {
	if _, err := key.FromSeed(make([]byte, 31), "hotkey"); !errors.Is(err, key.ErrPrivateKey) {
		t.Errorf("got %v, want %v", err, key.ErrPrivateKey)
	}
	if _, err := key.FromSeed(make([]byte, 32), ""); !errors.Is(err, key.ErrLabel) {
		t.Errorf("got %v, want %v", err, key.ErrLabel)
	}
}

func TestVerifyRefusesEveryOtherStatement(t *testing.T) {
	p := testKey(t)
	pub := p.Public()
	sig, err := p.Sign("assay/test", []byte("message"))
	if err != nil {
		t.Fatal(err)
	}
	other := fromBytes(t, bytes.Repeat([]byte{8}, 32)).Public()
	high := sig // the same signature with n − S, which plain ECDSA takes
	negate(t, high[32:])
	zeroR, zeroS, hugeR := sig, sig, sig
	clear(zeroR[:32])
	clear(zeroS[32:])
	copy(hugeR[:32], unhex(t, order))

	for name, err := range map[string]error{
		"other key":        key.Verify(other, "assay/test", []byte("message"), sig[:]),
		"other domain":     key.Verify(pub, "assay/tesu", []byte("message"), sig[:]),
		"other message":    key.Verify(pub, "assay/test", []byte("messagf"), sig[:]),
		"shifted boundary": key.Verify(pub, "assay/tes", []byte("tmessage"), sig[:]),
		"no signature":     key.Verify(pub, "assay/test", []byte("message"), nil),
		"short":            key.Verify(pub, "assay/test", []byte("message"), sig[:63]),
		"long":             key.Verify(pub, "assay/test", []byte("message"), append(sig[:], 0)),
		"upper half":       key.Verify(pub, "assay/test", []byte("message"), high[:]),
		"zero r":           key.Verify(pub, "assay/test", []byte("message"), zeroR[:]),
		"zero s":           key.Verify(pub, "assay/test", []byte("message"), zeroS[:]),
		"r not below n":    key.Verify(pub, "assay/test", []byte("message"), hugeR[:]),
	} {
		if !errors.Is(err, key.ErrSignature) {
			t.Errorf("%s: got %v, want %v", name, err, key.ErrSignature)
		}
	}
	for i := range 8 * len(sig) {
		bad := sig
		bad[i/8] ^= 1 << (i % 8)
		if err := key.Verify(pub, "assay/test", []byte("message"), bad[:]); !errors.Is(err, key.ErrSignature) {
			t.Errorf("bit %d flipped: got %v, want %v", i, err, key.ErrSignature)
		}
	}
}

func TestSignaturesStayInTheLowerHalf(t *testing.T) {
	p := testKey(t)
	half := unhex(t, halfOrder)
	for i := range 64 {
		sig, err := p.Sign("assay/test", []byte{byte(i)})
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Compare(sig[32:], half) > 0 {
			t.Errorf("message %d: S = %x lies in the upper half", i, sig[32:])
		}
	}
}

func TestSignRefusesBadDomainsAndMissingKeys(t *testing.T) {
	p := testKey(t)
	for _, domain := range []string{"", "a b", "a\x00b", "ä", string(bytes.Repeat([]byte{'a'}, 65))} {
		if _, err := p.Sign(domain, nil); !errors.Is(err, key.ErrLabel) {
			t.Errorf("sign for %q: got %v, want %v", domain, err, key.ErrLabel)
		}
		if err := key.Verify(p.Public(), domain, nil, make([]byte, 64)); !errors.Is(err, key.ErrLabel) {
			t.Errorf("verify for %q: got %v, want %v", domain, err, key.ErrLabel)
		}
	}
	var none key.Private
	if _, err := none.Sign("assay/test", nil); !errors.Is(err, key.ErrNoKey) {
		t.Errorf("got %v, want %v", err, key.ErrNoKey)
	}
	if !none.Public().IsZero() {
		t.Error("no key has a public key")
	}
}

func TestOnlyCompressedPointsArePublicKeys(t *testing.T) {
	good := testKey(t).Public()
	if err := key.CheckPublic(good); err != nil {
		t.Error(err)
	}
	hybrid, uncompressed := good, good
	hybrid[0], uncompressed[0] = 6, 4
	bigX, offCurve := protocol.PublicKey{2}, protocol.PublicKey{2}
	copy(bigX[1:], bytes.Repeat([]byte{0xff}, 32))
	offCurve[32] = 5 // 5³ + 7 is no square modulo p
	for name, pub := range map[string]protocol.PublicKey{
		"hybrid": hybrid, "uncompressed": uncompressed, "x not below p": bigX, "off the curve": offCurve, "zeros": {},
	} {
		if err := key.CheckPublic(pub); !errors.Is(err, key.ErrPublicKey) {
			t.Errorf("%s: got %v, want %v", name, err, key.ErrPublicKey)
		}
	}
}

func TestSignatureTextRoundTrips(t *testing.T) {
	sig, err := testKey(t).Sign("assay/test", nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(sig)
	if err != nil {
		t.Fatal(err)
	}
	var back key.Signature
	if err := json.Unmarshal(text, &back); err != nil || back != sig {
		t.Errorf("got %v, %v, want %v", back, err, sig)
	}
	for _, bad := range []string{`"00"`, `"` + string(bytes.Repeat([]byte{'g'}, 128)) + `"`} {
		if err := json.Unmarshal([]byte(bad), &back); !errors.Is(err, key.ErrSignature) {
			t.Errorf("%.10s: got %v, want %v", bad, err, key.ErrSignature)
		}
	}
}
