package keystore_test

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol/keystore"
)

// TestAccountsAreThoseOfBIP32: the keys are those of a program that was written
// from BIP 32, BIP 39 and BIP 44 alone, which also gives the published first
// address of "abandon … about".
func TestAccountsAreThoseOfBIP32(t *testing.T) {
	words := strings.Repeat("abandon ", 23) + "art"
	for _, v := range []struct {
		account uint32
		kind    keystore.Kind
		path    string
		public  string
	}{
		{0, keystore.Coldkey, "m/44'/4281153'/0'/0/0", "02c12c38623e1d64c4130e154c7fa78ee5de172e96e0f63112fd2e431133ad7d29"},
		{0, keystore.Hotkey, "m/44'/4281153'/0'/1/0", "03b119cd399d8488b9de02cee12e4a626da330340eed0dbc6aba41b8bdf17251ad"},
		{1, keystore.Coldkey, "m/44'/4281153'/1'/0/0", "024313b6d5798cdcc53f76ba1a3467bbafcbe49b7249d16707bb8fbb941a758967"},
		{7, keystore.Hotkey, "m/44'/4281153'/7'/1/0", "029e9f66707f3b26ed69dd38a5e68d1a7297e913af02cc6f564cdbaf09173268bb"},
		{keystore.MaxAccount, keystore.Hotkey, "m/44'/4281153'/2147483647'/1/0", "03b9f698f095b1527ea43c750500b496d98e0f1972ce8384bdcf307b0c1f8923d9"},
	} {
		if got := keystore.AccountPath(v.kind, v.account); got != v.path {
			t.Errorf("path %s, want %s", got, v.path)
		}
		k, err := keystore.FromAccount(v.kind, words, v.account)
		if err != nil {
			t.Fatal(err)
		}
		pub := k.PublicKey()
		if got := hex.EncodeToString(pub[:]); got != v.public || k.Kind() != v.kind {
			t.Errorf("%s: got %s, a %s, want %s", v.path, got, k.Kind(), v.public)
		}
	}
	if _, err := keystore.FromAccount(keystore.Hotkey, words, keystore.MaxAccount+1); !errors.Is(err, keystore.ErrConfig) {
		t.Errorf("an account too many: got %v", err)
	}
	if _, err := keystore.FromAccount("lukewarm", words, 0); !errors.Is(err, keystore.ErrKind) {
		t.Errorf("another kind: got %v", err)
	}
	if _, err := keystore.FromAccount(keystore.Hotkey, strings.Repeat("abandon ", 24), 0); !errors.Is(err, keystore.ErrMnemonic) {
		t.Errorf("a wrong checksum: got %v", err)
	}
}
