package main

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rs/zerolog"

	"github.com/assaynet/assay/cmd/internal/cmdtest"
	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/logtest"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/store"
	"github.com/assaynet/assay/validator/requests"
	"github.com/assaynet/assay/validator/source"
)

// TestNetworkScripts runs testdata/network/*.txt against the node of a validator
// in this process, which answers at ASSAY_NODE; keys and passphrases are those of
// package cmdtest. It has made two blocks, or some more before it stopped. Others
// come, and requests are judged, from the script's command
//
//	begin
//
// on: so much is sure of what is true of a chain before it goes on, however slow
// the machine is.
func TestNetworkScripts(t *testing.T) {
	cmds := maps.Clone(cmdtest.Cmds)
	cmds["begin"] = func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) != 0 {
			ts.Fatalf("usage: begin")
		}
		ts.Value(begin{}).(func())()
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/network", Cmds: cmds,
		Setup: func(e *testscript.Env) error {
			if err := cmdtest.Setup(e); err != nil {
				return err
			}
			return runValidator(t, e)
		},
	})
}

// begin is the key of a script's value that has its validator make blocks.
type begin struct{}

// runValidator has the node that the script's genesis seats make some blocks, and
// starts its API.
func runValidator(t *testing.T, e *testscript.Env) error {
	home := config.Home(filepath.Join(e.WorkDir, "validator"))
	if err := os.Link(filepath.Join(e.WorkDir, "genesis.json"), home.Genesis()); err != nil {
		return err
	}
	if err := makeBlocks(home, e.Getenv, 2); err != nil {
		return err
	}
	v, err := openValidator(home, e.Getenv, logtest.New(t))
	if err != nil {
		return err
	}
	n, g, hotkey, db := v.node, v.genesis, v.hotkey, v.db
	s, err := api.New(api.Config{
		Listen: "127.0.0.1:" + e.Getenv("VALIDATOR_HTTP"), ChainID: g.ChainID(), Params: &g.Params,
		Source: api.Source{Node: teller{n}, State: source.State(n), Pool: source.Pool(n)},
	})
	if err != nil {
		return err
	}
	e.Setenv(envNode, "http://"+s.Addr())
	ctx, stop := context.WithCancel(context.Background())
	box := &programs{ctx: ctx}
	judge := requests.New(requests.Config{
		Params: &g.Params, Hotkey: hotkey.PublicKey(), Salt: [32]byte{1}, Ledger: n, Submit: n.Submit, Logger: zerolog.Nop(),
		Run: func(_ context.Context, program string) (string, bool, error) {
			output, ok := box.run(program)
			return output, ok, box.failed()
		},
	})
	var parts sync.WaitGroup
	run := func(part func(context.Context) error) {
		parts.Go(func() {
			if err := part(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	run(s.Run)
	e.Values[begin{}] = func() {
		ended := make(chan struct{})
		run(func(ctx context.Context) error { defer close(ended); return n.Run(ctx) })
		run(judge.Run)
		select { // before it listens it may lack blocks, and takes no transaction
		case <-n.Ready():
		case <-ended:
		}
	}
	e.Defer(func() {
		stop()
		parts.Wait()
		if err := box.close(); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return publics(e)
}

// validatorNode is the node of a script's home, over its database.
type validatorNode struct {
	node    *node.Full
	genesis *ledger.Genesis
	hotkey  *keystore.Key
	db      *store.DB
}

// openValidator opens the node of a home; what it opened is closed by the caller.
func openValidator(home config.Home, getenv func(string) string, log zerolog.Logger) (*validatorNode, error) {
	g, err := home.ReadGenesis()
	if err != nil {
		return nil, err
	}
	hotkey, err := openHotkey(home.Keys())
	if err != nil {
		return nil, err
	}
	db, err := store.Open(home.Data(), store.Options{})
	if err != nil {
		return nil, err
	}
	n, err := node.NewFull(node.FullConfig{
		Config: node.Config{
			Genesis: g, DB: db, Hotkey: hotkey, Listen: []string{"/ip4/127.0.0.1/tcp/" + getenv("VALIDATOR_P2P")}, Logger: log,
		},
		Dir: home.Consensus(), ConsensusListen: "127.0.0.1:" + getenv("VALIDATOR_CONSENSUS"),
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &validatorNode{n, g, hotkey, db}, nil
}

// publics sets addresses: MINER_COLD can pay, NOBODY has nothing.
func publics(e *testscript.Env) error {
	s, err := keystore.New(keystore.Config{Dir: filepath.Join(e.WorkDir, "miner", "keys")})
	if err != nil {
		return err
	}
	cold, err := s.Public("coldkey")
	if err != nil {
		return err
	}
	hot, err := s.Public("hotkey")
	if err != nil {
		return err
	}
	e.Setenv("MINER_COLD", cold.String())
	e.Setenv("NOBODY", hot.String())
	e.Setenv(keystore.EnvPassphrase, cmdtest.Passphrase)
	return nil
}

// teller tells as much of a node as a wallet asks for.
type teller struct{ *node.Full }

// Status implements api.Node.
func (n teller) Status(context.Context) (api.Status, error) {
	s := n.Stats()
	return api.Status{Role: "validator", Height: s.Height, AppHash: s.StateHash, CatchingUp: s.Syncing, BlockTime: time.Unix(1, 0)}, nil
}
