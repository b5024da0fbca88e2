package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/rs/zerolog"
	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/cmd/internal/keyflags"
	"github.com/assaynet/assay/cmd/internal/models"
	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/store"
)

// Flags are the flags of the command run.
func Flags(role config.Role) []cli.Flag {
	return append([]cli.Flag{config.HomeFlag(role), keyflags.Insecure(), forceFlag()}, config.Flags(role, true)...)
}

// Daemon is an open home.
type Daemon struct {
	Home     config.Home
	Config   *config.Config
	Genesis  *ledger.Genesis
	Chain    string
	Hotkey   *keystore.Key
	former   *keystore.Key // of a validator, if it is there
	DB       *store.DB
	Models   []*engine.Model
	Log      zerolog.Logger
	Registry *prometheus.Registry
	Started  time.Time // whole seconds, as run.json has it
	// Label is where the label page listens, HOST:PORT, set before Live; "" is nowhere.
	Label string

	reference reference // the models once more

	name net.Listener // that holds the hotkey's name on this machine; nil where there is none

	stop    stopping
	release func() bool // ends the wait for a signal; nil before it began
}

// Open opens what a daemon needs, in the order in which mistakes are cheap to
// find. Errors say what to do; those that starting again does not mend are marked
// as [usage.Mistake]. After nil, Close must be called.
func Open(c *cli.Context, role config.Role) (*Daemon, error) {
	d := &Daemon{Registry: prometheus.NewRegistry(), Started: time.Now().UTC().Truncate(time.Second)}
	d.Registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	paths, err := d.settle(c, role)
	if err != nil {
		return nil, usage.Mistake(err)
	}
	d.stop.log, d.stop.exit = d.Log, os.Exit
	d.release = context.AfterFunc(c.Context, func() {
		d.Log.Info().Msg("stopping")
		d.stop.begin()
	})
	for _, part := range []struct {
		name string
		open func() error
	}{
		{"hotkey", func() error { return usage.Mistake(d.openKey(c)) }},
		{"database", func() error { return d.openDB(c.App.ErrWriter, c.App.Name) }},
		{"models", func() error { return usage.Mistake(d.openModels(c.Context, paths)) }},
	} {
		opened := d.stop.waitFor(part.name)
		err := part.open()
		opened()
		if err != nil {
			return nil, errors.Join(err, d.Close())
		}
	}
	return d, nil
}

// settle reads the settings and the genesis, and finds the models.
func (d *Daemon) settle(c *cli.Context, role config.Role) (paths []string, err error) {
	if d.Home, d.Config, err = config.Load(c, role); err != nil {
		return nil, err
	}
	d.Log = NewLogger(c.App.ErrWriter, d.Config.Log)
	if d.Genesis, err = d.Home.ReadGenesis(); err != nil {
		return nil, err
	}
	d.Chain = d.Genesis.ChainID()
	if c.Bool("observe") { // who judges nothing needs no model
		return nil, nil
	}
	return models.Find(d.Home, d.Config, &d.Genesis.Params)
}

// openKey opens the hotkey.
func (d *Daemon) openKey(c *cli.Context) error {
	store, err := keystore.New(keystore.Config{Dir: d.Home.Keys()})
	if err != nil {
		return err
	}
	if err := store.Check("hotkey"); err != nil { // before a passphrase is asked for
		return keyflags.HomeHint(err, string(d.Home))
	}
	pass, err := keyflags.ReadFrom(c, PassphraseFile(c, d.Config), "key "+store.Path("hotkey"))
	if err != nil {
		return err
	}
	if d.Hotkey, err = store.Open("hotkey", pass); err != nil {
		return keyflags.HomeHint(err, string(d.Home))
	}
	if kind := d.Hotkey.Kind(); kind != keystore.Hotkey {
		return fmt.Errorf("%s is a %s, and a daemon must not hold that; put a hotkey there", store.Path("hotkey"), kind)
	}
	return d.openFormer(store, pass)
}

// former is the name of the hotkey in whose place another came.
const former = "former"

// openFormer opens the former hotkey of a validator's home, if it is there, with
// the passphrase of the hotkey.
func (d *Daemon) openFormer(store *keystore.Store, pass keystore.Passphrase) error {
	err := store.Check(former)
	if d.Config.Role != config.Validator || errors.Is(err, keystore.ErrMissing) {
		return nil
	}
	if err == nil {
		d.former, err = store.Open(former, pass)
	}
	if err != nil {
		return fmt.Errorf("the hotkey before: %w; it must have the passphrase of the hotkey, or be taken away, and then no block is signed before the next epoch", err)
	}
	return nil
}

// FormerKey returns the hotkey in whose place the own one came, nil where the home
// has none.
func (d *Daemon) FormerKey() node.Hotkey {
	if d.former == nil {
		return nil
	}
	return d.former
}

// PassphraseFile is the file that a flag names, else, unless the environment
// or a flag says otherwise, the one in the settings.
func PassphraseFile(c *cli.Context, cfg *config.Config) string {
	if !c.IsSet("passphrase-file") && (os.Getenv(keystore.EnvPassphrase) != "" || c.Bool("insecure-no-passphrase")) {
		return ""
	}
	return cfg.Keys.PassphraseFile
}

// openDB opens the database of this network.
func (d *Daemon) openDB(stderr io.Writer, program string) error {
	var err error
	d.DB, err = store.Open(d.Home.Data(), store.Options{Logger: d.Log, Fatal: func(err error) {
		// A write was lost: nothing more may be acknowledged.
		_, _ = fmt.Fprintf(stderr, "%s: %s\n", program, usage.Line(d.Explain(err)))
		_ = d.Home.RemoveRunning()
		os.Exit(1)
	}})
	if err != nil {
		return d.Explain(err)
	}
	return usage.Mistake(d.Home.Explain(d.DB.CheckChain(protocol.ShortChainID(d.Chain)), ""))
}

// A validator judges answers that begin alike for some tokens, and little else of
// what past runs left is asked for again: beside a small model it keeps less of
// keys and values than the engine would, an eighth of the model, and no less than
// room for some hundred tokens.
const (
	leastKept, mostKept = 16 << 20, 64 << 20
	keptOfModel         = 8
)

// keepsOfRuns returns how many bytes of past runs the engine keeps of a model whose
// file has so many; 0 for its default.
func keepsOfRuns(role config.Role, file int64) int64 {
	if role != config.Validator || file >= keptOfModel*mostKept {
		return 0
	}
	return max(leastKept, file/keptOfModel)
}

// openModels maps the models and makes sure that they are the network's.
func (d *Daemon) openModels(ctx context.Context, paths []string) error {
	d.reference.paths = paths
	for _, path := range paths {
		metrics := NewEngineMetrics()
		var size int64
		if file, err := os.Stat(path); err == nil { // opening tells better what is wrong
			size = file.Size()
		}
		m, err := engine.Open(ctx, path, engine.Config{PrefixCache: keepsOfRuns(d.Config.Role, size), Threads: d.Config.Engine.Threads, Device: d.Config.Engine.Device, Backend: d.Config.Engine.Backend, Weights: d.Config.Engine.Weights, DraftModel: d.Config.Engine.DraftModel, Nice: d.Config.Engine.Nice, Observer: metrics})
		if err != nil {
			return models.Hint(err)
		}
		d.Models = append(d.Models, m)
		paid, err := models.Paid(path, protocol.ModelID(m.ID()), &d.Genesis.Params)
		if err != nil {
			return err
		}
		if err := models.Answers(path, m.Tokenizer(), &d.Genesis.Params); err != nil {
			return err
		}
		if err := metrics.Register(d.Registry, paid.Name, m); err != nil {
			return err
		}
		info := m.Info()
		d.Log.Info().Str("model", paid.Name).Str("model_id", paid.ID.String()).Int("threads", info.Threads).
			Str("device", info.Device).Str("device_why", info.Why).Str("backend", info.Backend).Str("isa", info.ISA).Str("weights", info.Layout).Msg("model is open")
	}
	return nil
}

// Salt returns the secret for what the role seals.
func (d *Daemon) Salt() ([32]byte, error) { return node.Salt(d.Hotkey, d.Chain, string(d.Config.Role)) }

// Owner returns the coldkey that the hotkey works for: that of the settings, else
// the one beside the hotkey; zero where neither says.
func (d *Daemon) Owner() (protocol.PublicKey, error) {
	if owner := d.Config.Owner(); !owner.IsZero() {
		return owner, nil
	}
	store, err := keystore.New(keystore.Config{Dir: d.Home.Keys()})
	if err != nil {
		return protocol.PublicKey{}, err
	}
	owner, err := store.Public("coldkey")
	if errors.Is(err, keystore.ErrMissing) {
		return protocol.PublicKey{}, nil
	}
	return owner, err
}

// ModelIDs returns the ids of the open models.
func (d *Daemon) ModelIDs() []protocol.ModelID {
	ids := make([]protocol.ModelID, len(d.Models))
	for i, m := range d.Models {
		ids[i] = m.ID()
	}
	return ids
}

// WaitFor says what the daemon waits for until the function is called that it
// returns: when it is told to stop and does not in time, it says so.
func (d *Daemon) WaitFor(what string) (done func()) { return d.stop.waitFor(what) }

// Close closes what is open, and ends the process where that takes too long.
func (d *Daemon) Close() error {
	if d.release != nil {
		d.release()
	}
	d.stop.begin()
	defer d.stop.done()
	defer d.stop.waitFor("models and database, to close")()
	err := d.reference.close()
	if d.name != nil {
		defer d.name.Close() //nolint:errcheck // the last thing: until then the database is this process's
	}
	for _, m := range d.Models {
		err = errors.Join(err, m.Close())
	}
	if d.DB != nil {
		err = errors.Join(err, d.DB.Close())
	}
	for _, k := range []*keystore.Key{d.Hotkey, d.former} {
		if k != nil {
			k.Wipe()
		}
	}
	return err
}
