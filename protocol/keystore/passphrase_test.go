package keystore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/assaynet/assay/protocol/keystore"
)

// opens reports whether p opens what "secret" closed.
func opens(t *testing.T, p keystore.Passphrase) bool {
	t.Helper()
	file, err := keystore.Seal(testKey(t, keystore.Hotkey, 1), passphrase(t, "secret"), 1)
	if err != nil {
		t.Fatal(err)
	}
	_, err = keystore.Unseal(file, p, 1)
	if err != nil && !errors.Is(err, keystore.ErrPassphrase) {
		t.Fatal(err)
	}
	return err == nil
}

// answering returns a prompt that gives the answers in turn.
func answering(t *testing.T, answers ...string) keystore.Prompt {
	return func(context.Context, string) (string, error) {
		if len(answers) == 0 {
			t.Fatal("asked once too often")
		}
		a := answers[0]
		answers = answers[1:]
		return a, nil
	}
}

func writePassphrase(t *testing.T, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "passphrase")
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPassphraseComesFromTheFirstSource(t *testing.T) {
	for name, o := range map[string]keystore.PassphraseOptions{
		"file":             {File: writePassphrase(t, "secret\nsecond line\n", 0o600), Env: "x", Prompt: answering(t)},
		"file of Windows":  {File: writePassphrase(t, "secret\r\n", 0o640)},
		"environment":      {Env: "secret", Prompt: answering(t)},
		"prompt":           {Prompt: answering(t, "secret")},
		"prompt, for sure": {Prompt: answering(t, "secret", "secret"), New: true},
	} {
		p, err := keystore.ReadPassphrase(t.Context(), o)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !opens(t, p) {
			t.Errorf("%s: another passphrase was read", name)
		}
	}
}

func TestUnusablePassphrasesAreRefused(t *testing.T) {
	exposed := writePassphrase(t, "secret\n", 0o600)
	if err := os.Chmod(exposed, 0o604); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]keystore.PassphraseOptions{
		"no source":          {},
		"no file":            {File: filepath.Join(t.TempDir(), "x"), Env: "secret"},
		"directory":          {File: t.TempDir()},
		"device":             {File: "/dev/null"},
		"empty file":         {File: writePassphrase(t, "", 0o600)},
		"empty first line":   {File: writePassphrase(t, "\nsecret\n", 0o600)},
		"two line ends":      {File: writePassphrase(t, "secret\r\r\n", 0o600)},
		"huge file":          {File: writePassphrase(t, strings.Repeat("x", 5000), 0o600)},
		"long":               {Env: strings.Repeat("x", 1025)},
		"two lines":          {Env: "a\nb"},
		"empty answer":       {Prompt: answering(t, "")},
		"empty answers":      {Prompt: answering(t, "", "", ""), New: true},
		"answers differ":     {Prompt: answering(t, "secret", "Secret"), New: true},
		"both with insecure": {Env: "secret", Insecure: true},
	} {
		_, err := keystore.ReadPassphrase(t.Context(), o)
		want(t, name, err, keystore.ErrNoPassphrase)
	}
	_, err := keystore.ReadPassphrase(t.Context(), keystore.PassphraseOptions{File: exposed})
	want(t, "file for everybody", err, keystore.ErrExposed)
}

// TestPassphrasesThatLookRightAndAreNotAreRefusedWithAWord: an editor's mark at
// the beginning, and UTF-16, are not seen. A new key must not be made under
// them; and a key that is there does not merely have another passphrase.
func TestPassphrasesThatLookRightAndAreNotAreRefusedWithAWord(t *testing.T) {
	s, _ := newStore(t)
	create(t, s)
	for name, c := range map[string]struct{ text, want string }{
		"a mark":              {"\ufeffsecret\n", "begins with a byte order mark, which is not seen; save it as UTF-8 without one"},
		"UTF-16":              {utf16Text("secret\n", true), "is UTF-16; save it as UTF-8"},
		"UTF-16, big-endian":  {"\xfe\xff\x00s\x00e\x00c", "is UTF-16; save it as UTF-8"},
		"UTF-16 with no mark": {utf16Text("secret", false), "has a byte that is zero, as UTF-16 has; save it as UTF-8"},
		"NUL":                 {"sec\x00ret", "has a byte that is zero, as UTF-16 has; save it as UTF-8"},
		"Latin 1":             {"s\xe9cret", "is not UTF-8; save it as that"},
	} {
		path := writePassphrase(t, c.text, 0o600)
		_, err := keystore.ReadPassphrase(t.Context(), keystore.PassphraseOptions{File: path, New: true})
		want(t, name, err, keystore.ErrNoPassphrase)
		if got := fmt.Sprint(err); got != "passphrase file "+path+": the passphrase "+c.want {
			t.Errorf("%s: got %q", name, got)
		}
		p, err := keystore.ReadPassphrase(t.Context(), keystore.PassphraseOptions{File: path})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		_, err = s.Open("hotkey", p)
		want(t, name, err, keystore.ErrNoPassphrase)
		if !strings.Contains(fmt.Sprint(err), "the passphrase "+c.want) {
			t.Errorf("%s: got %v", name, err)
		}
		if err := s.Create("other", testKey(t, keystore.Hotkey, 2), p); !errors.Is(err, keystore.ErrNoPassphrase) {
			t.Errorf("%s: a new key was made under it: %v", name, err)
		}
	}
}

// TestAZeroAtTheEndIsNoPartOfAPassphrase: scrypt cannot tell it from none, so it
// would open a key made without it.
func TestAZeroAtTheEndIsNoPartOfAPassphrase(t *testing.T) {
	for _, text := range []string{"secret\x00", "secret\x00\x00", "\x00"} {
		path := writePassphrase(t, text+"\n", 0o600)
		_, err := keystore.ReadPassphrase(t.Context(), keystore.PassphraseOptions{File: path})
		want(t, "a zero", err, keystore.ErrNoPassphrase)
		if got := fmt.Sprint(err); got != "passphrase file "+path+": the passphrase has a byte that is zero, as UTF-16 has; save it as UTF-8" {
			t.Errorf("%q: got %q", text, got)
		}
	}
}

// oldFile is a key file as a version made it that took any bytes as they were.
func oldFile(t *testing.T, passphrase string) []byte {
	t.Helper()
	r, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		t.Fatal(err)
	}
	r.SetWorkFactor(1)
	return encrypt(t, r, content("hotkey", goldenSecret))
}

// TestKeysOfOldVersionsStillOpen, whatever their passphrases were, from what
// gave them.
func TestKeysOfOldVersionsStillOpen(t *testing.T) {
	for _, text := range []string{"caf\u00e9", "cafe\u0301", "ﬁne", "\ufeffsecret", "s\xe9cret", "sec\x00ret", utf16Text("secret", true)} {
		p, err := keystore.ReadPassphrase(t.Context(), keystore.PassphraseOptions{File: writePassphrase(t, text+"\n", 0o600)})
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if _, err := keystore.Unseal(oldFile(t, text), p, 1); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestAKeyboardsWayToWriteALetterDoesNotMatter: macOS gives "é" as two
// characters, Windows as one.
func TestAKeyboardsWayToWriteALetterDoesNotMatter(t *testing.T) {
	forms := []string{"caf\u00e9 ﬁne", "cafe\u0301 fine", "ｃａｆé\u00a0fine"}
	for _, closed := range forms {
		file, err := keystore.Seal(testKey(t, keystore.Hotkey, 1), passphrase(t, closed), 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, typed := range append(forms, "cafe fine") {
			_, err := keystore.Unseal(file, passphrase(t, typed), 1)
			if typed == "cafe fine" {
				want(t, "another letter", err, keystore.ErrPassphrase)
			} else if err != nil {
				t.Errorf("%+q opens no file of %+q: %v", typed, closed, err)
			}
		}
	}
	// It is the form of BIP 39, which age --decrypt needs, too.
	id, err := age.NewScryptIdentity("cafe\u0301")
	if err != nil {
		t.Fatal(err)
	}
	file, err := keystore.Seal(testKey(t, keystore.Hotkey, 1), passphrase(t, "caf\u00e9"), 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := age.Decrypt(armor.NewReader(bytes.NewReader(file)), id); err != nil {
		t.Errorf("not sealed under NFKD: %v", err)
	}
}

func TestEqualPassphrasesAreThoseThatOpenTheSameKeys(t *testing.T) {
	if !passphrase(t, "secret").Equal(passphrase(t, "secret")) || passphrase(t, "secret").Equal(passphrase(t, "Secret")) {
		t.Error("secret is not equal to itself alone")
	}
	// One letter of two keyboards: "é" and "e" with an accent over it.
	if !passphrase(t, "caf\u00e9-au-lait").Equal(passphrase(t, "cafe\u0301-au-lait")) || passphrase(t, "caf\u00e9-au-lait").Equal(passphrase(t, "cafe-au-lait")) {
		t.Error("the two ways to write a letter are not one passphrase")
	}
	var none keystore.Passphrase
	if !none.Equal(keystore.Passphrase{}) || none.Equal(passphrase(t, "secret")) {
		t.Error("none is not equal to none alone")
	}
}

func TestNewPassphrasesThatAreWeakOrNotSeenAreWarnedOf(t *testing.T) {
	const short = ": whoever gets a copy of the key file finds it by trying; take 8 or more"
	const unseen = "the passphrase of the new coldkey has a blank at an end, or a character that is not seen; they count"
	for text, want := range map[string][]string{
		"x":                  {"the passphrase of the new coldkey has one character" + short},
		"sevende":            {"the passphrase of the new coldkey has 7 characters" + short},
		"ééééééé":            {"the passphrase of the new coldkey has 7 characters" + short},
		"eight ch":           nil,
		"correct-horse ":     {unseen},
		"correct\u200bhorse": {unseen},
		"correct\thorse":     {unseen},
	} {
		var got []string
		o := keystore.PassphraseOptions{Whose: "the new coldkey", Env: text, New: true, Warn: func(s string) { got = append(got, s) }}
		if _, err := keystore.ReadPassphrase(t.Context(), o); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
		got, o.New = nil, false
		if _, err := keystore.ReadPassphrase(t.Context(), o); err != nil || len(got) > 0 {
			t.Errorf("%q of an old key: got %q, %v", text, got, err)
		}
	}
}

// TestAPersonIsToldWhosePassphraseItIs, and may press Enter once too often.
func TestAPersonIsToldWhosePassphraseItIs(t *testing.T) {
	var labels []string
	answers := []string{"", "secret phrase", "secret phrase"}
	o := keystore.PassphraseOptions{Whose: "the new coldkey", New: true, Prompt: func(_ context.Context, label string) (string, error) {
		labels = append(labels, label)
		return answers[len(labels)-1], nil
	}}
	p, err := keystore.ReadPassphrase(t.Context(), o)
	if err != nil || !p.Equal(passphrase(t, "secret phrase")) {
		t.Errorf("got %v", err)
	}
	if want := []string{"Passphrase for the new coldkey: ", "Passphrase for the new coldkey: ", "The same again: "}; !slices.Equal(labels, want) {
		t.Errorf("got %q, want %q", labels, want)
	}
	_, err = keystore.ReadPassphrase(t.Context(), keystore.PassphraseOptions{Whose: "the new coldkey", EnvName: "COLD", FileFlag: "--cold"})
	if fmt.Sprint(err) != "keystore: no passphrase for the new coldkey; give --cold or set COLD" {
		t.Errorf("got %v", err)
	}
}

func TestInsecurePassphraseWarns(t *testing.T) {
	var warning string
	o := keystore.PassphraseOptions{Insecure: true, Warn: func(s string) { warning = s }}
	p, err := keystore.ReadPassphrase(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if warning == "" || opens(t, p) {
		t.Errorf("warning %q, opens %v", warning, opens(t, p))
	}
}
