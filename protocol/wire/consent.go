package wire

import (
	"encoding/binary"
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
)

// Consent is a key's statement that it works for a coldkey: a hotkey's, without
// which nobody gets a seat for it, nor what it earns; or that of another coldkey,
// which shall sign for the first. The first is signed in [DomainConsent], the
// other in [DomainSwap], and neither serves as the other: a hotkey did not agree
// to become a coldkey, to whose owner all goes that is sent to it. It can be used
// up to block Until, or it would hold for ever, also after its seat was pruned;
// and in the [MaxConsent] blocks before that alone.
type Consent struct {
	_     struct{}        `cbor:",toarray"`
	Until protocol.Height // the last block that may use it
	Sig   Signature       // of the key, over [ConsentMessage], in the domain of its use
}

// MaxConsent is how many blocks ahead the end of a consent may be: at two seconds
// a block twelve days, time to carry a text from a machine without a network. One
// that was forgotten is worth nothing after that, whatever its maker wrote.
const MaxConsent = 1 << 19

// ConsentMessage is what such a key signs: chain ‖ 0 ‖ coldkey ‖ u64 until. A
// chain id holds no zero.
func ConsentMessage(chain string, coldkey protocol.PublicKey, until protocol.Height) []byte {
	b := append(append([]byte(chain), 0), coldkey[:]...)
	return binary.BigEndian.AppendUint64(b, uint64(until))
}

// NewConsent signs with a key that it works for a coldkey ([DomainConsent]) or
// signs for it ([DomainSwap]).
func NewConsent(s Signer, use Domain, chain string, coldkey protocol.PublicKey, until protocol.Height) (Consent, error) {
	sig, err := s.Sign(string(use), ConsentMessage(chain, coldkey, until))
	if err != nil {
		return Consent{}, fmt.Errorf("sign consent: %w", err)
	}
	return Consent{Until: until, Sig: sig}, nil
}

// Check returns nil if k signed it for coldkey and this use; else [ErrSignature].
// When it ends is for the caller.
func (c *Consent) Check(use Domain, chain string, k, coldkey protocol.PublicKey) error {
	if err := key.Verify(k, string(use), ConsentMessage(chain, coldkey, c.Until), c.Sig[:]); err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return nil
}
