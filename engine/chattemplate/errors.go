package chattemplate

import "errors"

var (
	// ErrSyntax means that a template cannot be read.
	ErrSyntax = errors.New("chattemplate: bad template")
	// ErrLimit means that a template or a rendering passed one of the limits of
	// limits.go.
	ErrLimit = errors.New("chattemplate: limit passed")
	// ErrInput means that the tools or the fields of a message are no JSON, or
	// not what they must be.
	ErrInput = errors.New("chattemplate: bad tools or fields of a message")
	// ErrRun means that a rendering failed: a value of a wrong kind, or a part
	// of Jinja that is not supported.
	ErrRun = errors.New("chattemplate: rendering stopped")
	// ErrRefused means that the template itself refused the conversation
	// (raise_exception).
	ErrRefused = errors.New("chattemplate: the template refuses the conversation")
)
