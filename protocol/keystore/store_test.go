package keystore_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/durable"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/keystore"
)

// newStore returns a store whose files are cheap to open.
func newStore(t testing.TB) (*keystore.Store, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "home", "keys")
	s, err := keystore.New(keystore.Config{Dir: dir, WorkFactor: 1})
	if err != nil {
		t.Fatal(err)
	}
	return s, dir
}

// testKey returns a key made of a byte.
func testKey(t testing.TB, kind keystore.Kind, b byte) *keystore.Key {
	t.Helper()
	k, err := keystore.Generate(kind, bytes.NewReader(bytes.Repeat([]byte{b}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func passphrase(t testing.TB, s string) keystore.Passphrase {
	t.Helper()
	p, err := keystore.NewPassphrase(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// create makes a key "hotkey" under the passphrase "secret".
func create(t testing.TB, s *keystore.Store) *keystore.Key {
	t.Helper()
	k := testKey(t, keystore.Hotkey, 1)
	if err := s.Create("hotkey", k, passphrase(t, "secret")); err != nil {
		t.Fatal(err)
	}
	return k
}

func want(t testing.TB, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestCreatedKeyOpensAndSigns(t *testing.T) {
	s, _ := newStore(t)
	for _, kind := range []keystore.Kind{keystore.Hotkey, keystore.Coldkey} {
		made := testKey(t, kind, 3)
		if err := s.Create(string(kind), made, passphrase(t, "secret")); err != nil {
			t.Fatal(err)
		}
		opened, err := s.Open(string(kind), passphrase(t, "secret"))
		if err != nil {
			t.Fatal(err)
		}
		if opened.Kind() != kind || opened.PublicKey() != made.PublicKey() {
			t.Errorf("got %s %s, want %s %s", opened.Kind(), opened.PublicKey(), kind, made.PublicKey())
		}
		sig, err := opened.Sign("assay/test", []byte("m"))
		if err != nil {
			t.Fatal(err)
		}
		if err := key.Verify(made.PublicKey(), "assay/test", []byte("m"), sig[:]); err != nil {
			t.Error(err)
		}
		pub, err := s.Public(string(kind))
		if err != nil || pub != made.PublicKey() {
			t.Errorf("public file: got %s, %v, want %s", pub, err, made.PublicKey())
		}
	}
	names, err := s.Names()
	if err != nil || !slices.Equal(names, []string{"coldkey", "hotkey"}) {
		t.Errorf("got names %v, %v", names, err)
	}
}

func TestFilesArePrivateAndNothingElseIsLeft(t *testing.T) {
	s, dir := newStore(t)
	create(t, s)
	modes := map[string]fs.FileMode{".": 0o700, "hotkey.age": 0o600, "hotkey.pub": 0o644}
	for name, mode := range modes {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != mode {
			t.Errorf("%s: got mode %04o, want %04o", name, got, mode)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("got %v, %v, want two files", entries, err)
	}
	file, err := os.ReadFile(s.Path("hotkey"))
	if err != nil {
		t.Fatal(err)
	}
	if secret := strings.Repeat("01", 32); bytes.Contains(file, []byte(secret)) || bytes.Contains(file, []byte("hotkey")) {
		t.Error("the file is not encrypted")
	}
}

func TestCreateNeverReplacesAKey(t *testing.T) {
	s, _ := newStore(t)
	create(t, s)
	before, err := os.ReadFile(s.Path("hotkey"))
	if err != nil {
		t.Fatal(err)
	}
	want(t, "vacant", s.Vacant("hotkey"), keystore.ErrExists)
	want(t, "create", s.Create("hotkey", testKey(t, keystore.Hotkey, 2), passphrase(t, "x")), keystore.ErrExists)
	// Past the first look, the link decides.
	want(t, "write", durable.Create(s.Path("hotkey"), []byte("x"), 0o600), fs.ErrExist)
	after, err := os.ReadFile(s.Path("hotkey"))
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the key changed: %v", err)
	}
	entries, err := os.ReadDir(filepath.Dir(s.Path("hotkey")))
	if err != nil || len(entries) != 2 {
		t.Errorf("got %v, %v, want two files", entries, err)
	}
}

func TestCreateThatFailsLeavesNoKey(t *testing.T) {
	s, dir := newStore(t)
	if err := os.MkdirAll(filepath.Join(dir, "hotkey.pub"), 0o700); err != nil { // no file can take its place
		t.Fatal(err)
	}
	if err := s.Create("hotkey", testKey(t, keystore.Hotkey, 1), passphrase(t, "x")); err == nil {
		t.Error("create says that it wrote the public file")
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("got %v, %v, want the directory alone", entries, err)
	}
}

func TestOneOfManyCreatorsWins(t *testing.T) {
	s, _ := newStore(t)
	const creators = 8
	results := make(chan error, creators)
	for i := range creators {
		k := testKey(t, keystore.Hotkey, byte(i+1))
		go func() { results <- s.Create("hotkey", k, keystore.InsecurePassphrase()) }()
	}
	made := 0
	for range creators {
		if err := <-results; err == nil {
			made++
		} else if !errors.Is(err, keystore.ErrExists) {
			t.Error(err)
		}
	}
	if made != 1 {
		t.Errorf("%d creators made the key, want 1", made)
	}
	if _, err := s.Open("hotkey", keystore.InsecurePassphrase()); err != nil {
		t.Error(err)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	s, dir := newStore(t)
	_, err := s.Open("hotkey", passphrase(t, "secret"))
	want(t, "missing", err, keystore.ErrMissing)
	_, err = s.Public("hotkey")
	want(t, "missing public file", err, keystore.ErrMissing)

	create(t, s)
	_, err = s.Open("hotkey", passphrase(t, "Secret"))
	want(t, "other passphrase", err, keystore.ErrPassphrase)
	_, err = s.Open("hotkey", keystore.InsecurePassphrase())
	want(t, "insecure passphrase", err, keystore.ErrPassphrase)
	_, err = s.Open("hotkey", keystore.Passphrase{})
	want(t, "no passphrase", err, keystore.ErrNoPassphrase)

	if err := os.Chmod(s.Path("hotkey"), 0o640); err != nil {
		t.Fatal(err)
	}
	_, err = s.Open("hotkey", passphrase(t, "secret"))
	want(t, "readable by the group", err, keystore.ErrExposed)
	if !strings.Contains(fmt.Sprint(err), "chmod 600 "+s.Path("hotkey")) {
		t.Errorf("no hint in %q", err)
	}
	if err := os.Chmod(s.Path("hotkey"), 0o600); err != nil {
		t.Fatal(err)
	}

	other := testKey(t, keystore.Hotkey, 9).PublicKey()
	public := filepath.Join(dir, "hotkey.pub")
	for name, text := range map[string]string{
		"another key": other.String(), "no address": "hello", "no point": protocol.PublicKey{5}.String(), "too long": strings.Repeat(" ", 300),
	} {
		if err := os.WriteFile(public, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err = s.Open("hotkey", passphrase(t, "secret"))
		want(t, "public file with "+name, err, keystore.ErrCorrupt)
	}
}

// TestAPublicFileThatIsLeftKeepsItsName: a new key under the name of one whose
// key file was deleted would be another, and hide that.
func TestAPublicFileThatIsLeftKeepsItsName(t *testing.T) {
	s, dir := newStore(t)
	k := create(t, s)
	if err := os.Remove(s.Path("hotkey")); err != nil {
		t.Fatal(err)
	}
	_, err := s.Open("hotkey", passphrase(t, "secret"))
	want(t, "open", err, keystore.ErrLost)
	want(t, "check", s.Check("hotkey"), keystore.ErrLost)
	want(t, "vacant", s.Vacant("hotkey"), keystore.ErrLost)
	if !strings.Contains(fmt.Sprint(s.Vacant("hotkey")), k.PublicKey().String()) {
		t.Errorf("got %v, want the address in it", s.Vacant("hotkey"))
	}
	want(t, "another key", s.Create("hotkey", testKey(t, keystore.Hotkey, 2), passphrase(t, "x")), keystore.ErrLost)
	if pub, err := s.Public("hotkey"); err != nil || pub != k.PublicKey() {
		t.Errorf("the public file changed: %s, %v", pub, err)
	}
	// The key itself may come back, from its words.
	if err := s.Create("hotkey", k, passphrase(t, "another")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open("hotkey", passphrase(t, "another")); err != nil {
		t.Error(err)
	}
	// Even what cannot be read is not replaced.
	if err := os.WriteFile(filepath.Join(dir, "other.pub"), []byte("scratched"), 0o600); err != nil {
		t.Fatal(err)
	}
	want(t, "damaged", s.Create("other", k, passphrase(t, "x")), keystore.ErrLost)
}

// TestCheckNeedsNoPassphrase: what is damaged shows all the same.
func TestCheckNeedsNoPassphrase(t *testing.T) {
	s, _ := newStore(t)
	want(t, "missing", s.Check("hotkey"), keystore.ErrMissing)
	want(t, "no name", s.Check("../x"), keystore.ErrName)
	create(t, s)
	if err := s.Check("hotkey"); err != nil {
		t.Error(err)
	}
	path := s.Path("hotkey")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string][]byte{
		"empty": nil, "text": []byte("secret\n"), "UTF-16": []byte(utf16Text(string(good), true)), "huge": bytes.Repeat([]byte{' '}, keystore.MaxFile+1),
		"without its end": good[:len(good)-3], "half": good[:len(good)/2], "text after the end": append(slices.Clone(good), "x"...),
	} {
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		want(t, name, s.Check("hotkey"), keystore.ErrCorrupt)
	}
	if err := os.WriteFile(path, good, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o604); err != nil {
		t.Fatal(err)
	}
	want(t, "open to others", s.Check("hotkey"), keystore.ErrExposed)
}

// TestNamesAreOfAllThatIsThere, in whole or in part.
func TestNamesAreOfAllThatIsThere(t *testing.T) {
	s, dir := newStore(t)
	create(t, s)
	for _, name := range []string{"lost.pub", "half.age", "x.pub.age", ".hidden.age", "notes.txt", "Upper.age"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if names, err := s.Names(); err != nil || !slices.Equal(names, []string{"half", "hotkey", "lost"}) {
		t.Errorf("got %v, %v", names, err)
	}
}

// TestAnEditorsMarkHarmsNoKey: what follows is authenticated, or has a checksum.
func TestAnEditorsMarkHarmsNoKey(t *testing.T) {
	s, dir := newStore(t)
	k := create(t, s)
	for _, path := range []string{s.Path("hotkey"), filepath.Join(dir, "hotkey.pub")} {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, append([]byte("\ufeff"), bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n"))...), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Check("hotkey"); err != nil {
		t.Error(err)
	}
	if got, err := s.Open("hotkey", passphrase(t, "secret")); err != nil || got.PublicKey() != k.PublicKey() {
		t.Errorf("got %v, %v", got, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "hotkey.pub"), []byte(utf16Text(k.PublicKey().String(), true)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := s.Public("hotkey")
	want(t, "UTF-16", err, keystore.ErrCorrupt)
	if !strings.Contains(fmt.Sprint(err), "is UTF-16; save it as UTF-8") {
		t.Errorf("got %v", err)
	}
}

func TestOpenRestoresALostPublicFile(t *testing.T) {
	s, dir := newStore(t)
	k := create(t, s)
	if err := os.Remove(filepath.Join(dir, "hotkey.pub")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open("hotkey", passphrase(t, "secret")); err != nil {
		t.Fatal(err)
	}
	if pub, err := s.Public("hotkey"); err != nil || pub != k.PublicKey() {
		t.Errorf("got %v, %v, want %v", pub, err, k.PublicKey())
	}
}

func TestDamagedFilesAreRefused(t *testing.T) {
	s, _ := newStore(t)
	create(t, s)
	path := s.Path("hotkey")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	open := func(name string, file []byte, wanted ...error) {
		t.Helper()
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := s.Open("hotkey", passphrase(t, "secret"))
		for _, w := range wanted {
			if errors.Is(err, w) {
				return
			}
		}
		t.Errorf("%s: got %v, want one of %v", name, err, wanted)
	}
	open("empty", nil, keystore.ErrCorrupt)
	open("text", []byte("hello"), keystore.ErrCorrupt)
	open("huge", bytes.Repeat([]byte{' '}, keystore.MaxFile+1), keystore.ErrCorrupt)
	open("text after the end", append(slices.Clone(good), "x"...), keystore.ErrCorrupt)
	for n := 1; n < len(good)-1; n += 7 { // without its last line break it is whole
		open(fmt.Sprintf("cut to %d bytes", n), good[:n], keystore.ErrCorrupt)
	}
	for i := 0; i < len(good); i += 3 {
		bad := slices.Clone(good)
		bad[i] ^= 4
		open(fmt.Sprintf("byte %d flipped", i), bad, keystore.ErrCorrupt, keystore.ErrPassphrase)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err = s.Open("hotkey", passphrase(t, "secret"))
	want(t, "a directory", err, keystore.ErrCorrupt)
}

func TestADirectoryThatOthersWriteIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	s, err := keystore.New(keystore.Config{Dir: dir, WorkFactor: 1})
	if err != nil {
		t.Fatal(err)
	}
	want(t, "create", s.Create("hotkey", testKey(t, keystore.Hotkey, 1), passphrase(t, "x")), keystore.ErrExposed)
}

func TestNamesThatAreNoNamesAreRefused(t *testing.T) {
	s, _ := newStore(t)
	k := testKey(t, keystore.Hotkey, 1)
	for _, name := range []string{"", ".", "..", "../x", "a/b", "A", "a b", "-x", "_x", ".x", "a\x00", strings.Repeat("a", 65)} {
		want(t, "create "+name, s.Create(name, k, passphrase(t, "x")), keystore.ErrName)
		_, err := s.Open(name, passphrase(t, "x"))
		want(t, "open "+name, err, keystore.ErrName)
		_, err = s.Public(name)
		want(t, "public "+name, err, keystore.ErrName)
	}
	if names, err := s.Names(); err != nil || len(names) != 0 {
		t.Errorf("got %v, %v, want no names", names, err)
	}
}

func TestNewRefusesABadConfig(t *testing.T) {
	for _, cfg := range []keystore.Config{{}, {Dir: "x", WorkFactor: -1}, {Dir: "x", WorkFactor: 21}} {
		_, err := keystore.New(cfg)
		want(t, fmt.Sprint(cfg), err, keystore.ErrConfig)
	}
}
