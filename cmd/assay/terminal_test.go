package main

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/protocol/keystore/terminaltest"
)

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
		"dataset score --kind preference -":   "waiting for pairs, one a line; end it with Enter and Ctrl-D",
		"wallet new --recover --keys " + keys: "The 24 words of the key, in order, one or more a line. They are not shown.",
	} {
		master, tty := terminaltest.Open(t)
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
		if !terminaltest.Echoes(t, master) {
			t.Errorf("assay %s: the terminal stays quiet", line)
		}
	}
	if _, err := os.Stat(keys); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a key was made: %v", err)
	}
}
