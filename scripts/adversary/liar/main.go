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

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/miner"
	"github.com/assaynet/assay/protocol/bridge"
	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/protocol/task/kinds"
)

// options are what package devnet hands over.
type options struct {
	lie       string
	home      string
	genesis   string
	model     string
	listen    string
	bootstrap string
	nice      int
}

func main() {
	var o options
	flag.StringVar(&o.lie, "lie", "", "altered or copier")
	flag.StringVar(&o.home, "home", "", "directory with the keys; the database goes there")
	flag.StringVar(&o.genesis, "genesis", "", "the network's genesis file")
	flag.StringVar(&o.model, "model", "", "the honest model, to alter, or to take the tokenizer from")
	flag.StringVar(&o.listen, "listen", "/ip4/127.0.0.1/tcp/0", "multiaddr to listen on")
	flag.StringVar(&o.bootstrap, "bootstrap", "", "peers to begin with, separated by commas")
	flag.IntVar(&o.nice, "nice", 10, "niceness of the engine's threads")
	flag.Parse()
	if err := run(&o); err != nil {
		fmt.Fprintln(os.Stderr, "liar:", err)
		os.Exit(1)
	}
}

// run is main with deferred calls that run before the process exits.
func run(o *options) (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	log := zerolog.New(os.Stderr).With().Timestamp().Logger()

	b, err := os.ReadFile(o.genesis)
	if err != nil {
		return fmt.Errorf("read genesis: %w", err)
	}
	genesis, err := ledger.ReadGenesis(b)
	if err != nil {
		return err
	}
	hotkey, err := openHotkey(o.home)
	if err != nil {
		return err
	}
	db, err := store.Open(filepath.Join(o.home, "db"), store.Options{Logger: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	runs := o.model
	if o.lie == "altered" {
		runs = filepath.Join(o.home, "altered.gguf")
		if err := enginetest.Alter(o.model, runs, alteredSeed); err != nil {
			return fmt.Errorf("alter the model: %w", err)
		}
	}
	model, err := engine.Open(ctx, runs, engine.Config{Threads: 1, Nice: o.nice})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, model.Close()) }()

	c := node.Config{
		Genesis: genesis, DB: db, Hotkey: hotkey, Listen: []string{o.listen},
		Bootstrap: strings.Split(o.bootstrap, ","), Logger: log,
	}
	claims := genesis.Params.Models()[0].ID
	honest := bridge.Model{Model: model}
	var liar miner.TextModel
	switch o.lie {
	case "altered":
		liar = altered{TextModel: honest, claims: claims}
	case "copier":
		l := &copier{claims: claims, chat: honest.Chat, text: honest.Text}
		liar, c.Answer = l, l.listen
	default:
		return fmt.Errorf("-lie %q, want altered or copier", o.lie)
	}
	return mine(ctx, c, liar)
}

// mine runs the shipped miner with a model that lies.
func mine(ctx context.Context, c node.Config, liar miner.TextModel) error {
	n, err := node.NewLight(c)
	if err != nil {
		return err
	}
	salt, err := node.Salt(c.Hotkey, n.ChainID(), "miner")
	if err != nil {
		return err
	}
	plants, err := node.PlantSecret(c.Hotkey, c.Genesis.Origin())
	if err != nil {
		return err
	}
	m, err := miner.New(miner.Config{
		ChainID: n.ChainID(), Kinds: kinds.All(), Params: &c.Genesis.Params, Hotkey: c.Hotkey, Salt: salt, Plants: plants,
		Workers: []miner.Worker{miner.NewInference(1, nil, liar), miner.NewSynthetic(1, nil, liar)},
		Ledger:  n, Store: node.RecordsOf(c.DB), Submit: n.Submit, Publish: n.Publish, Logger: c.Logger,
	})
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return n.Run(ctx) })
	g.Go(func() error { return m.Run(ctx) })
	return g.Wait()
}

// openHotkey opens a key of a network that is thrown away.
func openHotkey(home string) (*keystore.Key, error) {
	s, err := keystore.New(keystore.Config{Dir: filepath.Join(home, "keys")})
	if err != nil {
		return nil, err
	}
	return s.Open("hotkey", keystore.InsecurePassphrase())
}
