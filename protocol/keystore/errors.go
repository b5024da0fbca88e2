package keystore

import "errors"

var (
	// ErrPassphrase says that a passphrase does not open a key.
	ErrPassphrase = errors.New("keystore: wrong passphrase")
	// ErrNoPassphrase says that no source gave a passphrase, or an unusable one.
	ErrNoPassphrase = errors.New("keystore: no passphrase")
	// ErrExists refuses to replace a key.
	ErrExists = errors.New("keystore: key exists already")
	// ErrMissing says that there is no key of that name.
	ErrMissing = errors.New("keystore: no such key")
	// ErrLost says that a public file is there and its key file is not: a new key
	// of that name would be another one.
	ErrLost = errors.New("keystore: its key file is gone")
	// ErrCorrupt says that a key file is damaged, or is not a key file.
	ErrCorrupt = errors.New("keystore: damaged key file")
	// ErrVersion says that a newer program wrote a key file.
	ErrVersion = errors.New("keystore: key file of a newer version")
	// ErrExposed refuses a secret that others may read, or a directory in
	// which others may write.
	ErrExposed = errors.New("keystore: open to other users")
	// ErrMnemonic says that words are no mnemonic.
	ErrMnemonic = errors.New("keystore: not a mnemonic")
	// ErrKind refuses what a key of this kind does not do.
	ErrKind = errors.New("keystore: wrong kind of key")
	// ErrName says that a string cannot name a key.
	ErrName = errors.New("keystore: bad key name")
	// ErrConfig says that a [Config] contradicts itself.
	ErrConfig = errors.New("keystore: bad configuration")
)
