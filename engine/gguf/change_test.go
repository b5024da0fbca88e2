package gguf_test

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/gguf"
)

// opened is a file that was written an hour ago.
func opened(t testing.TB) (string, *gguf.File) {
	t.Helper()
	path := enginetest.Aged(t, written(t), time.Hour)
	return path, enginetest.Open(t, path)
}

func TestChangesInPlaceAreSeen(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"shorter": func(path string) error { return os.Truncate(path, 100) },
		"longer":  func(path string) error { return os.Truncate(path, 1<<20) },
		"another": func(path string) error { return os.WriteFile(path, render(t, sample()), 0o600) },
		"touched": func(path string) error { return os.Chtimes(path, time.Time{}, time.Now()) },
	} {
		path, f := opened(t)
		if err := f.Changed(); err != nil {
			t.Errorf("%s: before: %v", name, err)
		}
		if err := change(path); err != nil {
			t.Fatal(err)
		}
		if err := f.Changed(); !errors.Is(err, gguf.ErrChanged) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestWhatLeavesTheOpenFileAloneIsNoChange(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"replaced": func(path string) error { return sample().WriteFile(path) },
		"removed":  os.Remove,
		"renamed":  func(path string) error { return os.Rename(path, path+".old") },
		"linked":   func(path string) error { return os.Link(path, path+".too") },
		"locked":   func(path string) error { return os.Chmod(path, 0) },
	} {
		path, f := opened(t)
		if err := change(path); err != nil {
			t.Fatal(err)
		}
		if err := f.Changed(); err != nil {
			t.Errorf("%s: got %v", name, err)
		}
		checkSample(t, f)
	}
	f, err := gguf.Parse(render(t, sample()))
	if err != nil || f.Changed() != nil {
		t.Errorf("bytes in memory: %v, %v", err, f.Changed())
	}
}

func TestAFileThatIsCutOffWhileItIsReadIsTruncated(t *testing.T) {
	path := written(t)
	f, data, err := gguf.MapFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := gguf.ParseMapped(data); !errors.Is(err, gguf.ErrTruncated) {
		t.Errorf("got %v", err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

// TestGettersBelieveNoNumberThatChanged changes lengths after the file was
// checked, as who writes to a mapped file does.
func TestGettersBelieveNoNumberThatChanged(t *testing.T) {
	for _, key := range []string{"tokenizer.tokens", "tokenizer.types", "tokenizer.scores"} {
		for at := 4; at < 20; at++ { // the count, and of strings the length of the first
			data := render(t, sample())
			f, err := gguf.Parse(data)
			if err != nil {
				t.Fatal(err)
			}
			kv, _ := f.Lookup(key)
			kv.Raw[at] = 0xfe
			strings, isStrings := f.Strings(key)
			ints, isInts := f.Int32s(key)
			floats, isFloats := f.Float32s(key)
			if n := len(strings) + len(ints) + len(floats); n > 3 || at < 12 && (isStrings || isInts || isFloats) {
				t.Errorf("%s with %#x at %d: %d elements", key, kv.Raw[at], at, n)
			}
		}
	}
}

func BenchmarkChanged(b *testing.B) {
	_, f := opened(b)
	for b.Loop() {
		if err := f.Changed(); err != nil {
			b.Fatal(err)
		}
	}
}
