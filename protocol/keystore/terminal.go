package keystore

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Terminal is the [Prompt] of a person at the controlling terminal, also when
// standard input and output go elsewhere. Without a terminal it returns
// [ErrNoPassphrase]. When ctx ends, it gives the terminal its echo back.
func Terminal(ctx context.Context, label string) (string, error) {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return "", fmt.Errorf("%w, and no terminal to ask on", ErrNoPassphrase)
	}
	line, err := ask(ctx, tty, label)
	if ctx.Err() == nil {
		_ = tty.Close() // else the read that nobody can interrupt holds it
	}
	return line, err
}

// ask prints label on tty and reads a line without echo.
func ask(ctx context.Context, tty *os.File, label string) (string, error) {
	var answer string
	err := hidden(ctx, tty, tty, label, func(line string) string {
		answer = line
		return ""
	})
	return answer, err
}

// AskMnemonic asks the person at tty for 24 words, one or more a line, and
// shows none of them. Questions go to screen. A line with a word that is not in
// the list of BIP 39 is told and asked for again. What it returns is for
// [FromMnemonic]; it has fewer words where the input ends. When ctx ends, it
// gives the terminal its echo back.
func AskMnemonic(ctx context.Context, tty *os.File, screen io.Writer) (string, error) {
	text, n := "", 0
	question := func() string { return fmt.Sprintf("from word %d: ", n+1) }
	label := fmt.Sprintf("The %d words of the key, in order, one or more a line. They are not shown.\n%s", MnemonicWords, question())
	err := hidden(ctx, tty, screen, label, func(line string) string {
		longer := text + line + "\n"
		got, err := countWords(longer)
		if err != nil {
			why := strings.TrimSuffix(err.Error(), ": "+ErrMnemonic.Error())
			return fmt.Sprintf("%s\nThat line once more, %s", why, question())
		}
		if text, n = longer, got; n >= MnemonicWords {
			return ""
		}
		return question()
	})
	return text, err
}

// hidden asks on screen, reads a line from tty without echo, and goes on with
// the question that take returns, until that is "" or the input ends.
func hidden(ctx context.Context, tty *os.File, screen io.Writer, question string, take func(line string) string) error {
	show, err := quiet(int(tty.Fd()))
	if err != nil {
		return fmt.Errorf("turn the terminal's echo off: %w", err)
	}
	defer show()
	type answer struct {
		line string
		err  error
	}
	in := bufio.NewReaderSize(tty, unix.PathMax) // a terminal's lines are no longer
	for question != "" {
		if _, err := io.WriteString(screen, question); err != nil {
			return fmt.Errorf("ask on the terminal: %w", err)
		}
		answers := make(chan answer, 1) // one: the reader never waits for us
		go func() {
			line, err := in.ReadString('\n')
			answers <- answer{line, err}
		}()
		var a answer
		select {
		case a = <-answers:
		case <-ctx.Done():
			a.err = ctx.Err()
		}
		_, _ = io.WriteString(screen, "\n") // the line break was not echoed
		if a.err != nil && !errors.Is(a.err, io.EOF) {
			return fmt.Errorf("read from the terminal: %w", a.err)
		}
		question = take(trimLineEnd(a.line))
		if a.err != nil {
			return nil // the end of the input
		}
	}
	return nil
}

// quiet stops a terminal from showing what is typed, and gives it back by show.
// Lines and signals stay as usual: Ctrl-C interrupts.
func quiet(fd int) (show func(), err error) {
	before, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return nil, err
	}
	silent := *before
	silent.Lflag &^= unix.ECHO
	silent.Lflag |= unix.ICANON | unix.ISIG
	silent.Iflag |= unix.ICRNL
	if err := unix.IoctlSetTermios(fd, setTermios, &silent); err != nil {
		return nil, err
	}
	return func() { _ = unix.IoctlSetTermios(fd, setTermios, before) }, nil
}
