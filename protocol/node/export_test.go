package node

import (
	"context"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/gossip"
	"github.com/assaynet/assay/protocol/ledger"
)

// What tests look at from outside.
var (
	LogEvents = logEvents
	NewTip    = newTip
	Deafness  = deafness
	// FormerConsensus are the keys that a node still signs with.
	FormerConsensus = formerConsensus
)

// Set and Wait are those of a tip.
func (t *tip) Set(h protocol.Height) { t.set(h) }

func (t *tip) Wait(ctx context.Context, after protocol.Height) (protocol.Height, error) {
	return t.wait(ctx, after)
}

// Beacons finds links in a state.
type Beacons = beacons

// NewBeacons returns one.
func NewBeacons(h Hotkey, g *ledger.Genesis, state func() (ledger.Reader, protocol.Height)) *Beacons {
	return &beacons{hotkey: h, genesis: g, chain: g.ChainID(), state: state}
}

// Link and Maker are those of beacons.
func (b *beacons) Link(h protocol.Height) (protocol.Hash, bool) { return b.link(h) }

func (b *beacons) Maker(start protocol.Height) (*ledger.ChainMaker, error) {
	return b.maker(start)
}

// Hand is hand.
func (l *Light) Hand(ctx context.Context, raw []byte) error { return l.hand(ctx, raw) }

// Send is send.
func (l *Light) Send(ctx context.Context, raw []byte, again bool) error {
	return l.send(ctx, raw, again)
}

// Resender keeps what is sent again.
type Resender = resender

// ResendEvery and MaxResends are its limits.
const (
	ResendEvery = resendEvery
	MaxResends  = maxResends
)

// Add and Due are those of a resender.
func (r *resender) Add(hash protocol.Hash, raw []byte, at protocol.Height) { r.add(hash, raw, at) }

func (r *resender) Due(at protocol.Height, waits func(protocol.Hash) bool) [][]byte {
	return r.due(at, waits)
}

// PassTx is what a light node does with a transaction from gossip.
func PassTx(ctx context.Context, l *Light, raw []byte) error { return l.passTx(ctx, "", raw) }

// ReportFork is reportFork, and AskState a question to a peer about the ledger.
func (l *Light) ReportFork(ctx context.Context, blocks [][]byte) { l.reportFork(ctx, blocks) }

func (l *Light) AskState(ctx context.Context, id string, request []byte) ([]byte, error) {
	return askOne(ctx, l.host, id, gossip.StreamState, request)
}
