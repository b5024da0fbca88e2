package node

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/gossip"
	"github.com/assaynet/assay/protocol/ledger"
)

// maxHanded is how many validators a transaction is handed to, one after
// another, before it is given up for this time.
const maxHanded = 3

// send publishes a signed transaction. Where nobody listens, it is handed to a
// validator instead: gossip may have lost peers that still answer requests. What
// goes out a second time is handed over besides: peers do not pass on what they
// have seen in the last minutes, and those who had it may have lost it.
func (l *Light) send(ctx context.Context, raw []byte, again bool) error {
	err := l.host.Publish(ctx, gossip.TopicTx, raw)
	if err == nil && !again {
		return nil
	}
	handed := l.hand(ctx, raw)
	switch {
	case handed == nil:
		return nil
	case err != nil:
		return errors.Join(err, handed)
	}
	l.cfg.Logger.Debug().Err(handed).Msg("transaction was not taken over by a validator")
	return nil
}

// hand gives a transaction to the first validator that takes it.
func (l *Light) hand(ctx context.Context, raw []byte) error {
	errs := []error{}
	asked := 0
	for _, id := range l.ledgerPeers() {
		_, err := askOne(ctx, l.host, id, gossip.StreamSubmit, raw)
		if err == nil {
			return nil
		}
		errs = append(errs, err)
		if ctx.Err() != nil {
			break
		}
		if errors.Is(err, gossip.ErrRefused) { // a miner does not even speak the protocol
			if asked++; asked == maxHanded {
				break
			}
		}
	}
	if len(errs) == 0 {
		return ErrNoPeer
	}
	return fmt.Errorf("hand over a transaction: %w", errors.Join(errs...))
}

// reportAtOnce bounds the validators that are told of a fork side by side.
const reportAtOnce = 16

// reportFork hands the blocks of a fork over to every validator that is known, and
// to all peers where none is: whose chain is which, they know themselves.
func (l *Light) reportFork(ctx context.Context, blocks [][]byte) {
	l.mu.Lock()
	to := slices.Collect(maps.Keys(l.keepers))
	l.mu.Unlock()
	if len(to) == 0 {
		to = l.ledgerPeers()
	}
	var taken atomic.Int32
	var group errgroup.Group
	group.SetLimit(reportAtOnce)
	for _, id := range to {
		group.Go(func() error {
			n, err := l.reportOne(ctx, id, blocks)
			taken.Add(n)
			if err != nil {
				l.cfg.Logger.Debug().Err(err).Str("peer", id).Msg("validator did not take all blocks of the fork")
			}
			return nil
		})
	}
	_ = group.Wait() // none returns an error
	l.cfg.Logger.Error().Int("validators", len(to)).Int32("taken", taken.Load()).Msg("the validators signed two histories; both blocks were handed over to those that could be reached")
}

// reportPause is before the second try to hand blocks of a fork over to one
// validator, and twice as long before each more: it takes few at once of a peer.
const reportPause = 500 * time.Millisecond

// reportOne hands blocks over, and those again and again for which the validator is
// busy or not reached, until ctx is done: one that it has to wait for holds up none
// beside it. It returns how many were taken.
func (l *Light) reportOne(ctx context.Context, id string, blocks [][]byte) (taken int32, err error) {
	var refused []error
	for pause := reportPause; ; pause *= 2 {
		var left [][]byte
		var late []error
		for _, b := range blocks {
			switch _, err := askOne(ctx, l.host, id, gossip.StreamFork, b); {
			case err == nil:
				taken++
			case errors.Is(err, gossip.ErrRefused):
				refused = append(refused, err)
			default:
				left, late = append(left, b), append(late, err)
			}
		}
		if blocks = left; len(blocks) == 0 {
			return taken, errors.Join(refused...)
		}
		select {
		case <-ctx.Done():
			return taken, errors.Join(append(refused, late...)...)
		case <-time.After(pause):
		}
	}
}

// learnPeers tells gossip, now and then, where the ledger says that the
// validators are reached: bootstrap peers can go away. Only they are read, for
// a light reader cannot walk all seats.
func (l *Light) learnPeers(ctx context.Context) error {
	var read protocol.Height
	for {
		h, err := l.tip.wait(ctx, read)
		if err != nil {
			return nil //nolint:nilerr // a clean stop
		}
		if r, at := l.Latest(); r != nil {
			seats, err := validatorSeats(r)
			if err != nil {
				l.cfg.Logger.Debug().Err(err).Msg("seats of validators not read")
			} else {
				l.know(seats)
			}
			h = at
		}
		read = h + peersEvery - 1
	}
}

// know tells gossip where the validators are reached, and asks nobody else.
func (l *Light) know(seats []ledger.Seat) {
	var addrs []gossip.Addr
	keepers := map[string]bool{}
	for i := range seats {
		s := &seats[i]
		if s.Identity.IsZero() {
			continue
		}
		keepers[gossip.PeerID(s.Identity)] = true
		addrs = append(addrs, gossip.Addr{Identity: s.Identity, Addresses: s.Addresses, Validator: true})
	}
	l.host.SetLedgerPeers(addrs)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keepers = keepers
}

// validatorSeats reads the seats of the validators of the set.
func validatorSeats(r ledger.Reader) ([]ledger.Seat, error) {
	set, _, err := ledger.ReadValidators(r)
	if err != nil {
		return nil, err
	}
	keys := make([][]byte, len(set.Set))
	for i, v := range set.Set {
		keys[i] = ledger.SeatKey(v.UID)
	}
	if p, ok := r.(*consensus.LightReader); ok {
		if err := p.Prefetch(keys...); err != nil {
			return nil, err
		}
	}
	var out []ledger.Seat
	for _, v := range set.Set {
		s, ok, err := ledger.ReadSeat(r, v.UID)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, s)
		}
	}
	return out, nil
}
