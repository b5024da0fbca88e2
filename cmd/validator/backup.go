package main

import (
	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/backup"
	"github.com/assaynet/assay/cmd/internal/config"
)

func backupCommand() *cli.Command  { return backup.Command(config.Validator) }
func restoreCommand() *cli.Command { return backup.RestoreCommand(config.Validator) }
