package store

import (
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// logger is what pebble writes to.
type logger struct{ d *DB }

// fatalError travels from Fatalf, which must not return, to the operation.
type fatalError struct{ err error }

// Infof is silent: pebble tells of every file.
func (l logger) Infof(string, ...any) {}

// Errorf logs what pebble tries again by itself.
func (l logger) Errorf(format string, args ...any) {
	l.d.log.Warn().Str("detail", fmt.Sprintf(format, args...)).Msg("database trouble")
}

// Fatalf ends the operation, or the process where no operation waits.
func (l logger) Fatalf(format string, args ...any) {
	err := fatalText{text: fmt.Sprintf(format, args...)}
	for _, a := range args {
		if cause, ok := a.(error); ok {
			err.cause = cause
		}
	}
	l.d.die(err)
}

// fatalText is what Fatalf was told, with its cause so that it can be told apart.
type fatalText struct {
	text  string
	cause error
}

func (e fatalText) Error() string { return e.text }

func (e fatalText) Unwrap() error { return e.cause }

// corrupt ends the operation, or the process, that met a damaged file.
func (l logger) corrupt(info pebble.DataCorruptionInfo) {
	l.d.die(fmt.Errorf("%w: %s: %w", ErrCorrupt, info.Path, info.Details))
}

// die makes the database fail, and does not return. It is called on pebble's own
// goroutines, which would try again at once and for ever, and on those of
// operations. While the database is being opened, all stop where they are: nobody
// but [DB.open] waits for them. Later the first one tells Fatal, which ends the
// process; without it, an operation panics with a [fatalError], which is its
// error in the end.
func (d *DB) die(err error) {
	first := d.failed.CompareAndSwap(nil, &err)
	if first {
		close(d.broken)
	}
	switch {
	case d.opened.Load() && d.fatal == nil:
		panic(fatalError{err})
	case d.opened.Load() && first:
		d.fatal(classify(err))
	}
	select {}
}

// recoverFatal returns what Fatalf was told; another panic goes on.
func recoverFatal(r any) error {
	switch e := r.(type) {
	case nil:
		return nil
	case fatalError:
		return e.err
	}
	panic(r)
}
