package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/assaynet/assay/engine/enginetest"
)

// openTerminal returns the two ends of a pseudo-terminal.
func openTerminal(t *testing.T) (master, tty *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
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
	t.Cleanup(func() { _, _ = master.Close(), tty.Close() })
	return master, tty
}

// TestWhoWaitsForATerminalSaysSoAndEndsAtCtrlC: a command that reads standard
// input says what it waits for, on standard error, and is not deaf.
func TestWhoWaitsForATerminalSaysSoAndEndsAtCtrlC(t *testing.T) {
	model := filepath.Join(t.TempDir(), "tiny.gguf")
	if err := enginetest.Write(model, enginetest.Options{}); err != nil {
		t.Fatal(err)
	}
	keys := filepath.Join(t.TempDir(), "keys")
	for line, want := range map[string]string{
		"model tokenize":                      "waiting for a text; end it with Enter and Ctrl-D",
		"model detokenize":                    "waiting for token ids; end it with Enter and Ctrl-D",
		"model perplexity --file -":           "waiting for a text; end it with Enter and Ctrl-D",
		"model generate --ids -":              "waiting for token ids; end it with Enter and Ctrl-D",
		"model verify --run -":                "waiting for a run; end it with Enter and Ctrl-D",
		"verify -":                            "waiting for a receipt; end it with Enter and Ctrl-D",
		"wallet new --recover --keys " + keys: "The 24 words of the key, in order, one or more a line. They are not shown.",
	} {
		master, tty := openTerminal(t)
		program := exec.CommandContext(t.Context(), "assay", strings.Fields(line)...)
		program.Env = append(os.Environ(), "ASSAY_MODEL="+model, "ASSAY_PASSPHRASE=correct-horse")
		program.Stdin = tty
		program.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
		stderr, err := program.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := program.Start(); err != nil {
			t.Fatal(err)
		}
		said := bufio.NewScanner(stderr)
		if !said.Scan() || said.Text() != want {
			t.Errorf("assay %s: said %q, want %q", line, said.Text(), want)
		}
		if _, err := master.WriteString("\x03"); err != nil {
			t.Fatal(err)
		}
		last := ""
		for said.Scan() {
			last = said.Text()
		}
		exit := (*exec.ExitError)(nil)
		if err := program.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 130 || !strings.HasSuffix(last, "interrupted") {
			t.Errorf("assay %s: got %v and %q, want status 130 and interrupted", line, err, last)
		}
		state, err := unix.IoctlGetTermios(int(master.Fd()), unix.TCGETS)
		if err != nil || state.Lflag&unix.ECHO == 0 {
			t.Errorf("assay %s: the terminal stays quiet, %v", line, err)
		}
	}
	if _, err := os.Stat(keys); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a key was made: %v", err)
	}
}
