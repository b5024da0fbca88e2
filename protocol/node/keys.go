package node

import (
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/plant"
	"github.com/assaynet/assay/protocol/wire"
)

// Hotkey is the daemon's key: it signs messages and gives the keys of the
// other protocols.
type Hotkey interface {
	keystore.Signer
	keystore.Deriver
}

// Salt returns a secret of the hotkey for the salts of what a role seals on a
// chain.
func Salt(h Hotkey, chain, role string) ([32]byte, error) {
	s, err := h.DeriveSecret("salt/"+role, []byte(chain))
	if err != nil {
		return [32]byte{}, fmt.Errorf("derive salt: %w", err)
	}
	defer s.Wipe()
	return s.Expose(), nil
}

// PlantSecret returns the secret of a hotkey from which the links of its planted
// answers follow, on the networks that go on with the one of this origin.
func PlantSecret(h Hotkey, origin string) ([32]byte, error) {
	s, err := h.DeriveSecret("plants", []byte(origin))
	if err != nil {
		return [32]byte{}, fmt.Errorf("derive the secret of plants: %w", err)
	}
	defer s.Wipe()
	return s.Expose(), nil
}

// GenesisPlants returns the anchor of a hotkey's chain of plants in a genesis.
func GenesisPlants(h Hotkey, g *ledger.Genesis) (protocol.Hash, error) {
	s, err := PlantSecret(h, g.Origin())
	if err != nil {
		return protocol.Hash{}, err
	}
	return plant.NewMaker(plant.Seed(s, 0), 0).Anchor(), nil
}

// Identity returns the libp2p identity of a generation that follows from a hotkey,
// and its statement for the ledger that it belongs to it. Of a genesis that is not
// whole yet the statement is worth nothing, and the identity that of the network
// to be.
func Identity(h Hotkey, g *ledger.Genesis, generation uint32) (protocol.PublicKey, wire.Signature, error) {
	return bound(h.DeriveIdentity, h.PublicKey(), g, generation)
}

// ConsensusKey returns what SetConsensusKey says of a hotkey: its consensus
// key and the transport's key, each with the statement that it belongs to it. Of a
// genesis that is not whole [Identity] says.
func ConsensusKey(h Hotkey, g *ledger.Genesis, generation uint32, address string) (wire.SetConsensusKey, error) {
	pub, sig, err := bound(h.DeriveConsensus, h.PublicKey(), g, generation)
	if err != nil {
		return wire.SetConsensusKey{}, err
	}
	c := wire.SetConsensusKey{Key: pub, KeySig: sig, Address: address}
	transport, err := h.DeriveTransport(g.Origin(), generation)
	if err != nil {
		return wire.SetConsensusKey{}, fmt.Errorf("derive transport key: %w", err)
	}
	defer transport.Wipe()
	c.TransportKey = key.TransportPublic(transport)
	c.TransportSig, err = key.SignTransport(transport, string(wire.DomainBind), wire.BindMessage(g.ChainID(), h.PublicKey()))
	return c, err
}

// maxFormer is of how many generations before its own a node still signs with the
// consensus key: a set changes once an epoch, and keys may be rotated more often.
const maxFormer = 16

// formerConsensus returns the consensus keys of the generations before one, the
// newest first. One of them signs until the ledger has taken up the newest.
func formerConsensus(h Hotkey, network string, generation uint32) ([]key.Secret, error) {
	var out []key.Secret
	for g := generation; g > 0 && generation-g < maxFormer; g-- {
		k, err := h.DeriveConsensus(network, g-1)
		if err != nil {
			return nil, fmt.Errorf("derive the consensus key of generation %d: %w", g-1, err)
		}
		out = append(out, k)
	}
	return out, nil
}

func bound(derive func(string, uint32) (key.Secret, error), hotkey protocol.PublicKey, g *ledger.Genesis, generation uint32) (protocol.PublicKey, wire.Signature, error) {
	var none protocol.PublicKey
	secret, err := derive(g.Origin(), generation)
	if err != nil {
		return none, wire.Signature{}, fmt.Errorf("derive key: %w", err)
	}
	defer secret.Wipe()
	b := secret.Expose()
	p, err := key.FromBytes(b[:])
	if err != nil {
		return none, wire.Signature{}, err
	}
	defer p.Wipe()
	sig, err := p.Sign(string(wire.DomainBind), wire.BindMessage(g.ChainID(), hotkey))
	return p.Public(), sig, err
}
