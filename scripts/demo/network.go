package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/gossip"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/params"
)

// A role is what an actor does; the last two cheat.
type role string

const (
	roleValidator role = "validator"
	roleHonest    role = "honest"
	roleLate      role = "honest, joins late"
	roleAltered   role = "altered weights"
	roleCopier    role = "copies answers"
)

// cheats reports whether the role is to earn nothing.
func (r role) cheats() bool { return r == roleAltered || r == roleCopier }

// actor is one node of the network.
type actor struct {
	name    string
	role    role
	home    string
	hotkey  *keystore.Key
	coldkey *keystore.Key

	p2p, consensus, http int // ports on loopback
	proc                 *process
	api                  *endpoint
}

// network is everything that is made before the first process starts.
type network struct {
	dir        string
	bin        string
	model      string
	params     params.Params
	genesis    *ledger.Genesis
	validators []*actor
	miners     []*actor
}

// Money at the start, in tokens: enough for fees and one more registration.
const (
	startBalance = 1000 * protocol.Unit
	startStake   = 1000 * protocol.Unit
)

func newNetwork(o *options) (*network, error) {
	n := &network{dir: o.dir, bin: o.bin, model: o.model, params: params.Demo()}
	roles := []role{roleHonest, roleHonest, roleAltered, roleCopier, roleLate}
	if o.mode == "devnet" {
		n.params = params.Local()
		roles = []role{roleHonest, roleHonest}
	}
	for i := range 4 {
		n.validators = append(n.validators, &actor{name: "validator-" + strconv.Itoa(i+1), role: roleValidator})
	}
	for i, r := range roles {
		n.miners = append(n.miners, &actor{name: "miner-" + strconv.Itoa(i+1), role: r})
	}
	ports, err := freePorts(3 * len(n.actors()))
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(n.dir, "log"), 0o700); err != nil {
		return nil, fmt.Errorf("make directory: %w", err)
	}
	for i, a := range n.actors() {
		a.home = filepath.Join(n.dir, a.name)
		a.p2p, a.consensus, a.http = ports[3*i], ports[3*i+1], ports[3*i+2]
		a.api = &endpoint{url: fmt.Sprintf("http://127.0.0.1:%d", a.http)}
		if err := a.makeKeys(); err != nil {
			return nil, fmt.Errorf("keys of %s: %w", a.name, err)
		}
	}
	return n, n.makeGenesis()
}

func (n *network) actors() []*actor {
	return append(append([]*actor{}, n.validators...), n.miners...)
}

// makeKeys writes hotkey and coldkey, without a passphrase: the network is
// thrown away, and nothing it pays has worth.
func (a *actor) makeKeys() error {
	store, err := keystore.New(keystore.Config{Dir: filepath.Join(a.home, "keys"), WorkFactor: 1})
	if err != nil {
		return err
	}
	if a.hotkey, err = keystore.Generate(keystore.Hotkey, rand.Reader); err != nil {
		return err
	}
	if a.coldkey, err = keystore.Generate(keystore.Coldkey, rand.Reader); err != nil {
		return err
	}
	if err := store.Create("hotkey", a.hotkey, keystore.InsecurePassphrase()); err != nil {
		return err
	}
	return store.Create("coldkey", a.coldkey, keystore.InsecurePassphrase())
}

// makeGenesis seats everybody but the late miner, which has money only.
func (n *network) makeGenesis() error {
	g := &ledger.Genesis{Params: n.params, Time: time.Now().Unix()}
	for _, a := range n.actors() {
		g.Accounts = append(g.Accounts, ledger.GenesisAccount{Key: a.coldkey.PublicKey(), Balance: startBalance})
		if a.role == roleLate {
			continue
		}
		seat, err := a.genesisSeat(g)
		if err != nil {
			return fmt.Errorf("genesis seat of %s: %w", a.name, err)
		}
		g.Seats = append(g.Seats, seat)
	}
	if err := g.Check(); err != nil {
		return err
	}
	n.genesis = g
	b, err := json.MarshalIndent(g, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(n.genesisPath(), b, 0o600)
}

func (n *network) genesisPath() string { return filepath.Join(n.dir, "genesis.json") }

func (a *actor) genesisSeat(g *ledger.Genesis) (ledger.GenesisSeat, error) {
	s := ledger.GenesisSeat{Hotkey: a.hotkey.PublicKey(), Coldkey: a.coldkey.PublicKey()}
	identity, err := derived(a.hotkey.DeriveIdentity(0))
	if err != nil {
		return s, err
	}
	s.Identity = identity
	s.Addresses = []string{a.listen()}
	if a.role != roleValidator {
		s.Models = []protocol.ModelID{g.Params.Tasks.Models[0].ID}
		s.Kinds = []string{"inference"}
		s.Capacity = 1
		return s, nil
	}
	s.Stake = startStake
	consensus, err := derived(a.hotkey.DeriveConsensus(0))
	if err != nil {
		return s, err
	}
	transport, err := a.hotkey.DeriveTransport(0)
	if err != nil {
		return s, err
	}
	beacon, err := node.GenesisBeacon(a.hotkey, g)
	if err != nil {
		return s, err
	}
	seed := transport.Expose()
	s.Consensus = &ledger.Consensus{Key: consensus, Address: fmt.Sprintf("127.0.0.1:%d", a.consensus)}
	copy(s.Consensus.TransportKey[:], ed25519.NewKeyFromSeed(seed[:]).Public().(ed25519.PublicKey))
	anchor := beacon.Anchor()
	s.Beacon = &anchor
	return s, nil
}

// derived returns the public key of a derived secret scalar.
func derived(s key.Secret, err error) (protocol.PublicKey, error) {
	if err != nil {
		return protocol.PublicKey{}, err
	}
	b := s.Expose()
	k, err := key.FromBytes(b[:])
	if err != nil {
		return protocol.PublicKey{}, err
	}
	return k.Public(), nil
}

// listen is the multiaddr at which the actor's gossip is reached.
func (a *actor) listen() string { return fmt.Sprintf("/ip4/127.0.0.1/tcp/%d", a.p2p) }

// bootstrap is [actor.listen] with the peer id.
func (a *actor) bootstrap() (string, error) {
	identity, err := derived(a.hotkey.DeriveIdentity(0))
	if err != nil {
		return "", err
	}
	return a.listen() + "/p2p/" + gossip.PeerID(identity), nil
}

// The range from which ports are taken: below the kernel's range for outgoing
// connections, so that nobody is handed one of ours between choice and use.
const (
	portsFrom  = 12_000
	portsTo    = 32_000
	portsTries = 2_000
)

// freePorts returns n ports of loopback that nobody listens on. Two networks
// that start together choose at random, and so apart.
func freePorts(n int) ([]int, error) {
	var held []net.Listener
	defer func() {
		for _, l := range held {
			_ = l.Close()
		}
	}()
	var ports []int
	for range portsTries {
		if len(ports) == n {
			return ports, nil
		}
		var b [2]byte
		if _, err := rand.Read(b[:]); err != nil {
			return nil, err
		}
		port := portsFrom + (int(b[0])<<8|int(b[1]))%(portsTo-portsFrom)
		l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port)) //nolint:noctx // it does not wait
		if err != nil {
			continue
		}
		held = append(held, l)
		ports = append(ports, port)
	}
	return nil, fmt.Errorf("found %d of %d free ports on loopback between %d and %d", len(ports), n, portsFrom, portsTo)
}
