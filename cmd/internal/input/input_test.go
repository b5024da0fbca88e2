package input_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/assaynet/assay/cmd/internal/input"
)

func TestAllIsReadOrNothing(t *testing.T) {
	for text, want := range map[string]error{"": nil, "12345": nil, "123456": input.ErrTooLong} {
		got, err := input.Read(t.Context(), strings.NewReader(text), 5)
		if !errors.Is(err, want) || err == nil && string(got) != text {
			t.Errorf("%q: got %q, %v, want %v", text, got, err, want)
		}
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err = input.ReadFile(t.Context(), path, 5)
		if !errors.Is(err, want) || err == nil && string(got) != text {
			t.Errorf("file of %q: got %q, %v, want %v", text, got, err, want)
		}
	}
	if _, err := input.ReadFile(t.Context(), filepath.Join(t.TempDir(), "x"), 5); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want %v", err, fs.ErrNotExist)
	}
}

// TestASignalEndsEveryRead: of a pipe that says nothing, and of one that nobody
// has opened for writing, whose opening waits.
func TestASignalEndsEveryRead(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = r.Close(), w.Close() }()
	named := filepath.Join(t.TempDir(), "named")
	if err := unix.Mkfifo(named, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, read := range map[string]func(context.Context) ([]byte, error){
		"silent pipe": func(ctx context.Context) ([]byte, error) { return input.Read(ctx, r, 5) },
		"named pipe":  func(ctx context.Context) ([]byte, error) { return input.ReadFile(ctx, named, 5) },
	} {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			_, err := read(ctx)
			ended <- err
		}()
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want %v", name, err, context.Canceled)
		}
	}
}

func TestOnlyATerminalIsOne(t *testing.T) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = null.Close() }()
	for _, r := range []io.Reader{strings.NewReader(""), null, nil} {
		if input.Terminal(r) != nil {
			t.Errorf("%T is taken for a terminal", r)
		}
	}
	tty, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tty.Close() }()
	if input.Terminal(tty) != tty {
		t.Error("a terminal is not taken for one")
	}
}
