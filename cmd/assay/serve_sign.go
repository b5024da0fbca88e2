package main

import (
	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/keyflags"
	"github.com/assaynet/assay/engine/runfile"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/keystore"
)

// domainReceipt separates signatures of receipts that assay serve hands out from
// all others of the same key.
const domainReceipt = "assay/1/serve-receipt"

// openReceiptKey opens the hotkey that signs receipts, or returns nil where none
// is asked for.
func openReceiptKey(c *cli.Context) (*keystore.Key, error) {
	if !c.IsSet("keys") {
		return nil, nil
	}
	keys, err := keyflags.Open(c, 0)
	if err != nil {
		return nil, err
	}
	name := string(keystore.Hotkey)
	if _, err := keys.Public(name); err != nil {
		return nil, keyflags.Hint(err)
	}
	return openKey(c, keys, name, c.String("passphrase-file"))
}

// signReceipts signs with a key.
func signReceipts(k *keystore.Key) func(statement []byte) (runfile.Signature, error) {
	return func(statement []byte) (runfile.Signature, error) {
		s, err := k.Sign(domainReceipt, statement)
		return runfile.Signature{Key: k.PublicKey().String(), Signature: s.String()}, err
	}
}

// signer returns the address of the key that signed a run, "" where nobody did,
// and false where the signature is none of that key.
func signer(f runfile.File) (string, bool) {
	if f.Signature == nil {
		return "", true
	}
	var public protocol.PublicKey
	var s key.Signature
	if public.UnmarshalText([]byte(f.Signature.Key)) != nil || s.UnmarshalText([]byte(f.Signature.Signature)) != nil {
		return "", false
	}
	if key.Verify(public, domainReceipt, f.Statement(), s[:]) != nil {
		return "", false
	}
	return f.Signature.Key, true
}
