package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/tokenizer"
)

// conversation is a talk with a model.
type conversation struct {
	c        *cli.Context
	model    *engine.Model
	settings engine.Settings // MaxTokens 0: as many as the context leaves
	first    []tokenizer.Message
	turns    []tokenizer.Message
}

func (t *conversation) reset() { t.turns = append([]tokenizer.Message(nil), t.first...) }

// say adds what a person says, and the answer, which is printed to w as it
// comes. An answer that is stopped stays as far as it came; where there is
// none, nothing is added.
func (t *conversation) say(ctx context.Context, w io.Writer, text string) error {
	turns := append(slices.Clip(t.turns), tokenizer.Message{Role: "user", Content: text})
	tok := t.model.Tokenizer()
	prompt, err := tok.Chat(turns)
	if err != nil {
		return err
	}
	s := t.settings
	left := t.model.Info().Context - len(prompt) + 1
	if left < 1 {
		return fmt.Errorf("the conversation has %d tokens, and the model reads %d; begin again with /new", len(prompt), t.model.Info().Context)
	}
	if s.MaxTokens == 0 || s.MaxTokens > left {
		s.MaxTokens = left
	}
	var answer strings.Builder
	var failed error
	show := func(text string) {
		answer.WriteString(text)
		if failed == nil {
			_, failed = io.WriteString(w, text)
		}
	}
	stream := tok.NewStream()
	_, err = t.model.Generate(ctx, engine.Request{Prompt: prompt, Settings: s}, func(id engine.Token) { show(stream.Add(id)) })
	show(stream.End())
	if err == nil || answer.Len() > 0 {
		t.turns = append(turns, tokenizer.Message{Role: "assistant", Content: answer.String()})
	}
	return errors.Join(err, failed)
}

// answerOnce prints one answer.
func (t *conversation) answerOnce(prompt string) error {
	err := t.say(t.c.Context, t.c.App.Writer, prompt)
	if err == nil {
		_, err = fmt.Fprintln(t.c.App.Writer)
	}
	return err
}

// Keys.
const (
	ctrlC    = 3
	killLine = 21 // Ctrl-U: the line as it is goes away
)

// keyboard reads keys all the time, so that Ctrl-C is heard in the middle of an
// answer, too: it is a key here, for the terminal sends no signal.
type keyboard struct {
	keys chan byte
	stop chan struct{} // a Ctrl-C came while an answer is printed
	busy chan bool     // capacity 1: whether one is
}

func newKeyboard(r io.Reader) *keyboard {
	k := &keyboard{keys: make(chan byte, 64<<10), stop: make(chan struct{}, 1), busy: make(chan bool, 1)}
	k.busy <- false
	go func() { // it ends with the terminal, or the program
		defer close(k.keys)
		one := make([]byte, 1)
		for {
			n, err := r.Read(one)
			if n == 1 {
				k.press(one[0])
			}
			if err != nil {
				return
			}
		}
	}()
	return k
}

func (k *keyboard) press(key byte) {
	busy := <-k.busy
	k.busy <- busy
	switch {
	case key == ctrlC && busy:
		select {
		case k.stop <- struct{}{}:
		default:
		}
	case key == ctrlC:
		k.keys <- killLine
	default:
		select {
		case k.keys <- key:
		default: // so much is typed ahead by nobody
		}
	}
}

// Read gives at least one key.
func (k *keyboard) Read(p []byte) (int, error) {
	key, ok := <-k.keys
	if !ok {
		return 0, io.EOF
	}
	p[0] = key
	return 1, nil
}

// during runs f, whose context ends with Ctrl-C.
func (k *keyboard) during(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	select {
	case <-k.stop: // of before
	default:
	}
	<-k.busy
	k.busy <- true
	ended := make(chan error, 1)
	go func() { ended <- f(ctx) }()
	var err error
	select {
	case err = <-ended:
	case <-k.stop:
		cancel(errStopped)
		err = <-ended
	}
	<-k.busy
	k.busy <- false
	return err
}

// errStopped ends an answer at Ctrl-C.
var errStopped = errors.New("stopped")

// talk is the conversation on a terminal.
func (t *conversation) talk(tty *os.File) error {
	old, err := term.MakeRaw(int(tty.Fd()))
	if err != nil {
		return fmt.Errorf("the terminal cannot be read key by key: %w", err)
	}
	defer func() { _ = term.Restore(int(tty.Fd()), old) }()
	k := newKeyboard(tty)
	screen := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{k, t.c.App.Writer}, ">>> ")
	if w, h, err := term.GetSize(int(tty.Fd())); err == nil && w > 0 {
		_ = screen.SetSize(w, h) // it only fails where w is 0
	}
	if _, err := fmt.Fprintf(screen, "%s: /new begins again, /bye ends; Ctrl-C stops an answer\n", t.model.Info().Name); err != nil {
		return err
	}
	for {
		text, err := readTurn(screen)
		if errors.Is(err, io.EOF) || text == "/bye" {
			_, err := fmt.Fprintln(screen)
			return err
		}
		if err != nil {
			return err
		}
		switch strings.TrimSpace(text) {
		case "":
			continue
		case "/new":
			t.reset()
			continue
		}
		err = k.during(t.c.Context, func(ctx context.Context) error { return t.say(ctx, screen, text) })
		switch {
		case t.c.Err() != nil:
			return context.Cause(t.c.Context)
		case errors.Is(err, errStopped):
			err = nil
			_, _ = fmt.Fprint(screen, " (stopped)")
		case errors.Is(err, engine.ErrClosed), errors.Is(err, engine.ErrFile), errors.Is(err, engine.ErrDevice):
			return err
		}
		if err != nil {
			_, err = fmt.Fprintf(screen, "%v", err)
		}
		if _, err2 := fmt.Fprintln(screen); err != nil || err2 != nil {
			return errors.Join(err, err2)
		}
	}
}

// fence begins and ends a text of several lines.
const fence = `"""`

// readTurn reads what a person says: a line, one that goes on behind a
// backslash, or lines in fences.
func readTurn(screen *term.Terminal) (string, error) {
	defer screen.SetPrompt(">>> ")
	var lines []string
	fenced := false
	for {
		line, err := screen.ReadLine()
		if err != nil && !errors.Is(err, term.ErrPasteIndicator) {
			return "", err
		}
		screen.SetPrompt("... ")
		switch {
		case !fenced && len(lines) == 0 && strings.HasPrefix(line, fence):
			fenced = true
			line = strings.TrimPrefix(line, fence)
			if inner, closed := strings.CutSuffix(line, fence); closed {
				return inner, nil
			}
			if line != "" {
				lines = append(lines, line)
			}
		case fenced:
			inner, closed := strings.CutSuffix(line, fence)
			if lines = append(lines, inner); closed {
				return strings.TrimSuffix(strings.Join(lines, "\n"), "\n"), nil
			}
		case strings.HasSuffix(line, `\`):
			lines = append(lines, strings.TrimSuffix(line, `\`))
		default:
			return strings.Join(append(lines, line), "\n"), nil
		}
	}
}
