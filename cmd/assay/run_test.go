package main

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/protocol/keystore/terminaltest"
)

// TestATalkOnATerminal: an answer is stopped by Ctrl-C, which ends no program;
// then another is asked for, in two lines, and /bye ends it. This model's answers
// have more than six thousand tokens: no reader is so slow as to miss them.
func TestATalkOnATerminal(t *testing.T) {
	master, tty := terminaltest.Open(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	program := exec.CommandContext(ctx, "assay", "run", enginetest.Tiny(t, enginetest.Options{Seed: 1, Context: 1 << 17}))
	program.Env = os.Environ()
	program.Stdin, program.Stdout, program.Stderr = tty, tty, tty
	program.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	if err := tty.Close(); err != nil { // so that reading ends with the program
		t.Fatal(err)
	}
	screen := bufio.NewReader(master)
	seen := ""
	until := func(what string) {
		t.Helper()
		for !strings.Contains(seen, what) {
			b, err := screen.ReadByte()
			if err != nil {
				t.Fatalf("%q does not come, but %q: %v", what, seen, err)
			}
			seen += string(b)
		}
		_, seen, _ = strings.Cut(seen, what)
	}
	write := func(keys string) {
		t.Helper()
		if _, err := master.WriteString(keys); err != nil {
			t.Fatal(err)
		}
	}
	until(">>> ")
	write("half a line\x03Count from 1 to 1000.\r")
	until("Count from 1 to 1000.")
	until("\n")
	if _, err := screen.ReadByte(); err != nil { // the answer has begun
		t.Fatal(err)
	}
	write("\x03")
	until("(stopped)")
	until(">>> ")
	write("and a \\\r")
	until("... ")
	write("sea\r")
	until("\n")
	if _, err := screen.ReadByte(); err != nil {
		t.Fatal(err)
	}
	write("\x03") // wherever it is: an answer, or a line without keys
	until(">>> ")
	write("/bye\r")
	if err := program.Wait(); err != nil {
		t.Errorf("it ends by %v", err)
	}
	if !terminaltest.Echoes(t, master) {
		t.Errorf("the terminal stays quiet")
	}
}
