package main

import (
	"strconv"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/status"
	"github.com/assaynet/assay/protocol/api"
)

func statusCommand() *cli.Command {
	q := query{
		name: "status", path: "/v1/status", item: "Status",
		usage: "show how a node is",
		about: "Shows what a node says of itself; the reasons are why it earns nothing, or less\nthan it could.",
		text: textOf(func(s *api.Status) []pair {
			out := []pair{{"chain", s.ChainID}, {"role", s.Role}}
			if s.Hotkey != "" {
				out = append(out, pair{"hotkey", s.Hotkey})
			}
			if s.Version != "" {
				out = append(out, pair{"version", s.Version})
			}
			height := num(s.Height)
			switch {
			case s.CatchingUp && s.Target > s.Height:
				height += " (catching up, to " + num(s.Target) + ")"
			case s.CatchingUp:
				height += " (catching up)"
			}
			out = append(out, pair{"height", height}, pair{"epoch", num(s.Epoch)}, pair{"round", num(s.Round)})
			if s.BlockTime.Unix() > 0 {
				out = append(out, pair{"block time", s.BlockTime.Format(time.RFC3339)})
			}
			out = append(out, pair{"state hash", s.AppHash.String()})
			if !s.Checkpoint.IsZero() {
				out = append(out, pair{"checkpoint", s.Checkpoint.String()})
			}
			out = append(out, pair{"peers", strconv.Itoa(s.Peers)})
			for _, m := range s.ModelIDs {
				out = append(out, pair{"model", m.String()})
			}
			for _, k := range s.Kinds {
				out = append(out, pair{"offers", printable(status.KindWords(k))})
			}
			for _, r := range s.Reasons {
				out = append(out, pair{"reason", r})
			}
			return out
		}),
	}
	return q.command()
}

func supplyCommand() *cli.Command {
	q := query{
		name: "supply", path: "/v1/supply", item: "Supply",
		usage: "show where all money is",
		about: "Adds up all money on the ledger, in tokens, exactly: what was issued is the sum\nof the other lines.",
		text: textOf(func(s *api.Supply) []pair {
			conserved := "yes"
			if !s.Conserved {
				conserved = "NO"
			}
			return []pair{
				{"height", num(s.Height)},
				{"issued", s.Issued.String()},
				{"balances", s.Balances.String()},
				{"stakes", s.Stakes.String()},
				{"unbonding", s.Unbonding.String()},
				{"collateral", s.Collateral.String()},
				{"escrow", s.Escrow.String()},
				{"pot", s.Pot.String()},
				{"burned", s.Burned.String()},
				{"conserved", conserved},
			}
		}),
	}
	return q.command()
}
