package grammar

import "errors"

// What can go wrong.
var (
	// ErrLimit means a grammar, or a place in one, above the limits.
	ErrLimit = errors.New("grammar: above the limits")
	// ErrRecursion means a rule that begins with itself: nothing bounds how often
	// it would be entered before the first byte.
	ErrRecursion = errors.New("grammar: a rule begins with itself")
	// ErrEmpty means a grammar that no text fulfils.
	ErrEmpty = errors.New("grammar: no text fulfils it")
	// ErrNoToken means a place at which the vocabulary has no token that goes on,
	// and the text is not complete.
	ErrNoToken = errors.New("grammar: the vocabulary has no token that goes on")
)
