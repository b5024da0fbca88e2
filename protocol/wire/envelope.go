package wire

import (
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
)

// A Domain separates signatures: bytes signed for one use verify for no other.
type Domain string

// The domains of signed messages. The first three travel in an [Envelope].
const (
	DomainAnswer Domain = "assay/1/answer"
	DomainCard   Domain = "assay/1/card"
	DomainPairs  Domain = "assay/1/pairs"
	DomainTx     Domain = "assay/1/tx"
	DomainBind   Domain = "assay/1/bind" // a derived key's statement about its hotkey
	// DomainConsent is the statement of a hotkey that it works for a coldkey,
	// DomainSwap that of a coldkey to come that it signs for one.
	DomainConsent Domain = "assay/1/consent"
	DomainSwap    Domain = "assay/1/swap"
	// DomainMessage is of texts that people sign, and of nothing that the ledger takes.
	DomainMessage Domain = "assay/1/message"
)

// Signature is a compact ECDSA signature over secp256k1: r ‖ s, low s.
type Signature = key.Signature

// Envelope is a signed message. Height is the sender's ledger height when it
// signed; receivers refuse what is outside their replay window.
type Envelope struct {
	_       struct{} `cbor:",toarray"`
	Domain  Domain
	ChainID string             // of the network, as its genesis gives it
	Sender  protocol.PublicKey // the hotkey that signs
	Height  protocol.Height    // newest block that the sender knew, in blocks from 1
	Payload []byte             // canonical bytes of the message that Domain names
	Sig     Signature          // by Sender, over the envelope with a zero signature
}

// A Signer lends the operations of a hotkey, never the key.
type Signer interface {
	PublicKey() protocol.PublicKey
	// Sign signs SHA-256(domain ‖ 0 ‖ message).
	Sign(domain string, message []byte) (Signature, error)
}

// Seal signs payload for chain.
func Seal(s Signer, domain Domain, chain string, height protocol.Height, payload []byte) (*Envelope, error) {
	e := &Envelope{Domain: domain, ChainID: chain, Sender: s.PublicKey(), Height: height, Payload: payload}
	sig, err := s.Sign(string(domain), e.signBytes())
	if err != nil {
		return nil, fmt.Errorf("sign %s: %w", domain, err)
	}
	e.Sig = sig
	return e, nil
}

// signBytes is the envelope with a zero signature: it holds domain and chain.
func (e *Envelope) signBytes() []byte {
	c := *e
	c.Sig = Signature{}
	return Encode(&c)
}

// Hash names the envelope, signature included.
func (e *Envelope) Hash() protocol.Hash { return HashOf("assay/1/envelope", Encode(e)) }

// Open decodes an envelope of at most limit bytes and checks domain, chain and
// signature. Errors: those of [Decode], [ErrUnknown], [ErrChain],
// [ErrSignature].
func Open(b []byte, limit int, domain Domain, chain string) (*Envelope, error) {
	var e Envelope
	if err := Decode(b, limit, &e); err != nil {
		return nil, err
	}
	switch {
	case e.Domain != domain:
		return nil, fmt.Errorf("domain %.40q, want %q: %w", e.Domain, domain, ErrUnknown)
	case e.ChainID != chain:
		return nil, fmt.Errorf("chain %.60q, want %q: %w", e.ChainID, chain, ErrChain)
	}
	if err := key.Verify(e.Sender, string(e.Domain), e.signBytes(), e.Sig[:]); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return &e, nil
}

// checked is a message that refuses by itself what no honest program sends.
type checked interface{ Check() error }

// open opens an envelope and reads the message in it into m, a pointer.
func (e *Envelope) open(b []byte, limit int, domain Domain, chain string, m checked) error {
	opened, err := Open(b, limit, domain, chain)
	if err != nil {
		return err
	}
	*e = *opened
	return e.message(limit, m)
}

// read is open for an envelope that was opened before.
func (e *Envelope) read(b []byte, limit int, m checked) error {
	if err := Decode(b, limit, e); err != nil {
		return err
	}
	return e.message(limit, m)
}

func (e *Envelope) message(limit int, m checked) error {
	if err := Decode(e.Payload, limit, m); err != nil {
		return err
	}
	return m.Check()
}
