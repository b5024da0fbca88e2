package main

import (
	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/extras"
	"github.com/assaynet/assay/cmd/internal/usage"
)

func main() { usage.Main(app()) }

// app lists the commands, one file each.
func app() *cli.App {
	return usage.App("validator", "judges answers, scores miners and agrees on the ledger",
		`A validator needs a home, a seat on the ledger with stake, and a model:

   validator init --genesis FILE --bootstrap ADDR
   assay tx register …         init prints all that it takes
   assay tx stake …            at least the network's minimum
   validator doctor            is everything in place?
   validator run               until Ctrl-C or SIGTERM; a second signal ends it at once
   validator status            what it does, and why it earns nothing
   validator backup DIR        copy the database, also while it runs

Exit status: 0 after a clean stop or when all is well, 1 after an error, which
is one line on standard error that says what to do, 2 after a mistake in the
command line, 78 after one in what run is set to, the home included, which
starting again does not mend (RestartPreventExitStatus=2 78 in a unit of systemd:
see extras), and 130 or 143 where Ctrl-C or SIGTERM came before it ran, or a
second one while it stopped.`,
		initCommand(), runCommand(), statusCommand(), doctorCommand(), backupCommand(), restoreCommand(), extras.Command(), lastSignedCommand())
}
