package store

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
)

// Errors of [Open] and of reads and writes.
var (
	// ErrNewerSchema: the database was written by a newer program.
	ErrNewerSchema = errors.New("store: the database was written by a newer version")
	// ErrCorrupt: a file of the database, or a record in it, is damaged.
	ErrCorrupt = errors.New("store: the database is damaged")
	// ErrLocked: another process has the database open.
	ErrLocked = errors.New("store: the database is in use")
	// ErrOtherChain: the database belongs to another chain than it is used for.
	ErrOtherChain = errors.New("store: the database belongs to another chain")
	// ErrMissing: there is no database, and it was to be opened for reading only.
	ErrMissing = errors.New("store: there is no database")
	// ErrFull: the disk is full, or this user's share of it.
	ErrFull = errors.New("store: the disk is full")
	// ErrClosed: the database was closed.
	ErrClosed = errors.New("store: closed")
	// ErrFailed: an earlier write did not reach the disk; nothing more is written.
	ErrFailed = errors.New("store: a write to the disk did not succeed")
	// ErrKey: an empty key, or a value that is nil.
	ErrKey = errors.New("store: empty key or nil value")
	// ErrReadOnly: a write to a database that was opened for reading only.
	ErrReadOnly = errors.New("store: opened for reading only")
)

// classify gives an error of pebble the name that callers look for. What the
// system refused is told by its number, also where pebble took it for damage.
func classify(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrClosed), errors.Is(err, ErrFailed), errors.Is(err, ErrCorrupt), errors.Is(err, ErrKey):
		return err
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%w: %w", ErrFull, err)
	case errors.Is(err, pebble.ErrClosed):
		return ErrClosed
	case errors.Is(err, pebble.ErrReadOnly):
		return ErrReadOnly
	case pebble.IsCorruptionError(err) && !refused(err):
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return err
}

// refused reports whether an error is the system's own word, other than that
// there is no such file.
func refused(err error) bool {
	_, is := errors.AsType[syscall.Errno](err)
	return is && !errors.Is(err, fs.ErrNotExist)
}

// classifyOpen names what went wrong while opening an existing database.
func classifyOpen(dir string, err error) error {
	err = classify(err)
	// A file that the database names is missing, or shorter; pebble marks neither.
	if !errors.Is(err, ErrCorrupt) && (errors.Is(err, fs.ErrNotExist) || strings.Contains(err.Error(), "object size mismatch")) {
		err = fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return fmt.Errorf("open database %q: %w", dir, err)
}

// classifyLock names why the directory could not be locked. Only the lock itself
// is held by another process; the file of the lock could not be made for reasons
// of the disk.
func classifyLock(dir string, err error) error {
	_, file := errors.AsType[*fs.PathError](err)
	held := errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) || !refused(err)
	if file || !held {
		return classifyOpen(dir, err)
	}
	return fmt.Errorf("open database %q: %w: %w", dir, ErrLocked, err)
}
