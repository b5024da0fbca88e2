package consensus

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/cometbft/cometbft/p2p"
	"github.com/rs/zerolog"

	"github.com/assaynet/assay/protocol/ledger"
)

const (
	dialEvery   = 500 * time.Millisecond // how often the list is looked at
	dialBackoff = time.Second            // after the first failure, doubled by each
	dialMax     = 15 * time.Second
)

// validator is where a member of the consensus set is reached.
type validator struct {
	id      p2p.ID
	address string
	power   uint64
	own     bool
}

// validatorPeers returns the members of the running set and of the one before,
// those without an address included, which dial.
func validatorPeers(r ledger.Reader, own p2p.ID) ([]validator, error) {
	sets, _, err := ledger.ReadValidators(r)
	if err != nil {
		return nil, err
	}
	var out []validator
	seen := make(map[p2p.ID]bool)
	for i, set := range [][]ledger.Power{sets.Set, sets.Prev} {
		for _, m := range set {
			seat, ok, err := ledger.ReadSeat(r, m.UID)
			if err != nil {
				return nil, err
			}
			id := transportID(seat)
			if !ok || seen[id] {
				continue
			}
			seen[id] = true
			v := validator{id: id, address: seat.Consensus.Address, own: id == own}
			if i == 0 {
				v.power = m.Power
			}
			out = append(out, v)
		}
	}
	return out, nil
}

// dialer keeps connections to the validators that the ledger names, and to the
// operator's peers; to these alone where it is private. Addresses may change with
// any block.
type dialer struct {
	sw      p2p.Switcher
	own     p2p.ID
	state   func() ledger.Reader
	extra   []validator
	private bool
	know    func([]validator) // told of all of them
	log     zerolog.Logger

	tries map[p2p.ID]*attempt // run's own
	wg    sync.WaitGroup
}

type attempt struct {
	at      time.Time // not before
	wait    time.Duration
	address string
	busy    chan struct{} // closed when the dial ended, nil before the first
}

// run dials until ctx is done, and returns when every dial has ended.
func (d *dialer) run(ctx context.Context) error {
	defer d.wg.Wait()
	d.tries = make(map[p2p.ID]*attempt)
	tick := time.NewTicker(dialEvery)
	defer tick.Stop()
	for {
		var peers []validator
		if !d.private {
			var err error
			if peers, err = validatorPeers(d.state(), d.own); err != nil {
				return err
			}
		}
		peers = append(peers, d.extra...)
		d.know(peers)
		for _, v := range peers {
			d.dial(v, time.Now())
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// dial starts an attempt, if it is time for one.
func (d *dialer) dial(v validator, now time.Time) {
	if v.own || v.address == "" || d.sw.Peers().Has(v.id) {
		delete(d.tries, v.id)
		return
	}
	t := d.tries[v.id]
	if t == nil || t.address != v.address {
		t = &attempt{at: now, wait: dialBackoff, address: v.address}
		if d.own > v.id { // so that two do not dial each other at once, which ends both
			t.at = now.Add(2 * dialEvery)
		}
		d.tries[v.id] = t
	}
	if now.Before(t.at) || t.running() {
		return
	}
	t.at = now.Add(t.wait + rand.N(t.wait/2))
	t.wait = min(2*t.wait, dialMax)
	t.busy = make(chan struct{})
	busy := t.busy
	d.wg.Go(func() {
		defer close(busy)
		addr, err := p2p.NewNetAddressString(p2p.IDAddressString(v.id, v.address))
		if err == nil {
			err = d.sw.DialPeerWithAddress(addr)
		}
		var known p2p.ErrCurrentlyDialingOrExistingAddress
		if err != nil && !errors.As(err, &known) {
			d.log.Debug().Err(err).Str("peer", string(v.id)).Str("address", v.address).Msg("validator not reached")
		}
	})
}

func (t *attempt) running() bool {
	if t.busy == nil {
		return false
	}
	select {
	case <-t.busy:
		return false
	default:
		return true
	}
}

// quorum reports whether we and the connected peers hold more than two thirds
// of the power.
func quorum(sw p2p.Switcher, peers []validator) bool {
	var all, here uint64
	for _, v := range peers {
		all += v.power
		if v.own || sw.Peers().Has(v.id) {
			here += v.power
		}
	}
	return 3*here > 2*all
}
