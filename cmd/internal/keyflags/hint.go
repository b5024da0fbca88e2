package keyflags

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/assaynet/assay/protocol/keystore"
)

// Hint adds what to do to an error of the keystore.
func Hint(err error) error {
	for _, h := range []struct {
		err  error
		hint func() string
	}{
		{keystore.ErrExists, text("choose another --name; a key that is lost cannot be made again")},
		{keystore.ErrLost, text("put it back from a copy, or make the key again from its 24 words with assay wallet new --recover; " +
			"a new key would be another, without this one's seat and tokens: if you want that, move the .pub file away first")},
		{keystore.ErrMissing, func() string { return "make one with assay wallet new, or look in another --home" + Elsewhere() }},
		{keystore.ErrPassphrase, text("each key has its own, and one made without needs --insecure-no-passphrase")},
		{keystore.ErrCorrupt, text("restore the file from a copy, or the key by assay wallet new --recover")},
		{keystore.ErrVersion, text("use the program that made it, or a newer one")},
		{keystore.ErrMnemonic, text("compare them with what you wrote down")},
	} {
		if errors.Is(err, h.err) {
			return fmt.Errorf("%w; %s", err, h.hint())
		}
	}
	return err
}

// HomeHint is [Hint] for the hotkey of a daemon's home: a home that lacks it had
// one, which has the seat.
func HomeHint(err error, home string) error {
	if errors.Is(err, keystore.ErrMissing) {
		return fmt.Errorf("%w; put the hotkey back from a copy, or make it again from its 24 words with assay wallet new --home %s --recover; "+
			"a new one, without --recover, has no seat until assay tx register buys one", err, home)
	}
	return Hint(err)
}

func text(s string) func() string { return func() string { return s } }

// Elsewhere goes on from a hint about keys that are missing: it names the homes
// of this user that have some, "" if none has.
func Elsewhere() string {
	homes := homesWithKeys()
	if len(homes) == 0 {
		return ""
	}
	return "; there are keys in --home " + strings.Join(homes, ", --home ")
}

// maxHomes bounds how many homes a hint names.
const maxHomes = 4

// homesWithKeys returns the homes at and below ~/.assay that have key files. The
// daemons' init makes homes there.
func homesWithKeys() []string {
	user, err := os.UserHomeDir()
	if err != nil {
		return nil
	}
	base := filepath.Join(user, ".assay")
	var homes []string
	for _, pattern := range []string{filepath.Join("keys", "*.age"), filepath.Join("*", "keys", "*.age")} {
		files, err := filepath.Glob(filepath.Join(base, pattern))
		if err != nil {
			return nil // a name that is a pattern itself: the hint does without
		}
		for _, f := range files {
			homes = append(homes, filepath.Dir(filepath.Dir(f)))
		}
	}
	slices.Sort(homes)
	homes = slices.Compact(homes)
	return homes[:min(len(homes), maxHomes)]
}
