package gossip

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/assaynet/assay/protocol/wire"
)

// Limits of a frame's payload, in bytes.
const (
	// MaxRequest is enough for a list of a thousand hashes.
	MaxRequest = 64 << 10
	// MaxResponse is enough for a few receipts of the largest size, and
	// little enough that a slow peer can send it within the time.
	MaxResponse = 4 << 20
	// maxErrorText is one line for a person to read.
	maxErrorText = 256
)

// frameType says what a frame holds.
type frameType byte

const (
	frameRequest  frameType = 1
	frameResponse frameType = 2
	frameError    frameType = 3
)

// frameHead is type (1 byte) and length (4 bytes, big-endian).
const frameHead = 5

// limit is the most bytes of a payload; 0 for no type.
func (k frameType) limit() int {
	switch k {
	case frameRequest:
		return MaxRequest
	case frameResponse:
		return MaxResponse
	case frameError:
		return 1 + maxErrorText
	}
	return 0
}

// readFrame reads one frame that must be of one of the given types. Memory
// grows with what arrives, not with what was promised. It returns [ErrFrame],
// [wire.ErrTooLarge], or what reading said.
func readFrame(r io.Reader, types ...frameType) (frameType, []byte, error) {
	var head [frameHead]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, fmt.Errorf("read frame: %w", err)
	}
	typ, n := frameType(head[0]), binary.BigEndian.Uint32(head[1:])
	known := false
	for _, k := range types {
		known = known || k == typ
	}
	if !known {
		return 0, nil, fmt.Errorf("frame of type %d: %w", typ, ErrFrame)
	}
	if uint64(n) > uint64(typ.limit()) {
		return 0, nil, fmt.Errorf("frame of %d bytes, at most %d: %w", n, typ.limit(), wire.ErrTooLarge)
	}
	var payload bytes.Buffer
	got, err := io.Copy(&payload, io.LimitReader(r, int64(n)))
	if err != nil {
		return 0, nil, fmt.Errorf("read frame: %w", err)
	}
	if got < int64(n) {
		return 0, nil, fmt.Errorf("read frame: %d of %d bytes: %w", got, n, io.ErrUnexpectedEOF)
	}
	return typ, payload.Bytes(), nil
}

// writeFrame writes one frame in one piece. It returns [wire.ErrTooLarge] for
// a payload over the type's limit.
func writeFrame(w io.Writer, typ frameType, payload []byte) error {
	if len(payload) > typ.limit() {
		return fmt.Errorf("frame of %d bytes, at most %d: %w", len(payload), typ.limit(), wire.ErrTooLarge)
	}
	b := append(make([]byte, 0, frameHead+len(payload)), byte(typ))
	b = binary.BigEndian.AppendUint32(b, uint32(len(payload)))
	if _, err := w.Write(append(b, payload...)); err != nil {
		return fmt.Errorf("write frame: %w", err)
	}
	return nil
}

// errorCode says what sort of error an error frame tells.
type errorCode byte

const (
	codeRefused errorCode = 1 // the request is wrong or cannot be met
	codeBusy    errorCode = 2 // too many requests under way
	codeTimeout errorCode = 3 // the handler took too long
	codeInside  errorCode = 4 // anything else
)

// sentinel is the error of this package that the code stands for.
func (c errorCode) sentinel() error {
	switch c {
	case codeRefused:
		return ErrRefused
	case codeBusy:
		return ErrBusy
	case codeTimeout:
		return ErrTimeout
	}
	return ErrRemote
}

// RemoteError is an error that a peer answered with. It wraps [ErrRefused],
// [ErrBusy], [ErrTimeout] or [ErrRemote].
type RemoteError struct {
	Text string // by the peer: not to be trusted
	code errorCode
}

// Error implements error; the peer's text is quoted, so that it cannot act on
// a terminal.
func (e *RemoteError) Error() string { return fmt.Sprintf("%v: %q", e.Unwrap(), e.Text) }

// Unwrap returns the sentinel.
func (e *RemoteError) Unwrap() error { return e.code.sentinel() }

// decodeError reads the payload of an error frame: [ErrFrame].
func decodeError(payload []byte) (*RemoteError, error) {
	if len(payload) == 0 || !utf8.Valid(payload[1:]) {
		return nil, fmt.Errorf("error frame of %d bytes: %w", len(payload), ErrFrame)
	}
	c := errorCode(payload[0])
	if c < codeRefused || c > codeInside {
		return nil, fmt.Errorf("error frame with code %d: %w", c, ErrFrame)
	}
	return &RemoteError{code: c, Text: string(payload[1:])}, nil
}

// encodeError cuts text to what a frame takes, at the end of a character.
func encodeError(c errorCode, text string) []byte {
	if len(text) > maxErrorText {
		cut := maxErrorText
		for cut > 0 && !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut]
	}
	return append([]byte{byte(c)}, bytes.ToValidUTF8([]byte(text), []byte("?"))...)
}
