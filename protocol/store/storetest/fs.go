package storetest

import (
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/assaynet/assay/protocol/store"
)

// ErrInjected is what [Faults] makes of a write unless it is told otherwise.
var ErrInjected = errors.New("storetest: injected error")

// Memory returns an empty file system in memory.
func Memory() store.FS { return vfs.NewMem() }

// Crash is a file system in memory that can be cut off at any moment.
type Crash struct{ *vfs.MemFS }

// NewCrash returns an empty one.
func NewCrash() Crash { return Crash{vfs.NewCrashableMem()} }

// Clone returns what a power loss now could leave: all that was synced, and
// each unsynced piece with a chance of percent.
func (c Crash) Clone(percent int, seed uint64) Crash {
	return Crash{c.CrashClone(vfs.CrashCloneCfg{
		UnsyncedDataPercent: percent,
		RNG:                 rand.New(rand.NewPCG(seed, 0)),
	})}
}

// Faults is a file system whose writes, or reads, can be made to fail.
type Faults struct {
	store.FS
	mu    sync.Mutex
	kind  errorfs.OpReadWrite
	err   error
	left  int64 // operations of the kind until the first failure; negative: none fails
	count int64 // operations that failed
}

// NewFaults wraps fs; nothing fails until FailAfter or one of its like.
func NewFaults(fs store.FS) *Faults {
	f := &Faults{left: -1}
	f.FS = errorfs.Wrap(fs, errorfs.InjectorFunc(f.inject))
	return f
}

func (f *Faults) inject(op errorfs.Op) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.left < 0 || op.Kind.ReadOrWrite() != f.kind:
		return nil
	case f.left > 0:
		f.left--
		return nil
	}
	f.count++
	return &fs.PathError{Op: "injected", Path: op.Path, Err: f.err}
}

// FailAfter lets n more writes pass; all after them fail. A negative n ends
// the trouble.
func (f *Faults) FailAfter(n int64) { f.FailWritesAfter(n, ErrInjected) }

// FailWritesAfter is FailAfter with the error of the system that it makes.
func (f *Faults) FailWritesAfter(n int64, err error) { f.set(errorfs.OpIsWrite, n, err) }

// FailReadsAfter lets n more reads pass; all after them fail with err.
func (f *Faults) FailReadsAfter(n int64, err error) { f.set(errorfs.OpIsRead, n, err) }

func (f *Faults) set(kind errorfs.OpReadWrite, n int64, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kind, f.left, f.err = kind, n, err
}

// Failed returns how many operations have failed.
func (f *Faults) Failed() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count
}

// Copy copies one file from one file system to another.
func Copy(t *testing.T, from, to store.FS, name string) {
	t.Helper()
	in, err := from.Open(name)
	must(t, err)
	out, err := to.Create(name, vfs.WriteCategoryUnspecified)
	must(t, err)
	_, err = io.Copy(out, in)
	must(t, errors.Join(err, in.Close(), out.Close()))
}
