package state

import "errors"

// Errors of this package.
var (
	// ErrVersion: the version does not exist yet, or not any more.
	ErrVersion = errors.New("state: no such version")
	// ErrProof: a proof does not prove what it comes with.
	ErrProof = errors.New("state: wrong proof")
	// ErrPart: what came as a part of a state is none.
	ErrPart = errors.New("state: not a part of a state")
	// ErrLimit: a key, value or proof is larger than any that the ledger has.
	ErrLimit = errors.New("state: over the size limit")
)
