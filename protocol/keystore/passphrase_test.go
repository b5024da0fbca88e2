package keystore_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/assaynet/assay/protocol/keystore"
)

// opens reports whether p opens what "secret" closed.
func opens(t *testing.T, p keystore.Passphrase) bool {
	t.Helper()
	file, err := keystore.Seal(testKey(t, keystore.Hotkey, 1), passphrase(t, "secret"), 1)
	if err != nil {
		t.Fatal(err)
	}
	_, err = keystore.Unseal(file, p, 1)
	if err != nil && !errors.Is(err, keystore.ErrPassphrase) {
		t.Fatal(err)
	}
	return err == nil
}

// answering returns a prompt that gives the answers in turn.
func answering(t *testing.T, answers ...string) keystore.Prompt {
	return func(context.Context, string) (string, error) {
		if len(answers) == 0 {
			t.Fatal("asked once too often")
		}
		a := answers[0]
		answers = answers[1:]
		return a, nil
	}
}

func writePassphrase(t *testing.T, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "passphrase")
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPassphraseComesFromTheFirstSource(t *testing.T) {
	for name, o := range map[string]keystore.PassphraseOptions{
		"file":             {File: writePassphrase(t, "secret\nsecond line\n", 0o600), Env: "x", Prompt: answering(t)},
		"file of Windows":  {File: writePassphrase(t, "secret\r\n", 0o640)},
		"environment":      {Env: "secret", Prompt: answering(t)},
		"prompt":           {Prompt: answering(t, "secret")},
		"prompt, for sure": {Prompt: answering(t, "secret", "secret"), Confirm: true},
	} {
		p, err := keystore.ReadPassphrase(t.Context(), o)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !opens(t, p) {
			t.Errorf("%s: another passphrase was read", name)
		}
	}
}

func TestUnusablePassphrasesAreRefused(t *testing.T) {
	exposed := writePassphrase(t, "secret\n", 0o600)
	if err := os.Chmod(exposed, 0o604); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]keystore.PassphraseOptions{
		"no source":          {},
		"no file":            {File: filepath.Join(t.TempDir(), "x"), Env: "secret"},
		"directory":          {File: t.TempDir()},
		"empty file":         {File: writePassphrase(t, "", 0o600)},
		"empty first line":   {File: writePassphrase(t, "\nsecret\n", 0o600)},
		"huge file":          {File: writePassphrase(t, strings.Repeat("x", 5000), 0o600)},
		"long":               {Env: strings.Repeat("x", 1025)},
		"two lines":          {Env: "a\nb"},
		"empty answer":       {Prompt: answering(t, "")},
		"answers differ":     {Prompt: answering(t, "secret", "Secret"), Confirm: true},
		"both with insecure": {Env: "secret", Insecure: true},
	} {
		_, err := keystore.ReadPassphrase(t.Context(), o)
		want(t, name, err, keystore.ErrNoPassphrase)
	}
	_, err := keystore.ReadPassphrase(t.Context(), keystore.PassphraseOptions{File: exposed})
	want(t, "file for everybody", err, keystore.ErrExposed)
}

func TestInsecurePassphraseWarns(t *testing.T) {
	var warning string
	o := keystore.PassphraseOptions{Insecure: true, Warn: func(s string) { warning = s }}
	p, err := keystore.ReadPassphrase(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if warning == "" || opens(t, p) {
		t.Errorf("warning %q, opens %v", warning, opens(t, p))
	}
}

// openTerminal returns the two ends of a pseudo-terminal.
func openTerminal(t *testing.T) (master, tty *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetUint32(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return master, tty
}

// echoes reports whether the terminal shows what is typed.
func echoes(t *testing.T, master *os.File) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(master.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

type reply struct {
	line string
	err  error
}

func startAsking(ctx context.Context, t *testing.T) (master *os.File, replies chan reply) {
	t.Helper()
	master, tty := openTerminal(t)
	replies = make(chan reply, 1)
	go func() {
		line, err := keystore.Ask(ctx, tty, "Passphrase: ")
		replies <- reply{line, err}
	}()
	for echoes(t, master) { // until it is listening
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
	if !echoes(t, master) {
		t.Error("the terminal stays quiet")
	}
}
