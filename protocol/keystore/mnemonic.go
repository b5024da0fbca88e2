package keystore

import (
	"fmt"
	"io"

	bip39 "github.com/cosmos/go-bip39"

	"github.com/assaynet/assay/protocol/key"
)

// MnemonicWords is the length of a mnemonic: 256 bits and their checksum, as
// many as the key has.
const MnemonicWords = 24

// NewMnemonic draws 24 words; random is crypto/rand's reader, except in tests.
func NewMnemonic(random io.Reader) (string, error) {
	var entropy [32]byte
	defer clear(entropy[:])
	if _, err := io.ReadFull(random, entropy[:]); err != nil {
		return "", fmt.Errorf("read randomness for a mnemonic: %w", err)
	}
	words, err := bip39.NewMnemonic(entropy[:])
	if err != nil {
		return "", fmt.Errorf("make a mnemonic: %w", err)
	}
	return words, nil
}

// FromMnemonic makes the key that 24 words stand for, in the layouts in which
// people keep them: the package's documentation says which. It returns
// [ErrMnemonic] with the position of an unknown word, and words of the list that
// are near it, or if the checksum is wrong; the error contains no word that was
// given.
func FromMnemonic(kind Kind, words string) (*Key, error) {
	if _, err := ParseKind(string(kind)); err != nil {
		return nil, err
	}
	seed, err := seedOf(words)
	if err != nil {
		return nil, err
	}
	defer clear(seed)
	p, err := key.FromSeed(seed, string(kind))
	if err != nil {
		return nil, err
	}
	return FromPrivate(kind, p)
}
