package main

import (
	"errors"
	"os"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/usage"
)

// notChecked is the exit status of a command that verifies and could not: 1 is
// for what differs, as with cmp and grep.
const notChecked = 2

// trouble is the object that --json prints when nothing was found out. Equal is
// null: neither true nor false.
type trouble struct {
	Equal *bool  `json:"equal"`
	Error string `json:"error"`
}

// judged makes the exit status of a command its answer: 0 for equal, 1 for what
// differs, and [notChecked] after any other error, a wrong flag, too. With
// --json, there is an object in each case. It returns the command.
func judged(cmd *cli.Command) *cli.Command {
	action := cmd.Action
	cmd.Action = func(c *cli.Context) error { return couldNotCheck(c, action(c)) }
	cmd.OnUsageError = func(c *cli.Context, err error, sub bool) error {
		return couldNotCheck(c, usage.WrongFlag(c, err, sub))
	}
	return cmd
}

// differing are the errors that are an answer: something differs.
var differing = []error{errDiffers, errAnswerDiffers, errDataDiffers, errLied, errNotPaidSo}

// couldNotCheck gives the error of a command that verifies its exit status.
func couldNotCheck(c *cli.Context, err error) error {
	if err == nil || slices.ContainsFunc(differing, func(answer error) bool { return errors.Is(err, answer) }) {
		return err
	}
	if c.Bool("json") || asksForJSON(os.Args) {
		err = errors.Join(err, printJSON(c, trouble{Error: usage.Line(err)}))
	}
	return usage.WithStatus(err, notChecked)
}

// asksForJSON looks for the flag in a line that could not be read.
func asksForJSON(line []string) bool {
	return slices.ContainsFunc(line, func(s string) bool { return s == "--json" || s == "-json" })
}
