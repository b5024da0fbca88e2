package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/gossip"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/submit"
	"github.com/assaynet/assay/protocol/wire"
)

// shunFor is how long a peer that did not answer a question about the ledger
// is not asked again while others are there: most peers of a miner are miners,
// and keep no ledger.
const shunFor = 30 * time.Second

// headsKept is how many verified heads can be read at: roles look at the newest.
const headsKept = 8

// Light is a node that follows the ledger with proofs and takes no part in
// consensus. Its methods may be used from any goroutine; those that need the
// network work while Run does.
type Light struct {
	cfg   Config
	chain string
	host  *gossip.Host
	light *consensus.Light
	txs   *submit.Submitter
	tip   *tip

	mu    sync.Mutex
	heads map[protocol.Height]*consensus.LightReader
	shun  map[string]time.Time // peers that did not answer, until when
	// keepers are the peers that keep the ledger, as it says itself: at first as the
	// genesis has them.
	keepers map[string]bool
}

// NewLight opens a miner's node; it starts nothing.
func NewLight(cfg Config) (*Light, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	l := &Light{
		cfg: cfg, chain: cfg.Genesis.ChainID(), tip: newTip(),
		heads: map[protocol.Height]*consensus.LightReader{}, shun: map[string]time.Time{}, keepers: map[string]bool{},
	}
	validators, err := cfg.Genesis.Identities()
	if err != nil {
		return nil, err
	}
	for _, identity := range validators {
		l.keepers[gossip.PeerID(identity)] = true
	}
	host, err := newHost(&cfg, l.chain, gossip.Handlers{Tx: l.passTx, Answer: gossip.Handler(cfg.Answer), Card: gossip.Handler(cfg.Card), Pairs: gossip.Handler(cfg.Pairs)}, nil, false)
	if err != nil {
		return nil, err
	}
	l.host = host
	l.light, err = consensus.NewLight(consensus.LightConfig{
		Genesis: cfg.Genesis, DB: cfg.DB, Trust: cfg.Trust, Providers: l.providers, Report: l.reportFork, Logger: cfg.Logger,
	})
	if err != nil {
		return nil, err
	}
	l.txs = submit.New(cfg.Hotkey, l.chain, &cfg.Genesis.Params.Fees, l.ownNonce, l.send)
	return l, nil
}

// Run follows the ledger until ctx is done; nil after a clean stop.
func (l *Light) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return l.host.Run(ctx) })
	g.Go(func() error { return l.follow(ctx) })
	g.Go(func() error { return l.learnPeers(ctx) })
	return g.Wait()
}

// Ready is closed when gossip listens.
func (l *Light) Ready() <-chan struct{} { return l.host.Ready() }

// follow verifies one head after another.
func (l *Light) follow(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-l.host.Ready():
	}
	for {
		head, err := l.light.WaitNext(ctx, l.tip.now())
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // a clean stop
		case err != nil:
			return err
		}
		l.mu.Lock()
		l.heads[head.Height] = l.light.Reader(ctx, head)
		for h := range l.heads {
			if h+headsKept <= head.Height {
				delete(l.heads, h)
			}
		}
		l.mu.Unlock()
		l.tip.setAt(head.Height, head.Time)
	}
}

// errOthers is why a transaction of another is not passed on.
var errOthers = errors.New("node: without the ledger no transaction is passed on")

// passTx looks at a transaction of another, and passes none on: without the ledger,
// a signature is all that could be told of it, which costs its maker nothing and
// each node a check. Who makes one sends it to all its peers, and validators pass
// it on.
func (l *Light) passTx(_ context.Context, _ string, raw []byte) error {
	if _, _, err := wire.ReadTx(raw, l.chain); err != nil {
		return err
	}
	return errOthers
}

// ledgerPeers returns the peers that may answer questions about the ledger: those
// that it names as its validators. Where none of them is connected, which an
// operator's bootstrap peers mend, anybody may be asked.
func (l *Light) ledgerPeers() []string {
	now := time.Now()
	peers := l.host.Peers()
	l.mu.Lock()
	defer l.mu.Unlock()
	known := slices.ContainsFunc(peers, func(p gossip.PeerInfo) bool { return l.keepers[p.ID] })
	var some, rest []string
	for _, p := range peers {
		if known && !l.keepers[p.ID] {
			continue
		}
		if until, ok := l.shun[p.ID]; ok && now.Before(until) {
			rest = append(rest, p.ID)
			continue
		}
		delete(l.shun, p.ID)
		some = append(some, p.ID)
	}
	if len(some) == 0 {
		return rest
	}
	return some
}

// providers returns those peers as the light reader wants them.
func (l *Light) providers() []consensus.Provider {
	ids := l.ledgerPeers()
	out := make([]consensus.Provider, len(ids))
	for i, id := range ids {
		out[i] = l.provider(id)
	}
	return out
}

// provider asks one peer; it is shunned for a while when it does not answer. That
// it has no room for one question is an answer, which comes at once, and others may
// have brought it about.
func (l *Light) provider(id string) consensus.Provider {
	return consensus.Remote(id, func(ctx context.Context, request []byte) ([]byte, error) {
		b, err := l.host.Request(ctx, id, gossip.StreamState, request)
		switch {
		case errors.Is(err, gossip.ErrBusy):
			err = fmt.Errorf("%w: %w", consensus.ErrBusy, err)
		case err != nil && ctx.Err() == nil && !errors.Is(err, gossip.ErrRefused):
			l.mu.Lock()
			l.shun[id] = time.Now().Add(shunFor)
			l.mu.Unlock()
		}
		return b, err
	})
}

// ChainID returns the chain id.
func (l *Light) ChainID() string { return l.chain }

// WaitNext returns the newest verified height above after, when there is one.
func (l *Light) WaitNext(ctx context.Context, after protocol.Height) (protocol.Height, error) {
	return l.tip.wait(ctx, after)
}

// At returns the state after one of the newest verified blocks; it is read with
// proofs and cannot be walked.
func (l *Light) At(_ context.Context, height protocol.Height) (ledger.Reader, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r := l.heads[height]; r != nil {
		return r, nil
	}
	return nil, consensus.ErrNoBlock
}

// Latest returns the newest verified state and its height; nil before the first.
func (l *Light) Latest() (ledger.Reader, protocol.Height) {
	h := l.tip.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if r := l.heads[h]; r != nil {
		return r, h
	}
	return nil, 0
}

// Checkpoint names the newest verified block, for others to start from.
func (l *Light) Checkpoint() protocol.Checkpoint { return l.light.Checkpoint() }

// BlockTime returns the newest verified block's own time; zero before the first.
func (l *Light) BlockTime() time.Time { return l.tip.at() }

// TimeOf returns the time of the block at a height, verified; see
// [consensus.Light.TimeOf].
func (l *Light) TimeOf(ctx context.Context, h protocol.Height) (time.Time, error) {
	return l.light.TimeOf(ctx, h)
}

// Outcome returns what a block did with a transaction, verified; see
// [consensus.Light.Outcome].
func (l *Light) Outcome(ctx context.Context, hash protocol.Hash) (consensus.Outcome, error) {
	return l.light.Outcome(ctx, hash)
}

// StateHash returns the hash of a state that [Light.At] returns.
func (l *Light) StateHash(height protocol.Height) (protocol.Hash, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r := l.heads[height]; r != nil {
		return r.Head().StateHash, nil
	}
	return protocol.Hash{}, consensus.ErrNoBlock
}

// Addrs returns the addresses at which gossip is reached, with the peer id.
func (l *Light) Addrs() []string { return l.host.Addrs() }

// Peers returns the connected peers of gossip.
func (l *Light) Peers() []gossip.PeerInfo { return l.host.Peers() }

// Deaf returns the topics of gossip that nobody passes on; see gossip.Host.
func (l *Light) Deaf() []gossip.Topic { return l.host.Deaf() }

// OtherChain returns the chain of the bootstrap peers where it is another; see
// gossip.Host.
func (l *Light) OtherChain() string { return l.host.OtherChain() }

// Reachability returns whether peers can dial the node; see gossip.Host.
func (l *Light) Reachability() gossip.Reachability { return l.host.Reachability() }

// Relayed returns the ids of peers that a relay alone connects; see gossip.Host.
func (l *Light) Relayed() []string { return l.host.Relayed() }

// Elsewhere reports whether another process seems to use the own identity.
func (l *Light) Elsewhere() bool { return l.host.Elsewhere() }

// Identity returns the peer id of gossip.
func (l *Light) Identity() string { return l.host.ID() }

// Submit signs a transaction of the own hotkey and publishes it; saying the
// same again makes no second one.
func (l *Light) Submit(ctx context.Context, body wire.Body) error { return l.txs.Submit(ctx, body) }

// SubmitRaw sends a signed transaction of anybody's on, to validators: the node's
// own operator has no other way from this machine. What the records that it proves
// tell, it says before: who signed, nonce, balance, and the rules that a block
// would find broken now. A rule that looks at more than single records shows in a
// block alone. Errors are those of [ledger.CheckTx], and [ErrNoPeer] where nobody
// takes it.
func (l *Light) SubmitRaw(ctx context.Context, raw []byte) error {
	tx, body, err := wire.ReadTx(raw, l.chain)
	if err != nil {
		return err
	}
	if err := tx.Verify(); err != nil {
		return err
	}
	if r, _ := l.Latest(); r != nil {
		read := ledger.ReadTx{Tx: tx, Body: body, Right: true}
		err := ledger.CheckReadTx(r, l.chain, &l.cfg.Genesis.Params, raw, read)
		if ledger.ReasonOf(err) != "" { // else it could not be proven: no peer answers, or it is of a list
			return err
		}
	}
	return l.send(ctx, raw, true)
}

// Publish sends signed bytes on a topic.
func (l *Light) Publish(ctx context.Context, topic string, raw []byte) error {
	return l.host.Publish(ctx, gossip.Topic(topic), raw)
}

func (l *Light) ownNonce(context.Context) (uint64, protocol.Height, error) {
	r, h := l.Latest()
	if r == nil {
		return 0, 0, consensus.ErrNoBlock
	}
	a, _, err := ledger.ReadAccount(r, l.cfg.Hotkey.PublicKey())
	return a.Nonce, h, err
}
