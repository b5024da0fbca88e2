package keystore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/assaynet/assay/protocol/durable"
)

// errShape says that a path is no regular file, or one that is too large.
var errShape = errors.New("want a small regular file")

// makeDir makes dir and its parents, mode 0700. It returns [ErrExposed] if
// others may write in dir, for they could swap a key.
func makeDir(dir string) error {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("make key directory: %w", err)
		}
		if err := durable.SyncDir(filepath.Dir(filepath.Clean(dir))); err != nil {
			return fmt.Errorf("make key directory: %w", err)
		}
		info, err = os.Stat(dir)
	}
	if err != nil {
		return fmt.Errorf("look at key directory: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o022 != 0 {
		return fmt.Errorf("key directory %s has mode %04o, run chmod go-w %s: %w", dir, mode, dir, ErrExposed)
	}
	return nil
}

// readFile reads a regular file of at most limit bytes, else it returns
// errShape. It returns [ErrExposed] if the mode has a bit of forbidden; but a
// file that a container is given may, and is open then. It does not wait for the
// other end of a pipe.
func readFile(path string, limit int64, forbidden fs.FileMode) (b []byte, open bool, err error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, false, err
	}
	if !info.Mode().IsRegular() {
		return nil, false, fmt.Errorf("%s is of type %s: %w", path, info.Mode().Type(), errShape)
	}
	if open, err = checkExposed(f, info, forbidden); err != nil {
		return nil, false, err
	}
	b, err = readAtMost(f, limit)
	return b, open, err
}

// readAtMost reads f, or returns errShape if it has over limit bytes.
func readAtMost(f *os.File, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("%s has over %d bytes: %w", f.Name(), limit, errShape)
	}
	return b, nil
}
