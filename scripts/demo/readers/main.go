// Command readers rates pairs in the place of people, for the demo: one process
// with a seat of its own for each reader, which package reader says how it rates.
// Each is the shipped miner with a desk at which a script sits.
//
//	readers -honest DIR,DIR… -longer DIR,DIR…
//
// The directories hold the keys of a seat each, and its database goes there.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"github.com/assaynet/assay/miner"
	"github.com/assaynet/assay/miner/rater"
	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/task/kinds"
	"github.com/assaynet/assay/scripts/demo/reader"
)

// options are what package devnet hands over.
type options struct {
	honest, longer     string
	genesis, bootstrap string
}

func main() {
	var o options
	flag.StringVar(&o.honest, "honest", "", "directories of readers that do what they can, separated by commas")
	flag.StringVar(&o.longer, "longer", "", "directories of readers that take the longer response for the better")
	flag.StringVar(&o.genesis, "genesis", "", "the network's genesis file")
	flag.StringVar(&o.bootstrap, "bootstrap", "", "peers to begin with, separated by commas")
	flag.Parse()
	if err := run(&o); err != nil {
		fmt.Fprintln(os.Stderr, "readers:", err)
		os.Exit(1)
	}
}

// run is main with deferred calls that run before the process exits.
func run(o *options) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	b, err := os.ReadFile(o.genesis)
	if err != nil {
		return fmt.Errorf("read genesis: %w", err)
	}
	genesis, err := ledger.ReadGenesis(b)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	for i, home := range split(o.honest) {
		// From 0.75 to 0.85, as people differ.
		r := &reader.Reader{Name: filepath.Base(home), Way: reader.Honest, Right: 75 + 2*(i%6)}
		g.Go(func() error { return read(ctx, genesis, home, split(o.bootstrap), r) })
	}
	for _, home := range split(o.longer) {
		r := &reader.Reader{Name: filepath.Base(home), Way: reader.Longer}
		g.Go(func() error { return read(ctx, genesis, home, split(o.bootstrap), r) })
	}
	return g.Wait()
}

func split(list string) []string {
	return strings.FieldsFunc(list, func(c rune) bool { return c == ',' })
}

// read is one seat, until ctx ends.
func read(ctx context.Context, genesis *ledger.Genesis, home string, bootstrap []string, r *reader.Reader) (err error) {
	log := zerolog.New(os.Stderr).With().Timestamp().Str("reader", r.Name).Logger()
	keys, err := keystore.New(keystore.Config{Dir: filepath.Join(home, "keys")})
	if err != nil {
		return err
	}
	hotkey, err := keys.Open("hotkey", keystore.InsecurePassphrase()) // of a network that is thrown away
	if err != nil {
		return err
	}
	db, err := store.Open(filepath.Join(home, "db"), store.Options{Logger: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var w *rater.Rater // set before the node runs, and so before anything arrives
	n, err := node.NewLight(node.Config{
		Genesis: genesis, DB: db, Hotkey: hotkey, Listen: []string{"/ip4/127.0.0.1/tcp/0"}, Bootstrap: bootstrap,
		Pairs:  func(_ context.Context, _ string, raw []byte) error { return w.OnPairs(raw) },
		Logger: log,
	})
	if err != nil {
		return err
	}
	w = rater.New(rater.Config{ChainID: n.ChainID(), Params: &genesis.Params, Desk: r})
	salt, err := node.Salt(hotkey, n.ChainID(), "miner")
	if err != nil {
		return err
	}
	plants, err := node.PlantSecret(hotkey, genesis.Origin())
	if err != nil {
		return err
	}
	m, err := miner.New(miner.Config{
		ChainID: n.ChainID(), Kinds: kinds.All(), Params: &genesis.Params, Hotkey: hotkey, Salt: salt, Plants: plants, Workers: []miner.Worker{w},
		Ledger: n, Store: node.RecordsOf(db), Submit: n.Submit, Publish: n.Publish, Logger: log,
	})
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return n.Run(ctx) })
	g.Go(func() error { return m.Run(ctx) })
	return g.Wait()
}
