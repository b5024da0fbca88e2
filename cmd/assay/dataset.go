package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/usage"
)

// datasetCommand is the group that works on the data that the network makes.
func datasetCommand() *cli.Command {
	return &cli.Command{
		Name:  "dataset",
		Usage: "ask for, make, export, look at and score the data of the network",
		Description: `export, list and inspect are for who uses the data; request and make for who
pays for more by escrow, and who earns that. What scores is a pure function of a
file: anyone who has the file has the score, to the unit. protocol/SPEC.md has the
formulas.`,
		Subcommands: []*cli.Command{
			datasetExportCommand(),
			datasetListCommand(),
			datasetInspectCommand(),
			datasetScoreCommand(),
			datasetGramsCommand(),
			datasetRequestCommand(),
			datasetMakeCommand(),
		},
	}
}

// scorer scores the files of one kind.
type scorer struct {
	kind  string
	about string // of its file and its JSON, for the help
	flags []cli.Flag
	score func(c *cli.Context, file string) error
}

// scorers are the kinds of data that have a score.
func scorers() []scorer {
	return []scorer{preferenceScorer(), syntheticScorer()}
}

func datasetScoreCommand() *cli.Command {
	var kinds, abouts []string
	var flags []cli.Flag // of one kind alone
	for _, s := range scorers() {
		kinds, abouts, flags = append(kinds, s.kind), append(abouts, s.about), append(flags, s.flags...)
	}
	return &cli.Command{
		Name: "score", ArgsUsage: "FILE",
		Usage: "score a file of one kind of data",
		Description: `Reads FILE as JSON Lines, one line at a time; - is standard input. The same
lines in another order give the same bytes.

` + strings.Join(abouts, "\n\n"),
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "kind", Usage: "`KIND` of the data: " + strings.Join(kinds, ", ")},
			&cli.BoolFlag{Name: "json", Usage: "print JSON Lines", DisableDefaultText: true},
		}, flags...),
		Action: scoreFile,
	}
}

func scoreFile(c *cli.Context) error {
	args, err := arguments(c, 1, "one FILE")
	if err != nil {
		return err
	}
	var kinds []string
	for _, s := range scorers() {
		kinds = append(kinds, "--kind "+s.kind)
	}
	kind := c.String("kind")
	if kind == "" {
		return usage.Mistake(withHint(fmt.Errorf("no kind of data is given"), "give "+strings.Join(kinds, " or ")))
	}
	i := slices.IndexFunc(scorers(), func(s scorer) bool { return s.kind == kind })
	if i < 0 {
		return usage.Mistake(withHint(fmt.Errorf("there is no score of the kind %q", abridge(kind)), "give "+strings.Join(kinds, " or ")))
	}
	if err := ownFlags(c, kind); err != nil {
		return err
	}
	return scorers()[i].score(c, args[0])
}

// ownFlags refuses flags that do nothing for a kind: who gives one means another.
func ownFlags(c *cli.Context, kind string) error {
	for _, s := range scorers() {
		for _, f := range s.flags {
			if name := f.Names()[0]; s.kind != kind && c.IsSet(name) {
				return usage.Mistake(withHint(fmt.Errorf("--%s is for the kind %s", name, s.kind), "leave it out, or give --kind "+s.kind))
			}
		}
	}
	return nil
}
