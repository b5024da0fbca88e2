package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/usage"
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

// app lists the commands, one constructor each.
func app() *cli.App {
	a := &cli.App{
		Name:  "assay",
		Usage: "wallet, models and the state of the network",
		Commands: append([]*cli.Command{
			modelCommand(),
			walletCommand(),
			txCommand(),
			verifyCommand(),
		}, queryCommands()...),
		Flags:          []cli.Flag{&cli.StringFlag{Name: "home", Usage: "home `DIR` of a node, or of keys, for the command that follows"}},
		HideVersion:    true,
		ExitErrHandler: func(*cli.Context, error) {}, // main prints and exits
		OnUsageError:   usage.WrongFlag,
		Action:         usage.Group,
	}
	usage.Prepare(a.Commands)
	return a
}
