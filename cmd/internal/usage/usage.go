// Package usage makes the programs' commands speak alike: results on standard
// output; an error in one line on standard error, with what to do behind a
// semicolon; help only where it was asked for.
package usage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"
)

// App returns the program called name with its commands, which take flags alone and are no groups.
func App(name, summary, description string, commands ...*cli.Command) *cli.App {
	Prepare(WithoutArguments(commands))
	return &cli.App{
		Name:           name,
		Usage:          summary,
		Description:    description,
		Commands:       commands,
		HideVersion:    true,
		ExitErrHandler: func(*cli.Context, error) {}, // main prints and exits
		OnUsageError:   WrongFlag,
		Action:         Group,
	}
}

// Run runs the program with its arguments until it ends or is told to by SIGINT or SIGTERM. A
// second signal ends the process at once.
func Run(app *cli.App, args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	release := context.AfterFunc(ctx, stop) // from then on, signals have their usual effect
	defer release()
	err := app.RunContext(ctx, args)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return errors.New("interrupted") // before it ran: what runs stops cleanly
	}
	return err
}

// Line returns an error as one line.
func Line(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// Prepare makes all commands fail alike: a wrong flag or an unknown command is
// an error with a hint, and never prints the help to standard output, where a
// program may be reading.
func Prepare(commands []*cli.Command) {
	for _, c := range commands {
		c.OnUsageError = WrongFlag
		Prepare(c.Subcommands)
		if len(c.Subcommands) > 0 && c.Action == nil {
			c.Action = Group
		}
	}
}

// WithoutArguments makes commands that take flags alone refuse arguments: a
// value whose flag was forgotten must not be ignored. It returns the commands.
func WithoutArguments(commands []*cli.Command) []*cli.Command {
	for _, c := range commands {
		action := c.Action
		c.Action = func(ctx *cli.Context) error {
			if extra := ctx.Args().First(); extra != "" {
				return fmt.Errorf("%s takes no argument %q; flags begin with --", Name(ctx), extra)
			}
			return action(ctx)
		}
	}
	return commands
}

// WrongFlag is the OnUsageError of all commands: what a wrong flag gives.
func WrongFlag(c *cli.Context, err error, _ bool) error {
	return fmt.Errorf("%w; %s --help lists the flags", err, Name(c))
}

// Group is the action of a program or of a group of commands: it shows what
// there is, and refuses a command that there is not.
func Group(c *cli.Context) error {
	if name := c.Args().First(); name != "" {
		return fmt.Errorf("there is no command %q; %s --help lists the commands", name, Name(c))
	}
	if c.Command == nil || len(c.Lineage()) <= 2 && c.Command.Name == c.App.Name {
		return cli.ShowAppHelp(c)
	}
	return cli.ShowSubcommandHelp(c)
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
