package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// maxBlocksBytes is after how many bytes of records a page of blocks ends: it has
// one more at most, so that an answer stays below what clients take.
const maxBlocksBytes = 4 << 20

// Blocks is a stretch of the chain, for who carries it out again.
type Blocks struct {
	Newest protocol.Height `json:"newest"` // block of this node
	Blocks []Block         `json:"blocks"` // ascending, without a gap
}

// Block is one block.
type Block struct {
	Height protocol.Height `json:"height"`
	Record []byte          `json:"record"` // canonical CBOR of an audit.Record
}

// history is the source's blocks, if it has some.
func (h *Handler) history() (History, error) {
	if s, ok := h.src.State.(History); ok {
		return s, nil
	}
	return nil, notKept("blocks", "ask a validator")
}

// genesis shows what the network began with.
func (h *Handler) genesis(*request) (any, error) {
	s, err := h.history()
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(s.Origin())
	return json.RawMessage(b), err
}

// blocks shows the records of blocks from a height on.
func (h *Handler) blocks(r *request) (any, error) {
	s, err := h.history()
	if err != nil {
		return nil, err
	}
	p, err := newPager[Block](r)
	if err != nil {
		return nil, err
	}
	from := uint64(1)
	if text, ok := r.query["height"]; ok {
		if from, err = number(text, 64); err != nil || from == 0 {
			return nil, problem(http.StatusBadRequest, problemQuery, "give height=7; the first is 1", "height %.40q", text)
		}
	}
	_, newest, err := h.src.State.State(r.ctx())
	if err != nil {
		return nil, fmt.Errorf("read the state: %w", err)
	}
	out := Blocks{Newest: newest, Blocks: []Block{}}
	size := 0
	for n := protocol.Height(from); n <= newest && len(out.Blocks) < p.limit && size < maxBlocksBytes; n++ {
		if err := r.ctx().Err(); err != nil {
			return nil, err
		}
		rec, err := s.Record(r.ctx(), n)
		if errors.Is(err, ErrNotFound) {
			return nil, problem(http.StatusGone, problemGone, "ask a validator that keeps all blocks", "block %d is not kept here", n)
		}
		if err != nil {
			return nil, fmt.Errorf("block %d: %w", n, err)
		}
		b := Block{Height: n, Record: wire.Encode(rec)}
		size += len(b.Record)
		out.Blocks = append(out.Blocks, b)
	}
	return out, nil
}
