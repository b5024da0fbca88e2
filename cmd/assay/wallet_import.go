package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/input"
	"github.com/assaynet/assay/cmd/internal/keyflags"
	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/wire"
)

func walletImportCommand() *cli.Command {
	return &cli.Command{
		Name:  "import",
		Usage: "keep a key that another program made",
		Description: `Reads a private key of secp256k1 from standard input, 64 hex digits, and writes
it as wallet new does, encrypted under a passphrase. It is not shown, and a key
that exists is never replaced:

   assay wallet import --kind coldkey --name old < secret.hex

24 words are read by wallet new --recover, and those of other wallets' accounts by
wallet new --recover --account.`,
		Flags: append(append(keyflags.Dir(), keyflags.Passphrase()...), newKeyFlags()...),
		Action: func(c *cli.Context) error {
			return storeNew(c, func(kind keystore.Kind) (*keystore.Key, string, error) {
				k, err := readSecret(c, kind)
				return k, "", err
			})
		},
	}
}

// newKeyFlags say what a key that is written is called.
func newKeyFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "kind", Value: string(keystore.Hotkey), Usage: "hotkey or coldkey"},
		&cli.StringFlag{Name: "name", Usage: "`NAME` of the key; its kind by default"},
		&cli.IntFlag{Name: "work-factor", Value: keystore.DefaultWorkFactor, Usage: "log2 of the cost of trying one passphrase, 1 to 20; 18 takes about a second and 256 MiB"},
		&cli.BoolFlag{Name: "json", Usage: "print one JSON object: name, kind, address, public_key, file, and mnemonic if one was made"},
	}
}

// maxSecretText bounds what is read of a private key: with blanks and line ends.
const maxSecretText = 256

// readSecret reads a private key in hex. No error quotes it.
func readSecret(c *cli.Context, kind keystore.Kind) (*keystore.Key, error) {
	if input.Terminal(c.App.Reader) != nil {
		return nil, errors.New("a private key is not typed, it would be shown; give a file: assay wallet import < FILE")
	}
	text, err := input.Read(c.Context, c.App.Reader, maxSecretText)
	defer clear(text)
	if err != nil {
		return nil, fmt.Errorf("read the private key from standard input: %w", err)
	}
	digits := strings.TrimPrefix(strings.TrimSpace(string(text)), "0x")
	secret, err := hex.DecodeString(digits)
	defer clear(secret)
	if err != nil || len(secret) != 32 {
		return nil, fmt.Errorf("standard input has %d characters that are no private key; give 64 hex digits", len(digits))
	}
	p, err := key.FromBytes(secret)
	if err != nil {
		return nil, err
	}
	return keystore.FromPrivate(kind, p)
}

func walletListCommand() *cli.Command {
	return &cli.Command{
		Name:  "list",
		Usage: "list the keys, one a line",
		Description: `Prints the name, the address and the file of each key in the key directory; no
passphrase is asked for. A key whose file is gone has "gone" in its place. wallet
show --check opens them.`,
		Flags: append(keyflags.Dir(),
			&cli.BoolFlag{Name: "json", Usage: "print a JSON object a key: name, address, public_key, file; error, if it cannot be used", DisableDefaultText: true}),
		Action: walletList,
	}
}

func walletList(c *cli.Context) error {
	store, err := keyflags.Open(c, 0)
	if err != nil {
		return err
	}
	names, err := store.Names()
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return fmt.Errorf("no keys in %s; make one with: assay wallet new%s", keyflags.DirOf(c), keyflags.Elsewhere())
	}
	widest := 0
	for _, name := range names {
		widest = max(widest, len(name))
	}
	for _, name := range names {
		pub, err := store.Public(name)
		w := newWallet(store, name, pub)
		if err == nil {
			err = store.Check(name)
		}
		if err != nil {
			w.Error = usage.Line(err)
		}
		if c.Bool("json") {
			if err := printWallet(c, w); err != nil {
				return err
			}
			continue
		}
		file := w.File
		if errors.Is(err, keystore.ErrLost) {
			file = "gone"
		}
		address := w.Address.String()
		if w.Address.IsZero() {
			address = "-"
		}
		if _, err := fmt.Fprintf(c.App.Writer, "%-*s  %s  %s\n", widest, name, address, file); err != nil {
			return err
		}
	}
	return nil
}

// maxSignedText bounds a text that is signed.
const maxSignedText = 1 << 20

func walletSignCommand() *cli.Command {
	return &cli.Command{
		Name:      "sign",
		Usage:     "sign a text, to show whose a key is",
		ArgsUsage: "[FILE]",
		Description: `Signs the bytes of a file, or of standard input, with a key, and prints the
signature in hex. Nothing that the ledger takes is signed so: the signature is of
the domain assay/1/message, which no transaction has.

   printf 'I am seat 7' | assay wallet sign --key hotkey
   printf 'I am seat 7' | assay wallet verify --address ADDRESS --signature HEX`,
		Flags: append(append(keyflags.Dir(), keyflags.Passphrase()...),
			&cli.StringFlag{Name: "key", Value: string(keystore.Hotkey), Usage: "`NAME` of the key that signs"},
			&cli.BoolFlag{Name: "json", Usage: "print one JSON object: address, signature", DisableDefaultText: true}),
		Action: walletSign,
	}
}

// readSigned reads what is signed: the file that is the argument, or standard
// input.
func readSigned(c *cli.Context) ([]byte, error) {
	if c.NArg() > 1 {
		return nil, usage.Mistake(fmt.Errorf("%s takes one file, or none for standard input, not %d", c.Command.Name, c.NArg()))
	}
	path := c.Args().First()
	if path == "" || path == "-" {
		text, err := input.Read(c.Context, c.App.Reader, maxSignedText)
		if err != nil {
			return nil, fmt.Errorf("read standard input: %w", err)
		}
		return text, nil
	}
	text, err := input.ReadFile(c.Context, path, maxSignedText)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return text, nil
}

func walletSign(c *cli.Context) error {
	store, err := keyflags.Open(c, 0)
	if err != nil {
		return err
	}
	if err := store.Check(c.String("key")); err != nil {
		return keyflags.Hint(err)
	}
	if err := textAndPassphrase(c); err != nil {
		return err
	}
	text, err := readSigned(c)
	if err != nil {
		return err
	}
	k, err := openKey(c, store, c.String("key"), c.String("passphrase-file"))
	if err != nil {
		return err
	}
	defer k.Wipe()
	sig, err := k.Sign(string(wire.DomainMessage), text)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(c, signedText{k.PublicKey(), sig})
	}
	_, err = fmt.Fprintln(c.App.Writer, sig)
	return err
}

// textAndPassphrase refuses a passphrase file that is the standard input which is
// signed.
func textAndPassphrase(c *cli.Context) error {
	in, ok := c.App.Reader.(*os.File)
	path := c.String("passphrase-file")
	if !ok || path == "" || c.Args().Present() {
		return nil
	}
	text, err := in.Stat()
	if err != nil {
		return nil //nolint:nilerr // reading it says so
	}
	if p, err := os.Stat(path); err == nil && os.SameFile(text, p) {
		return usage.Mistake(errors.New("standard input is signed, and --passphrase-file is the same; put the passphrase into a file of its own"))
	}
	return nil
}

// signedText is what is printed as JSON.
type signedText struct {
	Address   protocol.PublicKey `json:"address"`
	Signature key.Signature      `json:"signature"`
}

func walletVerifyCommand() *cli.Command {
	return &cli.Command{
		Name:      "verify",
		Usage:     "check the signature of a text",
		ArgsUsage: "[FILE]",
		Description: `Checks that a key signed the bytes of a file, or of standard input, by wallet
sign. It exits with 0 if it did, 1 if not, and 2 if it could not be checked.`,
		Flags: []cli.Flag{
			addressFlag("address", "`ADDRESS` of the key"),
			&cli.StringFlag{Name: "signature", Usage: "the signature, 128 `HEX` digits"},
		},
		Action: walletVerify,
	}
}

func walletVerify(c *cli.Context) error {
	pub, err := address(c, "address")
	if err != nil {
		return usage.Mistake(err)
	}
	var sig key.Signature
	if err := sig.UnmarshalText([]byte(strings.TrimSpace(c.String("signature")))); err != nil {
		return usage.Mistake(withHint(fmt.Errorf("--signature: %w", err), "give the 128 hex digits that assay wallet sign prints"))
	}
	text, err := readSigned(c)
	if err != nil {
		return usage.WithStatus(err, 2)
	}
	if err := key.Verify(pub, string(wire.DomainMessage), text, sig[:]); err != nil {
		return fmt.Errorf("%s did not sign this: %w", pub, err)
	}
	_, err = io.WriteString(c.App.Writer, "signed by "+pub.String()+"\n")
	return err
}
