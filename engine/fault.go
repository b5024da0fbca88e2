package engine

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync/atomic"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/gguf"
)

// The weights lie in a mapping of the model's file, and files change. One that
// is cut off has no pages any more where its end was, and who reads there gets
// a SIGBUS. Go makes that a panic on goroutines that ask for it
// (debug.SetPanicOnFault), and guard makes the panic an error; package native
// has a handler of its own for its threads, after which they read zeros. One
// that is written to in place gives other weights without a word, and an answer
// made of them would convict an honest miner. So no result counts before
// faithful has seen that the file is still the one that was opened.

// faithful is a backend whose results count only while the file is what it was,
// and what computes has not failed.
type faithful struct {
	backend.Backend
	file *gguf.File
	lost atomic.Pointer[error] // ErrFile or ErrDevice, from when it is first seen
}

// Step is the backend's; nothing of it counts where the file changed before its
// end.
func (b *faithful) Step(pieces []*backend.Piece) error {
	err := b.Backend.Step(pieces)
	if errors.Is(err, ErrFile) || errors.Is(err, ErrDevice) {
		b.lost.CompareAndSwap(nil, &err)
	}
	if lost := b.intact(); lost != nil {
		return lost
	}
	return err
}

// intact returns ErrFile or ErrDevice, and does so ever after, where the file
// is not what it was or the backend is lost.
func (b *faithful) intact() error {
	if lost := b.lost.Load(); lost != nil {
		return *lost
	}
	err := b.Check()
	if changed := b.file.Changed(); changed != nil { // it says more
		err = fmt.Errorf("%w: %w", ErrFile, changed)
	}
	if err == nil {
		return nil
	}
	b.lost.CompareAndSwap(nil, &err)
	return *b.lost.Load()
}

// fault is the panic of a loop one of whose parts read where the file had ended.
type fault struct{ error }

// guard runs f, whose goroutine has asked for panics on faults, and returns
// ErrFile where it read what is not there.
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
