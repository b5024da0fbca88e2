package main

import (
	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/cmd/internal/setup"
)

func initCommand() *cli.Command { return setup.Command(config.Miner) }
