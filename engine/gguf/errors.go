package gguf

import "errors"

// What can be wrong with a file. Every error of [Open] and [Parse] that is due
// to the bytes wraps exactly one of these.
var (
	// ErrNotGGUF means that the file does not start with the magic bytes.
	ErrNotGGUF = errors.New("gguf: not a GGUF file")
	// ErrVersion means a version of the format, or a byte order, that is not read.
	ErrVersion = errors.New("gguf: unsupported version")
	// ErrTruncated means that the file ends inside something that it announced.
	ErrTruncated = errors.New("gguf: truncated file")
	// ErrLimit means that a count or a length is above its limit.
	ErrLimit = errors.New("gguf: limit exceeded")
	// ErrMetadata means a malformed, unknown or repeated key or value.
	ErrMetadata = errors.New("gguf: bad metadata")
	// ErrTensor means a tensor with an impossible shape, place or name.
	ErrTensor = errors.New("gguf: bad tensor")
	// ErrChanged means that a file was written to, or cut off, while it was open.
	ErrChanged = errors.New("gguf: the file changed since it was opened; replace files by renaming")
	// ErrPart means one of several parts that a model was cut into; they are to
	// be joined first.
	ErrPart = errors.New("gguf: part of a model")
	// ErrType means a tensor of a type that this package does not know.
	ErrType = errors.New("gguf: unknown tensor type")
)
