package devnet_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/assaynet/assay/cmd/internal/devnet"
)

// install puts a program into a directory.
func install(t *testing.T, dir, name string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAProgramBesideThisOneComesBeforePATH(t *testing.T) {
	beside, onPath := t.TempDir(), t.TempDir()
	t.Setenv("PATH", onPath)
	far := install(t, onPath, "miner", 0o700)
	if got, err := devnet.Find("miner", []string{beside}); err != nil || got != far {
		t.Errorf("got %q, %v, want %s", got, err, far)
	}
	near := install(t, beside, "miner", 0o700)
	if got, err := devnet.Find("miner", []string{beside}); err != nil || got != near {
		t.Errorf("got %q, %v, want %s", got, err, near)
	}
}

func TestAMissingProgramIsNamedWithWhereItWasLookedFor(t *testing.T) {
	beside := t.TempDir()
	t.Setenv("PATH", t.TempDir())
	install(t, beside, "validator", 0o600) // which cannot be run
	for _, name := range []string{"miner", "validator"} {
		if got, err := devnet.Find(name, []string{beside}); !errors.Is(err, devnet.ErrProgram) || !strings.Contains(err.Error(), name+" is neither in "+beside) {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

func TestADirectoryOfAnotherNetworkIsRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "net", "one")
	for range 2 { // absent, then empty
		if got, err := devnet.MakeDir(dir); err != nil || got != dir {
			t.Fatalf("got %q, %v, want %s", got, err, dir)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "genesis.json"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := devnet.MakeDir(dir); !errors.Is(err, devnet.ErrDir) {
		t.Errorf("got %q, %v, want ErrDir", got, err)
	}
	if got, err := devnet.MakeDir(filepath.Join(dir, "genesis.json")); !errors.Is(err, devnet.ErrDir) {
		t.Errorf("a file: got %q, %v, want ErrDir", got, err)
	}
}
