package wire

import "github.com/assaynet/assay/protocol"

// maxBlockHead bounds the first item of a block: one hash and its framing.
const maxBlockHead = 64

// BlockHead is the first item of every block, made by its proposer: the link
// of the proposer's hash chain that serves this height.
type BlockHead struct {
	_    struct{}      `cbor:",toarray"`
	Link protocol.Hash // whose hash is the proposer's link of the height before, or its anchor
}

// Code implements [Coded].
func (h *BlockHead) Code(c *Coder) {
	c.Array(1)
	c.Fixed(h.Link[:])
}

// DecodeBlockHead reads the first item of a block; errors are those of [Decode].
func DecodeBlockHead(b []byte) (BlockHead, error) {
	var h BlockHead
	err := Decode(b, maxBlockHead, &h)
	return h, err
}
