package main

import (
	"errors"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/devnet"
	"github.com/assaynet/assay/cmd/internal/usage"
)

func devnetCommand() *cli.Command {
	return &cli.Command{
		Name:  "devnet",
		Usage: "run a whole network on this machine",
		Description: `Runs four validators and some miners as processes of their own on loopback, and
tells what happens, from the beacon to the pay, until Ctrl-C. When there is a
block it prints commands, with the paths filled in, that join the network with a
miner or a validator of your own.

   assay devnet
   assay devnet --dir /var/tmp/net --cheats
   assay devnet --story --cheats

The programs miner and validator are taken from beside assay, else from PATH;
--cheats needs the program liar there, which is built from the source alone.

--story plays a story that ends by itself: people rate pairs, one owner asks for
records of synthetic data and another makes them, a miner registers late, and a
validator is killed and comes back. When two epochs in a row paid all honest miners
and no cheat, all validators agree on the state, and the request has ended, it
prints who earned what, exports data sets, checks receipts, and exits 0. It exits 1
when that does not come about within --limit.

Keys, databases and logs are in --dir, which is empty or absent, and stays: given
again, the network goes on there, with its keys, its ports and its chain. A directory
for temporary files, where none is given, is removed at a clean end unless --keep is
set. The keys have no passphrase, and the tokens no worth.

With --json, what happens is told on standard error, and standard output gets one
object when there is a block: chain_id; dir; genesis (a path); bootstrap (of a
validator); model (a path); keys (a directory with keys of an account that has
money); nodes (name, role, home, url of each, "" for none).

Ctrl-C ends all processes in order within ten seconds; a second one ends them at
once.`,
		Flags: modelFlags("print one JSON object when the network is up; tell the rest on standard error",
			&cli.StringFlag{Name: "dir", Usage: "`DIR` for keys, databases and logs; a network that ran there before goes on", DefaultText: "a temporary one"},
			&cli.BoolFlag{Name: "keep", Usage: "keep the temporary directory, too", DisableDefaultText: true},
			&cli.BoolFlag{Name: "cheats", Usage: "seat two miners that cheat", DisableDefaultText: true},
			&cli.BoolFlag{Name: "story", Usage: "play a story with an end, and exit", DisableDefaultText: true},
			&cli.DurationFlag{Name: "limit", Value: 7 * time.Minute, Usage: "the longest `TIME` of a story after the first block"},
		),
		Action: runDevnet,
	}
}

func runDevnet(c *cli.Context) error {
	if _, err := arguments(c, 0, "no argument"); err != nil {
		return err
	}
	if c.IsSet("limit") && !c.Bool("story") {
		return usage.Mistake(errors.New("--limit bounds a story; give --story, too"))
	}
	if c.IsSet("dir") && c.Bool("keep") {
		return usage.Mistake(errors.New("--dir is always kept; leave out --keep"))
	}
	model, err := modelPath(c)
	if err != nil {
		return err
	}
	d := devnet.Config{
		Model: model, Dir: c.String("dir"), Keep: c.Bool("keep"),
		Cheats: c.Bool("cheats"), Story: c.Bool("story"), Limit: c.Duration("limit"), Out: c.App.Writer,
	}
	if c.Bool("json") {
		d.Out = c.App.ErrWriter
		d.Up = func(at *devnet.Address) error { return printJSON(c, at) }
	}
	err = devnet.Run(c.Context, d)
	if errors.Is(err, devnet.ErrProgram) || errors.Is(err, devnet.ErrDir) {
		return usage.Mistake(err)
	}
	return err
}
