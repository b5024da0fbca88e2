package node_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/gossip"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/wire"
)

// TestStrangersDoNotKeepAMinerFromItsValidator: 32 identities, which cost nothing,
// wait at a validator for a block that never comes, as often as they may. Places
// used to be 256 for all, 8 for each peer: a miner could then neither read the
// ledger nor hand over its commitment, for ten seconds at a time and as often as
// the strangers liked.
func TestStrangersDoNotKeepAMinerFromItsValidator(t *testing.T) {
	const strangers, each = 32, 9
	n := newNetwork(t, 1)
	registry := prometheus.NewRegistry()
	v := n.full(t, 0, func(c *node.FullConfig) { c.Registerer = registry })
	until(t, v, "the second block", func(_ ledger.Reader, h protocol.Height) bool { return h >= 2 })
	ask := func(question uint8, height protocol.Height) []byte {
		return wire.Encode(&struct {
			_      struct{} `cbor:",toarray"`
			Ask    uint8
			Height protocol.Height
			Keys   [][]byte
		}{Ask: question, Height: height})
	}
	for i := range strangers {
		s := stranger(t, n, fmt.Sprintf("stranger %d", i))
		eventually(t, "a stranger is connected", func() bool { return len(s.Peers()) == 1 })
		for range each {
			go s.Request(t.Context(), v.Identity(), gossip.StreamState, ask(3, 1<<40)) //nolint:errcheck // most end with the test
		}
	}
	eventually(t, "each stranger was told that it has too many", func() bool {
		return metric(t, registry, "assay_gossip_served_total", "busy", "state") >= strangers
	})

	m := stranger(t, n, "m") // the miner of the genesis: its identity has a seat
	eventually(t, "the miner is connected", func() bool { return len(m.Peers()) == 1 })
	if b, err := m.Request(t.Context(), v.Identity(), gossip.StreamState, ask(1, 0)); err != nil || len(b) == 0 {
		t.Errorf("the newest block: got %d bytes, %v", len(b), err)
	}
	raw := wire.Encode(transfer(t, n.g.ChainID(), 0, protocol.Unit))
	if _, err := m.Request(t.Context(), v.Identity(), gossip.StreamSubmit, raw); err != nil {
		t.Errorf("a transaction: got %v", err)
	}
	// What the strangers wait for takes no place of those that want something now.
	s := stranger(t, n, "one more")
	eventually(t, "one more stranger is connected", func() bool { return len(s.Peers()) == 1 })
	if _, err := s.Request(t.Context(), v.Identity(), gossip.StreamState, ask(1, 0)); errors.Is(err, gossip.ErrBusy) {
		t.Errorf("another stranger: got %v", err)
	}
}
