package weights

import "errors"

// What can be wrong with a model's file. Every error of this package wraps one
// of these.
var (
	// ErrUnsupported means an architecture, a tensor type or a setting of a
	// model that nothing here computes; the text names it.
	ErrUnsupported = errors.New("weights: not supported")
	// ErrWeights means a tensor or a number of the file that cannot be what the
	// model says: a missing tensor, a wrong shape, a scale that is not finite.
	ErrWeights = errors.New("weights: bad weights")
)
