// Package input reads what a person or a program hands to a command: all of it,
// within bounds, and never deaf to a signal. A read of a terminal or of a pipe
// cannot be interrupted, so it is left behind when the context ends.
package input

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// ErrTooLong says that there was more to read than the limit.
var ErrTooLong = errors.New("too long")

// Terminal returns r as the terminal that it is, or nil.
func Terminal(r io.Reader) *os.File {
	if f, ok := r.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return f
	}
	return nil
}

// Read reads r to its end: [ErrTooLong] above limit bytes, and the context's
// error as soon as that ends. Then r must not be read again.
func Read(ctx context.Context, r io.Reader, limit int64) ([]byte, error) {
	return readAll(ctx, func() (io.ReadCloser, error) { return io.NopCloser(r), nil }, limit)
}

// ReadFile is [Read] of the file at path, which may be a pipe that nobody has
// opened yet.
func ReadFile(ctx context.Context, path string, limit int64) ([]byte, error) {
	return readAll(ctx, func() (io.ReadCloser, error) { return os.Open(path) }, limit)
}

// Stream calls use with the file at path, or with stdin where path is "-", and
// returns its error, or the context's as soon as that ends. Then use may still
// run, and what it has made must not be touched.
func Stream(ctx context.Context, stdin io.Reader, path string, use func(io.Reader) error) error {
	done := make(chan error, 1) // one: use never waits for us
	go func() {
		if path == "-" {
			done <- use(stdin)
			return
		}
		f, err := os.Open(path)
		if err != nil {
			done <- err
			return
		}
		err = use(f)
		_ = f.Close() // only read
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func readAll(ctx context.Context, open func() (io.ReadCloser, error), limit int64) ([]byte, error) {
	type result struct {
		b   []byte
		err error
	}
	results := make(chan result, 1) // one: the reader never waits for us
	go func() {
		r, err := open()
		if err != nil {
			results <- result{nil, err}
			return
		}
		defer func() { _ = r.Close() }() // only read
		b, err := io.ReadAll(io.LimitReader(r, limit+1))
		results <- result{b, err}
	}()
	select {
	case r := <-results:
		if r.err == nil && int64(len(r.b)) > limit {
			return nil, fmt.Errorf("more than %d bytes: %w", limit, ErrTooLong)
		}
		return r.b, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
