package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/gossip"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/store"
)

// members is how many validators each network has.
const members = 4

// ours are whole nodes: consensus, ledger, pool, gossip.
type ours struct {
	nodes []*node.Full
	told  chan block
}

// hotkey returns the key of validator i.
func hotkey(i int) (*keystore.Key, error) {
	seed := [32]byte{byte(i + 1)}
	p, err := key.FromSeed(seed[:], "bench")
	if err != nil {
		return nil, err
	}
	return keystore.FromPrivate(keystore.Hotkey, p)
}

// genesisOf is a network of accounts and validators.
func genesisOf(accounts []ledger.GenesisAccount, ports []string) (*ledger.Genesis, []*keystore.Key, error) {
	g := &ledger.Genesis{Params: constants(), Time: time.Now().Unix() - 1, Accounts: accounts}
	var keys []*keystore.Key
	for i := range members {
		k, err := hotkey(i)
		if err != nil {
			return nil, nil, err
		}
		identity, _, err := node.Identity(k, g, 0)
		if err != nil {
			return nil, nil, err
		}
		c, err := node.ConsensusKey(k, g, 0, ports[2*i])
		if err != nil {
			return nil, nil, err
		}
		beacon, err := node.GenesisBeacon(k, g)
		if err != nil {
			return nil, nil, err
		}
		anchor := beacon.Anchor()
		g.Seats = append(g.Seats, ledger.GenesisSeat{
			Hotkey: k.PublicKey(), Coldkey: accounts[i].Key, Stake: 1000 * protocol.Unit, Identity: identity,
			Addresses: []string{listen(ports[2*i+1])},
			Consensus: &ledger.Consensus{Key: c.Key, TransportKey: c.TransportKey, Address: c.Address}, Beacon: &anchor,
		})
		keys = append(keys, k)
	}
	return g, keys, g.Check()
}

func listen(hostport string) string { return "/ip4/127.0.0.1/tcp/" + hostport[len("127.0.0.1:"):] }

// openOurs starts our nodes below dir; they end with ctx, and done is called then.
func openOurs(ctx context.Context, dir string, g *ledger.Genesis, keys []*keystore.Key, ports []string, run func(func() error)) (*ours, error) {
	var boot []string
	for i := range members {
		boot = append(boot, listen(ports[2*i+1])+"/p2p/"+gossip.PeerID(g.Seats[i].Identity))
	}
	o := &ours{told: make(chan block, 1024)}
	for i := range members {
		home := filepath.Join(dir, fmt.Sprint(i))
		db, err := store.Open(filepath.Join(home, "db"), store.Options{})
		if err != nil {
			return nil, err
		}
		n, err := node.NewFull(node.FullConfig{
			Config: node.Config{Genesis: g, DB: db, Hotkey: keys[i], Listen: []string{listen(ports[2*i+1])}, Bootstrap: boot, Logger: zerolog.Nop()},
			Dir:    filepath.Join(home, "consensus"), ConsensusListen: ports[2*i],
		})
		if err != nil {
			return nil, err
		}
		o.nodes = append(o.nodes, n)
		run(func() error {
			defer func() { _ = db.Close() }()
			return n.Run(ctx)
		})
	}
	run(func() error { return o.follow(ctx) })
	return o, nil
}

// follow tells of the first node's blocks.
func (o *ours) follow(ctx context.Context) error {
	var h protocol.Height
	for {
		next, err := o.nodes[0].WaitNext(ctx, h)
		if err != nil {
			return nil //nolint:nilerr // the bench has ended
		}
		at := time.Now()
		for h++; h <= next; h++ {
			rec, err := o.nodes[0].Record(h)
			if err != nil {
				return err
			}
			b, err := rec.Block()
			if err != nil {
				return err
			}
			o.told <- block{height: int64(h), at: at, header: time.Unix(0, b.Time), txs: b.Txs[1:]}
		}
		h = next
	}
}

func (o *ours) send(ctx context.Context, i int, raw []byte) error {
	_, err := o.nodes[i%members].SubmitRaw(ctx, raw)
	return err
}

func (o *ours) blocks() <-chan block { return o.told }
