package devnet

import (
	"crypto/rand"
	"fmt"
	"path/filepath"

	"github.com/assaynet/assay/cmd/process"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/gossip"
	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/task/preference"
	"github.com/assaynet/assay/protocol/wire"
)

// A role is what an actor does; some cheat.
type role string

const (
	roleValidator role = "validator"
	roleHonest    role = "honest"
	roleLate      role = "honest, joins late"
	roleAltered   role = "altered weights"
	roleCopier    role = "copies answers"
	roleReader    role = "rates pairs"
	roleLonger    role = "likes what is longer"
)

// cheats reports whether the role is to earn nothing.
func (r role) cheats() bool { return r == roleAltered || r == roleCopier }

// rates reports whether the role rates pairs: all that do are one process.
func (r role) rates() bool { return r == roleReader || r == roleLonger }

// answers reports whether the actor answers HTTP.
func (r role) answers() bool { return !r.cheats() && !r.rates() }

// actor is one node of the network.
type actor struct {
	name    string
	role    role
	home    string
	hotkey  *keystore.Key
	coldkey *keystore.Key

	p2p, consensus, http int // ports on loopback
	proc                 *process.Process
	api                  *endpoint
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

// genesisSeat is the actor's seat in a genesis, which must have its parameters.
func (a *actor) genesisSeat(g *ledger.Genesis) (ledger.GenesisSeat, error) {
	s := ledger.GenesisSeat{Hotkey: a.hotkey.PublicKey(), Coldkey: a.coldkey.PublicKey(), Addresses: []string{a.listen()}}
	identity, _, err := node.Identity(a.hotkey, g, 0) // its statement is for those who join later
	if err != nil {
		return s, err
	}
	s.Identity = identity
	if a.role.rates() {
		s.Offers = []wire.Offer{{Kind: preference.Kind, Capacity: 1}}
		return s, nil
	}
	if a.role != roleValidator {
		anchor, err := node.GenesisPlants(a.hotkey, g)
		if err != nil {
			return s, err
		}
		s.Collateral, s.Plants = collateral, &anchor
		for i := range g.Params.Kinds {
			if g.Params.Kinds[i].OnLedger() {
				continue // for people
			}
			s.Offers = append(s.Offers, wire.Offer{Kind: g.Params.Kinds[i].Name, Capacity: 1, Models: []protocol.ModelID{g.Params.Models()[0].ID}})
		}
		return s, nil
	}
	s.Stake = startStake
	consensus, err := node.ConsensusKey(a.hotkey, g, 0, fmt.Sprintf("127.0.0.1:%d", a.consensus))
	if err != nil {
		return s, err
	}
	s.Consensus = &ledger.Consensus{Key: consensus.Key, TransportKey: consensus.TransportKey, Address: consensus.Address}
	beacon, err := node.GenesisBeacon(a.hotkey, g)
	if err != nil {
		return s, err
	}
	anchor := beacon.Anchor()
	s.Beacon = &anchor
	return s, nil
}

// listen is the multiaddr at which the actor's gossip is reached.
func (a *actor) listen() string { return fmt.Sprintf("/ip4/127.0.0.1/tcp/%d", a.p2p) }

// bootstrap is [actor.listen] with the peer id.
func (a *actor) bootstrap(g *ledger.Genesis) (string, error) {
	identity, _, err := node.Identity(a.hotkey, g, 0)
	if err != nil {
		return "", err
	}
	return a.listen() + "/p2p/" + gossip.PeerID(identity), nil
}
