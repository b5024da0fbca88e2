// Package usage makes the programs' commands speak alike: results on standard
// output; an error in one line on standard error, with what to do behind a
// semicolon and without the names that only the program's text knows; help only
// where it was asked for; and an exit status that a script can tell apart.
package usage

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
)

// App returns the program called name with its commands, which take flags alone
// and are no groups.
func App(name, summary, description string, commands ...*cli.Command) *cli.App {
	return Finish(&cli.App{
		Name:        name,
		Usage:       summary,
		Description: description,
		Commands:    WithoutArguments(commands),
	})
}

// Finish gives a program with its commands what all programs have: the command
// help, the flag --version, and one way to refuse. It returns the program.
func Finish(a *cli.App) *cli.App {
	Prepare(a.Commands)
	a.Commands = append(a.Commands, helpCommand())
	a.Flags = append(a.Flags, cli.HelpFlag)         // which the library adds with its own help command only
	a.Version = Version()                           // for the flag --version, which the library adds
	a.EnableBashCompletion = true                   // the shells ask the program what can come next
	a.ExitErrHandler = func(*cli.Context, error) {} // Main prints and exits
	a.OnUsageError = WrongFlag
	a.Action = Group
	return a
}

// Prepare makes all commands fail alike: a wrong flag or an unknown command is
// an error with a hint, and never prints the help to standard output, where a
// program may be reading. A command that has its own way to refuse keeps it.
func Prepare(commands []*cli.Command) {
	for _, c := range commands {
		if c.OnUsageError == nil {
			c.OnUsageError = WrongFlag
		}
		if len(c.Subcommands) == 0 {
			c.HideHelpCommand = true // else a key or a task named help cannot be asked for
			continue
		}
		Prepare(c.Subcommands)
		c.Subcommands = append(c.Subcommands, helpCommand())
		if c.Action == nil {
			c.Action = Group
		}
	}
}

// WithoutArguments makes commands that take flags alone refuse arguments: a
// value whose flag was forgotten must not be ignored. Those whose ArgsUsage names
// arguments look at them themselves. It returns the commands.
func WithoutArguments(commands []*cli.Command) []*cli.Command {
	for _, c := range commands {
		if c.ArgsUsage != "" {
			continue
		}
		action := c.Action
		c.Action = func(ctx *cli.Context) error {
			if extra := ctx.Args().First(); extra != "" {
				return Mistake(fmt.Errorf("%s takes no argument %q; flags begin with --", Name(ctx), extra))
			}
			return action(ctx)
		}
	}
	return commands
}

// Name is a command's full name, "assay model info".
func Name(c *cli.Context) string {
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
