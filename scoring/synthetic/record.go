package synthetic

import (
	"bytes"
	"cmp"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// Record is what a maker committed to.
type Record struct {
	ID    protocol.Hash // no two records of a request have one id
	Maker uint32        // who is paid
	Block uint64        // of the commitment
	Seed  protocol.Hash // of the prompt, in a family; else zeros
	Text  string        // as it was committed to; valid UTF-8
}

// Place is where a record stands among those of its request: by the block of its
// commitment, and within a block by a hash that nobody could know before the
// beacon was drawn. Ties are left to the id.
type Place struct {
	Block uint64
	Draw  protocol.Hash // SHA-256("assay/1/synthetic/draw" ‖ 0 ‖ beacon ‖ id)
	ID    protocol.Hash
}

// PlaceOf returns the place of a record of a request.
func PlaceOf(s *Specification, block uint64, id protocol.Hash) Place {
	return Place{block, wire.HashOf("assay/1/synthetic/draw", s.Beacon[:], id[:]), id}
}

// Compare orders places.
func (p Place) Compare(q Place) int {
	return cmp.Or(cmp.Compare(p.Block, q.Block), bytes.Compare(p.Draw[:], q.Draw[:]), bytes.Compare(p.ID[:], q.ID[:]))
}
