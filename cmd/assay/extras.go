package main

import (
	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/dashboard"
	"github.com/assaynet/assay/cmd/internal/extras"
)

func extrasCommand() *cli.Command {
	return &cli.Command{
		Name:      "extras",
		Usage:     "write the man page, shell completion, a systemd unit, Grafana dashboards and alerts",
		ArgsUsage: "DIR",
		Description: `Writes into DIR, which is made where it is not there; what has these names is
replaced:

   assay.1                 the man page:       man ./assay.1
   assay.bash              completion of bash: source assay.bash
   _assay                  of zsh:             copy it to a directory of $fpath
   assay.fish              of fish:            copy it to ~/.config/fish/completions
   assay-serve.service     a systemd unit of assay serve, for /etc/systemd/system
   assay-serve.json        a dashboard of what assay serve tells Prometheus, for
                           Grafana's Dashboards, New, Import
   assay-validator.json    the same of validators
   assay-miner.json        the same of miners
   assay-alerts.yml        rules that wake an operator, for Prometheus' rule_files

miner extras and validator extras write their own pages and units.`,
		Flags: []cli.Flag{extras.BinFlag()},
		Action: func(c *cli.Context) error {
			return extras.Write(c, "assay-serve.service", map[string][]byte{
				"assay-serve.json": dashboard.JSON(), "assay-validator.json": dashboard.Validator(),
				"assay-miner.json": dashboard.Miner(), "assay-alerts.yml": dashboard.Alerts(),
			})
		},
	}
}
