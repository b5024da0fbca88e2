package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"
)

// queryCommands are the commands that ask a node.
func queryCommands() []*cli.Command {
	return []*cli.Command{
		statusCommand(), minersList.command(), validatorsList.command(), scoresCommand(), weightsList.command(),
		emissionsList.command(), earningsCommand(), epochsList.command(), bondsList.command(), tasksList.command(), blocksCommand(), networkCommand(), genesisCommand(), accountCommand(), supplyCommand(), taskCommand(), receiptCommand(), challengesList.command(), compareCommand(),
	}
}

// query is a command that shows one object.
type query struct {
	name, path, item, usage, about string
	arg                            string // its argument in capitals, if it has one
	text                           func(raw []byte) ([]pair, error)
}

// pair is a line of an object that is shown to a person.
type pair struct{ name, value string }

func (q *query) command() *cli.Command {
	return &cli.Command{
		Name: q.name, Usage: q.usage, ArgsUsage: q.arg,
		Description: q.about + `

--json prints one JSON object. Its fields, with their units:

` + fields(q.item),
		Flags: queryFlags(),
		Action: func(c *cli.Context) error {
			path, err := q.pathOf(c)
			if err != nil {
				return err
			}
			return withNode(c, func(n *client) error { return q.show(c, n, path) })
		},
	}
}

// pathOf is the path with the argument in it.
func (q *query) pathOf(c *cli.Context) (string, error) {
	if q.arg == "" {
		_, err := arguments(c, 0, "no argument")
		return q.path, err
	}
	args, err := arguments(c, 1, "one "+q.arg)
	if err != nil {
		return "", err
	}
	return q.path + url.PathEscape(args[0]), nil
}

func (q *query) show(c *cli.Context, n *client, path string) error {
	var raw json.RawMessage
	if err := n.get(c.Context, path, &raw); err != nil {
		return fmt.Errorf("%s: %w", q.name, err)
	}
	if c.Bool("json") || q.text == nil {
		_, err := fmt.Fprintf(c.App.Writer, "%s\n", strings.TrimSpace(string(raw)))
		return err
	}
	pairs, err := q.text(raw)
	if err != nil {
		return fmt.Errorf("%s: %w", q.name, err)
	}
	return printPairs(c.App.Writer, pairs)
}

// printPairs writes names and values in two columns. A value of several lines
// goes on below its beginning.
func printPairs(out io.Writer, pairs []pair) error {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, p := range pairs {
		for i, line := range strings.Split(p.value, "\n") {
			name := p.name
			if i > 0 {
				name = ""
			}
			_, _ = fmt.Fprintf(w, "%s\t%s\n", name, line) // into memory
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// textOf reads an object of type T for a person.
func textOf[T any](fn func(*T) []pair) func([]byte) ([]pair, error) {
	return readAs(func(v *T) ([]pair, error) { return fn(v), nil })
}

// readAs is [textOf] where what was read may still be none.
func readAs[T any](fn func(*T) ([]pair, error)) func([]byte) ([]pair, error) {
	return func(raw []byte) ([]pair, error) {
		var v T
		if err := json.Unmarshal(raw, &v); err != nil {
			return nil, err
		}
		return fn(&v)
	}
}
