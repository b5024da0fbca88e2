// Package key makes and checks signatures, and keeps private keys from
// leaving by accident. It is the only importer of btcec.
//
// # Signatures
//
// A signature is ECDSA over secp256k1 (SEC 2) of the digest
//
//	SHA-256(domain ‖ 0x00 ‖ message)
//
// with the deterministic nonce of RFC 6979 (HMAC-SHA256) and S in the lower
// half of the group's order. It is 64 bytes: R ‖ S, big-endian, 32 bytes each.
// The domain is a constant of ours, one for each kind of statement, so a
// signature made for one purpose proves nothing for another. A key, a message
// and a domain have exactly one signature that [Private.Sign] makes; anybody
// holding the key can make others, so a signature is not an identifier.
//
// # Derived keys
//
// One key never signs for two protocols: the libp2p identity, the consensus
// key and the rest are derived from the hotkey, each under its own label:
//
//	okm = HKDF-SHA256(ikm, salt = "assay/key/v1", info = label ‖ 0x00 ‖ context, 32 bytes)
//
// (RFC 5869). A derived scalar has one more byte at the end of its context, a
// counter from zero, and is the first okm that is a valid scalar,
// 0 < okm < order. Integers are big-endian.
//
//	label        ikm      context                     result
//	identity     hotkey   u32 g ‖ network ‖ counter   scalar, the libp2p host key
//	consensus    hotkey   u32 g ‖ network ‖ counter   scalar, the consensus key
//	transport    hotkey   u32 g ‖ network             Ed25519 seed, the consensus node key
//	beacon       hotkey   height u64 ‖ chain id       seed of a beacon hash chain
//	secret/NAME  hotkey   the caller's                32 bytes, for salts
//	seed/NAME    a seed   counter                     scalar, a key from a mnemonic
//
// g is the generation, by which a derived key is rotated: bind the next on the
// ledger and stop using the last. The network is named by what is known before its
// chain id is, for a genesis holds such keys.
//
// # Private keys
//
// [Private] and [Secret] cannot be printed, logged, marshalled or compared:
// every such path yields "[private key]" or [ErrSecret], also when they sit in
// another struct. Expose is the one way out, to be found with grep. Wiping is
// by best effort: the Go runtime may have copied what it cleans.
//
// This package reads no randomness, clock or disk. Key files belong to package
// keystore, envelopes to package wire. Start reading at [Private].
package key
