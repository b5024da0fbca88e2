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

// Read gets the passphrase of a key that is there, from where the flags say,
// else the environment, else the terminal, where whose says which it is.
func Read(c *cli.Context, whose string) (keystore.Passphrase, error) {
	return ReadFrom(c, c.String("passphrase-file"), whose)
}

// ReadFrom is [Read] with the path of the passphrase file, "" for none.
func ReadFrom(c *cli.Context, file, whose string) (keystore.Passphrase, error) {
	return keystore.ReadPassphrase(c.Context, options(c, file, whose))
}

// ReadNew gets the passphrase of a key that is made: a person is asked twice.
// File is the path of the passphrase file, "" for none.
func ReadNew(c *cli.Context, file, whose string) (keystore.Passphrase, error) {
	o := options(c, file, whose)
	o.New = true
	return keystore.ReadPassphrase(c.Context, o)
}

// EnvColdkeyPassphrase is the environment variable that may hold the passphrase
// of a coldkey that init makes. Without it, [keystore.EnvPassphrase] is taken.
const EnvColdkeyPassphrase = "ASSAY_COLDKEY_PASSPHRASE"

// ReadNewColdkey is [ReadNew] of the coldkey that init makes beside a hotkey,
// from --coldkey-passphrase-file, the environment or a person. Insecure does
// without one.
func ReadNewColdkey(c *cli.Context, insecure bool) (keystore.Passphrase, error) {
	o := options(c, c.String("coldkey-passphrase-file"), "the new coldkey")
	o.FileFlag = "--coldkey-passphrase-file"
	if own := os.Getenv(EnvColdkeyPassphrase); own != "" || o.Env == "" {
		o.Env, o.EnvName = own, EnvColdkeyPassphrase
	}
	o.New, o.Insecure = true, insecure
	return keystore.ReadPassphrase(c.Context, o)
}

func options(c *cli.Context, file, whose string) keystore.PassphraseOptions {
	return keystore.PassphraseOptions{
		Whose:    whose,
		File:     file,
		Env:      os.Getenv(keystore.EnvPassphrase),
		Prompt:   keystore.Terminal,
		Insecure: c.Bool("insecure-no-passphrase"),
		Warn:     func(s string) { Warn(c, s) },
	}
}

// Warn writes a warning to standard error.
func Warn(c *cli.Context, text string) { _, _ = fmt.Fprintln(c.App.ErrWriter, "warning:", text) }

// Asks says whether [Read] would ask a person.
func Asks(c *cli.Context) bool {
	return c.String("passphrase-file") == "" && os.Getenv(keystore.EnvPassphrase) == "" && !c.Bool("insecure-no-passphrase")
}
