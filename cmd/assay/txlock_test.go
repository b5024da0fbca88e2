package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/assaynet/assay/protocol/api/apitest"
)

func TestWhoSignsWithTheSameKeyWaits(t *testing.T) {
	dir, key := t.TempDir(), apitest.Public("miner-0-cold")
	var said bytes.Buffer
	c := flags(t.Context())
	c.App.ErrWriter = &said
	first, err := lockSigner(t.Context(), c, dir, key)
	if err != nil {
		t.Fatal(err)
	}
	other, err := lockSigner(t.Context(), c, dir, apitest.Public("miner-1-cold"))
	if err != nil || said.Len() > 0 {
		t.Fatalf("another key waits: %v, %s", err, &said)
	}
	other.release()
	soon, cancel := context.WithTimeout(t.Context(), 2*lockEvery)
	defer cancel()
	_, err = lockSigner(soon, c, dir, key)
	want := fmt.Sprintf("process %d signs with the same key and has not ended; nothing was sent; try again, or give a longer --timeout", os.Getpid())
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if got, want := said.String(), fmt.Sprintf("waiting for process %d, which signs with the same key\n", os.Getpid()); got != want {
		t.Errorf("said %q, want %q", got, want)
	}
	gone, stop := context.WithCancel(t.Context())
	stop()
	if _, err := lockSigner(gone, flags(gone), dir, key); err == nil || err.Error() != "context canceled; nothing was sent" {
		t.Errorf("interrupted: got %v", err)
	}
	first.release()
	again, err := lockSigner(t.Context(), c, dir, key)
	if err != nil {
		t.Fatal(err)
	}
	again.release()
}

// holdEnv makes the test below the process that holds the lock, until its
// standard input ends.
const holdEnv = "ASSAY_TEST_HOLD"

// TestALockEndsWithItsHolder: the kernel frees it, even where the holder is killed.
func TestALockEndsWithItsHolder(t *testing.T) {
	key := apitest.Public("miner-0-cold")
	if dir := os.Getenv(holdEnv); dir != "" {
		_, err := lockSigner(t.Context(), flags(t.Context()), dir, key)
		fmt.Println("held", err)
		_, _ = io.Copy(io.Discard, os.Stdin) // until it is killed
		return
	}
	dir := t.TempDir()
	holder := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestALockEndsWithItsHolder$")
	holder.Env = append(os.Environ(), holdEnv+"="+dir)
	in, err := holder.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	out, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "held <nil>\n" {
		t.Fatalf("the holder says %q, %v", line, err)
	}
	soon, cancel := context.WithTimeout(t.Context(), 2*lockEvery)
	defer cancel()
	want := fmt.Sprintf("process %d signs with the same key", holder.Process.Pid)
	if _, err := lockSigner(soon, flags(t.Context()), dir, key); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("while it is held: got %v, want %s", err, want)
	}
	if err := holder.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = holder.Wait() // it was killed
	l, err := lockSigner(t.Context(), flags(t.Context()), dir, key)
	if err != nil {
		t.Fatal(err)
	}
	l.release()
}

func TestWhereKeysCannotHaveALockItIsElsewhere(t *testing.T) {
	keys, run := filepath.Join(t.TempDir(), "nowhere"), t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", run)
	f := openLock(keys, apitest.Public("miner-0-cold"))
	if f == nil || filepath.Dir(f.Name()) != filepath.Join(run, "assay") {
		t.Fatalf("got %v, want a file in %s", f, run)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	t.Setenv("XDG_RUNTIME_DIR", "")
	t.Setenv("XDG_CACHE_HOME", filepath.Join(keys, "file"))
	if err := os.WriteFile(keys, nil, 0o600); err != nil { // no directory can be made below a file
		t.Fatal(err)
	}
	l, err := lockSigner(t.Context(), flags(t.Context()), keys, apitest.Public("miner-0-cold"))
	if err != nil {
		t.Fatalf("without any lock: %v", err)
	}
	l.write(lockNote{PID: 1})
	if n := l.read(); n.PID != 0 {
		t.Errorf("a lock that is none holds %+v", n)
	}
	l.release()
}
