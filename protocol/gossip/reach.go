package gossip

import (
	"context"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/network"
)

// Reachability says whether peers can dial a host.
type Reachability string

// What a host knows of that.
const (
	ReachUnknown Reachability = "unknown" // nobody has tried yet, or none of the internet is connected
	ReachPublic  Reachability = "public"  // a peer has dialled it
	ReachPrivate Reachability = "private" // peers tried, and did not get through
)

// The dials by which a host tries, for others, whether they are reached: at the
// address alone from which they asked, so that nobody has it dial a third party.
// One that is not reached is answered after fifteen seconds, whatever the reason.
const (
	triesAll, triesOfPeer = 30, 3
	triesIn               = time.Minute
)

// reachOptions has a host ask peers whether they can dial it, and answer them where
// it serves; without Config.NAT it takes itself for public, and asks nobody.
func (h *Host) reachOptions() []libp2p.Option {
	switch {
	case !h.set.NAT:
		return []libp2p.Option{libp2p.ForceReachabilityPublic()}
	case h.set.private:
		return []libp2p.Option{libp2p.ForceReachabilityPrivate()}
	case h.set.Serves:
		return []libp2p.Option{libp2p.EnableNATService(), libp2p.AutoNATServiceRateLimit(triesAll, triesOfPeer, triesIn)}
	}
	return nil
}

// Reachability returns whether peers can dial this host, as those say whom it
// asked; who says so may lie. The library asks one connected peer after the
// other, at random, that offers such dials and has an address of the internet.
// One dial that got through makes the host public at once. A public one becomes
// private by answers that none did: one, and one more for each dial that got
// through before, three of which count; the same peer may give them all. So
// whoever is most of a host's peers can have it taken for private until an
// honest one is asked. It listens and dials then as before, and who could reach
// it can; it takes places at relays besides, and neither relays itself nor
// tries for others.
func (h *Host) Reachability() Reachability {
	if r, ok := h.reach.Load().(Reachability); ok {
		return r
	}
	return ReachUnknown
}

// watchReach notes what becomes known of that.
func (h *Host) watchReach(ctx context.Context, s *session) error {
	h.noteReach(ReachUnknown)
	if !h.set.NAT {
		return nil
	}
	sub, err := s.net.EventBus().Subscribe(new(event.EvtLocalReachabilityChanged))
	if err != nil {
		return fmt.Errorf("watch reachability: %w", err)
	}
	defer sub.Close() //nolint:errcheck // it only drains
	for {
		select {
		case <-ctx.Done():
			return nil
		case e := <-sub.Out():
			if r, ok := e.(event.EvtLocalReachabilityChanged); ok {
				h.noteReach(reachability(r.Reachability))
			}
		}
	}
}

func reachability(r network.Reachability) Reachability {
	switch r {
	case network.ReachabilityPublic:
		return ReachPublic
	case network.ReachabilityPrivate:
		return ReachPrivate
	}
	return ReachUnknown
}

func (h *Host) noteReach(now Reachability) {
	if was := h.Reachability(); was != now {
		h.set.Logger.Info().Str("reachability", string(now)).Str("before", string(was)).Msg("whether peers can dial this node")
	}
	h.reach.Store(now)
	for _, r := range []Reachability{ReachUnknown, ReachPublic, ReachPrivate} {
		at := 0.0
		if r == now {
			at = 1
		}
		h.metrics.reach.WithLabelValues(string(r)).Set(at)
	}
}
