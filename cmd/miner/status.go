package main

import (
	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/cmd/internal/status"
)

func statusCommand() *cli.Command { return status.Command(config.Miner) }
