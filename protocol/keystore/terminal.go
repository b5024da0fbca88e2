package keystore

import (
	"context"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// Terminal is the [Prompt] of a person at the controlling terminal, also when
// standard input and output go elsewhere. Without a terminal it returns
// [ErrNoPassphrase]. When ctx ends, it gives the terminal its echo back.
func Terminal(ctx context.Context, label string) (string, error) {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return "", fmt.Errorf("no terminal to ask on; give --passphrase-file or set %s: %w", EnvPassphrase, ErrNoPassphrase)
	}
	// Not closed when ctx ends: the read that nobody can interrupt holds it.
	return ask(ctx, tty, label)
}

// ask prints label and reads a line without echo. It owns tty.
func ask(ctx context.Context, tty *os.File, label string) (string, error) {
	fd := int(tty.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", fmt.Errorf("look at the terminal: %w", err)
	}
	if _, err := io.WriteString(tty, label); err != nil {
		return "", fmt.Errorf("ask on the terminal: %w", err)
	}
	type answer struct {
		line []byte
		err  error
	}
	answers := make(chan answer, 1) // one: the reader never waits for us
	go func() {
		defer func() { _ = tty.Close() }()
		line, err := term.ReadPassword(fd)
		_, _ = io.WriteString(tty, "\n") // the line break was not echoed
		answers <- answer{line, err}
	}()
	select {
	case a := <-answers:
		defer clear(a.line)
		if a.err != nil {
			return "", fmt.Errorf("read from the terminal: %w", a.err)
		}
		return string(a.line), nil
	case <-ctx.Done():
		_ = term.Restore(fd, before) // the process is about to end
		return "", fmt.Errorf("ask for a passphrase: %w", ctx.Err())
	}
}
