package consensus

import (
	"context"
	"fmt"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

// serveWait is how long a question for the next block is kept open, well below
// the stream's own deadline.
const serveWait = 10 * time.Second

// Serve answers one request of a light reader. It may run at the same time for
// many. Errors: [ErrRequest], which blames who asks, [ErrNoBlock] and [ErrTxBusy].
func (n *Node) Serve(ctx context.Context, request []byte) ([]byte, error) {
	q, err := decodeRequest(request)
	if err != nil {
		return nil, err
	}
	var res lightResponse
	switch q.Ask {
	case askBlock:
		res.Height, res.Block, err = n.lightBlock(q.Height)
	case askState:
		res.Height = q.Height
		res.Items, err = n.prove(q.Height, q.Keys)
	case askWait:
		res.Height, err = n.waitAbove(ctx, q.Height)
	case askTx:
		res.Height, res.Items, err = n.outcome(ctx, q.Keys)
	default:
		err = fmt.Errorf("%w: question %d", ErrRequest, q.Ask)
	}
	if err != nil {
		return nil, err
	}
	return wire.Encode(&res), nil
}

// Waits reports whether a request for [Node.Serve] only waits for the next block.
func Waits(request []byte) bool {
	q, err := decodeRequest(request)
	return err == nil && q.Ask == askWait
}

// prove returns the values of keys after block h with their proofs. A key that is
// named again is served once: a proof takes far more bytes than its key, and who
// asks for one value has no use for it twice.
func (n *Node) prove(h protocol.Height, keys [][]byte) ([]Proven, error) {
	s, err := n.app.st.At(h)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoBlock, err)
	}
	out := make([]Proven, 0, len(keys))
	size := 0
	served := make(map[string]bool, len(keys))
	for _, k := range keys {
		if served[string(k)] {
			continue
		}
		served[string(k)] = true
		value, proof, err := s.Prove(k)
		if err != nil {
			return nil, err
		}
		if size += len(k) + len(value) + len(proof) + 32; size > MaxResponse-1024 {
			return nil, fmt.Errorf("%w: the answer has more than %d bytes, ask for fewer keys", ErrRequest, MaxResponse)
		}
		out = append(out, Proven{Key: k, Value: value, Proof: proof})
	}
	return out, nil
}

// waitAbove returns the newest height, once it is above after or serveWait is over.
func (n *Node) waitAbove(ctx context.Context, after protocol.Height) (protocol.Height, error) {
	if _, h := n.app.latest(); h > after {
		return h, nil
	}
	ctx, cancel := context.WithTimeout(ctx, serveWait)
	defer cancel()
	for head := range n.Subscribe(ctx) {
		if head.Height > after {
			return head.Height, nil
		}
	}
	_, h := n.app.latest()
	return h, nil
}

// lightBlock returns the light block at h, 0 for the newest that is carried out.
func (n *Node) lightBlock(h protocol.Height) (protocol.Height, []byte, error) {
	if h == 0 {
		_, h = n.app.latest()
	}
	b, err := n.archive.lightBlock(h)
	return h, b, err
}
