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
	// ErrMissing: there is no database, and it was to be opened for reading only.
	ErrMissing = errors.New("store: there is no database")
	// ErrFull: the disk is full.
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

// classify gives an error of pebble the name that callers look for.
func classify(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrClosed), errors.Is(err, ErrFailed), errors.Is(err, ErrCorrupt), errors.Is(err, ErrKey):
		return err
	case pebble.IsCorruptionError(err):
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("%w: %w", ErrFull, err)
	case errors.Is(err, pebble.ErrClosed):
		return ErrClosed
	case errors.Is(err, pebble.ErrReadOnly):
		return ErrReadOnly
	}
	return err
}

// classifyOpen names what went wrong while opening an existing database, and
// what the operator can do.
func classifyOpen(dir string, err error) error {
	err = classify(err)
	// A file that the database names is missing, or shorter; pebble marks neither.
	if !errors.Is(err, ErrCorrupt) && (errors.Is(err, fs.ErrNotExist) || strings.Contains(err.Error(), "object size mismatch")) {
		err = fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	switch {
	case errors.Is(err, ErrCorrupt):
		return fmt.Errorf("open database %q: %w (restore a backup, or move the directory away to start anew)", dir, err)
	case errors.Is(err, ErrFull):
		return fmt.Errorf("open database %q: %w (free some space and start again)", dir, err)
	}
	return fmt.Errorf("open database %q: %w", dir, err)
}
