package wire

import "errors"

// Errors that say what was wrong with bytes from outside. Every one of them
// blames the sender: an honest program cannot produce them.
var (
	ErrTooLarge     = errors.New("wire: over the size limit")
	ErrMalformed    = errors.New("wire: malformed")
	ErrNotCanonical = errors.New("wire: not in canonical form")
	ErrLimit        = errors.New("wire: a field is over its limit")
	ErrSignature    = errors.New("wire: wrong signature")
	ErrChain        = errors.New("wire: of another chain")
	ErrUnknown      = errors.New("wire: unknown type")
	ErrOtherTask    = errors.New("wire: of another task")
	ErrOtherCard    = errors.New("wire: not what its judge opened on the ledger")
)
