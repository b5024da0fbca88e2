package keystore_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/keystore"
)

func TestHotkeyDerivesWhatItsPrivateKeyDerives(t *testing.T) {
	k := testKey(t, keystore.Hotkey, 1)
	p, err := key.FromBytes(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range derivations(k) {
		got, err := f()
		if err != nil {
			t.Fatal(err)
		}
		want, err := derivations(p)[i]()
		if err != nil {
			t.Fatal(err)
		}
		if got.Expose() != want.Expose() {
			t.Errorf("derivation %d differs", i)
		}
	}
}

func TestColdkeyDerivesNothing(t *testing.T) {
	for i, f := range derivations(testKey(t, keystore.Coldkey, 1)) {
		if _, err := f(); !errors.Is(err, keystore.ErrKind) {
			t.Errorf("derivation %d: got %v, want %v", i, err, keystore.ErrKind)
		}
	}
}

func derivations(d keystore.Deriver) []func() (key.Secret, error) {
	return []func() (key.Secret, error){
		func() (key.Secret, error) { return d.DeriveIdentity("net", 1) },
		func() (key.Secret, error) { return d.DeriveConsensus("net", 1) },
		func() (key.Secret, error) { return d.DeriveTransport("net", 1) },
		func() (key.Secret, error) { return d.DeriveBeacon("assay-1", 1) },
		func() (key.Secret, error) { return d.DeriveSecret("a", []byte("b")) },
	}
}

func TestOpenKeysDoNotPrintThemselves(t *testing.T) {
	k := testKey(t, keystore.Hotkey, 1)
	p := passphrase(t, "hush")
	o := keystore.PassphraseOptions{}
	for _, v := range []any{k, *k, p, &p, o, []any{p}, struct{ k *keystore.Key }{k}, struct{ p keystore.Passphrase }{p}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%q"} {
			out := fmt.Sprintf(verb, v)
			for _, secret := range []string{"hush", "68757368", "010101", "1 1 1 1", "0x1, 0x1", "16843009"} {
				if strings.Contains(out, secret) {
					t.Errorf("%s of %T shows %s: %.200s", verb, v, secret, out)
				}
			}
		}
		if b, err := json.Marshal(v); strings.Contains(string(b), "hush") || strings.Contains(string(b), "0101") {
			t.Errorf("JSON of %T: %s, %v", v, b, err)
		}
	}
}

func TestWipedKeySignsNothing(t *testing.T) {
	k := testKey(t, keystore.Hotkey, 1)
	k.Wipe()
	if _, err := k.Sign("assay/test", nil); !errors.Is(err, key.ErrNoKey) {
		t.Errorf("got %v, want %v", err, key.ErrNoKey)
	}
	if _, err := k.DeriveIdentity("net", 0); !errors.Is(err, key.ErrNoKey) {
		t.Errorf("got %v, want %v", err, key.ErrNoKey)
	}
}

func TestFromPrivateRefusesOtherKindsAndNoKey(t *testing.T) {
	p, err := key.FromBytes(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	_, err = keystore.FromPrivate("lukewarm", p)
	want(t, "kind", err, keystore.ErrKind)
	_, err = keystore.FromPrivate(keystore.Hotkey, key.Private{})
	want(t, "no key", err, key.ErrNoKey)
}

func TestMnemonicsGiveTheKeysOfAnotherImplementation(t *testing.T) {
	b, err := os.ReadFile("testdata/mnemonics.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Words, Public string
		Kind          keystore.Kind
	}
	if err := json.Unmarshal(b, &vectors); err != nil || len(vectors) == 0 {
		t.Fatal(len(vectors), err)
	}
	for _, v := range vectors {
		for _, words := range []string{v.Words, "\n " + strings.ToUpper(strings.ReplaceAll(v.Words, " ", "\t ")) + "\r\n"} {
			k, err := keystore.FromMnemonic(v.Kind, words)
			if err != nil {
				t.Fatal(err)
			}
			if got := k.PublicKey(); hex.EncodeToString(got[:]) != v.Public {
				t.Errorf("%s of %.20s…: got %x, want %s", v.Kind, v.Words, got[:], v.Public)
			}
		}
	}
}

func TestNewMnemonicRoundTrips(t *testing.T) {
	words, err := keystore.NewMnemonic(bytes.NewReader(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Repeat("abandon ", 23) + "art"; words != want { // BIP 39's test list
		t.Errorf("got %q, want %q", words, want)
	}
	for b := range 64 {
		words, err := keystore.NewMnemonic(bytes.NewReader(bytes.Repeat([]byte{byte(4 * b)}, 32)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := keystore.FromMnemonic(keystore.Coldkey, words); err != nil {
			t.Errorf("%q: %v", words, err)
		}
	}
	if _, err := keystore.NewMnemonic(bytes.NewReader(make([]byte, 31))); err == nil {
		t.Error("a reader that ends early gave words")
	}
}

func TestFromMnemonicRefusesWrongWords(t *testing.T) {
	abandon := strings.Repeat("abandon ", 23)
	for name, words := range map[string]string{
		"nothing": "", "one word less": abandon, "one word more": abandon + "art zoo",
		"checksum": abandon + "abandon", "unknown word": abandon + "abracadabra", "swapped": "art " + abandon,
	} {
		_, err := keystore.FromMnemonic(keystore.Coldkey, words)
		want(t, name, err, keystore.ErrMnemonic)
		for word := range strings.FieldsSeq(words) {
			if strings.Contains(fmt.Sprint(err), word) {
				t.Errorf("%s: the error %q shows a word", name, err)
			}
		}
	}
	_, err := keystore.FromMnemonic("lukewarm", abandon+"art")
	want(t, "kind", err, keystore.ErrKind)
}
