package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/keyflags"
	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/protocol/keystore"
)

func walletShowCommand() *cli.Command {
	return &cli.Command{
		Name:      "show",
		Usage:     "show the addresses of keys",
		ArgsUsage: "[NAME...]",
		Description: `Shows the keys of the key directory, or those that are named. It reads the
public files, and looks whether the key files are whole as far as that shows
without a passphrase. With --check it opens each key and makes sure that
passphrase, file and address belong together; a person is asked for each.

A key that cannot be used has a line that says why, and hides no other: all are
shown, and the exit status is 1.`,
		Flags: append(append(keyflags.Dir(), keyflags.Passphrase()...),
			&cli.BoolFlag{Name: "check", Usage: "open the keys; then their kind is shown, too"},
			&cli.BoolFlag{Name: "json", Usage: "print one JSON object for each key and line: name, address, public_key, file, and with --check kind; error, if it cannot be used"},
		),
		Action: walletShow,
	}
}

// walletShow shows the named keys, or all.
func walletShow(c *cli.Context) error {
	names, err := anyArguments(c)
	if err != nil {
		return err
	}
	store, err := keyflags.Open(c, 0)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		if names, err = store.Names(); err != nil {
			return err
		}
	}
	if len(names) == 0 {
		return fmt.Errorf("no keys in %s; make one with: assay wallet new%s", keyflags.DirOf(c), keyflags.Elsewhere())
	}
	passphrase, err := passphrases(c, store)
	if err != nil {
		return err
	}
	var first error
	broken := 0
	for i, name := range names {
		w, err := lookAtKey(c, store, name, passphrase)
		if c.Err() != nil {
			return err
		}
		if err != nil {
			err = keyflags.Hint(err)
			w.Error = usage.Line(err)
			if broken++; first == nil {
				first = err
			}
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
	if first != nil && len(names) > 1 {
		return fmt.Errorf("%d of %d keys cannot be used, the first: %w", broken, len(names), first)
	}
	return first
}

// passphrases returns what gives the passphrase of a key. All have the same,
// unless a person is asked.
func passphrases(c *cli.Context, store *keystore.Store) (func(name string) (keystore.Passphrase, error), error) {
	if c.Bool("check") && !keyflags.Asks(c) {
		p, err := keyflags.Read(c, "the keys")
		return func(string) (keystore.Passphrase, error) { return p, nil }, err
	}
	return func(name string) (keystore.Passphrase, error) { return keyflags.Read(c, "key "+store.Path(name)) }, nil
}

// lookAtKey tells what is known of a key, also beside an error. It opens the key
// when it is to be checked.
func lookAtKey(c *cli.Context, store *keystore.Store, name string, passphrase func(string) (keystore.Passphrase, error)) (wallet, error) {
	pub, unknown := store.Public(name)
	w := newWallet(store, name, pub)
	// What a passphrase does not mend is told before one is asked for.
	if err := store.Check(name); err != nil {
		return w, err
	}
	if !c.Bool("check") {
		if errors.Is(unknown, keystore.ErrMissing) {
			// No [keystore.ErrMissing], whose hint is to make a key: there is one.
			return w, errors.New(usage.Line(unknown) + "; assay wallet show --check writes the file again")
		}
		return w, unknown
	}
	p, err := passphrase(name)
	if err != nil {
		return w, err
	}
	k, err := store.Open(name, p)
	if err != nil {
		return w, err
	}
	defer k.Wipe()
	w = newWallet(store, name, k.PublicKey())
	w.Kind = k.Kind()
	return w, nil
}
