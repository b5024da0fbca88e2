package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/gossip"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/scripts/adversary/network"
)

// swarm opens so many hosts that are connected to the validators.
func (w *world) swarm(ctx context.Context, n int) ([]*gossip.Host, error) {
	to, err := w.Bootstraps()
	if err != nil {
		return nil, err
	}
	hosts := make([]*gossip.Host, n)
	var g errgroup.Group
	for i := range hosts {
		g.Go(func() (err error) {
			hosts[i], err = w.host(ctx, to, nil)
			return err
		})
	}
	return hosts, g.Wait()
}

// The pace of a flood: a host says as much as nodes take of one peer on a topic, a
// thousand messages a second. More would cost the attacker, who shares the machine,
// and is thrown away unseen.
const (
	floodPause = 20 * time.Millisecond
	floodBurst = 20
)

// flood says what next returns on a topic, with all hosts, until ctx ends. next is
// called by all at once.
func (w *world) flood(ctx context.Context, hosts []*gossip.Host, topic gossip.Topic, next func() ([]byte, error)) error {
	var g errgroup.Group
	for _, h := range hosts {
		g.Go(func() error {
			pace := time.NewTicker(floodPause)
			defer pace.Stop()
			for {
				select {
				case <-ctx.Done():
					return nil
				case <-pace.C:
				}
				for range floodBurst {
					raw, err := next()
					if err != nil {
						return err
					}
					if h.Publish(ctx, topic, raw) != nil {
						break // nobody listens to it any more, or its own queue is full
					}
				}
			}
		})
	}
	return g.Wait()
}

// question is what a light reader asks on the stream state, as protocol/SPEC.md has
// it.
type question struct {
	_      struct{} `cbor:",toarray"`
	Ask    uint8
	Height protocol.Height
	Keys   [][]byte
}

// The questions, and the most keys of one.
const (
	askBlock = 1
	askState = 2
	askWait  = 3
	mostKeys = 64
)

// pester has each host ask each of its peers with so many questions at a time,
// until ctx ends. What comes back is thrown away.
func (w *world) pester(ctx context.Context, hosts []*gossip.Host, atOnce int, stream gossip.Stream, next func() []byte) error {
	var g errgroup.Group
	for _, h := range hosts {
		for _, p := range h.Peers() {
			for range atOnce {
				g.Go(func() error {
					for ctx.Err() == nil {
						if _, err := h.Request(ctx, p.ID, stream, next()); err != nil && !rest(ctx, floodPause) {
							break
						}
					}
					return nil
				})
			}
		}
	}
	return g.Wait()
}

// noise returns random bytes.
func noise(n int) ([]byte, error) {
	b := make([]byte, n)
	_, err := rand.Read(b)
	return b, err
}

var errNoSeat = errors.New("a seat of the attack's is not on the ledger")

// seatOf returns one of the attack's seats, as the ledger has it.
func (w *world) seatOf(ctx context.Context, i int) (protocol.SeatID, error) {
	m, err := w.minerOf(ctx, w.hotkey(i).PublicKey())
	if err != nil {
		return protocol.SeatID{}, err
	}
	if m == nil {
		return protocol.SeatID{}, fmt.Errorf("%w: %s", errNoSeat, w.hotkey(i).PublicKey())
	}
	return protocol.SeatID{UID: m.UID, Registered: m.Registered}, nil
}

// minerOf returns the seat of a hotkey, nil where it has none.
func (w *world) minerOf(ctx context.Context, hotkey protocol.PublicKey) (*api.Miner, error) {
	list, err := network.List[api.Miner](ctx, w.Validators[0], "/v1/miners?limit=1000")
	if err != nil {
		return nil, err
	}
	for i := range list {
		if list[i].Hotkey == hotkey {
			return &list[i], nil
		}
	}
	return nil, nil //nolint:nilnil // none is an answer, and no error
}

// lane signs what needs neither nonce nor fee.
func (w *world) lane(s wire.Signer, body wire.Body) ([]byte, error) { return w.sign(s, 0, body) }

// round is the round of the attack's epoch.
func (w *world) round() protocol.Round {
	return w.Genesis.Params.Schedule.RoundOf(w.Genesis.Params.Schedule.EpochStart(w.epoch) + 1)
}

// now is the newest height of the first validator.
func (w *world) now(ctx context.Context) (protocol.Height, error) {
	var s api.Status
	err := w.Validators[0].Get(ctx, "/v1/status", &s)
	return s.Height, err
}
