package store

import (
	"fmt"
	"strings"
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
	if text, ok := strings.CutSuffix(format, "%v"); ok { // so that the cause can be told apart
		format = text + "%w"
	}
	err := fmt.Errorf(format, args...)
	l.d.failed.CompareAndSwap(nil, &err)
	if l.d.fatal != nil {
		l.d.fatal(classify(err))
	}
	panic(fatalError{err})
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
