package task

import (
	"encoding/binary"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// Stream is a supply of numbers that a task's id determines: block i is
// SHA-256("assay/1/task/stream" ‖ 0 ‖ id ‖ i), i in eight bytes, big-endian.
type Stream struct {
	id   protocol.TaskID
	next uint64
	left []byte
}

// NewStream returns the stream of a task, at its beginning.
func NewStream(id protocol.TaskID) *Stream { return &Stream{id: id} }

// Block returns a whole fresh block.
func (s *Stream) Block() [32]byte {
	h := wire.HashOf("assay/1/task/stream", s.id[:], binary.BigEndian.AppendUint64(nil, s.next))
	s.next++
	return h
}

// Below returns a number in 0 … n−1, n > 0: eight bytes of a block modulo n. The
// bias of the remainder is below n/2⁶⁴, which nothing here could use.
func (s *Stream) Below(n uint64) uint64 {
	if len(s.left) < 8 {
		b := s.Block()
		s.left = b[:]
	}
	v := binary.BigEndian.Uint64(s.left)
	s.left = s.left[8:]
	return v % n
}
