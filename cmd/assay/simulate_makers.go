package main

import (
	"sync/atomic"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/makers"
	"github.com/assaynet/assay/protocol/params"
	"github.com/assaynet/assay/scoring/synthetic"
)

func simulateMakersCommand() *cli.Command {
	return &cli.Command{
		Name:  "simulate-makers",
		Usage: "show what a request for synthetic data pays to honest makers and to cheats",
		Description: `Makes worlds of makers who work for one request, judges their records by the
network's gates, and shows for every case: what a cheat is paid by what an honest
maker is; net, what the cheats have of a record at its price, less what their league
spends, as the ledger takes it; how many of their records are not paid, and how many honest ones are; which
gates stop them (a record may fail at several). Scenario, seed and number of worlds
decide the table; the seed is printed. The exit status is 1 where a demand of the
scenario does not hold.

   assay simulate-makers --print-scenario > scenario.toml
   assay simulate-makers --scenario scenario.toml --svg plot.svg

JSON fields: seed, worlds, rows (a case each: case, cheat, seats, makers, pay, net,
caught, paid, varied, gates, alarms, tried, demand, holds).`,
		Flags:  simulationFlags(),
		Action: simulateMakers,
	}
}

func simulateMakers(c *cli.Context) error {
	return simulate(c, makers.Shipped(), func(s *simulation, text []byte) (report, error) {
		p := params.Local()
		cfg := makers.Config{Rules: synthetic.Default(), Params: &p, Seed: s.seed, Worlds: s.worlds, Threads: s.threads, Done: new(atomic.Int64)}
		var err error
		if cfg.Scenario, err = makers.Read(text); err != nil {
			return nil, err
		}
		defer s.progress(c, cfg.Done, cfg.Count())()
		return makers.Run(c.Context, cfg)
	})
}
