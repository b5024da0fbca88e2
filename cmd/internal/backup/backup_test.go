package backup_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/assaynet/assay/cmd/internal/backup"
)

// TestWhatAManifestNames stays in the backup.
func TestWhatAManifestNames(t *testing.T) {
	for text, fine := range map[string]bool{
		`{"format":1,"files":[]}`: true,
		`{"format":1,"files":[{"name":"config.toml","bytes":1},{"name":"data/000001.sst","bytes":2}]}`: true,
		`{"format":1,"files":[{"name":"../config.toml","bytes":1}]}`:                                   false,
		`{"format":1,"files":[{"name":"/etc/passwd","bytes":1}]}`:                                      false,
		`{"format":1,"files":[{"name":"data/../../x","bytes":1}]}`:                                     false,
		`{"format":1,"files":[{"name":"a\\b","bytes":1}]}`:                                             false,
		`{"format":1,"files":[{"name":"","bytes":1}]}`:                                                 false,
		`{"format":1,"files":[{"name":"a","bytes":-1}]}`:                                               false,
		`{"format":1,"files":[{"name":"b","bytes":1},{"name":"a","bytes":1}]}`:                         false,
		`{"format":1,"files":[{"name":"a","bytes":1},{"name":"a","bytes":1}]}`:                         false,
		`{"format":2,"files":[]}`:                                                                      false,
		`{"format":1`:                                                                                  false,
		``:                                                                                             false,
	} {
		_, err := backup.DecodeManifest([]byte(text))
		if (err == nil) != fine || err != nil && !errors.Is(err, backup.ErrDamaged) {
			t.Errorf("%s: got %v, fine: %v", text, err, fine)
		}
	}
}

// TestACopyThatDiffersIsRefused, whatever was done to it.
func TestACopyThatDiffersIsRefused(t *testing.T) {
	for what, harm := range map[string]func(path string) error{
		"nothing":       func(string) error { return nil },
		"another text":  func(path string) error { return os.WriteFile(path, []byte("texT"), 0o600) },
		"a longer text": func(path string) error { return os.WriteFile(path, []byte("texts"), 0o600) },
		"no file":       os.Remove,
		"a directory":   func(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o700)) },
	} {
		from, to := t.TempDir(), t.TempDir()
		path := filepath.Join(from, "data", "000001.log")
		check(t, os.Mkdir(filepath.Dir(path), 0o700))
		check(t, os.WriteFile(path, []byte("text"), 0o600))
		files, err := backup.List(t.Context(), from)
		check(t, err)
		m := &backup.Manifest{Files: files}
		check(t, harm(path))
		var done int64
		err = backup.Fill(t.Context(), m, from, to, func(bytes, _ int64) { done = bytes })
		b, missing := os.ReadFile(filepath.Join(to, "data", "000001.log"))
		if what == "nothing" {
			if err != nil || missing != nil || string(b) != "text" || done != 4 {
				t.Errorf("%q with %v and %v, %d bytes, want the text", b, err, missing, done)
			}
		} else if !errors.Is(err, backup.ErrDamaged) && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: got %v", what, err)
		}
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func FuzzManifest(f *testing.F) {
	f.Add([]byte(`{"format":1,"role":"validator","files":[{"name":"data/000001.sst","bytes":2,"sha256":"00"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := backup.DecodeManifest(b)
		if err != nil {
			return
		}
		for _, file := range m.Files {
			if at := filepath.Join("/backup", file.Name); !strings.HasPrefix(at, "/backup/") {
				t.Errorf("%q leads to %q", file.Name, at)
			}
		}
	})
}
