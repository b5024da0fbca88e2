package wire

import (
	"fmt"

	"github.com/assaynet/assay/protocol"
)

// Limits of Serve.
const (
	maxOffers       = 8
	maxServedModels = 16
	maxAddresses    = 8
	maxAddressText  = 128
)

// Offer is what a seat says that it can do of one kind of task.
type Offer struct {
	_        struct{}           `cbor:",toarray"`
	Kind     protocol.Kind      `json:"kind"`
	Capacity uint16             `json:"capacity"` // answers a round; at most MaxSlots in all offers together
	Models   []protocol.ModelID `json:"models"`   // that it has for the kind, at most 16
}

// Code implements [Coded].
func (o *Offer) Code(c *Coder) {
	c.Array(3)
	Text(c, &o.Kind)
	Uint(c, &o.Capacity)
	Hashes(c, &o.Models)
}

// Serve announces what the signer's seat offers and where it is reached. Offers
// are sorted by kind, without repetition. It is the hotkey's consent, too: it
// counts only while the seat is Coldkey's.
type Serve struct {
	_         struct{}           `cbor:",toarray"`
	Coldkey   protocol.PublicKey // whose the seat is, as the signer knows
	Offers    []Offer            // at most 8; none of a seat that only judges
	Addresses []string           // multiaddrs without the peer id, at most 8 of 128 bytes
	Identity  protocol.PublicKey // of the seat's libp2p host
	// IdentitySig is the libp2p identity's own signature over chain and hotkey
	// (DomainBind), so that nobody announces an identity that is not his.
	IdentitySig Signature
}

// Type implements [Body].
func (*Serve) Type() TxType { return TxServe }

// Check implements [Body].
func (b *Serve) Check() error {
	if len(b.Offers) > maxOffers || len(b.Addresses) > maxAddresses {
		return fmt.Errorf("%d offers, %d addresses: %w", len(b.Offers), len(b.Addresses), ErrLimit)
	}
	for _, a := range b.Addresses {
		if err := shown("address", a, maxAddressText); err != nil {
			return err
		}
	}
	capacity := 0
	for i := range b.Offers {
		o := &b.Offers[i]
		if err := checkKind(o.Kind); err != nil {
			return err
		}
		if len(o.Models) > maxServedModels {
			return fmt.Errorf("%d models, at most %d: %w", len(o.Models), maxServedModels, ErrLimit)
		}
		if i > 0 && b.Offers[i-1].Kind >= o.Kind {
			return fmt.Errorf("offer of %q after %q: %w", o.Kind, b.Offers[i-1].Kind, ErrNotCanonical)
		}
		capacity += int(o.Capacity)
	}
	if capacity > MaxSlots {
		return fmt.Errorf("capacity %d, at most %d: %w", capacity, MaxSlots, ErrLimit)
	}
	return nil
}

// SetConsensusKey binds the key that signs blocks, and the transport key and
// address at which CometBFT is reached, to the signer's seat.
type SetConsensusKey struct {
	_            struct{}           `cbor:",toarray"`
	Key          protocol.PublicKey // secp256k1
	KeySig       Signature          // Key's own signature over chain and hotkey (DomainBind)
	TransportKey [32]byte           // ed25519 public key of the CometBFT transport
	TransportSig Signature          // TransportKey's own, over the same
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
	_      struct{}        `cbor:",toarray"`
	Start  protocol.Height // first height that the chain serves: the start of the epoch after the next
	Anchor protocol.Hash   // the hash of link 0
}

// Type implements [Body].
func (*ExtendBeacon) Type() TxType { return TxExtendBeacon }

// Turn implements [LaneBody].
func (b *ExtendBeacon) Turn() Turn { return numbered(b.Start) }

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

// Unjail asks that the signer's seat, which is jailed, may validate again from the
// next epoch on. One per seat and epoch.
type Unjail struct {
	_     struct{}       `cbor:",toarray"`
	Epoch protocol.Epoch // that runs, the last one in jail
}

// Type implements [Body].
func (*Unjail) Type() TxType { return TxUnjail }

// Turn implements [LaneBody].
func (b *Unjail) Turn() Turn { return numbered(b.Epoch) }

// Check implements [Body].
func (*Unjail) Check() error { return nil }
