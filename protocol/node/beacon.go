package node

import (
	"fmt"
	"sync"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/ledger"
)

// GenesisBeacon returns the beacon chain that a validator registers in a
// genesis. The chain id is not known yet, being the hash of what holds the
// anchors; [ledger.Genesis.Origin] stands in for it, so that one hotkey in two
// networks has two chains.
func GenesisBeacon(d keystore.Deriver, g *ledger.Genesis) (*ledger.ChainMaker, error) {
	seed, err := d.DeriveBeacon(g.Origin(), 1)
	if err != nil {
		return nil, fmt.Errorf("derive beacon chain: %w", err)
	}
	defer seed.Wipe()
	return ledger.NewChainMaker(seed.Expose(), 1), nil
}

// beacons finds the own link that serves a height. Chains are made when they
// are first needed and kept: there are few, and one takes a fraction of a second.
type beacons struct {
	hotkey  Hotkey
	genesis *ledger.Genesis
	chain   string
	state   func() (ledger.Reader, protocol.Height)

	mu   sync.Mutex
	made map[protocol.Height]*ledger.ChainMaker // by start
}

// maker returns the own chain whose first link serves start.
func (b *beacons) maker(start protocol.Height) (*ledger.ChainMaker, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if m := b.made[start]; m != nil {
		return m, nil
	}
	m, err := b.make(start)
	if err != nil {
		return nil, err
	}
	if b.made == nil {
		b.made = map[protocol.Height]*ledger.ChainMaker{}
	}
	b.made[start] = m
	return m, nil
}

func (b *beacons) make(start protocol.Height) (*ledger.ChainMaker, error) {
	if start == 1 { // only a genesis has chains that begin there
		return GenesisBeacon(b.hotkey, b.genesis)
	}
	seed, err := b.hotkey.DeriveBeacon(b.chain, start)
	if err != nil {
		return nil, fmt.Errorf("derive beacon chain: %w", err)
	}
	defer seed.Wipe()
	return ledger.NewChainMaker(seed.Expose(), start), nil
}

// link returns the link for height h of the chain that the ledger says is
// serving; false where the seat has none.
func (b *beacons) link(h protocol.Height) (protocol.Hash, bool) {
	r, _ := b.state()
	seat, ok, err := ledger.ReadSeatByHotkey(r, b.hotkey.PublicKey())
	if err != nil || !ok || seat.Beacon.Link.IsZero() {
		return protocol.Hash{}, false
	}
	m, err := b.maker(seat.Beacon.Start)
	if err != nil {
		return protocol.Hash{}, false
	}
	return m.Link(h)
}
