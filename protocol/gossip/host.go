package gossip

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
	"golang.org/x/sync/errgroup"

	"github.com/assaynet/assay/protocol/door"
)

// Host is a node's place in the gossip of one chain. Its methods can be called
// from any goroutine; those that need the network return [ErrNotRunning]
// before and after [Host.Run].
type Host struct {
	set     *settings
	metrics *metrics
	book    *book
	gater   *gater
	guests  *guests
	names   *door.Names // at whose addresses the door keeps places
	door    *door.Door
	scores  scoreboard
	faults  meter[peer.ID]      // of each peer, as a debt; outlives a connection
	asked   meter[peer.ID]      // questions of each peer to the hash table
	serving map[string]*service // by name of the stream; guarded by mu until Run
	now     func() time.Time    // by which budgets of bytes fill again
	signing ownProofs

	reach atomic.Value // a [Reachability]

	// validators are those of the ledger; nil until it is known.
	validators atomic.Pointer[map[peer.ID]bool]

	mu      sync.Mutex
	started bool
	ready   chan struct{} // closed when the host listens

	session atomic.Pointer[session] // set while Run is up
}

// session is what exists while a host runs.
type session struct {
	net    host.Host
	router *pubsub.PubSub
	topics map[Topic]*pubsub.Topic
	tracer *tracer
	watch  *watch
	gate   *gate                     // every call into the node's code passes here
	bytes  meter[peer.ID]            // of requests and responses that were served
	crowd  meter[class]              // the same, of all peers of a class
	rates  rateMeters                // of messages that peers bring
	places atomic.Pointer[[]peer.ID] // at relays, in no order
}

// New checks the config. It starts nothing and opens no port: call [Host.Run].
// It returns [ErrConfig], or what the registerer said.
func New(c Config) (*Host, error) {
	set, err := c.check()
	if err != nil {
		return nil, err
	}
	return newHost(set)
}

func newHost(set *settings) (*Host, error) {
	m := newMetrics()
	h := &Host{
		set:     set,
		metrics: m,
		book:    newBook(set.id, set.Redial),
		guests:  newGuests(set.MaxPeers),
		names:   door.NewNames(),
		serving: map[string]*service{},
		now:     time.Now,
		ready:   make(chan struct{}),
	}
	h.gater = newGater(h.welcome, h.isKept)
	h.door = newDoor(h.names, set.times.handshake, set.Logger)
	h.keepPlaces(nil)
	for _, b := range set.boot {
		h.book.add(sourceBootstrap, b)
	}
	if err := m.register(set.Registerer, h.door); err != nil {
		return nil, err
	}
	return h, h.HandlePolls(StreamPresence, func([]byte) bool { return true }, h.present)
}

// ID returns the host's own peer id.
func (h *Host) ID() string { return h.set.id.String() }

// Ready is closed when the host listens and its methods work.
func (h *Host) Ready() <-chan struct{} { return h.ready }

// Addrs returns the addresses at which the host is reached, with its peer id;
// none before it is ready.
func (h *Host) Addrs() []string {
	s := h.session.Load()
	if s == nil {
		return nil
	}
	var out []string
	for _, a := range s.net.Addrs() {
		out = append(out, a.String()+"/p2p/"+h.ID())
	}
	return out
}

// Run listens, dials and serves until ctx is done; it returns nil then. When
// it returns, no handler runs any more and the port is free. It returns
// [ErrListen] when an address cannot be listened on, and [ErrRunning] when it
// is called a second time, and [ErrElsewhere] where [Config.Alone] says to.
func (h *Host) Run(ctx context.Context) error {
	h.mu.Lock()
	again := h.started
	h.started = true
	h.mu.Unlock()
	if again {
		return ErrRunning
	}
	group, ctx := errgroup.WithContext(ctx)
	s, err := h.open(ctx)
	if err != nil {
		return err
	}
	identified, err := s.watchIdentified()
	if err != nil {
		return s.close(err)
	}
	group.Go(func() error { return h.checkChains(ctx, s, identified) })
	group.Go(func() error { return h.dialLoop(ctx, s) })
	group.Go(func() error { return h.watchLoop(ctx, s) })
	group.Go(func() error { return h.twinLoop(ctx, s) })
	group.Go(func() error { return h.names.Run(ctx) })
	group.Go(func() error { return h.watchReach(ctx, s) })
	group.Go(func() error { return h.relayLoop(ctx, s) })
	for _, d := range h.discoveries(s) {
		group.Go(func() error { return h.discover(ctx, s, d) })
	}
	h.session.Store(s)
	close(h.ready)
	h.set.Logger.Info().Str("peer_id", h.ID()).Strs("addrs", h.Addrs()).Msg("gossip is up")
	err = group.Wait()
	h.session.Store(nil)
	return s.close(err)
}

// open makes the host and its router, and listens last: what arrives finds
// everything in place.
func (h *Host) open(ctx context.Context) (*session, error) {
	n, err := h.newNetwork()
	if err != nil {
		return nil, fmt.Errorf("open gossip: %w", err)
	}
	s := &session{net: n, gate: &gate{}, tracer: h.newTracer(), watch: newWatch()}
	h.watchGuests(s)
	if err := h.join(ctx, s); err != nil {
		return nil, s.close(fmt.Errorf("join topics: %w", err))
	}
	h.mu.Lock()
	for name, v := range h.serving {
		n.SetStreamHandler(h.streamID(name), h.streamHandler(ctx, s, v))
	}
	h.mu.Unlock()
	for _, a := range h.set.listen {
		if err := listen(n, a); err != nil {
			return nil, s.close(fmt.Errorf("%w on %s: %w", ErrListen, a, err))
		}
	}
	return s, nil
}

// listen listens on one address. The error of the swarm's own Listen is text
// alone; where it can, this keeps the system's number in it.
func listen(n host.Host, a ma.Multiaddr) error {
	if one, ok := n.Network().(interface{ AddListenAddr(ma.Multiaddr) error }); ok {
		return one.AddListenAddr(a)
	}
	return n.Network().Listen(a)
}

// close ends the session and waits for the node's code; it returns err, or
// what closing said.
func (s *session) close(err error) error {
	s.gate.close()
	closed := s.net.Close()
	s.gate.wait()
	if err == nil && closed != nil {
		return fmt.Errorf("close gossip: %w", closed)
	}
	return err
}

// gate counts the calls into the node's code, so that none is running, and
// none begins, after Run has returned: what they use may be closed then.
type gate struct {
	mu     sync.Mutex
	closed bool
	calls  sync.WaitGroup
}

// enter reports whether a call may begin; leave ends it.
func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	g.calls.Add(1)
	return true
}

func (g *gate) leave() { g.calls.Done() }

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
}

func (g *gate) wait() { g.calls.Wait() }

// every calls step at once and then once per period, until ctx is done.
func every(ctx context.Context, period time.Duration, step func()) error {
	t := time.NewTicker(period)
	defer t.Stop()
	for {
		step()
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}
