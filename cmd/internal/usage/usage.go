// Package usage makes the daemons' commands speak alike: results on standard
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

// App returns the program called name with its commands.
func App(name, summary, description string, commands ...*cli.Command) *cli.App {
	for _, c := range commands {
		c.OnUsageError = wrongFlag
		action := c.Action
		c.Action = func(ctx *cli.Context) error {
			if extra := ctx.Args().First(); extra != "" {
				return fmt.Errorf("%s %s takes no argument %q; flags begin with --", name, ctx.Command.Name, extra)
			}
			return action(ctx)
		}
	}
	return &cli.App{
		Name:           name,
		Usage:          summary,
		Description:    description,
		Commands:       commands,
		HideVersion:    true,
		ExitErrHandler: func(*cli.Context, error) {}, // main prints and exits
		OnUsageError:   wrongFlag,
		Action:         noCommand,
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

func wrongFlag(c *cli.Context, err error, _ bool) error {
	name := c.App.Name
	if c.Command != nil && c.Command.Name != "" && c.Command.Name != name {
		name += " " + c.Command.Name
	}
	return fmt.Errorf("%w; %s --help lists the flags", err, name)
}

// noCommand shows the help, or refuses a command that there is not.
func noCommand(c *cli.Context) error {
	if name := c.Args().First(); name != "" {
		return fmt.Errorf("there is no command %q; %s --help lists the commands", name, c.App.Name)
	}
	return cli.ShowAppHelp(c)
}
