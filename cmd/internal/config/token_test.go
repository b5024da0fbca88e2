package config_test

import (
	"errors"
	"os"
	"testing"

	"github.com/assaynet/assay/cmd/internal/config"
)

func TestATokenOutlivesRestartsAndIsItsOwners(t *testing.T) {
	home := config.Home(t.TempDir())
	if _, err := home.ReadToken(); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("before a miner made one: got %v", err)
	}
	one, err := home.MakeToken()
	if err != nil {
		t.Fatal(err)
	}
	for name, read := range map[string]func() (string, error){"read": home.ReadToken, "made again": home.MakeToken} {
		if got, err := read(); got != one || err != nil {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, one)
		}
	}
	if other, err := config.Home(t.TempDir()).MakeToken(); err != nil || other == one {
		t.Errorf("another home: got %q, %v", other, err)
	}
	info, err := os.Stat(home.LabelToken())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v", info.Mode(), err)
	}
	if err := os.Chmod(home.LabelToken(), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := home.MakeToken(); !errors.Is(err, config.ErrHome) {
		t.Errorf("others can read it: got %v", err)
	}
}

func TestAFileThatHoldsNoTokenIsRefused(t *testing.T) {
	for _, text := range []string{"", "short", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWX01", "ABCDEFGHIJKLMNOPQRSTUVWXYZ2"} {
		home := config.Home(t.TempDir())
		if err := os.WriteFile(home.LabelToken(), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := home.MakeToken(); !errors.Is(err, config.ErrHome) {
			t.Errorf("%q: got %v", text, err)
		}
	}
}
