package syntax

import (
	"errors"
	"fmt"
)

var (
	// ErrSyntax means that a source is no template.
	ErrSyntax = errors.New("syntax: bad template")
	// ErrLimit means that a source nests deeper than [MaxDepth] or holds a
	// number beyond 64 bits.
	ErrLimit = errors.New("syntax: limit passed")
)

// Error says where a source is no template, and why. It is an [ErrSyntax] or an
// [ErrLimit].
type Error struct {
	Line   int // from 1
	Reason string
	kind   error
}

// Error returns the line and the reason.
func (e *Error) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Reason) }

// Unwrap returns [ErrSyntax] or [ErrLimit].
func (e *Error) Unwrap() error { return e.kind }

// fail gives up at a line of the source: the parser panics with an *Error,
// which [Parse] returns.
func fail(line int, format string, args ...any) {
	panic(&Error{line, fmt.Sprintf(format, args...), ErrSyntax})
}

// limit gives up at a line where a limit is passed.
func limit(line int, format string, args ...any) {
	panic(&Error{line, fmt.Sprintf(format, args...), ErrLimit})
}
