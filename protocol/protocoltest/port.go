package protocoltest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/submit"
	"github.com/assaynet/assay/protocol/wire"
)

// Port connects one node: the ledger as the node sees it, its transactions, its
// gossip. Methods are safe for concurrent use.
type Port struct {
	net    *Network
	signer Signer
	light  bool
	txs    *submit.Submitter

	mu   sync.Mutex
	head protocol.Height // guarded by mu
	out  []message       // guarded by mu
}

type message struct {
	topic string
	raw   []byte
}

// Port returns a fresh connection for an actor's node.
func (n *Network) Port(name string) *Port {
	p := &Port{net: n, signer: Named(name)}
	p.txs = submit.New(p.signer, n.chain, &n.Params().Fees, p.ownNonce, func(ctx context.Context, raw []byte, _ bool) error {
		return p.Publish(ctx, topicTx, raw)
	})
	return p
}

// LightPort returns one whose state cannot be walked, as a light reader's.
func (n *Network) LightPort(name string) *Port {
	p := n.Port(name)
	p.light = true
	return p
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

// Submit sends a transaction of the node's hotkey, by what the nodes that ship
// send them by.
func (p *Port) Submit(ctx context.Context, body wire.Body) error { return p.txs.Submit(ctx, body) }

func (p *Port) ownNonce(ctx context.Context) (uint64, protocol.Height, error) {
	head := p.Head()
	r, err := p.At(ctx, head)
	if err != nil {
		return 0, 0, err
	}
	a, _, err := ledger.ReadAccount(r, p.signer.PublicKey())
	return a.Nonce, head, err
}

// Publish sends signed bytes on a topic.
func (p *Port) Publish(_ context.Context, topic string, raw []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out = append(p.out, message{topic, raw})
	return nil
}

// Evidence asks the node of a hotkey for an answer that did not arrive here.
func (p *Port) Evidence(_ context.Context, holder protocol.PublicKey, k wire.AnswerKey) ([]byte, error) {
	return p.net.evidence(holder, k)
}

// Register returns what buys a seat for an actor's hotkey, which agrees to work for
// an owner; what it costs does not matter.
func (n *Network) Register(name, owner string) (*wire.Register, error) {
	c, err := wire.NewConsent(Named(name), wire.DomainConsent, n.chain, Cold(owner).PublicKey(), wire.MaxConsent)
	if err != nil {
		return nil, err
	}
	return &wire.Register{Hotkey: Named(name).PublicKey(), MaxPrice: Purse, Consent: c}, nil
}

// ConsensusKey returns what binds an actor's consensus key to its seat.
func (n *Network) ConsensusKey(name string) (*wire.SetConsensusKey, error) {
	bind := wire.BindMessage(n.chain, Named(name).PublicKey())
	sig, err := consensusKey(name).Sign(string(wire.DomainBind), bind)
	if err != nil {
		return nil, err
	}
	seed, err := Named(name).private.DeriveTransport("protocoltest", 0)
	if err != nil {
		return nil, err
	}
	transport, err := key.SignTransport(seed, string(wire.DomainBind), bind)
	return &wire.SetConsensusKey{
		Key: consensusKey(name).PublicKey(), KeySig: sig, TransportKey: key.TransportPublic(seed), TransportSig: transport, Address: "127.0.0.1:26656",
	}, err
}

// Serve returns what a seat with a capacity announces of itself.
func (n *Network) Serve(name string, capacity uint16) (*wire.Serve, error) {
	sig, err := identity(name).Sign(string(wire.DomainBind), wire.BindMessage(n.chain, Named(name).PublicKey()))
	if err != nil {
		return nil, err
	}
	owner := Cold(name).PublicKey()
	for i := range n.cfg.Cast {
		if a := &n.cfg.Cast[i]; a.Name == name {
			owner = Cold(a.owner()).PublicKey()
		}
	}
	return &wire.Serve{
		Coldkey: owner, Offers: offersOf(n.Params(), capacity),
		Identity: identity(name).PublicKey(), IdentitySig: sig,
	}, nil
}
