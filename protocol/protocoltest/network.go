package protocoltest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/protocol/wire"
)

// Node is what a network drives. Its methods are called one at a time, those
// of different nodes at the same time where [Config.Parallel] says so.
type Node interface {
	// Step does what is due at a height.
	Step(ctx context.Context, head protocol.Height) error
	// Work does what takes long.
	Work(ctx context.Context) error
	// Message takes what another published; an error is what gossip would be
	// told, and is the node's own affair.
	Message(ctx context.Context, topic string, raw []byte) error
}

// Witness is a [Node] that serves accepted answers to those who missed them.
type Witness interface {
	Evidence(k wire.AnswerKey) ([]byte, error)
}

// Config describes a network.
type Config struct {
	Params params.Params
	Cast   []Actor
	// Seed decides everything that is left to chance.
	Seed uint64
	// Loss is how many of 1000 copies of messages and transactions are lost,
	// Delay how many blocks the others are under way at most.
	Loss, Delay int
	// Relay has nodes pass on what they take, as gossip does: who lost one copy gets
	// others, each of which may be lost again. Else each message has one copy a node.
	Relay bool
	// Parallel is how many nodes run at the same time; 1 when 0. It changes no
	// result.
	Parallel int
	// Ordered, where it is set, is told each block before it is carried out.
	Ordered func(b *ledger.Block)
}

// Network is a ledger with its nodes. It belongs to one goroutine; ports
// belong to their nodes.
type Network struct {
	cfg     Config
	chain   string
	genesis *ledger.Genesis
	rng     *rand.Rand

	// tree is the ledger; second carries out the same blocks, from the same
	// genesis, to show that all nodes would agree.
	tree, second *ledger.MemTree
	height       protocol.Height
	snapshots    map[protocol.Height]*ledger.MemTree
	payments     map[protocol.Epoch]map[protocol.PublicKey]ledger.Payment

	orderer orderer
	places  []*place // in the order in which nodes came
	under   []copied // copies under way
	pool    pool
}

// place is a node with its connection.
type place struct {
	name string
	node Node
	port *Port
	cut  bool
	lag  protocol.Height
	// kept are the envelopes of answers that the node took.
	kept map[wire.AnswerKey]bool
	// seen are the messages that came, with their heights, and passed on is what is
	// to be passed on of them, where messages are relayed. Swept is when old ones were
	// forgotten last.
	seen   map[[sha256.Size]byte]protocol.Height
	swept  protocol.Height
	passOn []message
}

// snapshotsKept is by how many blocks a node may lag.
const snapshotsKept = 16

// remember has all nodes of all networks know a signature that one of them found
// right: they are in one process, and each is handed every message.
var remember = sync.OnceFunc(func() { key.Remember(1 << 16) })

// New returns the network before its first block, without nodes.
func New(cfg Config) (*Network, error) {
	remember()
	g := genesis(cfg.Params, cfg.Cast, cfg.Seed)
	n := &Network{
		cfg: cfg, genesis: g, chain: g.ChainID(), rng: rand.New(rand.NewPCG(cfg.Seed, 0)),
		tree: &ledger.MemTree{}, second: &ledger.MemTree{}, snapshots: map[protocol.Height]*ledger.MemTree{},
		payments: map[protocol.Epoch]map[protocol.PublicKey]ledger.Payment{},
	}
	if _, err := ledger.Init(n.tree, g); err != nil {
		return nil, err
	}
	if _, err := ledger.Init(n.second, g); err != nil {
		return nil, err
	}
	n.orderer = newOrderer(cfg.Cast)
	return n, n.check()
}

// ChainID returns the chain id.
func (n *Network) ChainID() string { return n.chain }

// Genesis returns what the network began with.
func (n *Network) Genesis() *ledger.Genesis { return n.genesis }

// Params returns the network's constants.
func (n *Network) Params() *params.Params { return &n.genesis.Params }

// Height returns the height of the newest block.
func (n *Network) Height() protocol.Height { return n.height }

// State returns the state after the newest block.
func (n *Network) State() *ledger.MemTree { return n.tree }

// Attach gives an actor's node its place. A node that was there is gone, as if
// killed: what it had not yet sent is lost. Nil leaves the place empty.
func (n *Network) Attach(name string, port *Port, node Node) {
	for _, p := range n.places {
		if p.name == name {
			p.node, p.port = node, port
			return
		}
	}
	n.places = append(n.places, &place{
		name: name, node: node, port: port, kept: map[wire.AnswerKey]bool{}, seen: map[[sha256.Size]byte]protocol.Height{},
	})
}

// Cut takes nodes off the network: they hear and say nothing, and make no
// blocks. Mend brings them back.
func (n *Network) Cut(names ...string) { n.each(names, func(p *place) { p.cut = true }) }

// Mend ends what [Network.Cut] began.
func (n *Network) Mend(names ...string) { n.each(names, func(p *place) { p.cut = false }) }

// Lag lets a node see every block so many blocks late, at most 15.
func (n *Network) Lag(name string, blocks int) {
	n.each([]string{name}, func(p *place) { p.lag = protocol.Height(min(blocks, snapshotsKept-1)) })
}

func (n *Network) each(names []string, fn func(*place)) {
	for _, name := range names {
		for _, p := range n.places {
			if p.name == name {
				fn(p)
			}
		}
	}
}

// running reports whether the place takes part.
func (p *place) running() bool { return p.node != nil && !p.cut }

// Block makes the next block, shows it to all nodes, and lets them do what
// follows from it. Errors are a broken invariant of the ledger, and what a
// node's Step or Work returned, behind its name.
func (n *Network) Block(ctx context.Context) (*ledger.Result, error) {
	n.pool.collect(n)
	res, err := n.order()
	if err != nil {
		return nil, fmt.Errorf("height %d: %w", n.height+1, err)
	}
	if err := n.check(); err != nil {
		return nil, fmt.Errorf("height %d: %w", n.height, err)
	}
	n.snapshots[n.height] = n.tree.Clone()
	delete(n.snapshots, n.height-min(n.height, snapshotsKept))
	errs := []error{n.all(func(p *place) error { return p.step(ctx, n.height) })}
	n.spread()
	n.deliver(ctx)
	errs = append(errs, n.all(func(p *place) error { return p.node.Work(ctx) }))
	n.spread()
	n.deliver(ctx)
	n.spread()
	if err := errors.Join(errs...); err != nil {
		return res, fmt.Errorf("height %d: %w", n.height, err)
	}
	return res, nil
}

// Until makes blocks up to a height.
func (n *Network) Until(ctx context.Context, h protocol.Height) error {
	for n.height < h {
		if _, err := n.Block(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Epochs makes blocks up to the end of epoch e.
func (n *Network) Epochs(ctx context.Context, e protocol.Epoch) error {
	return n.Until(ctx, n.cfg.Params.Schedule.EpochEnd(e))
}

func (p *place) step(ctx context.Context, head protocol.Height) error {
	if head <= p.lag {
		return nil
	}
	p.port.seen(head - p.lag)
	return p.node.Step(ctx, head-p.lag)
}

// all calls fn for every running node that has seen a block.
func (n *Network) all(fn func(*place) error) error {
	errs := make([]error, len(n.places))
	var g errgroup.Group
	g.SetLimit(max(1, n.cfg.Parallel))
	for i, p := range n.places {
		if !p.running() || n.height <= p.lag {
			continue
		}
		g.Go(func() error {
			if err := fn(p); err != nil {
				errs[i] = fmt.Errorf("%s: %w", p.name, err)
			}
			return nil
		})
	}
	_ = g.Wait() // errors are in errs, in the order of the nodes
	return errors.Join(errs...)
}

// ErrSupply says that money was lost or made, ErrDisagree that two nodes would
// not have the same state.
var (
	ErrSupply   = errors.New("protocoltest: supply is not conserved")
	ErrDisagree = errors.New("protocoltest: the same blocks gave two states")
)

// check looks at what holds after every block.
func (n *Network) check() error {
	s, err := ledger.CountSupply(n.tree)
	if err != nil {
		return err
	}
	if !s.Conserved() {
		return fmt.Errorf("%+v: %w", s, ErrSupply)
	}
	if !n.cfg.Params.Schedule.IsEpochEnd(n.height) {
		return nil
	}
	if n.tree.Hash() != n.second.Hash() {
		return ErrDisagree
	}
	e := n.cfg.Params.Schedule.EpochOf(n.height)
	list, err := ledger.ReadPayments(n.tree, e)
	if err != nil {
		return err
	}
	n.payments[e] = map[protocol.PublicKey]ledger.Payment{}
	for _, p := range list {
		n.payments[e][p.Hotkey] = p
	}
	return nil
}

// Payment returns what an actor's seat was paid at the end of epoch e; zero
// where it had none.
func (n *Network) Payment(name string, e protocol.Epoch) ledger.Payment {
	return n.payments[e][Named(name).PublicKey()]
}

// Mined returns what an actor's seat was paid for answers in the epochs from … to.
func (n *Network) Mined(name string, from, to protocol.Epoch) (sum protocol.Amount) {
	for e := from; e <= to; e++ {
		sum += n.Payment(name, e).Miner
	}
	return sum
}

// Judged returns what an actor's seat was paid for judging in the epochs from … to.
func (n *Network) Judged(name string, from, to protocol.Epoch) (sum protocol.Amount) {
	for e := from; e <= to; e++ {
		sum += n.Payment(name, e).Validator
	}
	return sum
}
