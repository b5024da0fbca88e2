package protocol_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcutil/bech32"

	"github.com/assaynet/assay/protocol"
)

// generator is the compressed base point of secp256k1.
const generator = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"

func TestAddressesReadAndPrint(t *testing.T) {
	k, err := protocol.ParseAddress(generator)
	if err != nil {
		t.Fatal(err)
	}
	address := k.String()
	if !strings.HasPrefix(address, "assay1") || k.Short() != address[len(address)-8:] {
		t.Errorf("got %s, %s", address, k.Short())
	}
	for _, text := range []string{address, strings.ToUpper(address), strings.ToUpper(generator)} {
		if got, err := protocol.ParseAddress(text); err != nil || got != k {
			t.Errorf("%s: got %s, %v", text, got, err)
		}
	}
	raw, err := json.Marshal(k)
	if err != nil || string(raw) != `"`+address+`"` {
		t.Errorf("got %s, %v", raw, err)
	}
	if k.IsZero() || !(protocol.PublicKey{}).IsZero() {
		t.Error("zero is wrong")
	}
}

func TestTextThatIsNoAddressIsRefused(t *testing.T) {
	k, _ := protocol.ParseAddress(generator)
	good := k.String()
	groups, err := bech32.ConvertBits(k[:], 8, 5, true)
	if err != nil {
		t.Fatal(err)
	}
	old, _ := bech32.Encode("assay", groups) // bech32, not bech32m
	foreign, _ := bech32.EncodeM("cosmos", groups)
	short, _ := bech32.EncodeM("assay", groups[:52])
	typo := good[:20] + map[bool]string{true: "p", false: "q"}[good[20] == 'q'] + good[21:]
	for name, text := range map[string]string{
		"nothing": "", "a typing mistake": typo, "mixed case": "A" + good[1:], "the older checksum": old, "another network": foreign,
		"a shorter key": short, "cut": good[:len(good)-1], "long": strings.Repeat("a", 91), "hex with a slip": "zz" + generator[2:],
	} {
		if got, err := protocol.ParseAddress(text); !errors.Is(err, protocol.ErrBadText) {
			t.Errorf("%s: got %s, %v, want %v", name, got, err, protocol.ErrBadText)
		}
	}
}

func TestHashesReadAndPrint(t *testing.T) {
	text := strings.Repeat("0123456789abcdef", 4)
	h, err := protocol.ParseHash(text)
	if err != nil || h.String() != text || h.Short() != text[:8] || h.IsZero() {
		t.Errorf("got %s, %v", h, err)
	}
	for _, bad := range []string{"", text[:62], text + "00", strings.Repeat("xy", 32)} {
		if _, err := protocol.ParseHash(bad); !errors.Is(err, protocol.ErrBadText) {
			t.Errorf("%q: got %v, want %v", bad, err, protocol.ErrBadText)
		}
	}
	raw, err := json.Marshal(h)
	if err != nil || string(raw) != `"`+text+`"` {
		t.Errorf("got %s, %v", raw, err)
	}
}

func FuzzParseAddress(f *testing.F) {
	k, _ := protocol.ParseAddress(generator)
	f.Add(k.String())
	f.Add(generator)
	f.Add("assay1")
	f.Fuzz(func(t *testing.T, s string) {
		k, err := protocol.ParseAddress(s)
		if err != nil {
			return
		}
		if back, err := protocol.ParseAddress(k.String()); err != nil || back != k {
			t.Errorf("%q: %s reads as %s, %v", s, hex.EncodeToString(k[:]), back, err)
		}
	})
}
