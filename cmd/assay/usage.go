package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
)

// withHint adds what to do to an error.
func withHint(err error, hint string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w; %s", err, hint)
}

// note writes a line to standard error, for people; it has nowhere to complain.
func note(c *cli.Context, format string, args ...any) {
	_, _ = fmt.Fprintf(c.App.ErrWriter, format+"\n", args...)
}

// prepare makes all commands fail alike: a wrong flag or an unknown command is
// an error with a hint, and never prints the help to standard output, where a
// program may be reading.
func prepare(commands []*cli.Command) {
	for _, c := range commands {
		c.OnUsageError = usageError
		prepare(c.Subcommands)
		if len(c.Subcommands) > 0 && c.Action == nil {
			c.Action = groupAction
		}
	}
}

// withoutArguments refuses arguments to commands that take flags alone: a
// value whose flag was forgotten must not be ignored.
func withoutArguments(commands []*cli.Command) []*cli.Command {
	for _, c := range commands {
		action := c.Action
		c.Action = func(ctx *cli.Context) error {
			if extra := ctx.Args().First(); extra != "" {
				return fmt.Errorf("%s takes no argument %q; flags begin with --", command(ctx), extra)
			}
			return action(ctx)
		}
	}
	return commands
}

// usageError is what a wrong flag gives.
func usageError(c *cli.Context, err error, _ bool) error {
	return withHint(err, command(c)+" --help lists the flags")
}

// groupAction shows what a group has, and refuses what it has not.
func groupAction(c *cli.Context) error {
	if name := c.Args().First(); name != "" {
		return fmt.Errorf("there is no command %q; %s --help lists the commands", name, command(c))
	}
	if c.Command == nil || len(c.Lineage()) <= 2 && c.Command.Name == c.App.Name {
		return cli.ShowAppHelp(c)
	}
	return cli.ShowSubcommandHelp(c)
}

// command is the command's full name, "assay model info".
func command(c *cli.Context) string {
	var names []string
	for _, ctx := range c.Lineage() {
		if ctx.Command != nil && ctx.Command.Name != "" {
			names = append([]string{ctx.Command.Name}, names...)
		}
	}
	if len(names) == 0 || names[0] != c.App.Name {
		names = append([]string{c.App.Name}, names...)
	}
	return strings.Join(names, " ")
}
