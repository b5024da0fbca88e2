package discover

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/libp2p/go-libp2p/core/network"
)

// Errors of a stream that breaks the rules; the stream ends with them.
var (
	errTooLong = errors.New("message too long")
	errTooMany = errors.New("too many questions")
)

// framed is a stream of messages, each after its length as a varint, that gives a
// reader no message above its limit: the library takes memory by the length alone,
// up to 4 MiB.
type framed struct {
	network.Stream
	most  int
	allow func() bool // asked before each message; nil: all are allowed
	heard func()      // called after each; nil: nobody is told
	rest  []byte      // of the message that is being read, its length before it
}

// Read implements [io.Reader].
func (f *framed) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	if len(f.rest) == 0 {
		var err error
		if f.rest, err = nextFrame(f.Stream, f.most, f.allow); err != nil {
			return 0, err
		}
		if f.heard != nil {
			f.heard()
		}
	}
	n := copy(b, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

// nextFrame reads one message, its length before it. It returns [io.EOF] where the
// stream ends before a message, and [io.ErrUnexpectedEOF] where it ends within one.
func nextFrame(r io.Reader, most int, allow func() bool) ([]byte, error) {
	size, err := binary.ReadUvarint(oneByOne{r})
	if err != nil {
		return nil, err
	}
	if size > uint64(most) {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", errTooLong, size, most)
	}
	if allow != nil && !allow() {
		return nil, errTooMany
	}
	head := binary.AppendUvarint(nil, size)
	out := append(head, make([]byte, size)...)
	if _, err := io.ReadFull(r, out[len(head):]); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return out, nil
}

// oneByOne reads bytes singly.
type oneByOne struct{ io.Reader }

// ReadByte implements [io.ByteReader].
func (r oneByOne) ReadByte() (byte, error) {
	var b [1]byte
	_, err := io.ReadFull(r.Reader, b[:])
	return b[0], err
}
