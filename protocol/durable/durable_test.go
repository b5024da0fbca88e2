package durable_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/assaynet/assay/protocol/durable"
)

// TestAFileIsWholeOrAsItWas: Create takes no place of another, Replace takes it,
// and neither leaves anything else behind.
func TestAFileIsWholeOrAsItWas(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "record")
	for _, step := range []struct {
		what  string
		write func(string, []byte, fs.FileMode) error
		text  string
		err   error
		left  string
		mode  fs.FileMode
	}{
		{"the first", durable.Create, "one", nil, "one", 0o600},
		{"another in its place", durable.Create, "two", fs.ErrExist, "one", 0o644},
		{"one that replaces it", durable.Replace, "three", nil, "three", 0o644},
	} {
		if err := step.write(path, []byte(step.text), step.mode); !errors.Is(err, step.err) {
			t.Fatalf("%s: got %v, want %v", step.what, err, step.err)
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != step.left {
			t.Fatalf("%s: the file has %q, %v, want %q", step.what, b, err, step.left)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("mode %v, %v, want 0644", info.Mode(), err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%d files lie there, %v, want one", len(entries), err)
	}
	if err := durable.Replace(filepath.Join(dir, "none", "record"), nil, 0o600); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("in no directory: got %v, want %v", err, fs.ErrNotExist)
	}
	if err := durable.Replace(dir, nil, 0o600); err == nil {
		t.Error("a directory was replaced")
	}
	if entries, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(entries) != 1 {
		t.Errorf("%d files lie beside the directory, %v, want itself alone", len(entries), err)
	}
}
