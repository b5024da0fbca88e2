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
	former  Hotkey // whose chains serve until its successor's do; nil where there is none
	genesis *ledger.Genesis
	chain   string
	state   func() (ledger.Reader, protocol.Height)

	mu   sync.Mutex
	made map[chainOf]*ledger.ChainMaker
}

// chainOf names a chain.
type chainOf struct {
	hotkey protocol.PublicKey
	start  protocol.Height
}

// maker returns the own chain whose first link serves start.
func (b *beacons) maker(start protocol.Height) (*ledger.ChainMaker, error) {
	return b.makerOf(b.hotkey, start)
}

// serving returns the chain that the ledger has, the own hotkey's or the former's;
// nil where it is neither's.
func (b *beacons) serving(c ledger.Chain) (*ledger.ChainMaker, error) {
	for _, h := range []Hotkey{b.hotkey, b.former} {
		if h == nil {
			continue
		}
		m, err := b.makerOf(h, c.Start)
		if err != nil || m.Makes(c) {
			return m, err
		}
	}
	return nil, nil
}

// makes reports whether a chain is the own hotkey's.
func (b *beacons) makes(c ledger.Chain) bool {
	m, err := b.maker(c.Start)
	return err == nil && m.Makes(c)
}

func (b *beacons) makerOf(h Hotkey, start protocol.Height) (*ledger.ChainMaker, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	name := chainOf{h.PublicKey(), start}
	if m := b.made[name]; m != nil {
		return m, nil
	}
	m, err := b.make(h, start)
	if err != nil {
		return nil, err
	}
	if b.made == nil {
		b.made = map[chainOf]*ledger.ChainMaker{}
	}
	b.made[name] = m
	return m, nil
}

func (b *beacons) make(h Hotkey, start protocol.Height) (*ledger.ChainMaker, error) {
	if start == 1 { // only a genesis has chains that begin there
		return GenesisBeacon(h, b.genesis)
	}
	seed, err := h.DeriveBeacon(b.chain, start)
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
	m, err := b.serving(seat.Beacon)
	if err != nil || m == nil { // a former hotkey's, whose file is not here: no block rather than a false one
		return protocol.Hash{}, false
	}
	return m.Link(h)
}
