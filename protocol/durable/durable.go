// Package durable writes small files that are whole or not there, and that are on
// the disk before anybody is told so.
package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// The system calls by which a new file gets its name, in order:
//
//	openat  DIR/.NAME.RANDOM, O_CREAT|O_EXCL, mode 0600
//	write
//	fchmod  the file's mode
//	fsync   the bytes are on disk before the name is
//	linkat  to DIR/NAME, which fails if NAME exists; or renameat to replace it
//	unlinkat DIR/.NAME.RANDOM
//	fsync   DIR: the name is on disk before we say so
//
// After a crash there is NAME, whole, or none, and at worst a .NAME.RANDOM.

// Create makes a file with the content and mode. It returns [fs.ErrExist] where
// the path is taken, and the system's errors.
func Create(path string, content []byte, mode fs.FileMode) error {
	return write(path, content, mode, publish)
}

// Replace makes a file with the content and mode, in the place of one that may be
// there. Errors are the system's.
func Replace(path string, content []byte, mode fs.FileMode) error {
	return write(path, content, mode, os.Rename)
}

func write(path string, content []byte, mode fs.FileMode, name func(temp, path string) error) error {
	dir, base := filepath.Split(path)
	f, err := os.CreateTemp(dir, "."+base+".*")
	if err != nil {
		return err
	}
	defer func() {
		// The second close and the removal of a file that was renamed away
		// fail, and mean nothing.
		_ = f.Close()
		_ = os.Remove(f.Name())
	}()
	if _, err := f.Write(content); err != nil {
		return err
	}
	if err := f.Chmod(mode); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := name(f.Name(), path); err != nil {
		return err
	}
	return SyncDir(dir)
}

// publish gives the file temp the name path unless that is taken. Where the
// file system knows no links, a look before the rename must do.
func publish(temp, path string) error {
	err := os.Link(temp, path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	if _, statErr := os.Lstat(path); !errors.Is(statErr, fs.ErrNotExist) {
		return errors.Join(fs.ErrExist, statErr)
	}
	return os.Rename(temp, path)
}

// SyncDir makes the names in a directory durable. Errors are the system's.
func SyncDir(dir string) error {
	d, err := os.Open(filepath.Clean(dir)) // "" is the working directory
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
