package wire

import (
	"encoding/binary"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
)

// Consent is a key's statement that it works for a coldkey: a hotkey's, without
// which nobody gets a seat for it, nor what it earns; or that of another coldkey,
// which shall sign for the first. It can be used up to block Until, or it would
// hold for ever, also after its seat was pruned.
type Consent struct {
	_     struct{}        `cbor:",toarray"`
	Until protocol.Height // the last block that may use it
	Sig   Signature       // of the key, over [ConsentMessage] (DomainConsent)
}

// ConsentMessage is what such a key signs: chain ‖ 0 ‖ coldkey ‖ u64 until. A
// chain id holds no zero.
func ConsentMessage(chain string, coldkey protocol.PublicKey, until protocol.Height) []byte {
	b := append(append([]byte(chain), 0), coldkey[:]...)
	return binary.BigEndian.AppendUint64(b, uint64(until))
}

// NewConsent signs with a key that it works for a coldkey.
func NewConsent(s Signer, chain string, coldkey protocol.PublicKey, until protocol.Height) (Consent, error) {
	sig, err := s.Sign(string(DomainConsent), ConsentMessage(chain, coldkey, until))
	if err != nil {
		return Consent{}, fmt.Errorf("sign consent: %w", err)
	}
	return Consent{Until: until, Sig: sig}, nil
}

// Check returns nil if k signed it for coldkey; else [ErrSignature]. When it
// ends is for the caller.
func (c *Consent) Check(chain string, k, coldkey protocol.PublicKey) error {
	if err := key.Verify(k, string(DomainConsent), ConsentMessage(chain, coldkey, c.Until), c.Sig[:]); err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return nil
}
