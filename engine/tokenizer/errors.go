package tokenizer

import "errors"

var (
	// ErrUnsupported means a kind of tokenizer or splitter that is not known
	// here; the error names it.
	ErrUnsupported = errors.New("tokenizer: unsupported")
	// ErrData means that the file's tokenizer contradicts itself or lacks
	// something.
	ErrData = errors.New("tokenizer: bad tokenizer data")
	// ErrTooLong means a text of more than [MaxText] bytes.
	ErrTooLong = errors.New("tokenizer: text too long")
	// ErrNoChat means that conversations cannot be written for the model: it
	// has no template, or one that cannot be read.
	ErrNoChat = errors.New("tokenizer: no chat format")
	// ErrTemplate means that the model's chat template did not write this
	// conversation; the error says why.
	ErrTemplate = errors.New("tokenizer: chat template")
	// ErrDay means that the model's chat template asks for the day, and none is
	// given.
	ErrDay = errors.New("tokenizer: the template asks for the day")
	// ErrRole means a chat message whose role cannot be written.
	ErrRole = errors.New("tokenizer: bad role")
)
