package setup_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/cmd/internal/setup"
)

// fresh returns a directory with what init makes.
func fresh(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "new")
	for _, name := range []string{"config.toml", "genesis.json", "keys/hotkey.age", "keys/hotkey.pub"} {
		put(t, filepath.Join(dir, name), "new")
	}
	return dir
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// files returns the paths and texts below a directory.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		out[path[len(dir)+1:]] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAHomeThatIsNotThereAppearsWhole(t *testing.T) {
	tmp := fresh(t)
	home := filepath.Join(filepath.Dir(tmp), "home")
	if err := setup.Place(tmp, config.Home(home)); err != nil {
		t.Fatal(err)
	}
	if got := files(t, home); len(got) != 4 {
		t.Errorf("got %v, want four files", got)
	}
}

func TestWhatAHomeHasIsNotReplacedAndNothingIsLeftHalf(t *testing.T) {
	tmp := fresh(t)
	home := filepath.Join(filepath.Dir(tmp), "home")
	put(t, filepath.Join(home, "keys/hotkey.pub"), "old")
	err := setup.Place(tmp, config.Home(home))
	if !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v, want %v", err, fs.ErrExist)
	}
	if got := files(t, home); len(got) != 1 || got["keys/hotkey.pub"] != "old" {
		t.Errorf("got %v, want the old file alone", got)
	}
}

// TestTheSettingsComeLast: whoever kills init leaves no home that looks whole.
func TestTheSettingsComeLast(t *testing.T) {
	tmp := fresh(t)
	home := filepath.Join(filepath.Dir(tmp), "home")
	put(t, filepath.Join(home, "config.toml"), "old") // found last, after the others were placed
	if err := setup.Place(tmp, config.Home(home)); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v, want %v", err, fs.ErrExist)
	}
	if got := files(t, home); len(got) != 1 || got["config.toml"] != "old" {
		t.Errorf("got %v, want the old file alone", got)
	}
}
