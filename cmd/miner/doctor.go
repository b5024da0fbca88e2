package main

import (
	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/config"
	"github.com/assaynet/assay/cmd/internal/doctor"
)

func doctorCommand() *cli.Command { return doctor.Command(config.Miner) }
