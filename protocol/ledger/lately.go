package ledger

import (
	"bytes"
	"fmt"
	"sync/atomic"

	"github.com/assaynet/assay/protocol/wire"
)

// lately remembers what was read of the newest bytes of a record that every look at
// a transaction, or every block, reads. Other bytes are read anew, so that it
// changes no result. It is safe for concurrent use; what it gives is shared, and
// must not be changed.
type lately[T any] struct{ last atomic.Pointer[decodedAs[T]] }

// decodedAs is what bytes stand for.
type decodedAs[T any] struct {
	raw   []byte
	value T
}

// The records of all networks of a process; mostly there is one.
var (
	lastMeta       lately[Meta]
	lastValidators lately[ValidatorSet]
	lastSigned     lately[SignedRecord]
)

// of returns what the bytes under a key stand for; [ErrCorrupt] where that is
// nothing.
func (l *lately[T]) of(raw, key []byte) (*T, error) {
	if last := l.last.Load(); last != nil && bytes.Equal(last.raw, raw) {
		return &last.value, nil
	}
	v := &decodedAs[T]{raw: raw}
	if err := wire.DecodeOwn(raw, maxValue, &v.value); err != nil {
		return nil, fmt.Errorf("%w: %T under %x: %w", ErrCorrupt, v.value, key, err)
	}
	l.last.Store(v)
	return &v.value, nil
}

// keep remembers what was written.
func (l *lately[T]) keep(raw []byte, v T) { l.last.Store(&decodedAs[T]{raw, v}) }
