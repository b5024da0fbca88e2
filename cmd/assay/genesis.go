package main

import (
	"encoding/json"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/keyflags"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/ledger"
)

func genesisCommand() *cli.Command {
	return &cli.Command{
		Name:  "genesis",
		Usage: "print what a network began with, or make one on several machines",
		Description: `Prints the genesis as the asked node has it, the file that a home needs: settings of
the ledger and of Yuma, the first accounts and seats. Its hash is a part of the
network's chain id, so that who has the id can check the file.

   assay genesis > genesis.json

It is JSON also without --json. A network of your own begins with three files. One
founder makes a draft, and gives it to the others:

   assay genesis new --name our-net > draft.json

Each founder, where the hotkey of the home is, says which seat it takes, and gives the
file, in which nothing is secret, to the first:

   assay wallet new --kind hotkey --keys ~/.assay/validator/keys
   assay wallet new --kind coldkey --keys ~/.assay/validator/keys
   assay genesis join draft.json --keys ~/.assay/validator/keys --role validator \
      --listen /ip4/203.0.113.5/tcp/9661 --consensus 203.0.113.5:9662 > ann.json

The first puts them together; all compare the chain id that it prints, and make their
homes of the file:

   assay genesis make draft.json ann.json bob.json eve.json dan.json > genesis.json
   validator init --home ~/.assay/validator --genesis genesis.json --bootstrap …

A network needs more than two thirds of its stake to run: four validators bear that one
is away.`,
		Flags: queryFlags(),
		Action: func(c *cli.Context) error {
			if _, err := arguments(c, 0, "no argument"); err != nil {
				return err
			}
			return withNode(c, func(n *client) error { return printGenesis(c, n) })
		},
		Subcommands: []*cli.Command{
			{
				Name: "new", Usage: "write the draft of a network, without seats",
				Flags: []cli.Flag{
					&cli.StringFlag{Name: "name", Usage: "`NAME` of the network: letters, digits and dashes (needed)"},
					&cli.StringFlag{Name: "model", Usage: "pay for the model in `FILE`", DefaultText: "that of make model"},
					&cli.DurationFlag{Name: "pause", Usage: "how `LONG` validators wait for late votes after a block: more where they are far apart", DefaultText: "1.5s"},
				},
				Action: newGenesis,
			},
			{
				Name: "join", Usage: "say which seat a founder takes", ArgsUsage: "DRAFT",
				Flags: append(append([]cli.Flag{
					&cli.StringFlag{Name: "role", Usage: "`ROLE` of the seat: validator or miner (needed)"},
					&cli.StringFlag{Name: "listen", Usage: "`MULTIADDR` at which the node is reached: /ip4/203.0.113.5/tcp/9661"},
					&cli.StringFlag{Name: "consensus", Usage: "of a validator, `HOST:PORT` at which its consensus is reached"},
					addressFlag("coldkey", "`ADDRESS` of the owner (default: that of the coldkey in the key directory)"),
					&cli.StringFlag{Name: "stake", Usage: "of a validator, `TOKENS` that it begins with as stake", Value: "1000"},
					&cli.StringFlag{Name: "balance", Usage: "`TOKENS` that its owner begins with", Value: "1000"},
				}, keyflags.Dir()...), keyflags.Passphrase()...),
				Action: joinGenesis,
			},
			{
				Name: "make", Usage: "put the founders' seats into a draft", ArgsUsage: "DRAFT FOUNDER...",
				Action: makeGenesis,
			},
		},
	}
}

func printGenesis(c *cli.Context, n *client) error {
	var s api.Status
	if err := n.get(c.Context, "/v1/status", &s); err != nil {
		return err
	}
	var raw json.RawMessage
	if err := n.get(c.Context, "/v1/genesis", &raw); err != nil {
		return fmt.Errorf("genesis: %w", err)
	}
	g, err := ledger.ReadGenesis(raw)
	if err != nil {
		return fmt.Errorf("%s gives no genesis: %w", n.url, err)
	}
	if id := g.ChainID(); id != s.Chain {
		return withHint(fmt.Errorf("the genesis that %s gives is of %s, and the node says that it is of %s", n.url, protocol.ShortChainID(id), s.ChainID), "ask another node")
	}
	_, err = fmt.Fprintf(c.App.Writer, "%s\n", raw)
	return err
}
