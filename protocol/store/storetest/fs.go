package storetest

import (
	"errors"
	"io"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/assaynet/assay/protocol/store"
)

// ErrInjected is what [Faults] makes of a write.
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

// Faults is a file system whose writes can be made to fail.
type Faults struct {
	store.FS
	left atomic.Int64 // writes until the first failure; negative: none fails
}

// NewFaults wraps fs; nothing fails until FailAfter.
func NewFaults(fs store.FS) *Faults {
	f := &Faults{}
	f.left.Store(-1)
	f.FS = errorfs.Wrap(fs, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() != errorfs.OpIsWrite {
			return nil
		}
		switch n := f.left.Load(); {
		case n < 0:
			return nil
		case n == 0:
			return ErrInjected
		default:
			f.left.Store(n - 1)
			return nil
		}
	}))
	return f
}

// FailAfter lets n more writes pass; all after them fail. A negative n ends
// the trouble.
func (f *Faults) FailAfter(n int64) { f.left.Store(n) }

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
