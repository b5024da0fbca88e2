package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/gossip"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scripts/adversary/network"
)

// world is the network as one attack sees it, and what the attack has.
type world struct {
	*network.Network
	*attack
	// epoch is the one that the attack is made in.
	epoch protocol.Epoch

	mu      sync.Mutex
	hosts   []*gossip.Host // guarded by mu
	stop    []func()       // guarded by mu
	refusal string         // the first; guarded by mu
	// taken and refused count what nodes said of what was handed to them.
	taken, refused atomic.Int64
	// opened counts its hosts: each has an address of its own, for many behind one
	// are cut off, and the honest share one.
	opened atomic.Int64
}

// sign returns a transaction for its least fee.
func (w *world) sign(s wire.Signer, nonce uint64, body wire.Body) ([]byte, error) {
	tx, err := ledger.NewTx(s, w.Chain, &w.Genesis.Params.Fees, nonce, body)
	if err != nil {
		return nil, err
	}
	return wire.Encode(tx), nil
}

// pour hands transactions to all validators in turn, some at a time. What a node
// says to it is counted.
func (w *world) pour(ctx context.Context, raws [][]byte) {
	var g errgroup.Group
	g.SetLimit(4 * len(w.Validators))
	for i, raw := range raws {
		if ctx.Err() != nil {
			break
		}
		g.Go(func() error {
			w.note(w.Validators[i%len(w.Validators)].Send(ctx, raw))
			return nil
		})
	}
	_ = g.Wait() // it counts, and never fails
}

// note counts what a node said to a transaction that was handed to it.
func (w *world) note(err error) {
	if err == nil {
		w.taken.Add(1)
		return
	}
	if w.refused.Add(1) == 1 {
		w.mu.Lock()
		w.refusal = err.Error()
		w.mu.Unlock()
	}
}

// hostPatience is how long a host may take to meet its first peer.
const hostPatience = 10 * time.Second

var errAlone = errors.New("a host of the attacker's met nobody")

// host opens a place in gossip, with an identity of its own, that is connected to
// some nodes. change may set what it does; nil for a host that only listens.
func (w *world) host(ctx context.Context, to []string, change func(*gossip.Config, *gossip.Host) error) (*gossip.Host, error) {
	identity := make([]byte, 32)
	if _, err := rand.Read(identity); err != nil {
		return nil, err
	}
	return w.hostAs(ctx, identity, to, change)
}

// hostAs is host with a given identity.
func (w *world) hostAs(ctx context.Context, identity []byte, to []string, change func(*gossip.Config, *gossip.Host) error) (*gossip.Host, error) {
	n := w.opened.Add(1)
	c := gossip.Config{
		ChainID: protocol.ShortChainID(w.Chain), Identity: identity, Bootstrap: to, Degree: len(w.Nodes()),
		Listen:   []string{fmt.Sprintf("/ip4/127.0.%d.%d/tcp/0", 1+n/250, 1+n%250)}, // and so it dials from there
		Handlers: gossip.Handlers{Tx: accept, Answer: accept, Card: accept, Pairs: accept},
	}
	if change != nil {
		if err := change(&c, nil); err != nil {
			return nil, err
		}
	}
	h, err := gossip.New(c)
	if err != nil {
		return nil, err
	}
	if change != nil {
		if err := change(nil, h); err != nil {
			return nil, err
		}
	}
	live, cancel := context.WithCancel(context.WithoutCancel(ctx)) // it ends after the attack, which close sees to
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = h.Run(live) // who cannot listen meets nobody, which is said below
	}()
	w.mu.Lock()
	w.hosts = append(w.hosts, h)
	w.stop = append(w.stop, func() { cancel(); <-done })
	w.mu.Unlock()
	limited, enough := context.WithTimeout(ctx, hostPatience)
	defer enough()
	for len(h.Peers()) == 0 {
		select {
		case <-limited.Done():
			return nil, errors.Join(errAlone, ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
	return h, nil
}

// accept is a handler to which everything is good: else a host would not pass on
// what it says itself.
func accept(context.Context, string, []byte) error { return nil }

// cutOff counts the attacker's hosts that no node is connected with any more.
func (w *world) cutOff() (off, of int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, h := range w.hosts {
		if len(h.Peers()) == 0 {
			off++
		}
	}
	return off, len(w.hosts)
}

// close ends the attacker's hosts.
func (w *world) close() {
	w.mu.Lock()
	stop := w.stop
	w.stop = nil
	w.mu.Unlock()
	var g sync.WaitGroup
	for _, s := range stop {
		g.Go(s)
	}
	g.Wait()
}

// rest waits, and reports whether the attack goes on.
func rest(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
