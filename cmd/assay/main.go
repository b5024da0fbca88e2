// Command assay is for those who look at the network, hold keys or try models:
// each subcommand is a file of its own.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/urfave/cli/v2"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "assay:", err)
		os.Exit(1)
	}
}

// run is main with deferred calls that run before the process exits.
func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return app().RunContext(ctx, os.Args)
}

// app lists the commands.
func app() *cli.App {
	return &cli.App{
		Name:        "assay",
		Usage:       "wallet, models and the state of the network",
		HideVersion: true,
		Commands: []*cli.Command{
			walletCommand(),
		},
	}
}
