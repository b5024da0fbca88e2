package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/models"
	"github.com/assaynet/assay/protocol/api"
)

func networkCommand() *cli.Command {
	q := query{
		name: "network", path: "/v1/network", item: "Network",
		usage: "show what it costs to take part, the pace, and what models are paid for",
		about: `Shows the price of a seat now, fees, least stakes, how long an epoch is, how long
records are kept, and the kinds of tasks with the models that are paid for. A model
is the file whose id is the same: assay model info FILE shows that of a file. Where
it is known from where a model of that name is published, the command that fetches it
is there, too; daemons find what it fetched by the model's name.`,
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
				{"kept", fmt.Sprintf("answers and cards of %d epochs; a validator keeps scores, weights and pay of all", n.Retention)},
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
		if cmd := models.Fetch(m.Name); cmd != "" {
			out = append(out, pair{"", "fetched by: " + cmd})
		}
	}
	return out
}

// portionOf shows 65536ths as a part of a hundred.
func portionOf(n uint32) string { return fmt.Sprintf("%.2f %%", float64(n)*100/65536) }
