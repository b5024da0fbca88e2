package cmdtest

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/keystore"
	"github.com/assaynet/assay/protocol/node"
	"github.com/assaynet/assay/protocol/store"
)

// proven is a height at which light readers have something to read.
const proven = protocol.Height(3)

// runNetwork runs the validator's node, which makes blocks alone and judges
// nothing, in the test's own process, beside the home in validator.
func runNetwork(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: network")
	}
	home := config.Home(ts.MkAbs("validator"))
	g, err := config.Home(ts.MkAbs(".")).ReadGenesis()
	ts.Check(err)
	keys, err := keystore.New(keystore.Config{Dir: home.Keys()})
	ts.Check(err)
	pass, err := keystore.NewPassphrase(Passphrase)
	ts.Check(err)
	hot, err := keys.Open("hotkey", pass)
	ts.Check(err)
	db, err := store.Open(filepath.Join(string(home), "node"), store.Options{})
	ts.Check(err)
	n, err := node.NewFull(node.FullConfig{
		Config: node.Config{Genesis: g, DB: db, Hotkey: hot, Listen: g.Seats[0].Addresses},
		Dir:    filepath.Join(string(home), "node-consensus"), ConsensusListen: g.Seats[0].Consensus.Address,
	})
	ts.Check(err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	ts.Defer(func() {
		cancel()
		if err := <-ended; err != nil {
			ts.Logf("the validator's node: %v", err)
		}
		if err := db.Close(); err != nil {
			ts.Logf("close the validator's database: %v", err)
		}
	})
	ready, stop := context.WithTimeout(ctx, Patience)
	defer stop()
	var h protocol.Height
	for h < proven {
		if h, err = n.WaitNext(ready, h); err != nil {
			ts.Fatalf("no block within %s: %v", Patience, fmt.Errorf("at height %d: %w", h, err))
		}
	}
}
