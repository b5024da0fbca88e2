package consensus

import (
	"slices"
	"time"

	cs "github.com/cometbft/cometbft/consensus"
	"github.com/cometbft/cometbft/node"
	"github.com/cometbft/cometbft/types"
	"github.com/rs/zerolog"

	"github.com/assaynet/assay/protocol"
)

// catchUpEvery is how often a node that fetches old blocks says how far it is.
const catchUpEvery = 10 * time.Second

// catchUp summarises how a node fetches the blocks that it lacks.
type catchUp struct {
	from  protocol.Height // the first height that was seen; 0 while nothing is fetched
	since time.Time       // when that was
	told  time.Time       // when something was said last
}

// look says how far the node is, now and then while it catches up, and once when it
// has. peers are the heights of others.
func (s *catchUp) look(log *zerolog.Logger, syncing bool, h protocol.Height, peers func() []protocol.Height, now time.Time) {
	switch {
	case !syncing:
		if s.from > 0 && h > s.from {
			log.Info().Uint64("height", uint64(h)).Uint64("blocks", uint64(h-s.from)).
				Str("took", now.Sub(s.since).Round(time.Second).String()).Msg("caught up")
		}
		*s = catchUp{}
	case h == 0:
	case s.from == 0:
		*s = catchUp{from: h, since: now, told: now}
	case now.Sub(s.told) >= catchUpEvery:
		s.told = now
		target := targetOf(peers())
		l := log.Info().Uint64("height", uint64(h)).Uint64("target", uint64(target))
		if left, ok := s.left(h, target, now); ok {
			l = l.Str("left", left.String())
		}
		l.Msg("catching up")
	}
}

// left is how long it takes to the target at the speed so far.
func (s *catchUp) left(h, target protocol.Height, now time.Time) (time.Duration, bool) {
	if h <= s.from || target <= h {
		return 0, false
	}
	each := now.Sub(s.since) / time.Duration(h-s.from)
	return (time.Duration(target-h) * each).Round(time.Second), true
}

// peerHeights are those that connected peers of consensus say they work at.
func peerHeights(c *node.Node) (all []protocol.Height) {
	for _, p := range c.Switch().Peers().Copy() {
		if ps, ok := p.Get(types.PeerStateKey).(*cs.PeerState); ok && ps.GetHeight() > 0 {
			all = append(all, protocol.Height(ps.GetHeight()-1)) // of the block before, which is decided
		}
	}
	return all
}

// targetOf is a height that at least half of the peers have reached: of two and
// more, one that says too much moves nothing; a single peer is believed.
func targetOf(all []protocol.Height) protocol.Height {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[(len(all)-1)/2]
}
