package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// playDevnet starts the network without cheats and keeps it up until Ctrl-C.
func playDevnet(ctx context.Context, _ *options, net *network, sup *supervisor, say *teller) error {
	if err := net.launch(ctx, sup, say); err != nil {
		return err
	}
	if err := net.printCommands(say); err != nil {
		return err
	}
	for {
		if p := sup.dead(); p != nil {
			return fmt.Errorf("%s ended by itself: %w; see %s", p.name, p.err, p.log)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// printCommands tells how to join the running network and how to query it.
func (n *network) printCommands(say *teller) error {
	boot, err := n.validators[0].bootstrap()
	if err != nil {
		return err
	}
	bin := func(s string) string { return filepath.Join(n.bin, s) }
	url := n.validators[0].api.url
	rich := filepath.Join(n.miners[0].home, "keys")
	say.plain(strings.NewReplacer(
		"{MINER}", bin("miner"), "{VALIDATOR}", bin("validator"), "{ASSAY}", bin("assay"),
		"{GENESIS}", n.genesisPath(), "{BOOT}", boot, "{URL}", url, "{MODEL}", n.model, "{RICH}", rich, "{DIR}", n.dir,
	).Replace(devnetHelp))
	return nil
}

const devnetHelp = `
the network is up; Ctrl-C stops it. In another terminal:

  # look at it
  {ASSAY} status --node {URL}
  {ASSAY} miners --node {URL}
  {ASSAY} scores --node {URL} --epoch 1..2

  # your own miner: keys, money from an account of this network, a seat, run
  export ASSAY_NODE={URL}
  {MINER} init --home ~/.assay/devnet-miner --genesis {GENESIS} --bootstrap {BOOT} --new-coldkey --insecure-no-passphrase
  {ASSAY} tx transfer --keys {RICH} --insecure-no-passphrase --to "$(cat ~/.assay/devnet-miner/keys/coldkey.pub)" --amount 100
  {ASSAY} tx register --keys ~/.assay/devnet-miner/keys --insecure-no-passphrase --hotkey "$(cat ~/.assay/devnet-miner/keys/hotkey.pub)"
  {MINER} run --home ~/.assay/devnet-miner --model {MODEL} --insecure-no-passphrase

  # your own validator: the same, then stake on its hotkey
  {VALIDATOR} init --home ~/.assay/devnet-validator --genesis {GENESIS} --bootstrap {BOOT} --new-coldkey --insecure-no-passphrase
  {ASSAY} tx transfer --keys {RICH} --insecure-no-passphrase --to "$(cat ~/.assay/devnet-validator/keys/coldkey.pub)" --amount 300
  {ASSAY} tx register --keys ~/.assay/devnet-validator/keys --insecure-no-passphrase --hotkey "$(cat ~/.assay/devnet-validator/keys/hotkey.pub)"
  {ASSAY} tx stake --keys ~/.assay/devnet-validator/keys --insecure-no-passphrase --hotkey "$(cat ~/.assay/devnet-validator/keys/hotkey.pub)" --amount 200
  {VALIDATOR} run --home ~/.assay/devnet-validator --model {MODEL} --insecure-no-passphrase

the nodes' homes are in {DIR}; after Ctrl-C, {ASSAY} miners --home {DIR}/validator-1 still answers from the database
`
