package main

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
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
	"github.com/assaynet/assay/protocol/keystore"
)

// walletCommand is the command group that makes and shows keys.
func walletCommand() *cli.Command {
	return &cli.Command{
		Name:  "wallet",
		Usage: "make and show keys, and have them agree",
		Description: `A coldkey owns funds and stays offline. A hotkey signs what a miner or
validator sends, and lies on its machine. Each is a file encrypted under a
passphrase, and beside it a public file with its address.

   assay wallet new --kind coldkey     on a machine that you trust
   assay wallet new --kind hotkey      on the machine that mines
   assay wallet new --account 1        another of the same words
   assay wallet import                 one that another program made
   assay wallet list                   their addresses, one a line
   assay wallet show                   what is known of each
   assay wallet sign                   show whose a key is, by a text
   assay wallet verify                 and check that
   assay wallet consent                a hotkey agrees to work for a coldkey`,
		Subcommands: append([]*cli.Command{walletNewCommand(), walletShowCommand(), walletSignCommand(), walletVerifyCommand()},
			usage.WithoutArguments([]*cli.Command{walletImportCommand(), walletListCommand(), walletConsentCommand()})...),
	}
}

func walletNewCommand() *cli.Command {
	return &cli.Command{
		Name:  "new",
		Usage: "make a key",
		Description: `Makes a key and writes it, encrypted, to NAME.age in the key directory, and
its address to NAME.pub. A key that exists is never replaced.

A key comes with 24 words, shown once and stored nowhere: write them on paper.
They make the key again, on any machine, and of a hotkey this is the only way to
have its seat again when the file is lost:

   assay wallet new --kind coldkey --recover < words.txt

On a terminal they are asked for, and not shown. They are read as they were
printed and in other layouts: with numbers, commas or quotes, in capitals, by
the first four letters of each. The same words make one coldkey and one,
unrelated, hotkey; with --account as many of both as there are numbers, by BIP 32
and BIP 44, at the path that it prints, which other programs can follow. The words
that one account was made with make every other by --recover:

   assay wallet new --kind coldkey --account 0
   assay wallet new --kind coldkey --account 1 --name second --recover

The passphrase is asked for twice. A program gives it by --passphrase-file, also
from a pipe as in --passphrase-file <(pass show x), or in the variable
` + keystore.EnvPassphrase + `. Its form does not matter ("é" in one or two characters), and what
is not seen, as a byte order mark, is refused.`,
		Flags: append(append(append(keyflags.Dir(), keyflags.Passphrase()...), newKeyFlags()...),
			&cli.BoolFlag{Name: "mnemonic", Value: true, Usage: "make 24 words that give the key again; --mnemonic=false makes none"},
			&cli.BoolFlag{Name: "recover", Usage: "make the key from 24 words on standard input, or asked for on a terminal"},
			&cli.UintFlag{Name: "account", Usage: "make the key of account `N` of the words, at the path of BIP 44", DefaultText: "one that is of no account"},
		),
		Action: walletNew,
	}
}

// wallet is what is shown of a key. The public key is in hex, 33 bytes.
type wallet struct {
	Name      string             `json:"name"`
	Kind      keystore.Kind      `json:"kind,omitempty"`
	Address   protocol.PublicKey `json:"address,omitzero"`
	PublicKey string             `json:"public_key,omitempty"`
	File      string             `json:"file"`
	Path      string             `json:"path,omitempty"` // of an account
	Mnemonic  string             `json:"mnemonic,omitempty"`
	Error     string             `json:"error,omitempty"` // why it cannot be used
}

// walletNew makes a key.
func walletNew(c *cli.Context) error {
	if c.Args().Present() {
		return fmt.Errorf("wallet new takes no argument %q; a name goes to --name", c.Args().First())
	}
	if c.IsSet("account") && !c.Bool("mnemonic") && !c.Bool("recover") {
		return usage.Mistake(errors.New("an account is one of words, and --mnemonic=false makes none; choose one"))
	}
	return storeNew(c, func(kind keystore.Kind) (*keystore.Key, string, error) { return makeKey(c, kind) })
}

// storeNew writes the key that maker makes. All that can be refused is refused
// before anything is asked of a person.
func storeNew(c *cli.Context, maker func(keystore.Kind) (*keystore.Key, string, error)) error {
	kind, err := keystore.ParseKind(c.String("kind"))
	if err != nil {
		return err
	}
	name := c.String("name")
	if name == "" {
		name = string(kind)
	}
	store, err := keyflags.Open(c, c.Int("work-factor"))
	if err != nil {
		return err
	}
	reads := c.Bool("recover") || c.Command.Name == "import"
	comesBack := func(err error) bool { return reads && errors.Is(err, keystore.ErrLost) }
	if err := store.Vacant(name); err != nil && !comesBack(err) {
		return keyflags.Hint(err)
	}
	if err := wordsAndPassphrase(c, reads); err != nil {
		return err
	}
	k, words, err := maker(kind)
	if err != nil {
		return keyflags.Hint(err)
	}
	defer k.Wipe()
	p, err := keyflags.ReadNew(c, c.String("passphrase-file"), "the new "+string(kind))
	if err != nil {
		return err
	}
	if err := store.Create(name, k, p); err != nil {
		return keyflags.Hint(err)
	}
	w := newWallet(store, name, k.PublicKey())
	w.Kind, w.Mnemonic = kind, words
	if c.IsSet("account") {
		w.Path = keystore.AccountPath(kind, uint32(c.Uint("account")))
	}
	return printWallet(c, w)
}

// makeKey draws a key or recovers it, and returns the words that were drawn.
func makeKey(c *cli.Context, kind keystore.Kind) (*keystore.Key, string, error) {
	switch {
	case c.Bool("recover") && c.IsSet("mnemonic") && c.Bool("mnemonic"):
		return nil, "", errors.New("--recover takes words and --mnemonic makes some; choose one")
	case c.Bool("recover"):
		words, err := readWords(c)
		if err != nil {
			return nil, "", err
		}
		k, err := fromWords(c, kind, words)
		return k, "", err
	case c.Bool("mnemonic"):
		words, err := keystore.NewMnemonic(rand.Reader)
		if err != nil {
			return nil, "", err
		}
		k, err := fromWords(c, kind, words)
		return k, words, err
	}
	k, err := keystore.Generate(kind, rand.Reader)
	return k, "", err
}

// fromWords makes the key of words, of the account that --account names.
func fromWords(c *cli.Context, kind keystore.Kind, words string) (*keystore.Key, error) {
	n := c.Uint("account")
	switch {
	case !c.IsSet("account"):
		return keystore.FromMnemonic(kind, words)
	case n > keystore.MaxAccount:
		return nil, usage.Mistake(fmt.Errorf("--account %d; the last is %d", n, keystore.MaxAccount))
	}
	return keystore.FromAccount(kind, words, uint32(n))
}

// readWords asks the person at a terminal, or reads standard input to its end.
func readWords(c *cli.Context) (string, error) {
	if tty := input.Terminal(c.App.Reader); tty != nil {
		return keystore.AskMnemonic(c.Context, tty, c.App.ErrWriter)
	}
	b, err := input.Read(c.Context, c.App.Reader, keystore.MaxMnemonicText)
	if err != nil {
		return "", fmt.Errorf("read words from standard input: %w", err)
	}
	return string(b), nil
}

// wordsAndPassphrase refuses a passphrase file that is standard input, from
// which the words come, where they are read: their first line would be the
// passphrase.
func wordsAndPassphrase(c *cli.Context, reads bool) error {
	in, ok := c.App.Reader.(*os.File)
	if !ok || !reads || c.String("passphrase-file") == "" {
		return nil
	}
	words, err := in.Stat()
	if err != nil {
		return nil //nolint:nilerr // reading it says so
	}
	if passphrase, err := os.Stat(c.String("passphrase-file")); err == nil && os.SameFile(words, passphrase) {
		what := "--recover reads the words"
		if !c.Bool("recover") {
			what = "the private key is read"
		}
		return errors.New(what + " from standard input, and --passphrase-file is the same; put the passphrase into a file of its own")
	}
	return nil
}

func newWallet(store *keystore.Store, name string, pub protocol.PublicKey) wallet {
	w := wallet{Name: name, Address: pub, File: store.Path(name)}
	if !pub.IsZero() {
		w.PublicKey = hex.EncodeToString(pub[:])
	}
	return w
}

// printWallet shows w as JSON or as a person reads it, in one write.
func printWallet(c *cli.Context, w wallet) error {
	if c.Bool("json") {
		return json.NewEncoder(c.App.Writer).Encode(w)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "name     %s\n", w.Name)
	if w.Kind != "" {
		fmt.Fprintf(&text, "kind     %s\n", w.Kind)
	}
	if !w.Address.IsZero() {
		fmt.Fprintf(&text, "address  %s\n", w.Address)
	}
	if w.Path != "" {
		fmt.Fprintf(&text, "path     %s\n", w.Path)
	}
	fmt.Fprintf(&text, "file     %s\n", w.File)
	if w.Error != "" {
		fmt.Fprintf(&text, "error    %s\n", w.Error)
	}
	if w.Mnemonic != "" {
		text.WriteString(keyflags.Words("the key", w.Mnemonic))
	}
	_, err := io.WriteString(c.App.Writer, text.String())
	return err
}
