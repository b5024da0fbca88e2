package protocoltest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
)

// Port connects one node: the ledger as the node sees it, its transactions, its
// gossip. Methods are safe for concurrent use.
type Port struct {
	net    *Network
	signer Signer
	light  bool

	mu      sync.Mutex
	head    protocol.Height
	out     []message
	pending []pending // own transactions without gaps in their nonces
}

type message struct {
	topic string
	raw   []byte
}

type pending struct {
	body  protocol.Hash
	nonce uint64
	sent  protocol.Height
	raw   []byte
}

// patience is after how many blocks an own transaction is given up.
const patience = 4

// Port returns a fresh connection for an actor's node.
func (n *Network) Port(name string) *Port { return &Port{net: n, signer: Named(name)} }

// LightPort returns one whose state cannot be walked, as a light reader's.
func (n *Network) LightPort(name string) *Port {
	return &Port{net: n, signer: Named(name), light: true}
}

func (p *Port) seen(head protocol.Height) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.head = head
}

// sent returns what the node sent since it was last asked.
func (p *Port) sent() []message {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.out
	p.out = nil
	return out
}

// Head returns the newest height that the node has seen.
func (p *Port) Head() protocol.Height {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.head
}

// WaitNext returns the newest height if it is above after; the network drives
// the nodes itself, so nothing ever waits here but until ctx ends.
func (p *Port) WaitNext(ctx context.Context, after protocol.Height) (protocol.Height, error) {
	if h := p.Head(); h > after {
		return h, nil
	}
	<-ctx.Done()
	return 0, ctx.Err()
}

var errPoints = errors.New("protocoltest: a light reader cannot iterate")

// points is a state that is read key by key.
type points struct{ ledger.Reader }

func (points) Iterate([]byte, func(_, _ []byte) bool) error { return errPoints }

// At returns the state after one of the newest blocks.
func (p *Port) At(_ context.Context, h protocol.Height) (ledger.Reader, error) {
	t := p.net.snapshots[h]
	if t == nil || h > p.Head() {
		return nil, fmt.Errorf("protocoltest: no state at height %d", h)
	}
	if p.light {
		return points{t}, nil
	}
	return t, nil
}

// Submit sends a transaction of the node's hotkey. The same body again sends
// the same transaction, as long as it is not in a block.
func (p *Port) Submit(ctx context.Context, body wire.Body) error {
	head := p.Head()
	r, err := p.At(ctx, head)
	if err != nil {
		return err
	}
	a, _, err := ledger.ReadAccount(r, p.signer.PublicKey())
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.settle(a.Nonce, head)
	name := wire.HashOf("protocoltest/body", []byte{byte(body.Type())}, wire.Encode(body))
	for i := range p.pending {
		if p.pending[i].body == name {
			p.out = append(p.out, message{topicTx, p.pending[i].raw})
			return nil
		}
	}
	nonce := a.Nonce + uint64(len(p.pending))
	tx, err := wire.NewTx(p.signer, p.net.chain, nonce, body)
	if err != nil {
		return err
	}
	raw := wire.Encode(tx)
	p.pending = append(p.pending, pending{body: name, nonce: nonce, sent: head, raw: raw})
	p.out = append(p.out, message{topicTx, raw})
	return nil
}

// settle forgets what is in blocks, and all when the oldest waited too long.
func (p *Port) settle(next uint64, head protocol.Height) {
	for len(p.pending) > 0 && p.pending[0].nonce < next {
		p.pending = p.pending[1:]
	}
	if len(p.pending) > 0 && head >= p.pending[0].sent+patience {
		p.pending = nil
	}
}

// Publish sends signed bytes on a topic.
func (p *Port) Publish(_ context.Context, topic string, raw []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out = append(p.out, message{topic, raw})
	return nil
}

// Evidence asks the other nodes for an answer that did not arrive.
func (p *Port) Evidence(_ context.Context, k wire.AnswerKey) ([]byte, error) {
	return p.net.evidence(p, k)
}

// Serve returns what a seat with a capacity announces of itself.
func (n *Network) Serve(name string, capacity uint16) (*wire.Serve, error) {
	sig, err := identity(name).Sign(string(wire.DomainBind), wire.BindMessage(n.chain, Named(name).PublicKey()))
	if err != nil {
		return nil, err
	}
	return &wire.Serve{
		Offers:   offersOf(n.Params(), capacity),
		Identity: identity(name).PublicKey(), IdentitySig: sig,
	}, nil
}
