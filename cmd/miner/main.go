package main

import (
	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/extras"
	"github.com/assaynet/assay/cmd/internal/usage"
)

func main() { usage.Main(app()) }

// app lists the commands, one file each.
func app() *cli.App {
	return usage.App("miner", "answers the network's tasks with a language model, and is paid for it",
		`A miner needs a home, a seat on the ledger and a model:

   miner init --genesis FILE --bootstrap ADDR
   assay tx register …         init prints all that it takes
   miner doctor                is everything in place?
   miner run                   until Ctrl-C or SIGTERM; a second signal ends it at once
   miner status                what it does, and why it earns nothing
   miner backup DIR            copy the database, also while it runs
   miner label                 where a person compares responses, if the seat offers that

Exit status: 0 after a clean stop or when all is well, 1 after an error, which
is one line on standard error that says what to do, 2 after a mistake in the
command line, 78 after one in what run is set to, the home included, which
starting again does not mend (RestartPreventExitStatus=2 78 in a unit of systemd:
see extras), and 130 or 143 where Ctrl-C or SIGTERM came before it ran, or a
second one while it stopped.`,
		initCommand(), runCommand(), statusCommand(), labelCommand(), doctorCommand(), backupCommand(), restoreCommand(), extras.Command())
}
