package doctor

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/cmd/internal/daemon"
	"github.com/assaynet/assay/cmd/internal/keyflags"
	"github.com/assaynet/assay/cmd/internal/models"
	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/gossip"
	"github.com/assaynet/assay/protocol/key"
	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/store"
)

// database opens the database, if it is there and not in use.
func (p *patient) database(context.Context) Finding {
	if p.running != nil {
		return ok("in use by the daemon")
	}
	db, err := store.Open(p.home.Data(), store.Options{ReadOnly: true})
	switch {
	case errors.Is(err, store.ErrMissing):
		return ok("none yet; it is made by the first run")
	case errors.Is(err, store.ErrNewerSchema):
		return fail("install the newer program", "%s", oneLine(err))
	case errors.Is(err, store.ErrLocked):
		return fail("another daemon runs on this home, and answers at another address than config.toml says", "%s", oneLine(err))
	case errors.Is(err, store.ErrCorrupt):
		return fail("restore it from a copy, or move it away", "%s", oneLine(err))
	case err != nil:
		return failed(p.home.Explain(err, "look at that directory"))
	}
	defer func() { _ = db.Close() }() // only read
	if err := db.CheckChain(protocol.ShortChainID(p.genesis.ChainID())); err != nil {
		return failed(p.home.Explain(err, ""))
	}
	return ok("%d MiB", db.Size()>>20)
}

func oneLine(err error) string { return usage.Line(err) }

// key opens the hotkey.
func (p *patient) key(context.Context) Finding {
	ks, err := keystore.New(keystore.Config{Dir: p.home.Keys()})
	if err != nil {
		return failed(err)
	}
	if pub, err := ks.Public("hotkey"); err == nil {
		p.hotkey = pub // it is compared when the key opens; without a passphrase it must do
	}
	if err := ks.Check("hotkey"); err != nil {
		return failed(keyflags.HomeHint(err, string(p.home)))
	}
	pass, err := keyflags.ReadFrom(p.c, daemon.PassphraseFile(p.c, p.cfg), "key "+ks.Path("hotkey"))
	if err != nil {
		return fail("give --passphrase-file, set ASSAY_PASSPHRASE, or run this on a terminal", "%s", oneLine(err))
	}
	k, err := ks.Open("hotkey", pass)
	if err != nil {
		return failed(keyflags.HomeHint(err, string(p.home)))
	}
	defer k.Wipe()
	p.hotkey = k.PublicKey()
	if k.Kind() != keystore.Hotkey {
		return fail("put a hotkey there, and take the coldkey off this machine", "%s is a %s", ks.Path("hotkey"), k.Kind())
	}
	if identity, _, err := node.Identity(k, p.genesis, p.cfg.Generation()); err == nil {
		p.self = gossip.PeerID(identity)
	}
	if _, err := os.Lstat(ks.Path("coldkey")); err == nil {
		return warn("move coldkey.age to a machine that is offline, unless this is a throw-away network", "%s opens; the coldkey is on this machine, too", k.PublicKey())
	}
	return ok("%s opens", k.PublicKey())
}

// model hashes the model files.
func (p *patient) model(context.Context) Finding {
	paths, err := models.Find(p.home, p.cfg, &p.genesis.Params)
	if err != nil {
		return failed(err)
	}
	var names []string
	for _, path := range paths {
		m, err := models.Check(path, &p.genesis.Params)
		if err != nil {
			return failed(err)
		}
		names = append(names, fmt.Sprintf("%s is %s (%s)", path, m.Name, m.ID.Short()))
	}
	return ok("%s", strings.Join(names, ", "))
}

// peerPatience is how long the bootstrap peers may take, all together.
const peerPatience = 10 * time.Second

// peers counts the daemon's peers, or dials the bootstrap peers in its place.
func (p *patient) peers(ctx context.Context) Finding {
	const hint = "check the addresses in node.bootstrap and that this machine reaches them (nc -vz HOST PORT)"
	if p.running != nil {
		if i := slices.IndexFunc(p.running.Faults, func(f string) bool { return strings.HasPrefix(f, daemon.Foreign) }); i >= 0 {
			said, what, _ := strings.Cut(p.running.Faults[i], ": ")
			return fail(what, "the daemon has none: %s", said)
		}
		if p.running.Peers == 0 {
			return fail(hint, "the daemon has none")
		}
		return p.dialled()
	}
	boot := slices.DeleteFunc(slices.Clone(p.cfg.Node.Bootstrap), func(a string) bool {
		return p.self != "" && strings.HasSuffix(a, "/p2p/"+p.self) // one list may serve all nodes, this one included
	})
	if len(boot) == 0 {
		return warn("give --bootstrap, unless others dial this node", "no bootstrap peers are set")
	}
	reached, problems, err := p.dial(ctx, boot)
	switch {
	case err != nil:
		return fail(hint, "%s", oneLine(err))
	case reached == 0:
		return fail(hint, "none of %d reached: %s", len(boot), problems[0])
	case len(problems) > 0:
		return warn(hint, "%d of %d reached: %s", reached, len(boot), problems[0])
	}
	return ok("all %d bootstrap peers reached", reached)
}

// dialled says whether those that the daemon has can dial it.
func (p *patient) dialled() Finding {
	text := fmt.Sprintf("the daemon has %d", p.running.Peers)
	switch gossip.Reachability(p.running.Reachability) {
	case gossip.ReachPublic:
		return ok("%s, and they can dial it", text)
	case gossip.ReachPrivate:
		if p.cfg.Role == config.Validator && len(p.cfg.Node.Listen) > 0 {
			return warn("forward the port of node.listen, and name the address outside in node.announce; or set node.listen = []", "%s; they cannot dial it", text)
		}
		return ok("%s, which cannot dial it: it dials", text)
	}
	return ok("%s", text)
}

// dial dials addresses under an identity of the moment, as a node of the same
// chain, and asks those that it reaches about the seat. problems has a line for
// each that was not reached.
func (p *patient) dial(ctx context.Context, addrs []string) (reached int, problems []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, peerPatience)
	defer cancel()
	self, err := key.Generate(rand.Reader)
	if err != nil {
		return 0, nil, err
	}
	defer self.Wipe()
	secret := self.Expose()
	host, err := gossip.New(gossip.Config{ChainID: protocol.ShortChainID(p.genesis.ChainID()), Identity: secret[:]})
	if err != nil {
		return 0, nil, err
	}
	running, stop := context.WithCancel(ctx)
	var g errgroup.Group
	g.Go(func() error { return host.Run(running) })
	select {
	case <-host.Ready():
		errs := make([]error, len(addrs))
		var dials errgroup.Group
		for i, a := range addrs {
			dials.Go(func() error {
				errs[i] = host.Connect(ctx, a)
				return nil
			})
		}
		_ = dials.Wait() // they return nil
		for _, e := range errs {
			if e == nil {
				reached++
			} else {
				problems = append(problems, oneLine(e))
			}
		}
		if reached > 0 {
			f := p.prove(ctx, host)
			p.proven = &f
		}
	case <-ctx.Done():
	}
	stop()
	return reached, problems, g.Wait()
}
