package main

import (
	"bufio"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/keyflags"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/keystore"
)

// maxMnemonicInput bounds what --recover reads, in bytes; 24 words have at
// most 215.
const maxMnemonicInput = 4096

// walletCommand is the command group that makes and shows keys.
func walletCommand() *cli.Command {
	return &cli.Command{
		Name:  "wallet",
		Usage: "make and show keys",
		Description: `A coldkey owns funds and stays offline. A hotkey signs what a miner or
validator sends, and lies on its machine. Each is a file encrypted under a
passphrase, and beside it a public file with its address.

   assay wallet new --kind coldkey     on a machine that you trust
   assay wallet new --kind hotkey      on the machine that mines
   assay wallet show                   their addresses`,
		Subcommands: []*cli.Command{walletNewCommand(), walletShowCommand()},
	}
}

func walletNewCommand() *cli.Command {
	return &cli.Command{
		Name:  "new",
		Usage: "make a key",
		Description: `Makes a key and writes it, encrypted, to NAME.age in the key directory, and
its address to NAME.pub. A key that exists is never replaced.

A coldkey comes with 24 words, shown once and stored nowhere: write them on
paper. They make the key again, on any machine:

   assay wallet new --kind coldkey --recover < words.txt

The same words make one coldkey and one, unrelated, hotkey.

The passphrase is asked for twice. A program gives it by --passphrase-file
or in the variable ` + keystore.EnvPassphrase + `.`,
		Flags: append(append(keyflags.Dir(), keyflags.Passphrase()...),
			&cli.StringFlag{Name: "kind", Value: string(keystore.Hotkey), Usage: "hotkey or coldkey"},
			&cli.StringFlag{Name: "name", Usage: "`NAME` of the key; its kind by default"},
			&cli.BoolFlag{Name: "mnemonic", Usage: "make 24 words that give the key again (default: for a coldkey; --mnemonic=false makes none)", DisableDefaultText: true},
			&cli.BoolFlag{Name: "recover", Usage: "make the key from 24 words on standard input"},
			&cli.IntFlag{Name: "work-factor", Value: keystore.DefaultWorkFactor, Usage: "log2 of the cost of trying one passphrase, 1 to 20; 18 takes about a second and 256 MiB"},
			&cli.BoolFlag{Name: "json", Usage: "print one JSON object: name, kind, address, public_key, file, and mnemonic if one was made"},
		),
		Action: walletNew,
	}
}

func walletShowCommand() *cli.Command {
	return &cli.Command{
		Name:      "show",
		Usage:     "show the addresses of keys",
		ArgsUsage: "[NAME...]",
		Description: `Shows the keys of the key directory, or those that are named. It reads the
public files, which needs no passphrase. With --check it opens each key and
makes sure that passphrase, file and address belong together.`,
		Flags: append(append(keyflags.Dir(), keyflags.Passphrase()...),
			&cli.BoolFlag{Name: "check", Usage: "open the keys; then their kind is shown, too"},
			&cli.BoolFlag{Name: "json", Usage: "print one JSON object for each key and line: name, address, public_key, file, and with --check kind"},
		),
		Action: walletShow,
	}
}

// wallet is what is shown of a key. The public key is in hex, 33 bytes.
type wallet struct {
	Name      string             `json:"name"`
	Kind      keystore.Kind      `json:"kind,omitempty"`
	Address   protocol.PublicKey `json:"address"`
	PublicKey string             `json:"public_key"`
	File      string             `json:"file"`
	Mnemonic  string             `json:"mnemonic,omitempty"`
}

// walletNew makes a key. All that can be refused is refused before anything
// is asked of a person.
func walletNew(c *cli.Context) error {
	if c.Args().Present() {
		return fmt.Errorf("wallet new takes no argument %q; a name goes to --name", c.Args().First())
	}
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
	if err := store.Vacant(name); err != nil {
		return keyflags.Hint(err)
	}
	k, words, err := makeKey(c, kind)
	if err != nil {
		return err
	}
	defer k.Wipe()
	p, err := keyflags.Read(c, true)
	if err != nil {
		return err
	}
	if err := store.Create(name, k, p); err != nil {
		return keyflags.Hint(err)
	}
	w := newWallet(store, name, k.PublicKey())
	w.Kind, w.Mnemonic = kind, words
	return printWallet(c, w)
}

// makeKey draws a key or recovers it, and returns the words that were drawn.
func makeKey(c *cli.Context, kind keystore.Kind) (*keystore.Key, string, error) {
	switch {
	case c.Bool("recover") && c.Bool("mnemonic"):
		return nil, "", errors.New("--recover takes words and --mnemonic makes some; choose one")
	case c.Bool("recover"):
		words, err := readWords(c.App.Reader)
		if err != nil {
			return nil, "", err
		}
		k, err := keystore.FromMnemonic(kind, words)
		return k, "", err
	case c.Bool("mnemonic"), kind == keystore.Coldkey && !c.IsSet("mnemonic"):
		words, err := keystore.NewMnemonic(rand.Reader)
		if err != nil {
			return nil, "", err
		}
		k, err := keystore.FromMnemonic(kind, words)
		return k, words, err
	}
	k, err := keystore.Generate(kind, rand.Reader)
	return k, "", err
}

// readWords reads lines until they hold as many words as a mnemonic has, so
// that a person need not end the input.
func readWords(r io.Reader) (string, error) {
	lines := bufio.NewScanner(io.LimitReader(r, maxMnemonicInput))
	var words []string
	for len(words) < keystore.MnemonicWords && lines.Scan() {
		words = append(words, strings.Fields(lines.Text())...)
	}
	if err := lines.Err(); err != nil {
		return "", fmt.Errorf("read words from standard input: %w", err)
	}
	return strings.Join(words, " "), nil
}

// walletShow shows the named keys, or all.
func walletShow(c *cli.Context) error {
	store, err := keyflags.Open(c, 0)
	if err != nil {
		return err
	}
	names := c.Args().Slice()
	if len(names) == 0 {
		if names, err = store.Names(); err != nil {
			return err
		}
	}
	if len(names) == 0 {
		return fmt.Errorf("no keys in %s; make one with: assay wallet new", keyflags.DirOf(c))
	}
	var p keystore.Passphrase
	if c.Bool("check") {
		if p, err = keyflags.Read(c, false); err != nil {
			return err
		}
	}
	for i, name := range names {
		w, err := lookAtKey(c, store, name, p)
		if err != nil {
			return keyflags.Hint(err)
		}
		if i > 0 && !c.Bool("json") {
			if _, err := io.WriteString(c.App.Writer, "\n"); err != nil {
				return err
			}
		}
		if err := printWallet(c, w); err != nil {
			return err
		}
	}
	return nil
}

// lookAtKey reads a public file, or opens the key when it is to be checked.
func lookAtKey(c *cli.Context, store *keystore.Store, name string, p keystore.Passphrase) (wallet, error) {
	if !c.Bool("check") {
		pub, err := store.Public(name)
		return newWallet(store, name, pub), err
	}
	k, err := store.Open(name, p)
	if err != nil {
		return wallet{}, err
	}
	defer k.Wipe()
	w := newWallet(store, name, k.PublicKey())
	w.Kind = k.Kind()
	return w, nil
}

func newWallet(store *keystore.Store, name string, pub protocol.PublicKey) wallet {
	return wallet{Name: name, Address: pub, PublicKey: hex.EncodeToString(pub[:]), File: store.Path(name)}
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
	fmt.Fprintf(&text, "address  %s\nfile     %s\n", w.Address, w.File)
	if w.Mnemonic != "" {
		text.WriteString("\nWrite these words on paper. They are the key, they are shown once,\nand nobody can find them again:\n\n")
		for i, word := range strings.Fields(w.Mnemonic) {
			fmt.Fprintf(&text, "  %2d %-9s", i+1, word)
			if i%4 == 3 {
				text.WriteByte('\n')
			}
		}
	}
	_, err := io.WriteString(c.App.Writer, text.String())
	return err
}
