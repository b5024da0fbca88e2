package gguf_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/gguf"
)

// part writes a file that says that it is part no, from 0, of count.
func part(t *testing.T, path string, no, count uint32) {
	t.Helper()
	w := sample()
	w.AddUint32("split.no", no)
	w.AddUint32("split.count", count)
	w.AddInt32s("split.tensors.count", []int32{9})
	if err := w.WriteFile(path); err != nil {
		t.Fatal(err)
	}
}

// TestAPartIsNoModel opens parts of models, and pieces that nothing but their
// names tells.
func TestAPartIsNoModel(t *testing.T) {
	whole, err := os.ReadFile(written(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		file string // to open
		make func(dir string)
		says string
		not  string
	}{
		"the first":       {"m-00001-of-00002.gguf", func(dir string) { part(t, dir+"/m-00001-of-00002.gguf", 0, 2) }, "part 1 of 2, and there is no m-00002-of-00002.gguf beside it", ""},
		"the last":        {"m-00002-of-00002.gguf", func(dir string) { part(t, dir+"/m-00002-of-00002.gguf", 1, 2) }, "part 2 of 2, and there is no m-00001-of-00002.gguf beside it", ""},
		"by another name": {"first.gguf", func(dir string) { part(t, dir+"/first.gguf", 0, 7) }, "part 1 of 7", "beside"},
		"both there": {"m-00001-of-00002.gguf", func(dir string) {
			part(t, dir+"/m-00001-of-00002.gguf", 0, 2)
			part(t, dir+"/m-00002-of-00002.gguf", 1, 2)
		}, "part 1 of 2", "beside"},
		"of very many":           {"m-00001-of-60000.gguf", func(dir string) { part(t, dir+"/m-00001-of-60000.gguf", 0, 60000) }, "there is no m-00002-of-60000.gguf, m-00003-of-60000.gguf, m-00004-of-60000.gguf, others beside it", ""},
		"with a number too high": {"x.gguf", func(dir string) { part(t, dir+"/x.gguf", 5, 2) }, "one of 2", ""},
		"cut by bytes, begun":    {"m-00001-of-00003.gguf", func(dir string) { write(t, dir+"/m-00001-of-00003.gguf", whole[:100]) }, "by its name this is part 1 of 3 (truncated file", ""},
		"cut by bytes, ended":    {"m-00003-of-00003.gguf", func(dir string) { write(t, dir+"/m-00003-of-00003.gguf", whole[100:]) }, "by its name this is part 3 of 3 (not a GGUF file", ""},
		"a piece":                {"m.gguf-split-b", func(dir string) { write(t, dir+"/m.gguf-split-b", whole[100:]) }, "a piece of a file", ""},
		"a piece with a number":  {"m.gguf.part1of2", func(dir string) { write(t, dir+"/m.gguf.part1of2", whole[:100]) }, "a piece of a file", ""},
	} {
		dir := t.TempDir()
		c.make(dir)
		f, err := gguf.Open(filepath.Join(dir, c.file))
		if f != nil || !errors.Is(err, gguf.ErrPart) || !strings.Contains(err.Error(), c.says) || c.not != "" && strings.Contains(err.Error(), c.not) {
			t.Errorf("%s: got %v, want %q", name, err, c.says)
		}
	}
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestWhatWasJoinedIsWhole: gguf-split leaves its keys in what it joins, with a
// count of 0, and people keep the name of a part.
func TestWhatWasJoinedIsWhole(t *testing.T) {
	for _, count := range []uint32{0, 1} {
		path := filepath.Join(t.TempDir(), "m-00001-of-00002.gguf")
		part(t, path, 0, count)
		f, err := gguf.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "m.gguf")
	write(t, path, []byte("GGUF"))
	if _, err := gguf.Open(path); !errors.Is(err, gguf.ErrTruncated) || errors.Is(err, gguf.ErrPart) {
		t.Errorf("got %v", err)
	}
}
