package keystore

import (
	"fmt"
	"strings"

	bip39 "github.com/cosmos/go-bip39"
	"github.com/decred/dcrd/hdkeychain/v3"

	"github.com/assaynet/assay/protocol/key"
)

const (
	// MaxAccount is the largest number of an account of a mnemonic.
	MaxAccount = hdkeychain.HardenedKeyStart - 1
	// coinType is our place in the paths of BIP 44: "ASA" in ASCII. SLIP 44 has
	// registered it for nobody.
	coinType = 0x415341
)

// AccountPath returns the path, in the words of BIP 32, of the key of a kind in an
// account: of a coldkey m/44'/4281153'/ACCOUNT'/0/0, of a hotkey
// m/44'/4281153'/ACCOUNT'/1/0.
func AccountPath(kind Kind, account uint32) string {
	return fmt.Sprintf("m/44'/%d'/%d'/%d/0", coinType, account, chainOf(kind))
}

// chainOf is the fourth number of the path, which BIP 44 has for outside (0) and
// inside (1).
func chainOf(kind Kind) uint32 {
	if kind == Hotkey {
		return 1
	}
	return 0
}

// FromAccount makes the key of a kind in an account, 0 to [MaxAccount], of the 24
// words: the one at [AccountPath] below the seed of BIP 39 without a passphrase, by
// BIP 32 over secp256k1 (which is SLIP 10's of that curve). Errors are those of
// [FromMnemonic].
func FromAccount(kind Kind, words string, account uint32) (*Key, error) {
	if _, err := ParseKind(string(kind)); err != nil {
		return nil, err
	}
	if account > MaxAccount {
		return nil, fmt.Errorf("account %d, the last is %d: %w", account, MaxAccount, ErrConfig)
	}
	seed, err := seedOf(words)
	if err != nil {
		return nil, err
	}
	defer clear(seed)
	at, err := hdkeychain.NewMaster(seed, noNetwork{})
	if err != nil {
		return nil, fmt.Errorf("derive the master key: %w", err)
	}
	const hard = hdkeychain.HardenedKeyStart
	for _, i := range []uint32{hard + 44, hard + coinType, hard + account, chainOf(kind), 0} {
		child, err := at.ChildBIP32Std(i)
		at.Zero()
		if err != nil { // one of 2¹²⁷ has no key
			return nil, fmt.Errorf("derive %s: %w", AccountPath(kind, account), err)
		}
		at = child
	}
	defer at.Zero()
	secret, err := at.SerializedPrivKey()
	if err != nil {
		return nil, fmt.Errorf("derive %s: %w", AccountPath(kind, account), err)
	}
	defer clear(secret)
	p, err := key.FromBytes(secret)
	if err != nil {
		return nil, err
	}
	return FromPrivate(kind, p)
}

// seedOf returns the 64 bytes that words stand for, in any layout that is read.
func seedOf(words string) ([]byte, error) {
	list, err := mnemonicWords(words)
	if err != nil {
		return nil, err
	}
	seed, err := bip39.NewSeedWithErrorChecking(strings.Join(list, " "), "")
	if err != nil {
		return nil, fmt.Errorf("checksum differs, look for a swapped or wrong word: %w", ErrMnemonic)
	}
	return seed, nil
}

// noNetwork has no letters for extended keys, which nobody sees.
type noNetwork struct{}

func (noNetwork) HDPrivKeyVersion() [4]byte { return [4]byte{} }
func (noNetwork) HDPubKeyVersion() [4]byte  { return [4]byte{} }
