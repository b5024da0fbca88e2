// Package keyflags holds the flags of every command that uses a key file, and
// what follows from them: the directory, the passphrase, and a hint with each
// of the keystore's errors.
package keyflags

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/protocol/keystore"
)

// Dir are the flags that say where keys are.
func Dir() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "home", EnvVars: []string{"ASSAY_HOME"}, Usage: "home `DIR`; keys are in DIR/keys (default: ~/.assay)"},
		&cli.StringFlag{Name: "keys", Aliases: []string{"out"}, Usage: "key `DIR`, instead of the one in the home"},
	}
}

// Passphrase are the flags that say how a key is opened.
func Passphrase() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "passphrase-file", Usage: "`FILE` whose first line is the passphrase"},
		Insecure(),
	}
}

// Insecure is the flag that does without a passphrase.
func Insecure() cli.Flag {
	return &cli.BoolFlag{Name: "insecure-no-passphrase", Usage: "go without a passphrase; for throw-away networks"}
}

// DirOf returns the key directory: --keys, --home here or before the command,
// or the default home's; "" when there is no home directory.
func DirOf(c *cli.Context) string {
	if c.IsSet("keys") {
		return c.String("keys")
	}
	for _, ctx := range c.Lineage() {
		if home := ctx.String("home"); home != "" {
			return filepath.Join(home, "keys")
		}
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "" // the keystore refuses it
	}
	return filepath.Join(home, ".assay", "keys")
}

// Open opens the key directory that the flags name. The work factor is for new
// keys; 0 is the keystore's default.
func Open(c *cli.Context, workFactor int) (*keystore.Store, error) {
	dir := DirOf(c)
	if dir == "" {
		return nil, errors.New("no home directory; give --home or --keys")
	}
	return keystore.New(keystore.Config{Dir: dir, WorkFactor: workFactor})
}

// Read gets the passphrase from where the flags say, else the environment,
// else the terminal; twice where a new key is made.
func Read(c *cli.Context, confirm bool) (keystore.Passphrase, error) {
	return ReadFrom(c, c.String("passphrase-file"), confirm)
}

// ReadFrom is [Read] with the path of the passphrase file, "" for none.
func ReadFrom(c *cli.Context, file string, confirm bool) (keystore.Passphrase, error) {
	return keystore.ReadPassphrase(c.Context, keystore.PassphraseOptions{
		File:     file,
		Env:      os.Getenv(keystore.EnvPassphrase),
		Prompt:   keystore.Terminal,
		Confirm:  confirm,
		Insecure: c.Bool("insecure-no-passphrase"),
		Warn:     func(s string) { _, _ = fmt.Fprintln(c.App.ErrWriter, "warning:", s) },
	})
}

// Hint adds what to do to an error of the keystore.
func Hint(err error) error {
	for _, h := range []struct {
		err  error
		hint string
	}{
		{keystore.ErrExists, "choose another --name; a key that is lost cannot be made again"},
		{keystore.ErrMissing, "make one with assay wallet new, or look in another --home"},
		{keystore.ErrPassphrase, "a key made without one needs --insecure-no-passphrase"},
		{keystore.ErrCorrupt, "restore the file from a copy, or the key by assay wallet new --recover"},
		{keystore.ErrVersion, "use the program that made it, or a newer one"},
	} {
		if errors.Is(err, h.err) {
			return fmt.Errorf("%w; %s", err, h.hint)
		}
	}
	return err
}
