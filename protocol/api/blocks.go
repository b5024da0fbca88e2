package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/audit"
	"github.com/assaynet/assay/protocol/wire"
)

const (
	// maxBlocksBytes is after how many bytes of records a page of blocks ends: it has
	// one more at most, so that an answer stays below what clients take.
	maxBlocksBytes = 4 << 20
	// maxBlocksRead is the same where records are read and not shown: what they take to
	// read is bounded, and not what the answer has.
	maxBlocksRead = 32 << 20
	// leastRecord is what a record without transactions counts.
	leastRecord = 512
)

// Blocks is a stretch of the chain, for who carries it out again.
type Blocks struct {
	Newest protocol.Height `json:"newest"` // block of this node
	Blocks []Block         `json:"blocks"` // in order, without a gap
}

func (b Blocks) csv() ([]byte, error) { return Page[Block]{Items: b.Blocks}.csv() }

// next is empty: who goes on says from which height.
func (Blocks) next() string { return "" }

// Block is one block.
type Block struct {
	Height protocol.Height `json:"height"`
	Time   time.Time       `json:"time"` // in its header
	// Proposer is the consensus key that made it, Txs how many transactions it has,
	// StateHash the hash of the state after it.
	Proposer  protocol.PublicKey `json:"proposer"`
	Txs       uint32             `json:"txs"`
	StateHash protocol.Hash      `json:"app_hash"`
	Record    []byte             `json:"record,omitempty"` // canonical CBOR of an audit.Record
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

// heights reads height=: a block at which a page begins, from where it goes up, or
// down where the newest come first; or a..b with both ends, of which one may be
// left out. An end is a number, latest, or -n, the n-th from the newest. The
// stretch is of blocks that there are, and empty, with from above to, where those
// end before it.
func heights(query map[string]string, newest protocol.Height, down bool) (from, to protocol.Height, err error) {
	from, to = 1, newest
	text, given := query["height"]
	if !given {
		return from, to, nil
	}
	a, b, isRange := strings.Cut(text, "..")
	if !isRange && down {
		a, b = "", a
	}
	ok := a != "" || b != ""
	for _, end := range []struct {
		text string
		at   *protocol.Height
	}{{a, &from}, {b, &to}} {
		if end.text == "" {
			continue
		}
		n, known := endAt(end.text, newest)
		if end.text[0] == '-' || end.text == "latest" {
			n = max(n, 1) // there is none before the first
		}
		ok = ok && known && n > 0
		*end.at = n
	}
	if !ok || a != "" && b != "" && from > to {
		return 0, 0, problem(http.StatusBadRequest, problemQuery, "give height=7, 3..7, 3.., ..7, latest, or -3.. for the last three; the first is 1", "height %.40q", text)
	}
	return from, min(to, newest), nil
}

// blocks shows blocks from a height on, or down from it where the newest come
// first, or those of a stretch.
func (h *Handler) blocks(r *request) (any, error) {
	s, err := h.history()
	if err != nil {
		return nil, err
	}
	p, err := newPager[Block](r)
	if err != nil {
		return nil, err
	}
	_, newest, err := h.src.State.State(r.ctx())
	if err != nil {
		return nil, fmt.Errorf("read the state: %w", err)
	}
	from, to, err := heights(r.query, newest, p.newest)
	if err != nil {
		return nil, err
	}
	n := from
	if p.newest {
		n = to
	}
	whole, most := true, maxBlocksBytes
	switch text := r.query["record"]; text {
	case "", "1":
	case "0":
		whole, most = false, maxBlocksRead
	default:
		return nil, problem(http.StatusBadRequest, problemQuery, "give record=0", "record %.40q", text)
	}
	out := Blocks{Newest: newest, Blocks: []Block{}}
	size := 0
	for n >= from && n <= to && len(out.Blocks) < p.limit && size < most {
		if err := r.ctx().Err(); err != nil {
			return nil, err
		}
		rec, err := s.Record(r.ctx(), n)
		if errors.Is(err, ErrNotFound) && p.newest && len(out.Blocks) > 0 {
			return out, nil // older ones are not kept
		}
		if errors.Is(err, ErrNotFound) {
			return nil, problem(http.StatusGone, problemGone, "ask a validator that keeps all blocks", "block %d is not kept here", n)
		}
		if err != nil {
			return nil, fmt.Errorf("block %d: %w", n, err)
		}
		b, bytes, err := shownBlock(rec, whole)
		if err != nil {
			return nil, fmt.Errorf("block %d: %w", n, err)
		}
		size += bytes
		out.Blocks = append(out.Blocks, b)
		if p.newest {
			n--
		} else {
			n++
		}
	}
	return out, nil
}

// shownBlock shows a record, and returns how many bytes it took.
func shownBlock(rec *audit.Record, whole bool) (Block, int, error) {
	block, err := rec.Block()
	if err != nil {
		return Block{}, 0, err
	}
	b := Block{
		Height: rec.Height, Time: time.Unix(0, rec.Time).UTC(), Proposer: rec.Proposer, Txs: uint32(len(block.Txs)), StateHash: rec.StateHash,
	}
	if whole {
		b.Record = wire.Encode(rec)
		return b, len(b.Record), nil
	}
	return b, leastRecord + len(rec.Txs), nil
}
