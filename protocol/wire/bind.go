package wire

import "github.com/assaynet/assay/protocol"

// BindMessage is what a derived key signs, under [DomainBind], to say that it
// belongs to hotkey on chain: chain ‖ 0 ‖ hotkey. A chain id holds no zero.
func BindMessage(chain string, hotkey protocol.PublicKey) []byte {
	b := append([]byte(chain), 0)
	return append(b, hotkey[:]...)
}
