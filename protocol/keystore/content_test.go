package keystore_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/assaynet/assay/protocol/keystore"
)

// goldenSecret is the scalar in testdata/golden.age.
var goldenSecret = strings.Repeat("2a", 32)

func content(kind, secret string) string {
	return fmt.Sprintf(`{"version":1,"kind":"%s","secret":"%s"}`+"\n", kind, secret)
}

// TestTheGoldenFileStillOpens keeps the format: testdata/golden.age was
// written by this package's version 1 with work factor 1 and the passphrase
// "golden", and has to open for as long as anybody may hold such a file. So it
// is not rewritten with the other golden files.
func TestTheGoldenFileStillOpens(t *testing.T) {
	const path = "testdata/golden.age"
	k := testKey(t, keystore.Coldkey, 0x2a)
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got, err := keystore.Unseal(file, passphrase(t, "golden"), 1)
	if err != nil {
		t.Fatal(err)
	}
	if got.PublicKey() != k.PublicKey() || got.Kind() != keystore.Coldkey {
		t.Errorf("got %s %s, want %s %s", got.Kind(), got.PublicKey(), keystore.Coldkey, k.PublicKey())
	}
}

func TestContentIsTheDocumentedLine(t *testing.T) {
	k := testKey(t, keystore.Coldkey, 0x2a)
	if got, want := string(keystore.EncodeContent(k)), content("coldkey", goldenSecret); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestContentThatIsNotCanonicalIsRefused(t *testing.T) {
	good := content("hotkey", goldenSecret)
	if _, err := keystore.DecodeContent([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"nothing":          "",
		"no line break":    strings.TrimSpace(good),
		"two line breaks":  good + "\n",
		"spaces":           strings.ReplaceAll(good, ":", ": "),
		"another order":    `{"kind":"hotkey","version":1,"secret":"` + goldenSecret + `"}` + "\n",
		"an unknown field": strings.Replace(good, "}", `,"x":1}`, 1),
		"a field twice":    strings.Replace(good, "}", `,"version":1}`, 1),
		"upper case":       content("hotkey", strings.ToUpper(goldenSecret)),
		"version 0":        strings.Replace(good, "1", "0", 1),
		"another kind":     content("lukewarm", goldenSecret),
		"no kind":          content("", goldenSecret),
		"zero":             content("hotkey", strings.Repeat("0", 64)),
		"above the order":  content("hotkey", strings.Repeat("f", 64)),
		"a short secret":   content("hotkey", goldenSecret[:62]),
		"an odd secret":    content("hotkey", goldenSecret[:63]),
		"a long secret":    content("hotkey", goldenSecret+"00"),
		"no secret":        `{"version":1,"kind":"hotkey"}` + "\n",
		"null":             "null\n",
		"too much":         good + strings.Repeat(" ", 2000),
	} {
		_, err := keystore.DecodeContent([]byte(text))
		want(t, name, err, keystore.ErrCorrupt)
		if strings.Contains(fmt.Sprint(err), goldenSecret[:16]) {
			t.Errorf("%s: the error %q shows the secret", name, err)
		}
	}
	_, err := keystore.DecodeContent([]byte(`{"version":2,"kind":"hotkey","words":"x"}` + "\n"))
	want(t, "newer", err, keystore.ErrVersion)
}

func TestFilesThatWouldCostTooMuchAreRefusedUnpaid(t *testing.T) {
	file, err := keystore.Seal(testKey(t, keystore.Hotkey, 1), passphrase(t, "x"), 3)
	if err != nil {
		t.Fatal(err)
	}
	_, err = keystore.Unseal(file, passphrase(t, "x"), 2)
	want(t, "work factor", err, keystore.ErrCorrupt)
}

func TestFilesForOtherRecipientsAreRefused(t *testing.T) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	_, err = keystore.Unseal(encrypt(t, id.Recipient(), content("hotkey", goldenSecret)), passphrase(t, "x"), 1)
	want(t, "x25519", err, keystore.ErrCorrupt)

	scrypt, err := age.NewScryptRecipient("x")
	if err != nil {
		t.Fatal(err)
	}
	scrypt.SetWorkFactor(1)
	_, err = keystore.Unseal(encrypt(t, scrypt, strings.Repeat(" ", 1<<13)), passphrase(t, "x"), 1)
	want(t, "large content", err, keystore.ErrCorrupt)
}

func encrypt(t testing.TB, r age.Recipient, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	a := armor.NewWriter(&out)
	w, err := age.Encrypt(a, r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// FuzzDecodeContent: what is read is written again to the byte.
func FuzzDecodeContent(f *testing.F) {
	f.Add([]byte(content("hotkey", goldenSecret)))
	f.Add([]byte(content("coldkey", strings.Repeat("f", 64))))
	f.Add([]byte(`{"version":2}`))
	f.Add([]byte(`{"VERSION":1,"kind":"hotkey","secret":null}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := keystore.DecodeContent(b)
		if err == nil && !bytes.Equal(keystore.EncodeContent(k), b) {
			t.Errorf("%q was read and is written %q", b, keystore.EncodeContent(k))
		}
	})
}

// FuzzUnseal: no file makes the reader panic or work beyond its limit.
func FuzzUnseal(f *testing.F) {
	golden, err := os.ReadFile("testdata/golden.age")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(golden)
	f.Add(golden[:len(golden)/2])
	f.Add([]byte("-----BEGIN AGE ENCRYPTED FILE-----\n-----END AGE ENCRYPTED FILE-----\n"))
	p := passphrase(f, "golden")
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := keystore.Unseal(b, p, 1)
		if err == nil && k.PublicKey().IsZero() {
			t.Error("a key without a public key")
		}
	})
}
