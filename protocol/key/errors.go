package key

import "errors"

var (
	// ErrPublicKey says that bytes are not a compressed point on the curve.
	ErrPublicKey = errors.New("key: not a public key")
	// ErrPrivateKey says that bytes are not a scalar in 1 … order − 1, or a
	// seed is too short to make one.
	ErrPrivateKey = errors.New("key: not a private key")
	// ErrSignature says that a signature is malformed, not in its one
	// canonical form, or does not verify.
	ErrSignature = errors.New("key: bad signature")
	// ErrLabel says that a domain or label is empty, too long or not
	// printable ASCII: a mistake of the program, never of a peer.
	ErrLabel = errors.New("key: bad domain or label")
	// ErrNoKey says that a key is unset or was wiped.
	ErrNoKey = errors.New("key: no key, or it was wiped")
	// ErrSecret refuses to marshal a private key.
	ErrSecret = errors.New("key: a private key is not marshalled")
)
