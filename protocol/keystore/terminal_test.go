package keystore_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/keystore/terminaltest"
)

type reply struct {
	line string
	err  error
}

func startAsking(ctx context.Context, t *testing.T) (master *os.File, replies chan reply) {
	t.Helper()
	master, tty := terminaltest.Open(t)
	replies = make(chan reply, 1)
	go func() {
		line, err := keystore.Ask(ctx, tty, "Passphrase: ")
		replies <- reply{line, err}
	}()
	for terminaltest.Echoes(t, master) { // until it is listening
		if t.Context().Err() != nil {
			t.Fatal("the terminal never went quiet")
		}
	}
	return master, replies
}

func TestTerminalAnswersAreNotShown(t *testing.T) {
	master, replies := startAsking(t.Context(), t)
	if _, err := master.WriteString("hush\n"); err != nil {
		t.Fatal(err)
	}
	if r := <-replies; r.err != nil || r.line != "hush" {
		t.Errorf("got %q, %v, want hush", r.line, r.err)
	}
	if shown, err := bufio.NewReader(master).ReadString('\n'); err != nil || shown != "Passphrase: \r\n" {
		t.Errorf("got %q, %v on the screen", shown, err)
	}
}

func TestAnInterruptedQuestionGivesTheEchoBack(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	master, replies := startAsking(ctx, t)
	cancel()
	if r := <-replies; !errors.Is(r.err, context.Canceled) {
		t.Errorf("got %q, %v, want %v", r.line, r.err, context.Canceled)
	}
	if !terminaltest.Echoes(t, master) {
		t.Error("the terminal stays quiet")
	}
}

// session is a person at a terminal who is asked for words.
type session struct {
	t      *testing.T
	master *os.File
	screen *bufio.Reader
	done   chan reply
}

func askWords(ctx context.Context, t *testing.T) *session {
	t.Helper()
	master, tty := terminaltest.Open(t)
	r, w := io.Pipe()
	s := &session{t: t, master: master, screen: bufio.NewReader(r), done: make(chan reply, 1)}
	go func() {
		text, err := keystore.AskMnemonic(ctx, tty, w)
		_ = w.Close()
		s.done <- reply{text, err}
	}()
	return s
}

// sees reads the screen up to a text.
func (s *session) sees(want string) {
	s.t.Helper()
	var got strings.Builder
	for !strings.HasSuffix(got.String(), want) {
		b, err := s.screen.ReadByte()
		if err != nil {
			s.t.Fatalf("the screen shows %q, not %q", got.String(), want)
		}
		got.WriteByte(b)
	}
}

func (s *session) types(text string) {
	s.t.Helper()
	if _, err := s.master.WriteString(text); err != nil {
		s.t.Fatal(err)
	}
}

func (s *session) ends() (string, error) {
	go func() { _, _ = io.Copy(io.Discard, s.screen) }()
	r := <-s.done
	return r.line, r.err
}

// TestWordsAreAskedForAndNotShown: some on a line, a typing error told at once,
// an empty line between.
func TestWordsAreAskedForAndNotShown(t *testing.T) {
	words, want := mnemonic(t)
	s := askWords(t.Context(), t)
	s.sees("The 24 words of the key, in order, one or more a line. They are not shown.\nfrom word 1: ")
	if terminaltest.Echoes(t, s.master) {
		t.Error("the terminal shows what is typed")
	}
	s.types(strings.Join(words[:8], " ") + "\n")
	s.sees("from word 9: ")
	s.types(words[8] + " abandom " + words[10] + "\n")
	s.sees("word 10 is not in the English list of BIP 39, but abandon is\nThat line once more, from word 9: ")
	s.types("\n")
	s.sees("from word 9: ")
	s.types(strings.Join(words[8:], ", ") + "\n")
	text, err := s.ends()
	if err != nil || addressOf(t, text) != want {
		t.Errorf("got another key, %v", err)
	}
	if !terminaltest.Echoes(t, s.master) {
		t.Error("the terminal stays quiet")
	}
	s.types("\nseen\n") // what the terminal itself showed comes before it
	if shown, err := bufio.NewReader(s.master).ReadString('n'); err != nil || strings.TrimSpace(shown) != "seen" {
		t.Errorf("the terminal showed %q, %v", shown, err)
	}
}

// TestOurOwnLayoutIsPasted, six lines at once.
func TestOurOwnLayoutIsPasted(t *testing.T) {
	words, want := mnemonic(t)
	s := askWords(t.Context(), t)
	s.sees("from word 1: ")
	s.types(printed(words))
	text, err := s.ends()
	if err != nil || addressOf(t, text) != want {
		t.Errorf("got another key, %v", err)
	}
}

func TestWordsEndWithTheInput(t *testing.T) {
	words, _ := mnemonic(t)
	s := askWords(t.Context(), t)
	s.sees("from word 1: ")
	s.types(words[0] + " " + words[1] + "\n\x04") // Ctrl-D
	text, err := s.ends()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keystore.FromMnemonic(keystore.Coldkey, text); err == nil || !strings.Contains(err.Error(), "mnemonic of 2 words") {
		t.Errorf("got %v, want two words", err)
	}
}

func TestAskingForWordsEndsAtOnceAndGivesTheEchoBack(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := askWords(ctx, t)
	s.sees("from word 1: ")
	cancel()
	if _, err := s.ends(); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	if !terminaltest.Echoes(t, s.master) {
		t.Error("the terminal stays quiet")
	}
}
