package gossip

import (
	"context"
	"strings"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/assaynet/assay/protocol/gossip/discover"
)

// questions are how often one peer may ask the hash table: a node that wants peers
// asks one of the table once a minute, and each once when it is new.
var questions = allowance{burst: 16, perSecond: 0.5}

// hashTable finds peers by what peers of the chain name.
type hashTable struct {
	h *Host
	s *session
}

func (hashTable) name() string   { return "dht" }
func (hashTable) source() source { return sourceTable }

func (t hashTable) run(ctx context.Context, n host.Host, found func(*peer.AddrInfo)) error {
	h, s := t.h, t.s
	return discover.Run(ctx, discover.Config{
		Host:   n,
		Prefix: strings.TrimSuffix(prefix(h.set.ChainID), "/"),
		Serves: h.set.Serves,
		Learns: h.set.NAT,
		Ours: func(id peer.ID) bool {
			spoken, err := n.Peerstore().GetProtocols(id)
			return err == nil && h.ours(spoken)
		},
		Allow: func(id peer.ID) bool { return h.asked.take(id, questions, 1, h.now()) },
		Wants: func() bool { return len(s.dialled()) < h.set.Degree },
		Found: func(p *peer.AddrInfo) {
			h.metrics.found.Inc()
			found(p)
		},
		Known:  func(n int) { h.metrics.table.Set(float64(n)) },
		Period: h.set.look,
	})
}
