package record

import "errors"

var (
	// ErrStore says that a record could not be read or written. A validator that
	// cannot keep a judgement must not announce it.
	ErrStore = errors.New("record: store")
	// ErrCorrupt says that the store holds what this program did not write. It
	// comes with [ErrStore].
	ErrCorrupt = errors.New("record: corrupt")
	// ErrNotFound says that there is no such answer, task or score.
	ErrNotFound = errors.New("record: not found")
)
