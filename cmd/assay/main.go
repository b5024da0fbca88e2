package main

import (
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/usage"
)

func main() { usage.Main(app()) }

// app lists the commands, one constructor each.
func app() *cli.App {
	return usage.Finish(&cli.App{
		Name:  "assay",
		Usage: "wallet, models, the state of the network, and a network of your own",
		Description: `To begin:

   assay run MODEL.gguf "Name three rivers."   ask a model, or talk with it
   assay serve --model MODEL.gguf              serve it to OpenAI's and Ollama's clients
   assay devnet                                a whole network on this machine
   assay status --node http://HOST:9660        how a network's node is

Results go to standard output, all else to standard error.

Exit status: 0 when it is done, 1 after an error, which is one line on standard
error that says what to do, 2 after a mistake in the command line, 78 after one
in what assay serve is set to, and 130 or 143 after Ctrl-C or SIGTERM; a second
signal ends it at once. The commands that verify and audit replay tell more apart:
1 for what differs, 2 when it could not be checked.`,
		Commands: slices.Concat(
			grouped("Models on this machine", modelCommand(), serveCommand(), runCommand()),
			grouped("Keys and money", walletCommand(), txCommand()),
			grouped("Check what others say", verifyCommand(), verifyPairsCommand(), auditCommand(), explainCommand()),
			grouped("Look at a network", append(queryCommands(), watchCommand(), plotCommand(), exportCommand())...),
			grouped("Data, and what it pays", datasetCommand(), simulateCommand(), simulateRatersCommand(), simulateMakersCommand()),
			grouped("Run a network", devnetCommand(), ledgerCommand(), extrasCommand()),
		),
		Flags: []cli.Flag{&cli.StringFlag{Name: "home", Usage: "home `DIR` of a node, or of keys, for the command that follows"}},
	})
}

// grouped has commands stand together in the help.
func grouped(under string, commands ...*cli.Command) []*cli.Command {
	for _, c := range commands {
		c.Category = under
	}
	return commands
}
