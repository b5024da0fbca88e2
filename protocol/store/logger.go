package store

import "fmt"

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
	err := fmt.Errorf(format, args...)
	for _, a := range args {
		if e, ok := a.(error); ok {
			err = fmt.Errorf("%s: %w", fmt.Sprintf(format, "see below"), e)
		}
	}
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
