// Package keystore keeps private keys in encrypted files and lends what they
// can do, not what they are.
//
// # Files
//
// A store is a directory, by custom HOME/keys. The key NAME is two files:
//
//	NAME.age  the encrypted key, mode 0600
//	NAME.pub  its address and a newline, for everyone to read
//
// NAME.age is an armored age file (age-encryption.org/v1) with one scrypt
// recipient, so `age --decrypt` opens it, too. Inside is one line of JSON,
// with exactly this order and spacing, and a newline:
//
//	{"version":1,"kind":"hotkey","secret":"<64 hex digits>"}
//
// The kind is "hotkey" or "coldkey"; the secret is the scalar, big-endian.
// Nothing else is accepted, and nothing is read past 16 KiB.
//
// Files appear whole or not at all, and never replace a key. A key that others
// may read is refused: it may be stolen already.
//
// # Mnemonics
//
// A key may come from 24 English words (BIP 39, no extra passphrase). The 64
// bytes that they stand for give the scalar by [key.FromSeed] with the kind as
// its name, so one set of words makes a coldkey and an unrelated hotkey. This
// is not the derivation of BIP 32: no other wallet gives the same address. The
// words are not stored.
//
// # Passphrases
//
// [ReadPassphrase] takes one from a file, the environment or a terminal. A key
// without one is made only on request; it is then encrypted under a constant
// that everybody knows.
//
// Start reading at [Store] and [Signer].
package keystore
