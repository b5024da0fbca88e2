package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rs/zerolog"

	"github.com/assaynet/assay/cmd/internal/cmdtest"
	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/node"
)

// TestRecoverScripts runs testdata/recover/*.txt: a network of two validators, one
// of which has three quarters of the power and runs by the script's command
//
//	blocks HOME N    runs the validator of a home until it has made N blocks
//
// The other, seat 1, never does.
func TestRecoverScripts(t *testing.T) {
	cmds := map[string]func(ts *testscript.TestScript, neg bool, args []string){
		"blocks": func(ts *testscript.TestScript, neg bool, args []string) {
			if neg || len(args) != 2 {
				ts.Fatalf("usage: blocks HOME N")
			}
			n, err := strconv.ParseUint(args[1], 10, 64)
			ts.Check(err)
			ts.Check(makeBlocks(config.Home(ts.MkAbs(args[0])), ts.Getenv, protocol.Height(n)))
		},
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/recover", Cmds: cmds,
		Setup: func(e *testscript.Env) error {
			if err := cmdtest.Setup(e); err != nil {
				return err
			}
			return seatSecond(e)
		},
	})
}

// seatSecond makes a validator of the genesis' second seat, and gives the home of
// the first that genesis.
func seatSecond(e *testscript.Env) error {
	raw, err := os.ReadFile(filepath.Join(e.WorkDir, "genesis.json"))
	if err != nil {
		return err
	}
	g, err := ledger.ReadGenesis(raw)
	if err != nil {
		return err
	}
	hotkey, err := openHotkey(filepath.Join(e.WorkDir, "miner", "keys"))
	if err != nil {
		return err
	}
	bound, err := node.ConsensusKey(hotkey, g, 0, "127.0.0.1:1")
	if err != nil {
		return err
	}
	beacon, err := node.GenesisBeacon(hotkey, g)
	if err != nil {
		return err
	}
	anchor, s := beacon.Anchor(), &g.Seats[1]
	s.Stake, s.Beacon = 200*protocol.Unit, &anchor
	s.Consensus = &ledger.Consensus{Key: bound.Key, TransportKey: bound.TransportKey, Address: bound.Address}
	if raw, err = json.Marshal(g); err != nil {
		return err
	}
	return os.WriteFile(config.Home(filepath.Join(e.WorkDir, "validator")).Genesis(), raw, 0o600)
}

// makeBlocks runs the node of a home until it has made n blocks.
func makeBlocks(home config.Home, getenv func(string) string, n protocol.Height) error {
	v, err := openValidator(home, getenv, zerolog.Nop())
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- v.node.Run(ctx) }()
	_, first := v.node.Latest()
	for h := first; h < first+n && err == nil; {
		h, err = v.node.WaitNext(ctx, h)
	}
	stop()
	for _, other := range []error{<-done, v.db.Close()} {
		if err == nil {
			err = other
		}
	}
	if err != nil {
		return fmt.Errorf("blocks of %s: %w", home, err)
	}
	return nil
}

// openHotkey opens the hotkey of a script's home.
func openHotkey(dir string) (*keystore.Key, error) {
	keys, err := keystore.New(keystore.Config{Dir: dir})
	if err != nil {
		return nil, err
	}
	pass, err := keystore.NewPassphrase(cmdtest.Passphrase)
	if err != nil {
		return nil, err
	}
	return keys.Open("hotkey", pass)
}
