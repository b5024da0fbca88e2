package node_test

import (
	"errors"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/gossip"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/wire"
)

// TestAForkIsHandedToTheValidators: a miner's node hands over what it met by the
// stream for it, on which a peer is soon told that it asks too often.
func TestAForkIsHandedToTheValidators(t *testing.T) {
	n := newNetwork(t, 1)
	registry := prometheus.NewRegistry()
	v := n.full(t, 0, func(c *node.FullConfig) { c.Registerer = registry })
	m := n.light(t, nil)
	until(t, m, "a block that the miner has verified", func(_ ledger.Reader, h protocol.Height) bool { return h >= 1 })
	until(t, v, "the fourth block", func(_ ledger.Reader, h protocol.Height) bool { return h >= 4 })

	block, err := m.AskState(t.Context(), v.Identity(), wire.Encode(&struct {
		_      struct{} `cbor:",toarray"`
		Ask    uint8
		Height protocol.Height
		Keys   [][]byte
	}{Ask: 1, Height: 2}))
	check(t, err)
	var state struct {
		_      struct{} `cbor:",toarray"`
		Height protocol.Height
		Block  []byte
		Items  []struct{}
	}
	check(t, wire.Decode(block, gossip.MaxResponse, &state))
	own := wire.Encode(&struct {
		_      struct{} `cbor:",toarray"`
		Common protocol.Height
		Block  []byte
	}{Common: 1, Block: state.Block})
	m.ReportFork(t.Context(), [][]byte{own, []byte("rubbish")})
	served := func(outcome string) int { return metric(t, registry, "assay_gossip_served_total", outcome, "fork") }
	eventually(t, "both were counted, which is after the answer", func() bool { return served("ok")+served("refused") >= 2 })
	if served("ok") != 1 || served("refused") != 1 {
		t.Errorf("%d were taken and %d refused; want a block of the own chain taken, and rubbish refused", served("ok"), served("refused"))
	}

	s := stranger(t, n, "stranger")
	eventually(t, "the stranger is connected", func() bool { return len(s.Peers()) == 1 })
	for i := range 5 {
		_, err = s.Request(t.Context(), v.Identity(), gossip.StreamFork, []byte("rubbish"))
		if busy := errors.Is(err, gossip.ErrBusy); busy != (i == 4) {
			t.Errorf("question %d: got %v", i, err)
		}
	}
}
