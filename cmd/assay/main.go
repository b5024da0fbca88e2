package main

import (
	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/usage"
)

func main() { usage.Main(app()) }

// app lists the commands, one constructor each.
func app() *cli.App {
	return usage.Finish(&cli.App{
		Name:  "assay",
		Usage: "wallet, models, the state of the network, and a network of your own",
		Description: `Results go to standard output, all else to standard error.

Exit status: 0 when it is done, 1 after an error, which is one line on standard
error that says what to do, 2 after a mistake in the command line, 78 after one
in what assay serve is set to, and 130 or 143 after Ctrl-C or SIGTERM; a second
signal ends it at once. The commands that verify and audit replay tell more apart:
1 for what differs, 2 when it could not be checked.`,
		Commands: append([]*cli.Command{
			modelCommand(),
			serveCommand(),
			runCommand(),
			walletCommand(),
			txCommand(),
			verifyCommand(), verifyPairsCommand(),
			datasetCommand(),
			simulateCommand(),
			simulateRatersCommand(),
			simulateMakersCommand(),
			auditCommand(), explainCommand(), exportCommand(), watchCommand(), plotCommand(),
			ledgerCommand(),
			devnetCommand(),
			extrasCommand(),
		}, queryCommands()...),
		Flags: []cli.Flag{&cli.StringFlag{Name: "home", Usage: "home `DIR` of a node, or of keys, for the command that follows"}},
	})
}
