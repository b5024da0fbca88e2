package main

import (
	"encoding/json"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/ledger"
)

func networkCommand() *cli.Command {
	q := query{
		name: "network", path: "/v1/network", item: "Network",
		usage: "show what it costs to take part, the pace, and what models are paid for",
		about: `Shows the price of a seat now, fees, least stakes, how long an epoch is, how long
records are kept, and the kinds of tasks with the models that are paid for. A model
is the file whose id is the same: assay model info FILE shows that of a file, and
assay model pull fetches one that it has a name for.`,
		text: textOf(func(n *api.Network) []pair {
			out := []pair{
				{"chain", n.ChainID},
				{"seats", fmt.Sprintf("%d of %d", n.Seats, n.MaxSeats)},
				{"price of a seat", n.Price.String() + ", burned; it falls with time and grows with each purchase"},
				{"fee of a transfer", n.Fee.String() + ", burned"},
				{"an account keeps", n.Deposit.String()},
				{"a validator stakes", fmt.Sprintf("%s, of which its owner %s", n.MinStake, n.MinSelf)},
				{"collateral of a slot", n.Collateral.String()},
				{"stake comes back", fmt.Sprintf("after %d blocks and %d seconds", n.Unbonding, n.UnbondingSeconds)},
				{"an epoch", fmt.Sprintf("%d blocks, in rounds of %d", n.Tempo, n.RoundLength)},
				{"kept", fmt.Sprintf("%d epochs of answers, cards and weights", n.Retention)},
			}
			for i := range n.Kinds {
				out = append(out, kindPairs(&n.Kinds[i])...)
			}
			return out
		}),
	}
	return q.command()
}

func kindPairs(k *api.NetworkKind) []pair {
	out := []pair{{
		"kind " + printable(string(k.Kind)),
		fmt.Sprintf("%s of what miners are paid; %d slots in every %d rounds, %d judges each", portionOf(k.Share), k.Slots, k.Rounds, k.Judges),
	}}
	for _, m := range k.Models {
		out = append(out, pair{"", fmt.Sprintf("model %s, %s", m.ID, printable(m.Name))})
	}
	return out
}

// portionOf shows 65536ths as a part of a hundred.
func portionOf(n uint32) string { return fmt.Sprintf("%.2f %%", float64(n)*100/65536) }

func genesisCommand() *cli.Command {
	return &cli.Command{
		Name:  "genesis",
		Usage: "print what the network began with",
		Description: `Prints the genesis as the asked node has it, the file that a home needs: settings of
the ledger and of Yuma, the first accounts and seats. Its hash is a part of the
network's chain id, so that who has the id can check the file.

   assay genesis > genesis.json

It is JSON also without --json.`,
		Flags: queryFlags(),
		Action: func(c *cli.Context) error {
			if _, err := arguments(c, 0, "no argument"); err != nil {
				return err
			}
			return withNode(c, func(n *client) error { return printGenesis(c, n) })
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
