// Package setup makes homes: the command init of both daemons. A home appears
// whole or not at all, and nothing that exists is replaced.
package setup

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/cmd/internal/keyflags"
	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/ledger"
)

// Names of the keys in a home.
const (
	hotkey  = "hotkey"
	coldkey = "coldkey"
)

// Command returns the command init of a role.
func Command(role config.Role) *cli.Command {
	def := config.Default(role)
	return &cli.Command{
		Name:  "init",
		Usage: "make a home: keys, the network's genesis and a config.toml",
		Description: fmt.Sprintf(`Makes the home of a %[1]s, with a config.toml that explains itself.

   %[1]s init --genesis genesis.json --bootstrap /ip4/192.0.2.1/tcp/9661/p2p/16Uiu2…

A hotkey is made unless the home has one already; it signs what this machine
sends. The coldkey owns the seat and what it earns. Keep it elsewhere and name
it by --coldkey, or let --new-coldkey make one here. The settings below are
written into config.toml. Ports by default: HTTP on %[2]s, gossip on
%[3]s.

Nothing is replaced: a home that is finished is refused.`, role, def.HTTP.Listen, strings.Join(def.Node.Listen, ", ")),
		Flags: append([]cli.Flag{
			config.HomeFlag(role),
			&cli.StringFlag{Name: "genesis", Usage: "`FILE` of the network's genesis, which is copied (needed)"},
			&cli.StringFlag{Name: "coldkey", Usage: "`ADDRESS` of the owner, whose coldkey is elsewhere"},
			&cli.BoolFlag{Name: "new-coldkey", Usage: "make the owner's key here, too, and show its 24 words once", DisableDefaultText: true},
			keyflags.Insecure(),
			&cli.IntFlag{Name: "work-factor", Usage: "log2 of the cost of trying one passphrase, 1 to 20", DefaultText: fmt.Sprint(keystore.DefaultWorkFactor)},
		}, config.Flags(role, false)...),
		Action: func(c *cli.Context) error { return initialise(c, role) },
	}
}

// plan is what init is about to write.
type plan struct {
	home    config.Home
	cfg     config.Config
	genesis *ledger.Genesis
	raw     []byte // of the genesis
	owner   protocol.PublicKey
}

// initialise refuses all that can be refused before it asks a person or writes.
func initialise(c *cli.Context, role config.Role) error {
	p, err := newPlan(c, role)
	if err != nil {
		return usage.Mistake(err)
	}
	made, err := p.makeKeys(c)
	if err != nil {
		return err
	}
	defer made.wipe()
	out, err := p.write(made)
	if err != nil {
		return err
	}
	return p.report(c.App.Writer, out, made)
}

func newPlan(c *cli.Context, role config.Role) (*plan, error) {
	home, err := config.HomeOf(c, role)
	if err != nil {
		return nil, err
	}
	p := &plan{home: home, cfg: config.Default(role)}
	if err := vacant(home); err != nil {
		return nil, err
	}
	p.cfg.Apply(c)
	if err := p.cfg.Check(); err != nil {
		return nil, err
	}
	if c.Bool("new-coldkey") && c.IsSet("coldkey") {
		return nil, errors.New("--coldkey names the owner and --new-coldkey makes one; choose one")
	}
	if text := c.String("coldkey"); text != "" {
		if p.owner, err = protocol.ParseAddress(text); err == nil {
			err = key.CheckPublic(p.owner)
		}
		if err != nil {
			return nil, fmt.Errorf("--coldkey %.90s: %w; give the address that assay wallet show prints", text, err)
		}
	}
	return p, p.readGenesis(c.String("genesis"))
}

// vacant refuses a home that is finished.
func vacant(home config.Home) error {
	if _, err := os.Lstat(home.Config()); err == nil {
		return fmt.Errorf("%s is a home already; it is used as it is, or give another --home", home)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look at home %s: %w", home, err)
	}
	return nil
}

func (p *plan) readGenesis(path string) error {
	if path == "" {
		return errors.New("--genesis FILE is needed; those who run the network hand it out, and all must have the same")
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read genesis: %w; check the path in --genesis", err)
	}
	defer func() { _ = f.Close() }()
	if p.raw, err = io.ReadAll(io.LimitReader(f, ledger.MaxGenesisBytes+1)); err != nil {
		return fmt.Errorf("read genesis: %w; look at the file %s", err, path)
	}
	if p.raw, err = config.Text(p.raw); err != nil {
		return fmt.Errorf("genesis %s: %w, or get it once more from those who run the network", path, err)
	}
	if p.genesis, err = ledger.ReadGenesis(p.raw); err != nil {
		return fmt.Errorf("genesis %s: %w; get the file once more from those who run the network", path, err)
	}
	old, err := os.ReadFile(p.home.Genesis())
	if err != nil {
		return nil //nolint:nilerr // there is none yet, or writing it will say why not
	}
	if old, err = config.Text(old); err != nil || !bytes.Equal(old, p.raw) {
		return fmt.Errorf("%s holds another genesis; remove it, or give another --home", p.home)
	}
	return nil
}

// keys are those that init makes; nil for one that it does not.
type keys struct {
	hot, cold  *keystore.Key
	words      string
	passphrase keystore.Passphrase
	workFactor int
}

func (k *keys) wipe() {
	for _, one := range []*keystore.Key{k.hot, k.cold} {
		if one != nil {
			one.Wipe()
		}
	}
}

// makeKeys draws the keys that the home does not have yet.
func (p *plan) makeKeys(c *cli.Context) (*keys, error) {
	k := &keys{workFactor: c.Int("work-factor")}
	if c.Bool("insecure-no-passphrase") && !c.IsSet("work-factor") {
		k.workFactor = 1 // a passphrase that everybody knows is not made safer by work
	}
	store, err := keystore.New(keystore.Config{Dir: p.home.Keys(), WorkFactor: k.workFactor})
	if err != nil {
		return nil, err
	}
	needHot := !has(store, hotkey)
	if c.Bool("new-coldkey") {
		if err := store.Vacant(coldkey); err != nil {
			return nil, fmt.Errorf("%w; leave --new-coldkey out to keep it", err)
		}
	}
	if !needHot && !c.Bool("new-coldkey") {
		return k, nil
	}
	if k.passphrase, err = keyflags.ReadNew(c, p.cfg.Keys.PassphraseFile, "the new hotkey"); err != nil {
		return nil, err
	}
	if needHot {
		if k.hot, err = keystore.Generate(keystore.Hotkey, rand.Reader); err != nil {
			return nil, err
		}
	}
	if c.Bool("new-coldkey") {
		if k.words, err = keystore.NewMnemonic(rand.Reader); err != nil {
			return nil, err
		}
		if k.cold, err = keystore.FromMnemonic(keystore.Coldkey, k.words); err != nil {
			return nil, err
		}
	}
	return k, nil
}

func has(store *keystore.Store, name string) bool {
	_, err := os.Lstat(store.Path(name))
	return err == nil
}

// write makes the home in a temporary directory, beside it or in what is there
// of it, and moves it into place.
func (p *plan) write(k *keys) (*addresses, error) {
	at := string(p.home)
	if _, err := os.Stat(at); err != nil {
		at = filepath.Dir(at)
	}
	if err := os.MkdirAll(at, 0o700); err != nil {
		return nil, p.explain(fmt.Errorf("make home: %w", err))
	}
	tmp, err := os.MkdirTemp(at, ".init-")
	if err != nil {
		return nil, p.explain(fmt.Errorf("make home: %w", err))
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	fresh := config.Home(tmp)
	if err := k.write(fresh.Keys()); err != nil {
		if p.home.Hint(err) != "" {
			return nil, p.explain(err)
		}
		return nil, keyflags.Hint(err)
	}
	if err := writeSynced(fresh.Genesis(), p.raw); err != nil {
		return nil, p.explain(fmt.Errorf("write genesis: %w", err))
	}
	if err := writeSynced(fresh.Config(), p.cfg.Encode()); err != nil {
		return nil, p.explain(fmt.Errorf("write settings: %w", err))
	}
	if err := place(tmp, p.home); err != nil {
		return nil, p.explain(fmt.Errorf("make home %s: %w", p.home, err))
	}
	return p.addresses()
}

// explain says what to do where the home cannot be written.
func (p *plan) explain(err error) error {
	const other = "choose a --home where you may write"
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w; %s", err, other)
	}
	return p.home.Explain(err, other)
}

func (k *keys) write(dir string) error {
	store, err := keystore.New(keystore.Config{Dir: dir, WorkFactor: k.workFactor})
	if err != nil {
		return err
	}
	if k.hot != nil {
		if err := store.Create(hotkey, k.hot, k.passphrase); err != nil {
			return err
		}
	}
	if k.cold != nil {
		return store.Create(coldkey, k.cold, k.passphrase)
	}
	return nil
}
