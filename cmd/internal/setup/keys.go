package setup

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/keyflags"
	"github.com/assaynet/assay/protocol/keystore"
)

// made is a key that init makes.
type made struct {
	key        *keystore.Key
	words      string // "" if it was drawn without
	passphrase keystore.Passphrase
	workFactor int
}

// keys are those that init makes; nil for one that it does not.
type keys struct{ hot, cold *made }

func (k *keys) wipe() {
	for _, one := range []*made{k.hot, k.cold} {
		if one != nil {
			one.key.Wipe()
		}
	}
}

// makeKeys draws the keys that the home does not have yet. It asks for
// passphrases before, and only then.
func (p *plan) makeKeys(c *cli.Context) (*keys, error) {
	store, err := keystore.New(keystore.Config{Dir: p.home.Keys(), WorkFactor: c.Int("work-factor")})
	if err != nil {
		return nil, err
	}
	k := &keys{}
	if err := store.Vacant(hotkey); err == nil {
		k.hot = &made{workFactor: c.Int("work-factor")}
	} else if !errors.Is(err, keystore.ErrExists) {
		return nil, keyflags.Hint(err)
	}
	if c.Bool("new-coldkey") {
		if err := store.Vacant(coldkey); errors.Is(err, keystore.ErrExists) {
			return nil, fmt.Errorf("%w; leave --new-coldkey out to keep it", err)
		} else if err != nil {
			return nil, keyflags.Hint(err)
		}
		k.cold = &made{workFactor: c.Int("work-factor")}
	}
	if err := p.askPassphrases(c, k); err != nil {
		return nil, err
	}
	if k.hot != nil {
		if err := k.hot.draw(keystore.Hotkey, c.Bool("mnemonic")); err != nil {
			return nil, err
		}
	}
	if k.cold != nil {
		if err := k.cold.draw(keystore.Coldkey, true); err != nil {
			return nil, err
		}
	}
	return k, nil
}

// draw makes the key, from words that are shown or without.
func (m *made) draw(kind keystore.Kind, words bool) (err error) {
	if !words {
		m.key, err = keystore.Generate(kind, rand.Reader)
		return err
	}
	if m.words, err = keystore.NewMnemonic(rand.Reader); err != nil {
		return err
	}
	m.key, err = keystore.FromMnemonic(kind, m.words)
	return err
}

// askPassphrases gets a passphrase for each key: the daemon on this machine
// knows the hotkey's, and the coldkey's is for its owner alone.
func (p *plan) askPassphrases(c *cli.Context, k *keys) (err error) {
	if k.hot != nil {
		if k.hot.passphrase, err = keyflags.ReadNew(c, p.cfg.Keys.PassphraseFile, "the new hotkey"); err != nil {
			return err
		}
		k.hot.settleWork(c, c.Bool("insecure-no-passphrase"))
	}
	if k.cold == nil {
		return nil
	}
	own := c.String("coldkey-passphrase-file") != "" || os.Getenv(keyflags.EnvColdkeyPassphrase) != ""
	insecure := c.Bool("insecure-no-passphrase") && !own
	if insecure && k.hot != nil {
		k.cold.passphrase = k.hot.passphrase // warned of
	} else if k.cold.passphrase, err = keyflags.ReadNewColdkey(c, insecure); err != nil {
		return err
	}
	k.cold.settleWork(c, insecure)
	if k.hot != nil && !insecure && k.cold.passphrase.Equal(k.hot.passphrase) {
		keyflags.Warn(c, "the coldkey has the hotkey's passphrase: whoever gets into this machine opens both; give --coldkey-passphrase-file")
	}
	return nil
}

// settleWork makes a passphrase that everybody knows cheap: work makes it no
// safer.
func (m *made) settleWork(c *cli.Context, insecure bool) {
	if insecure && !c.IsSet("work-factor") {
		m.workFactor = 1
	}
}

// write writes the keys into a directory.
func (k *keys) write(dir string) error {
	for _, one := range []struct {
		name string
		made *made
	}{{hotkey, k.hot}, {coldkey, k.cold}} {
		if one.made == nil {
			continue
		}
		store, err := keystore.New(keystore.Config{Dir: dir, WorkFactor: one.made.workFactor})
		if err != nil {
			return err
		}
		if err := store.Create(one.name, one.made.key, one.made.passphrase); err != nil {
			return err
		}
	}
	return nil
}
