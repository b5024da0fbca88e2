package consensus_test

import (
	"testing"

	cfg "github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/p2p"
	ssproto "github.com/cometbft/cometbft/proto/tendermint/statesync"
	"github.com/cometbft/cometbft/statesync"

	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/state"
)

// noted says what comes to a reactor of snapshots, in the place of what that does.
type noted struct {
	p2p.Reactor
	parts chan int // bytes of a part
	gone  chan struct{}
}

func (r *noted) Receive(e p2p.Envelope) {
	if m, ok := e.Message.(*ssproto.ChunkResponse); ok {
		r.parts <- len(m.Chunk)
	}
}

func (r *noted) RemovePeer(p2p.Peer, any) { r.gone <- struct{}{} }

// TestAPartThatIsTooLongEndsTheConnection: the longest part that there can be
// arrives, and one that is twice as long does not, nor does its sender stay.
// CometBFT by itself would write sixteen megabytes to the disk.
func TestAPartThatIsTooLongEndsTheConnection(t *testing.T) {
	var all [2]*noted
	switches := p2p.MakeConnectedSwitches(cfg.DefaultP2PConfig(), len(all), func(i int, sw *p2p.Switch) *p2p.Switch {
		all[i] = &noted{statesync.NewReactor(*cfg.DefaultStateSyncConfig(), nil, nil, statesync.NopMetrics()), make(chan int, 2), make(chan struct{}, 1)}
		sw.AddReactor("STATESYNC", consensus.SmallParts(all[i]))
		return sw
	}, p2p.Connect2Switches)
	send := func(n int) {
		for _, peer := range switches[0].Peers().Copy() {
			if !peer.Send(p2p.Envelope{ChannelID: statesync.ChunkChannel, Message: &ssproto.ChunkResponse{Height: 1 << 40, Format: 1, Index: 4095, Chunk: make([]byte, n)}}) {
				t.Fatalf("a part of %d bytes was not sent", n)
			}
		}
	}
	send(state.MaxPart)
	if got := <-all[1].parts; got != state.MaxPart {
		t.Errorf("a part of %d bytes, want %d", got, state.MaxPart)
	}
	send(2 * state.MaxPart)
	<-all[1].gone
	if len(all[1].parts) != 0 {
		t.Error("the long part arrived")
	}
	for _, sw := range switches {
		check(t, sw.Stop())
	}
}
