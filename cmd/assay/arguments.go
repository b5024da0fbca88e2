package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/usage"
)

// arguments returns a command's arguments, of which there must be n.
func arguments(c *cli.Context, n int, what string) ([]string, error) {
	args, err := anyArguments(c)
	if err == nil && len(args) != n {
		given := "1 argument"
		if len(args) != 1 {
			given = fmt.Sprintf("%d arguments", len(args))
		}
		err = usage.Mistake(withHint(fmt.Errorf("%s takes %s, not %s", usage.Name(c), what, given), usage.Name(c)+" --help says more"))
	}
	return args, err
}

// anyArguments returns a command's arguments. Flags may stand behind them, as in
// "assay verify RECEIPT --model FILE": the flag package stops at the first
// argument, so the rest is read here.
func anyArguments(c *cli.Context) ([]string, error) {
	var args []string
	rest := c.Args().Slice()
	for len(rest) > 0 {
		arg := rest[0]
		rest = rest[1:]
		if arg == "--" {
			args = append(args, rest...)
			break
		}
		if !strings.HasPrefix(arg, "-") || arg == "-" {
			args = append(args, arg)
			continue
		}
		var err error
		if rest, err = lateFlag(c, arg, rest); err != nil {
			return nil, err
		}
	}
	return args, nil
}

// lateFlag sets one flag that stands behind an argument, and returns what
// follows it.
func lateFlag(c *cli.Context, arg string, rest []string) ([]string, error) {
	name, value, has := strings.Cut(strings.TrimLeft(arg, "-"), "=")
	i := slices.IndexFunc(c.Command.Flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })
	if i < 0 {
		return nil, usage.NoFlag(c, name)
	}
	if _, isBool := c.Command.Flags[i].(*cli.BoolFlag); isBool && !has {
		value, has = "true", true
	}
	if !has {
		if len(rest) == 0 {
			return nil, usage.Mistake(fmt.Errorf("flag needs an argument: -%s", name))
		}
		value, rest = rest[0], rest[1:]
	}
	if err := c.Set(name, value); err != nil {
		return nil, usage.Mistake(fmt.Errorf("invalid value %q for flag -%s: %w", abridge(value), name, err))
	}
	return rest, nil
}
