package node

import (
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/consensus"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/wire"
)

// generation numbers the derived keys; rotation, by a later command, counts up.
const generation = 0

// Hotkey is the daemon's key: it signs messages and gives the keys of the
// other protocols.
type Hotkey interface {
	keystore.Signer
	keystore.Deriver
}

// Salt returns a secret of the hotkey for the salts of what a role seals.
func Salt(h Hotkey, role string) ([32]byte, error) {
	s, err := h.DeriveSecret("salt/"+role, nil)
	if err != nil {
		return [32]byte{}, fmt.Errorf("derive salt: %w", err)
	}
	defer s.Wipe()
	return s.Expose(), nil
}

// Identity returns the libp2p identity that follows from a hotkey, and its
// statement for the ledger that it belongs to it.
func Identity(h Hotkey, chain string) (protocol.PublicKey, wire.Signature, error) {
	return bound(h.DeriveIdentity, h.PublicKey(), chain)
}

// ConsensusKey returns what SetConsensusKey says of a hotkey: its consensus
// key with the statement that it belongs to it, and the transport's key.
func ConsensusKey(h Hotkey, chain, address string) (wire.SetConsensusKey, error) {
	pub, sig, err := bound(h.DeriveConsensus, h.PublicKey(), chain)
	if err != nil {
		return wire.SetConsensusKey{}, err
	}
	c := wire.SetConsensusKey{Key: pub, KeySig: sig, Address: address}
	transport, err := h.DeriveTransport(generation)
	if err != nil {
		return wire.SetConsensusKey{}, fmt.Errorf("derive transport key: %w", err)
	}
	defer transport.Wipe()
	c.TransportKey = consensus.TransportKey(transport)
	return c, nil
}

func bound(derive func(uint32) (key.Secret, error), hotkey protocol.PublicKey, chain string) (protocol.PublicKey, wire.Signature, error) {
	var none protocol.PublicKey
	secret, err := derive(generation)
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
	sig, err := p.Sign(string(wire.DomainBind), wire.BindMessage(chain, hotkey))
	return p.Public(), sig, err
}
