package engine

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// A file that is cut off while it is mapped has no pages any more where its end was, and who reads there gets a SIGBUS. Go makes
// that a panic on goroutines that ask for it (debug.SetPanicOnFault), and guard makes the panic an error. C code has no such
// help, so package native reads the mapping in Go.

// fault is the panic of a loop one of whose parts read where the file had ended.
type fault struct{ error }

// guard runs f, whose goroutine has asked for panics on faults, and returns ErrFile where it read what is not there.
func guard(f func()) (err error) {
	defer func() {
		switch x := recover().(type) {
		case nil:
		case fault:
			err = x.error
		case interface { // what the runtime panics with at a fault
			runtime.Error
			Addr() uintptr
		}:
			err = fmt.Errorf("%w: nothing at %#x", ErrFile, x.Addr())
		default:
			panic(x)
		}
	}()
	f()
	return nil
}

// guarded is guard for a goroutine that has not asked.
func guarded(f func()) error {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	return guard(f)
}
