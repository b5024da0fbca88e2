package usage

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
	"github.com/xrash/smetrics"
)

// helpCommand shows the help of the command that its arguments name, from the
// group in which it stands: the library's own leaves out a group's commands.
func helpCommand() *cli.Command {
	return &cli.Command{
		Name: "help", Aliases: []string{"h"}, ArgsUsage: "[COMMAND...]",
		Usage:           "show the commands, or the help of one",
		OnUsageError:    WrongFlag,
		HideHelpCommand: true,
		Action: func(c *cli.Context) error {
			line := strings.Fields(Name(c))
			line = line[:len(line)-1]
			at := c.App.Commands
			if group := c.Lineage()[1].Command; len(line) > 1 {
				at = group.Subcommands
			}
			for _, name := range c.Args().Slice() {
				i := slices.IndexFunc(at, func(c *cli.Command) bool { return c.HasName(name) })
				if i < 0 {
					return noCommand(name, at, strings.Join(line, " "))
				}
				line, at = append(line, at[i].Name), at[i].Subcommands
			}
			return c.App.RunContext(c.Context, append(line, "--help"))
		},
	}
}

// Group is the action of a program or of a group of commands: it shows what
// there is, and refuses a command that there is not.
func Group(c *cli.Context) error {
	root := c.Command == nil || len(c.Lineage()) <= 2 && c.Command.Name == c.App.Name
	if name := c.Args().First(); name != "" {
		at := c.App.Commands
		if !root {
			at = c.Command.Subcommands
		}
		return noCommand(name, at, Name(c))
	}
	if root {
		return cli.ShowAppHelp(c)
	}
	return cli.ShowSubcommandHelp(c)
}

// noCommand refuses a command, and names the one that may have been meant.
func noCommand(name string, commands []*cli.Command, group string) error {
	var names []string
	for _, c := range commands {
		names = append(names, c.Names()...)
	}
	if near := nearest(name, names); near != "" {
		return Mistake(fmt.Errorf("there is no command %q; did you mean %s %s? %s --help lists the commands", name, group, near, group))
	}
	return Mistake(fmt.Errorf("there is no command %q; %s --help lists the commands", name, group))
}

// WrongFlag is the OnUsageError of all commands: what a wrong flag gives.
func WrongFlag(c *cli.Context, err error, _ bool) error {
	if name, ok := strings.CutPrefix(err.Error(), "flag provided but not defined: -"); ok {
		return NoFlag(c, name)
	}
	return Mistake(fmt.Errorf("%w; %s --help lists the flags", err, Name(c)))
}

// NoFlag refuses a flag that the command of c does not have, and names the one
// that may have been meant.
func NoFlag(c *cli.Context, name string) error {
	flags := c.App.Flags
	if c.Command != nil && len(c.Lineage()) > 2 {
		flags = c.Command.Flags
	}
	var names []string
	for _, f := range flags {
		names = append(names, f.Names()...)
	}
	if near := nearest(name, names); near != "" {
		return Mistake(fmt.Errorf("flag provided but not defined: -%s; did you mean --%s? %s --help lists the flags", name, near, Name(c)))
	}
	return Mistake(fmt.Errorf("flag provided but not defined: -%s; %s --help lists the flags", name, Name(c)))
}

// maxTypo bounds a word for which a near one is looked for, in bytes.
const maxTypo = 64

// nearest returns the name that word was meant to be: the only one that begins
// with it, or else the nearest within a third of its letters wrong; "" if there
// is none. Names of one letter are never meant.
func nearest(word string, names []string) string {
	if len(word) < 2 || len(word) > maxTypo {
		return ""
	}
	names = slices.DeleteFunc(slices.Clone(names), func(n string) bool { return len(n) < 2 })
	begin := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !strings.HasPrefix(n, word) })
	if len(begin) == 1 {
		return begin[0]
	}
	best, least := "", (len(word)+2)/3+1
	for _, n := range names {
		d := smetrics.WagnerFischer(word, n, 1, 1, 1)
		if sameLetters(word, n) {
			d = 1 // swapped, which the distance counts as two
		}
		if d < least {
			best, least = n, d
		}
	}
	return best
}

// sameLetters says whether a and b differ in the order of their bytes alone.
func sameLetters(a, b string) bool {
	x, y := []byte(a), []byte(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}
