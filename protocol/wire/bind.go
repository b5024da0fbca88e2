package wire

import (
	"fmt"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
)

// BindMessage is what a derived key signs, under [DomainBind], to say that it
// belongs to hotkey on chain: chain ‖ 0 ‖ hotkey. A chain id holds no zero.
func BindMessage(chain string, hotkey protocol.PublicKey) []byte {
	b := append([]byte(chain), 0)
	return append(b, hotkey[:]...)
}

// CheckBind returns nil if k signed that it belongs to hotkey on chain; else
// [ErrSignature].
func CheckBind(k protocol.PublicKey, chain string, hotkey protocol.PublicKey, sig Signature) error {
	if err := key.Verify(k, string(DomainBind), BindMessage(chain, hotkey), sig[:]); err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return nil
}

// CheckTransport is [CheckBind] of the Ed25519 key of a transport.
func CheckTransport(k [32]byte, chain string, hotkey protocol.PublicKey, sig Signature) error {
	if err := key.VerifyTransport(k, string(DomainBind), BindMessage(chain, hotkey), sig); err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return nil
}
