package wire

import (
	"fmt"

	"github.com/assaynet/assay/protocol"
)

// Limits of Serve.
const (
	maxServedModels = 16
	maxAddresses    = 8
	maxAddressText  = 128
	maxKinds        = 8
	maxKindText     = 16
)

// Serve announces what the signer's seat offers and where it is reached.
type Serve struct {
	_         struct{} `cbor:",toarray"`
	Models    []protocol.ModelID
	Kinds     []string // task kinds: "inference"
	Capacity  uint16   // answers per round that the seat says it can give
	Addresses []string // multiaddrs, without the peer id
	Identity  protocol.PublicKey
	// IdentitySig is the libp2p identity's own signature over the hotkey
	// (DomainBind), so that nobody announces an identity that is not his.
	IdentitySig Signature
}

// Type implements [Body].
func (*Serve) Type() TxType { return TxServe }

// Check implements [Body].
func (b *Serve) Check() error {
	if len(b.Models) > maxServedModels || len(b.Addresses) > maxAddresses || len(b.Kinds) > maxKinds {
		return fmt.Errorf("%d models, %d addresses, %d kinds: %w", len(b.Models), len(b.Addresses), len(b.Kinds), ErrLimit)
	}
	if b.Capacity > MaxSlots {
		return fmt.Errorf("capacity %d, at most %d: %w", b.Capacity, MaxSlots, ErrLimit)
	}
	for _, a := range b.Addresses {
		if err := shown("address", a, maxAddressText); err != nil {
			return err
		}
	}
	for _, k := range b.Kinds {
		if err := shown("kind", k, maxKindText); err != nil {
			return err
		}
	}
	return nil
}

// SetConsensusKey binds the key that signs blocks, and the transport key and
// address at which CometBFT is reached, to the signer's seat.
type SetConsensusKey struct {
	_            struct{}           `cbor:",toarray"`
	Key          protocol.PublicKey // secp256k1
	KeySig       Signature          // Key's own signature over the hotkey (DomainBind)
	TransportKey [32]byte           // ed25519 public key of the CometBFT transport
	Address      string             // of the CometBFT transport, see CheckHostPort; or empty
}

// Type implements [Body].
func (*SetConsensusKey) Type() TxType { return TxSetConsensusKey }

// Check implements [Body].
func (b *SetConsensusKey) Check() error {
	if b.Address == "" { // it dials, and is not dialled
		return nil
	}
	return CheckHostPort(b.Address)
}

// ExtendBeacon registers the end of a new hash chain for the beacon. Link i
// serves height Start + i; Anchor is the hash of link 0.
type ExtendBeacon struct {
	_      struct{} `cbor:",toarray"`
	Start  protocol.Height
	Anchor protocol.Hash
}

// Type implements [Body].
func (*ExtendBeacon) Type() TxType { return TxExtendBeacon }

// Check implements [Body].
func (b *ExtendBeacon) Check() error { return nil }

// shown refuses text that is too long, or that could trick a terminal or a log:
// it must be printable ASCII.
func shown(what, s string, limit int) error {
	if len(s) > limit {
		return fmt.Errorf("%s of %d bytes, at most %d: %w", what, len(s), limit, ErrLimit)
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return fmt.Errorf("%s %q: %w", what, s, ErrLimit)
		}
	}
	return nil
}
