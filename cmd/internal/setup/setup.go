// Package setup makes homes: the command init of both daemons. A home appears
// whole or not at all, and nothing that exists is replaced.
package setup

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/cmd/internal/input"
	"github.com/assaynet/assay/cmd/internal/keyflags"
	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/protocol"
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
it by --coldkey, or let --new-coldkey make one here. Each comes with 24 words,
shown once, that make it again.

Each key has a passphrase of its own, asked for twice. A program gives the
hotkey's by --passphrase-file, which config.toml keeps for the daemon, or in
ASSAY_PASSPHRASE; the coldkey's by --coldkey-passphrase-file, which nothing
keeps, or in `+keyflags.EnvColdkeyPassphrase+`.

The settings below are written into config.toml. Ports by default: HTTP on %[2]s, gossip on
%[3]s.

Nothing is replaced: a home that is finished is refused.`, role, def.HTTP.Listen, strings.Join(def.Node.Listen, ", ")),
		Flags: append([]cli.Flag{
			config.HomeFlag(role),
			&cli.StringFlag{Name: "genesis", Usage: "`FILE` of the network's genesis, which is copied (needed)"},
			&cli.BoolFlag{Name: "new-coldkey", Usage: "make the owner's key here, too, and show its 24 words once", DisableDefaultText: true},
			&cli.StringFlag{Name: "coldkey-passphrase-file", Usage: "`FILE` whose first line is the new coldkey's passphrase"},
			&cli.BoolFlag{Name: "mnemonic", Value: true, Usage: "make the hotkey from 24 words, shown once; --mnemonic=false makes none"},
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
	if c.Bool("new-coldkey") && c.IsSet("coldkey") {
		return nil, errors.New("--coldkey names the owner and --new-coldkey makes one; choose one")
	}
	p.cfg.Apply(c)
	if err := p.cfg.Check(); err != nil {
		return nil, err
	}
	p.owner = p.cfg.Owner()
	if c.IsSet("coldkey-passphrase-file") && !c.Bool("new-coldkey") {
		return nil, errors.New("--coldkey-passphrase-file is for the key that --new-coldkey makes; give that, too, or leave it out")
	}
	return p, p.readGenesis(c)
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

func (p *plan) readGenesis(c *cli.Context) (err error) {
	path := c.String("genesis")
	if path == "" {
		return errors.New("--genesis FILE is needed; those who run the network hand it out, and all must have the same")
	}
	if p.raw, err = input.ReadFile(c.Context, path, ledger.MaxGenesisBytes); err != nil {
		return fmt.Errorf("read genesis: %w; check the path in --genesis", err)
	}
	if p.raw, err = config.Text(p.raw); err != nil {
		return fmt.Errorf("genesis %s: %w, or get it once more from those who run the network", path, err)
	}
	if p.genesis, err = ledger.ReadGenesis(p.raw); err != nil {
		return fmt.Errorf("genesis %s: %w; get the file once more from those who run the network", path, err)
	}
	if err := p.genesis.Params.CheckLanes(); err != nil {
		return fmt.Errorf("genesis %s: %w; on such a network proposers can keep others' work out: ask those who made it for another", path, err)
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
