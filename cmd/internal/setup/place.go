package setup

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/protocol/durable"
)

// place moves what lies in tmp to home. A home that is not there appears by one
// rename. One that is there, with keys that were made before, gets file by
// file what it lacks, config.toml last: without it, it is no home. What was
// moved is taken back after an error.
func place(tmp string, home config.Home) error {
	err := os.Rename(tmp, string(home))
	if err == nil {
		return durable.SyncDir(filepath.Dir(string(home)))
	}
	if !errors.Is(err, fs.ErrExist) { // the system's word for "not empty", too
		return err
	}
	var files []string
	err = filepath.WalkDir(tmp, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		return err
	}
	last := config.Home(tmp).Config()
	slices.SortFunc(files, func(a, b string) int {
		return boolOrder(a == last) - boolOrder(b == last)
	})
	var placed []string
	for _, path := range files {
		to := filepath.Join(string(home), path[len(tmp):])
		if err := placeFile(path, to); err != nil {
			for _, p := range placed {
				err = errors.Join(err, os.Remove(p))
			}
			return err
		}
		placed = append(placed, to)
	}
	return durable.SyncDir(string(home))
}

func boolOrder(b bool) int {
	if b {
		return 1
	}
	return 0
}

// placeFile gives a file its name in the home, unless the name is taken. The
// genesis may be there from a call that was cut short; it was compared.
func placeFile(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	err := os.Link(from, to)
	if errors.Is(err, fs.ErrExist) && filepath.Base(to) == filepath.Base(config.Home("").Genesis()) {
		return nil
	}
	if err != nil {
		return err
	}
	return durable.SyncDir(filepath.Dir(to))
}

// writeSynced writes a new file, mode 0600, and returns when it is on the disk.
func writeSynced(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close())
}
