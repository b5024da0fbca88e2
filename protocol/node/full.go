package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/audit"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/gossip"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/submit"
	"github.com/assaynet/assay/protocol/wire"
)

// peersEvery is after how many blocks the addresses on the ledger are read
// again: they change seldom, and dialling has a pause of its own.
const peersEvery = 10

// Full is a node that takes part in consensus. Its methods may be used from
// any goroutine; those that need the network work while Run does.
type Full struct {
	cfg       FullConfig
	chain     string
	consensus *consensus.Node
	host      *gossip.Host
	beacons   *beacons
	setters   *beacons // chains for the setting of pairs: by rounds, where those are by heights
	txs       *submit.Submitter
	tip       *tip
	ready     chan struct{} // closed by Run
	given     resender
	totals    *Totals
	epochs    *EpochLog
	events    *EventLog
}

// NewFull opens a validator's node; it starts nothing.
func NewFull(cfg FullConfig) (*Full, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	f := &Full{cfg: cfg, chain: cfg.Genesis.ChainID(), tip: newTip(), ready: make(chan struct{})}
	f.beacons = &beacons{hotkey: cfg.Hotkey, former: cfg.Former, genesis: cfg.Genesis, chain: f.chain, state: f.Latest}
	f.setters = &beacons{hotkey: cfg.Hotkey, former: cfg.Former, genesis: cfg.Genesis, chain: "setter/" + f.chain} // another secret
	if err := f.openConsensus(); err != nil {
		return nil, err
	}
	r, h := f.consensus.Latest()
	f.tip.set(h)
	var err error
	if f.totals, err = OpenTotals(cfg.DB, &cfg.Genesis.Params); err != nil {
		return nil, err
	}
	if f.events, err = OpenEvents(cfg.DB); err != nil {
		return nil, err
	}
	if f.epochs, err = OpenEpochs(cfg.DB, &cfg.Genesis.Params); err != nil {
		return nil, err
	}
	if err := f.addEnded(r, h); err != nil { // what a kill left
		return nil, err
	}
	host, err := newHost(&cfg.Config, f.chain, gossip.Handlers{
		Tx: f.takeTx, Answer: gossip.Handler(cfg.Answer), Card: gossip.Handler(cfg.Card), Pairs: gossip.Handler(cfg.Pairs),
	}, f.seated, !cfg.Observe && !cfg.Force)
	if err != nil {
		return nil, err
	}
	f.host = host
	if err := f.answerRequests(); err != nil {
		return nil, err
	}
	f.txs = submit.New(cfg.Hotkey, f.chain, &cfg.Genesis.Params.Fees, f.ownNonce, func(ctx context.Context, raw []byte, _ bool) error {
		_, err := f.SubmitRaw(ctx, raw)
		return err
	})
	return f, nil
}

func (f *Full) openConsensus() error {
	signing, err := f.cfg.Hotkey.DeriveConsensus(f.cfg.Genesis.Origin(), f.cfg.Generation)
	if err != nil {
		return fmt.Errorf("derive consensus key: %w", err)
	}
	former, err := formerConsensus(f.cfg.Hotkey, f.cfg.Genesis.Origin(), f.cfg.Generation)
	if err != nil {
		return err
	}
	if f.cfg.Former != nil {
		before, err := formerConsensus(f.cfg.Former, f.cfg.Genesis.Origin(), f.cfg.Generation+1)
		if err != nil {
			return err
		}
		former = append(former, before...)
	}
	transport, err := f.cfg.Hotkey.DeriveTransport(f.cfg.Genesis.Origin(), f.cfg.Generation)
	if err != nil {
		return fmt.Errorf("derive transport key: %w", err)
	}
	f.consensus, err = consensus.New(consensus.Config{
		Genesis: f.cfg.Genesis, DB: f.cfg.DB, Dir: f.cfg.Dir, Consensus: signing, Former: former, Transport: transport,
		Hotkey: f.cfg.Hotkey.PublicKey(), Successor: f.cfg.Former != nil, Observe: f.cfg.Observe,
		Listen: f.cfg.ConsensusListen, Peers: f.cfg.ConsensusPeers, Private: f.cfg.ConsensusPrivate, Trust: f.cfg.Trust,
		Providers: f.providers, Replay: f.cfg.Replay,
		Retention: f.cfg.Retention, Link: f.beacons.link, Logger: f.cfg.Logger, Registerer: f.cfg.Registerer,
	})
	return err
}

// providers are the peers of gossip that may keep the ledger, for headers.
func (f *Full) providers() (out []consensus.Provider) {
	if f.host == nil {
		return nil
	}
	for _, p := range f.host.Peers() {
		out = append(out, consensus.Remote(p.ID, func(ctx context.Context, request []byte) ([]byte, error) {
			return f.host.Request(ctx, p.ID, gossip.StreamState, request)
		}))
	}
	return out
}

// answerRequests sets what other nodes may ask of this one.
func (f *Full) answerRequests() error {
	type handler = func(ctx context.Context, request []byte) ([]byte, error)
	waits := map[gossip.Stream]func([]byte) bool{gossip.StreamState: consensus.Waits}
	for stream, answer := range map[gossip.Stream]handler{
		gossip.StreamState: f.serve, gossip.StreamSubmit: f.takeHanded, gossip.StreamEvidence: f.cfg.Evidence,
	} {
		if answer == nil { // no evidence is kept
			continue
		}
		err := f.host.HandlePolls(stream, waits[stream], func(ctx context.Context, _ string, request []byte) ([]byte, error) {
			b, err := answer(ctx, request)
			if gossip.Blames(err) {
				err = fmt.Errorf("%w: %w", gossip.ErrRefused, err)
			}
			return b, err
		})
		if err != nil {
			return err
		}
	}
	return f.host.HandleSeldom(gossip.StreamFork, func(_ context.Context, _ string, request []byte) ([]byte, error) {
		err := f.consensus.TakeFork(request)
		switch {
		case errors.Is(err, consensus.ErrNoBlock): // it may have it soon
			err = fmt.Errorf("%w: %w", gossip.ErrBusy, err)
		case err != nil:
			err = fmt.Errorf("%w: %w", gossip.ErrRefused, err)
		}
		return nil, err
	})
}

// Run takes part until ctx is done; nil after a clean stop. It ends with
// [gossip.ErrElsewhere] where another process has the hotkey, unless that is
// forced.
func (f *Full) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return f.host.Run(ctx) })
	g.Go(func() error { return f.consensus.Run(ctx) })
	g.Go(func() error { return f.follow(ctx) })
	g.Go(func() error {
		for _, part := range []<-chan struct{}{f.host.Ready(), f.consensus.Ready()} {
			select {
			case <-ctx.Done():
				return nil
			case <-part:
			}
		}
		close(f.ready)
		return nil
	})
	g.Go(func() error { return f.sendAgain(ctx) })
	return g.Wait()
}

// Ready is closed when gossip and consensus listen; a network that has not begun
// yet is not waited for.
func (f *Full) Ready() <-chan struct{} { return f.ready }

// follow tells of blocks in their order.
func (f *Full) follow(ctx context.Context) error {
	var announced protocol.Height // zero, so that a restart need not wait
	for head := range f.consensus.Subscribe(ctx) {
		r, newest := f.consensus.Latest()
		logEvents(f.cfg.Logger, f.cfg.Hotkey.PublicKey(), f.consensus.Stats().Syncing, head, r)
		if head.Result != nil {
			if err := f.events.Add(head.Height, head.Result.Events); err != nil {
				return err
			}
		}
		if err := f.addEnded(r, newest); err != nil {
			return err
		}
		if announced == 0 || head.Height >= announced+peersEvery {
			if err := f.announcePeers(r); err != nil {
				return err
			}
			announced = head.Height
		}
		f.tip.setAt(head.Height, head.Time)
	}
	return nil
}

// addEnded keeps what the ledger is going to forget of epochs that have ended.
func (f *Full) addEnded(r ledger.Reader, h protocol.Height) error {
	if err := f.totals.Add(r, h); err != nil {
		return err
	}
	return f.epochs.Add(r, h)
}

// announcePeers hands the addresses of all other seats to gossip, and who
// validates.
func (f *Full) announcePeers(r ledger.Reader) error {
	addrs, _, err := f.addresses(r)
	if err != nil {
		return err
	}
	f.host.SetLedgerPeers(addrs)
	return nil
}

// addresses reads where the other seats are reached, and where the own one is.
func (f *Full) addresses(r ledger.Reader) (others, own []gossip.Addr, err error) {
	sets, _, err := ledger.ReadValidators(r)
	if err != nil {
		return nil, nil, fmt.Errorf("read validators: %w", err)
	}
	validates := map[protocol.UID]bool{}
	for _, v := range sets.Set {
		validates[v.UID] = true
	}
	err = ledger.Seats(r, func(s ledger.Seat) bool {
		a := gossip.Addr{Identity: s.Identity, Addresses: s.Addresses, Validator: validates[s.ID.UID]}
		switch {
		case s.Identity.IsZero() || len(s.Addresses) == 0 && !a.Validator:
		case s.Hotkey == f.cfg.Hotkey.PublicKey():
			own = append(own, a)
		default:
			others = append(others, a)
		}
		return true
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read addresses: %w", err)
	}
	return others, own, nil
}

// Known returns where the newest state of the home says that nodes are reached:
// first the own seat, at whose address a copy of this node may run, then the
// validators, then others.
func (f *Full) Known() ([]gossip.Addr, error) {
	r, _ := f.consensus.Latest()
	others, own, err := f.addresses(r)
	slices.SortStableFunc(others, func(a, b gossip.Addr) int {
		switch {
		case a.Validator == b.Validator:
			return 0
		case a.Validator:
			return -1
		}
		return 1
	})
	return append(own, others...), err
}

// seated reports whether a seat is bound to an identity, in the newest state: a
// miner is known as soon as its Serve is carried out.
func (f *Full) seated(identity protocol.PublicKey) bool {
	r, _ := f.consensus.Latest()
	_, ok, err := ledger.ReadSeatByIdentity(r, identity)
	return err == nil && ok
}

// takeTx looks at a transaction from gossip, which only lends it.
func (f *Full) takeTx(_ context.Context, _ string, raw []byte) error {
	_, err := f.consensus.Pool().Add(bytes.Clone(raw))
	return err
}

// takeHanded takes a transaction that a peer hands over, and says what is
// wrong with it. Gossip forgets a message only after minutes, so that this is
// the way for one that went out once and reached nobody who kept it.
func (f *Full) takeHanded(ctx context.Context, raw []byte) ([]byte, error) {
	_, _, err := f.take(ctx, raw)
	if err != nil && !errors.Is(err, ledger.ErrCorrupt) {
		err = fmt.Errorf("%w: %w", gossip.ErrRefused, err)
	}
	return nil, err
}

// serve answers light readers; what they did wrong is told to them.
func (f *Full) serve(ctx context.Context, request []byte) ([]byte, error) {
	b, err := f.consensus.Serve(ctx, request)
	if errors.Is(err, consensus.ErrRequest) || errors.Is(err, consensus.ErrNoBlock) {
		return nil, fmt.Errorf("%w: %w", gossip.ErrRefused, err)
	}
	if errors.Is(err, consensus.ErrBusy) { // it may be asked again
		return nil, fmt.Errorf("%w: %w", gossip.ErrBusy, err)
	}
	return b, err
}

// ChainID returns the chain id.
func (f *Full) ChainID() string { return f.chain }

// WaitNext returns the newest height above after, when there is one.
func (f *Full) WaitNext(ctx context.Context, after protocol.Height) (protocol.Height, error) {
	return f.tip.wait(ctx, after)
}

// At returns the state after the block at height.
func (f *Full) At(_ context.Context, height protocol.Height) (ledger.Reader, error) {
	if r, h := f.consensus.Latest(); h == height {
		return r, nil
	}
	r, _, err := f.consensus.At(height)
	return r, err
}

// StateHash returns the hash of the state after the block at height.
func (f *Full) StateHash(height protocol.Height) (protocol.Hash, error) {
	_, hash, err := f.consensus.At(height)
	return hash, err
}

// Genesis returns what the network began with.
func (f *Full) Genesis() *ledger.Genesis { return f.cfg.Genesis }

// Record returns what the node keeps of a block: [consensus.ErrNoBlock] where that
// is nothing.
func (f *Full) Record(h protocol.Height) (*audit.Record, error) { return f.consensus.Record(h) }

// TimeOf returns when a block was made: [consensus.ErrNoBlock] where it is not
// kept.
func (f *Full) TimeOf(h protocol.Height) (time.Time, error) { return f.consensus.TimeOf(h) }

// EventRange returns the heights of the oldest and the newest block whose events
// are known; zeros while there is none.
func (f *Full) EventRange() (oldest, newest protocol.Height) { return f.events.Range() }

// EventsAt returns what a block did; false where that is not known.
func (f *Full) EventsAt(h protocol.Height) ([]ledger.Event, bool, error) { return f.events.At(h) }

// Prove proves a key in the newest state that a signed header carries, the one
// before the newest: [consensus.ErrNoBlock] before the second block.
func (f *Full) Prove(key []byte) (consensus.Proof, error) { return f.consensus.Prove(key) }

// Latest returns the newest state and its height.
func (f *Full) Latest() (ledger.Reader, protocol.Height) { return f.consensus.Latest() }

// TxResult returns what became of a transaction and the height of its block;
// false where it is in none of the last 200 blocks since the start.
func (f *Full) TxResult(hash protocol.Hash) (ledger.TxResult, protocol.Height, bool) {
	return f.consensus.TxResult(hash)
}

// Total returns what a seat was paid in all epochs from since on; false while no
// epoch ended.
func (f *Full) Total(id protocol.SeatID) (sum Total, since protocol.Epoch, ok bool) {
	return f.totals.Of(id)
}

// Epochs returns what is kept of epochs that the ledger has forgotten.
func (f *Full) Epochs() *EpochLog { return f.epochs }

// Checkpoint names the newest block, for others to start from.
func (f *Full) Checkpoint() protocol.Checkpoint { return f.consensus.Checkpoint() }

// BlockTime returns the newest block's own time; zero before the first that was
// carried out since the start.
func (f *Full) BlockTime() time.Time { return f.tip.at() }

// Addrs returns the addresses at which gossip is reached, with the peer id.
func (f *Full) Addrs() []string { return f.host.Addrs() }

// Stats says how consensus is doing.
func (f *Full) Stats() consensus.Stats { return f.consensus.Stats() }

// Peers returns the connected peers of gossip.
func (f *Full) Peers() []gossip.PeerInfo { return f.host.Peers() }

// Deaf returns the topics of gossip that nobody passes on; see gossip.Host.
func (f *Full) Deaf() []gossip.Topic { return f.host.Deaf() }

// OtherChain returns the chain of the bootstrap peers where it is another; see
// gossip.Host.
func (f *Full) OtherChain() string { return f.host.OtherChain() }

// Reachability returns whether peers can dial the node; see gossip.Host.
func (f *Full) Reachability() gossip.Reachability { return f.host.Reachability() }

// Relayed returns the ids of peers that a relay alone connects; see gossip.Host.
func (f *Full) Relayed() []string { return f.host.Relayed() }

// Elsewhere reports whether another process seems to use the own identity.
func (f *Full) Elsewhere() bool { return f.host.Elsewhere() }

// Identity returns the peer id of gossip.
func (f *Full) Identity() string { return f.host.ID() }

// Submit signs a transaction of the own hotkey, keeps it in the pool and
// publishes it; saying the same again makes no second one. An observer sends
// nothing: [consensus.ErrObserves].
func (f *Full) Submit(ctx context.Context, body wire.Body) error {
	if f.cfg.Observe {
		return consensus.ErrObserves
	}
	return f.txs.Submit(ctx, body)
}

// SubmitRaw takes a signed transaction of anyone into the pool and publishes
// it, again and again while no block has it. known says that it waits already,
// or is in one of the last 200 blocks. Errors: those of the pool, which keeps raw.
func (f *Full) SubmitRaw(ctx context.Context, raw []byte) (known bool, err error) {
	hash, known, err := f.take(ctx, raw)
	if err == nil && !known {
		f.given.add(hash, raw, f.tip.now())
	}
	return known, err
}

// take is SubmitRaw for what a peer sees to itself. The hash is that of what is
// new.
func (f *Full) take(ctx context.Context, raw []byte) (hash protocol.Hash, known bool, err error) {
	tx, err := f.consensus.Pool().Add(raw)
	switch {
	case errors.Is(err, consensus.ErrKnown):
		known = true
	case ledger.ReasonOf(err) != "" && f.carriedOut(raw): // its nonce is used, or its lane's turn is
		return hash, true, nil
	case err != nil:
		return hash, false, err
	default:
		hash = tx.Hash()
	}
	if err := f.host.Publish(ctx, gossip.TopicTx, raw); err != nil {
		f.cfg.Logger.Debug().Err(err).Msg("transaction not published, it waits in the own pool")
	}
	return hash, known, nil
}

// carriedOut reports whether a recent block has these bytes.
func (f *Full) carriedOut(raw []byte) bool {
	var tx wire.Tx
	if wire.Decode(raw, wire.MaxTxBytes, &tx) != nil {
		return false
	}
	_, _, ok := f.consensus.TxResult(tx.Hash())
	return ok
}

// NextNonce returns the nonce for the next transaction of a signer, behind
// those that wait in the own pool.
func (f *Full) NextNonce(signer protocol.PublicKey) (uint64, error) {
	return f.consensus.Pool().NextNonce(signer)
}

// TxStanding says how a transaction stands in the own pool that is in no block;
// false if the pool does not know of it.
func (f *Full) TxStanding(hash protocol.Hash) (consensus.Standing, bool) {
	return f.consensus.Pool().Standing(hash)
}

// Publish sends signed bytes on a topic.
func (f *Full) Publish(ctx context.Context, topic string, raw []byte) error {
	return f.host.Publish(ctx, gossip.Topic(topic), raw)
}

// Ask puts a request for evidence to the node of a seat, which it dials where it
// must. It returns nil where that node has nothing; [ErrNoPeer] where the ledger
// does not say how it is reached.
func (f *Full) Ask(ctx context.Context, hotkey protocol.PublicKey, request []byte) ([]byte, error) {
	r, _ := f.consensus.Latest()
	seat, ok, err := ledger.ReadSeatByHotkey(r, hotkey)
	if err != nil {
		return nil, err
	}
	if !ok || seat.Identity.IsZero() {
		return nil, fmt.Errorf("seat of %s: %w", hotkey, ErrNoPeer)
	}
	return askOne(ctx, f.host, gossip.PeerID(seat.Identity), gossip.StreamEvidence, request)
}

func (f *Full) ownNonce(context.Context) (uint64, protocol.Height, error) {
	r, h := f.consensus.Latest()
	a, _, err := ledger.ReadAccount(r, f.cfg.Hotkey.PublicKey())
	return a.Nonce, h, err
}

// SetterAnchor returns the anchor of the own chain for the setting of pairs whose
// first link serves round start, SetterLink its link for round n.
func (f *Full) SetterAnchor(start protocol.Round) (protocol.Hash, error) {
	m, err := f.setters.maker(protocol.Height(start))
	if err != nil {
		return protocol.Hash{}, err
	}
	return m.Anchor(), nil
}

// SetterLink is told at [Full.SetterAnchor]; c is the chain as the ledger has it,
// which may be the former hotkey's.
func (f *Full) SetterLink(c ledger.Chain, n protocol.Round) (protocol.Hash, error) {
	m, err := f.setters.serving(c)
	if err != nil {
		return protocol.Hash{}, err
	}
	if m == nil {
		return protocol.Hash{}, fmt.Errorf("the chain from round %d is another hotkey's", c.Start)
	}
	link, ok := m.Link(protocol.Height(n))
	if !ok {
		return protocol.Hash{}, fmt.Errorf("the chain from round %d has no link for round %d", c.Start, n)
	}
	return link, nil
}

// Makes reports whether a chain of the ledger is the own hotkey's, and not that of
// one whose place it took; MakesSetter says so of a chain for the setting of pairs.
func (f *Full) Makes(c ledger.Chain) bool { return f.beacons.makes(c) }

// MakesSetter is told at [Full.Makes].
func (f *Full) MakesSetter(c ledger.Chain) bool { return f.setters.makes(c) }

// Anchor returns the anchor of the own hash chain whose first link serves start.
func (f *Full) Anchor(start protocol.Height) (protocol.Hash, error) {
	m, err := f.beacons.maker(start)
	if err != nil {
		return protocol.Hash{}, err
	}
	return m.Anchor(), nil
}
