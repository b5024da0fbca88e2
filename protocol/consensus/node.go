package consensus

import (
	"context"
	stded25519 "crypto/ed25519"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	cfg "github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/cometbft/cometbft/node"
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/proxy"
	"github.com/cometbft/cometbft/types"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/audit"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/ledger"
)

// Node takes part in ordering the ledger's blocks, as a validator if its
// consensus key is in the set. All methods may run at the same time; Run once.
type Node struct {
	cfg     Config
	chain   string
	doc     *types.GenesisDoc
	app     *app
	signer  *signer
	key     *p2p.NodeKey
	extra   []validator
	front   *front
	admit   *admission
	halted  chan string               // what ended CometBFT's state machine; the first counts
	comet   atomic.Pointer[node.Node] // while it runs
	archive *Archive
	prover  *prover
	syncing atomic.Bool
	// otherChain says that those who were asked last have another checkpoint.
	otherChain atomic.Bool
	otherRules atomic.Bool // that the chain has other upgrades than the genesis here
	forks      seenForks
	forked     atomic.Uint64                         // blocks of another history that evidence was made of
	ready      chan struct{}                         // closed by Run, once
	behind     func(context.Context) (string, error) // names a free port of loopback
	options    []node.Option                         // what tests change of CometBFT
	closing    closing
	begun      int64 // the newest block when CometBFT was made
}

// New opens the node's state. It starts nothing. Errors: [ErrConfig], and those
// of the store: [store.ErrOtherChain] where the database is another network's.
func New(c Config) (*Node, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	doc, err := genesisDoc(c.Genesis)
	if err != nil {
		return nil, err
	}
	if err := c.DB.BindChain(doc.ChainID); err != nil {
		return nil, err
	}
	n := &Node{
		cfg: c, chain: doc.ChainID, doc: doc, halted: make(chan string, 1), ready: make(chan struct{}), behind: freePort,
		closing: closing{every: closeWithin, pause: c.pause()},
	}
	if n.app, err = newApp(&c); err != nil {
		return nil, err
	}
	n.archive = OpenArchive(c.DB)
	n.prover = newProver(n.archive.proofs)
	secrets := append([]key.Secret{c.Consensus}, c.Former...)
	if n.signer, err = newSigner(secrets, n.app.signsNext, n.archive, doc.InitialHeight, recordOf(c.Dir, doc.ChainID), c.Logger); err != nil {
		return nil, err
	}
	n.signer.observes = c.Observe
	if !c.Hotkey.IsZero() {
		n.signer.retired = func() bool {
			r, _ := n.app.latest()
			return retired(r, c.Hotkey, c.Successor)
		}
	}
	seed := c.Transport.Expose()
	n.key = &p2p.NodeKey{PrivKey: ed25519.PrivKey(stded25519.NewKeyFromSeed(seed[:]))}
	for _, p := range c.Peers {
		id, address, ok := strings.Cut(p, "@")
		if !ok {
			return nil, fmt.Errorf("%w: peer %q, want id@host:port", ErrConfig, p)
		}
		n.extra = append(n.extra, validator{id: p2p.ID(id), address: address, own: p2p.ID(id) == n.key.ID()})
	}
	n.front = newFront(handshakeTime, c.Logger)
	n.admit = &admission{
		named: map[p2p.ID]bool{}, private: c.Private, own: n.key.ID(), peers: n.connected,
		state: func() ledger.Reader { r, _ := n.app.latest(); return r },
	}
	for _, v := range n.extra {
		n.admit.named[v.id] = true
	}
	n.front.knows = n.admit.knows
	if err := n.checkTrust(); err != nil {
		return nil, err
	}
	n.app.admit = func(id string) error { return n.admit.allow(p2p.ID(id), time.Now()) }
	return n, n.register(c.Registerer)
}

// Run takes part until ctx is done. It returns nil after a clean stop, within
// five seconds, and an error when consensus cannot go on: [ErrListen],
// [ErrHalted], [ErrStalled]. The database may be closed when it has returned.
func (n *Node) Run(ctx context.Context) error {
	early := time.Until(n.doc.GenesisTime) > 0
	if early {
		n.cfg.Logger.Info().Time("begins", n.doc.GenesisTime).Msg("waiting for the network to begin")
		close(n.ready)
	}
	if !wait(ctx, time.Until(n.doc.GenesisTime)) {
		return nil // stopped before the network began
	}
	if err := os.MkdirAll(n.cfg.Dir, 0o700); err != nil {
		return fmt.Errorf("make directory of consensus: %w", err)
	}
	f, err := n.cfg.comet()
	if err != nil {
		return err
	}
	if n.joins() {
		n.stateSync(f)
	}
	n.app.foretell()
	n.syncing.Store(true) // until it is known: blocks that the state lacks come first
	c, port, err := n.start(ctx, f)
	if err != nil {
		return err
	}
	n.syncing.Store(c.ConsensusReactor().WaitSync())
	n.comet.Store(c)
	if !early {
		close(n.ready)
	}
	g, run := errgroup.WithContext(ctx)
	g.Go(func() error { return n.dialer(c).run(run) })
	g.Go(func() error { return n.front.run(run, port, inner(f)) })
	g.Go(func() error { return n.watch(run, c) })
	err = g.Wait()
	if err != nil && !errors.Is(err, ErrHalted) && !errors.Is(err, ErrStalled) {
		err = fmt.Errorf("%w: %w", ErrHalted, err)
	}
	n.comet.Store(nil)
	return errors.Join(err, stop(c))
}

// start brings CometBFT up, and opens the port before it; blocks that the state
// lacks are replayed meanwhile.
func (n *Node) start(ctx context.Context, f *cfg.Config) (*node.Node, net.Listener, error) {
	log := logger{z: n.cfg.Logger, halt: func(reason string) {
		select {
		case n.halted <- reason:
		default:
		}
	}}
	options := append([]node.Option{node.CustomReactors(map[string]p2p.Reactor{"FRONT": n.front}), boundParts}, n.options...)
	if f.StateSync.Enable {
		v, err := n.verifier()
		if err != nil {
			return nil, nil, err
		}
		options = append(options, node.StateProvider(v))
	}
	c, err := node.NewNodeWithContext(ctx, f, n.signer, n.key, proxy.NewConnSyncLocalClientCreator(n.app),
		func() (*types.GenesisDoc, error) { return n.doc, nil }, n.cfg.stores,
		node.DefaultMetricsProvider(f.Instrumentation), log, options...)
	if err != nil {
		return nil, nil, fmt.Errorf("start consensus: %w", numbered(err))
	}
	n.begun = c.BlockStore().Height()
	port, err := n.open(ctx, f, c)
	if err != nil {
		_ = c.EventBus().Stop()
		_ = c.ProxyApp().Stop()
		return nil, nil, err
	}
	return c, port, nil
}

// open opens the port that others dial, and lets CometBFT listen behind it.
func (n *Node) open(ctx context.Context, f *cfg.Config, c *node.Node) (net.Listener, error) {
	port, err := listen(ctx, n.cfg.Listen)
	if err != nil {
		return nil, err
	}
	if err := n.listenBehind(ctx, f, c); err != nil {
		return nil, errors.Join(err, port.Close())
	}
	n.cfg.Logger.Info().Str("id", string(n.key.ID())).Str("listen", n.cfg.Listen).Msg("consensus is up")
	return port, nil
}

// listenBehind starts CometBFT at a port that nobody has been told of and that was
// free a moment ago. Somebody else may have been given it since: listening is the
// first that CometBFT does, so that it can begin again at another.
func (n *Node) listenBehind(ctx context.Context, f *cfg.Config, c *node.Node) error {
	for try := 1; ; try++ {
		behind, err := n.behind(ctx)
		if err != nil {
			return err
		}
		f.P2P.ListenAddress = protocolTCP + behind
		err = c.Start()
		switch {
		case err == nil:
			return nil
		case try == behindTries || !errors.Is(err, syscall.EADDRINUSE):
			return fmt.Errorf("start consensus: %w", numbered(err))
		}
	}
}

// checkTrust looks whether the blocks that are there are those of the checkpoint.
// One that is not there any more was looked at when it came, or is not looked at.
func (n *Node) checkTrust() error {
	n.app.trust = n.cfg.Trust
	if n.cfg.Trust.IsZero() {
		return nil
	}
	if meta := n.archive.blocks.LoadBlockMeta(int64(n.cfg.Trust.Height)); meta != nil {
		return n.app.checkTrust(meta.Header.Height, meta.BlockID.Hash)
	}
	return nil
}

// Checkpoint names the newest block that was carried out, for others to start from;
// the zero value before the first.
func (n *Node) Checkpoint() protocol.Checkpoint {
	_, h := n.app.latest()
	meta := n.archive.blocks.LoadBlockMeta(int64(h))
	if meta == nil {
		return protocol.Checkpoint{}
	}
	return protocol.Checkpoint{Height: h, Hash: protocol.Hash(meta.BlockID.Hash)}
}

// connected returns the ids of the connected peers.
func (n *Node) connected() []p2p.ID {
	c := n.comet.Load()
	if c == nil {
		return nil
	}
	var out []p2p.ID
	for _, p := range c.Switch().Peers().Copy() {
		out = append(out, p.ID())
	}
	return out
}

// register gives the metrics of the port to r, unless it is nil.
func (n *Node) register(r prometheus.Registerer) error {
	if r == nil {
		return nil
	}
	opts := func(name, help string) prometheus.Opts {
		return prometheus.Opts{Namespace: "assay", Subsystem: "consensus", Name: name, Help: help}
	}
	all := append(n.front.door.Collectors("consensus"),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts(opts("peers", "Connected peers of consensus.")), func() float64 { return float64(len(n.connected())) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts(opts("sent_away_total", "Peers of consensus that shook hands and were sent away, for there was no place for another of their kind.")), func() float64 { return float64(n.admit.sentAway()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts(opts("forks_total", "Blocks of another history that light readers handed over and evidence was made of.")), func() float64 { return float64(n.forked.Load()) }))
	for _, c := range all {
		if err := r.Register(c); err != nil {
			return fmt.Errorf("register metrics of consensus: %w", err)
		}
	}
	return nil
}

// stop ends CometBFT and waits for goroutines of its that outlive its own Stop.
func stop(c *node.Node) error {
	err := c.Stop()
	c.Wait()
	err = errors.Join(err, c.ProxyApp().Stop())
	time.Sleep(lingering)
	if err != nil {
		return fmt.Errorf("stop consensus: %w", err)
	}
	return nil
}

// wait reports whether d has passed before ctx was done.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(max(d, 0))
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
	return ctx.Err() == nil
}

func (n *Node) dialer(c *node.Node) *dialer {
	return &dialer{
		sw: c.Switch(), own: n.key.ID(), extra: n.extra, private: n.cfg.Private, know: n.front.know, log: n.cfg.Logger,
		state: func() ledger.Reader { r, _ := n.app.latest(); return r },
	}
}

// watch returns an error when consensus has ended, or does not go on although
// enough validators are there.
func (n *Node) watch(ctx context.Context, c *node.Node) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	_, last := n.app.latest()
	since := time.Now()
	joins, arrival := n.joins(), arrival{since: since}
	var catching catchUp
	for {
		select {
		case <-ctx.Done():
			return nil
		case reason := <-n.halted:
			return fmt.Errorf("%w: %w", ErrHalted, haltReason(reason))
		case <-tick.C:
		}
		if err := n.cfg.DB.Failed(); err != nil {
			return fmt.Errorf("%w: %w", ErrHalted, err)
		}
		n.syncing.Store(c.ConsensusReactor().WaitSync())
		n.takeRipe()
		r, h := n.app.latest()
		catching.look(&n.cfg.Logger, n.syncing.Load(), h, func() []protocol.Height { return peerHeights(c) }, time.Now())
		if joins && h < n.app.g.First() {
			if err := arrival.look(n, time.Now()); err != nil {
				return err
			}
			continue
		}
		joins = false
		if n.closing.look(n.syncing.Load(), h, takers(c), time.Now()) {
			if err := n.takePart(c); err != nil {
				return err
			}
		}
		if err := n.app.knows(h + 1); err != nil {
			return err
		}
		peers, err := validatorPeers(r, n.key.ID())
		if err != nil {
			return err
		}
		if h != last || !quorum(c.Switch(), peers) {
			last, since = h, time.Now()
		}
		if time.Since(since) > n.cfg.StallAfter {
			return fmt.Errorf("%w: no block after %d for %s", ErrStalled, h, n.cfg.StallAfter)
		}
	}
}

// haltReason is why CometBFT's state machine ended. It tells a text alone, also
// of what the system refused its log; that gets its number back, so that it can
// be told apart.
type haltReason string

func (r haltReason) Error() string { return string(r) }

func (r haltReason) Unwrap() error {
	if strings.Contains(string(r), ErrCheckpoint.Error()) {
		return ErrCheckpoint
	}
	if ofUpgrade(string(r)) {
		return ErrUpgrade
	}
	for _, no := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EIO, syscall.EMFILE, syscall.ENFILE, syscall.EACCES} {
		if strings.Contains(string(r), no.Error()) {
			return no
		}
	}
	return nil
}

// numbered returns an error of CometBFT with the system's number in it, where its
// text alone tells of one.
func numbered(err error) error {
	if _, ok := errors.AsType[syscall.Errno](err); ok || haltReason(err.Error()).Unwrap() == nil {
		return err
	}
	return haltReason(err.Error())
}

// Ready is closed when the transport listens, or when Run waits for the network
// to begin.
func (n *Node) Ready() <-chan struct{} { return n.ready }

// Pool returns the transactions that wait for a block.
func (n *Node) Pool() *Pool { return n.app.pool }

// TxResult returns what became of a transaction and the height of its block;
// false where it is in none of the last 200 blocks since the start.
func (n *Node) TxResult(hash protocol.Hash) (ledger.TxResult, protocol.Height, bool) {
	return n.app.results.get(hash)
}

// Submit takes a transaction of our own and publishes it. Errors are those of
// [Pool.Add].
func (n *Node) Submit(raw []byte) error {
	if _, err := n.app.pool.Add(raw); err != nil {
		return err
	}
	if n.cfg.Publish != nil {
		n.cfg.Publish(raw)
	}
	return nil
}

// Subscribe returns a channel of blocks in their order, beginning with the
// newest one that was carried out since the start, if any. It is closed when ctx
// is done. A subscriber that is 256 blocks behind misses the oldest of them.
func (n *Node) Subscribe(ctx context.Context) <-chan Head { return n.app.heads.subscribe(ctx) }

// Latest returns the newest state and the height of its block; 0 is the genesis.
func (n *Node) Latest() (ledger.Reader, protocol.Height) { return n.app.latest() }

// At returns the state after block h, one of the last 200: [ErrNoBlock].
func (n *Node) At(h protocol.Height) (ledger.Reader, protocol.Hash, error) {
	s, err := n.app.st.At(h)
	if err != nil {
		return nil, protocol.Hash{}, fmt.Errorf("%w: %w", ErrNoBlock, err)
	}
	return s, s.Hash(), nil
}

// Record is [Archive.Record] of the running node.
func (n *Node) Record(h protocol.Height) (*audit.Record, error) { return n.archive.Record(h) }

// Prove is [Archive.Prove] of the running node.
func (n *Node) Prove(key []byte) (Proof, error) { return n.archive.Prove(n.app.st, key) }

// Stats says how the node is doing.
type Stats struct {
	Height    protocol.Height
	StateHash protocol.Hash
	Peers     int             // connected transports
	Syncing   bool            // it still fetches blocks that others have, or does not run
	Target    protocol.Height // to which half of the peers are, while Syncing; 0: none has said
	Waiting   int             // transactions in the pool
	Refused   uint64          // proposals that this node refused
	Rounds    uint64          // that heights took beyond the first
	Forks     uint64          // blocks of another history that evidence was made of, since the start
}

// Stats returns how the node is doing.
func (n *Node) Stats() Stats {
	s := n.app.st.Latest()
	out := Stats{
		Height: s.Height(), StateHash: s.Hash(), Waiting: n.app.pool.Size(), Syncing: true,
		Refused: n.app.refused.Load(), Rounds: n.app.rounds.Load(), Forks: n.forked.Load(),
	}
	if c := n.comet.Load(); c != nil {
		out.Peers, out.Syncing = c.Switch().Peers().Size(), n.syncing.Load()
		if out.Syncing {
			out.Target = targetOf(peerHeights(c))
		}
	}
	return out
}
