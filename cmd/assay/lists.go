package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
)

// list is a command that shows a list: as a table, or as JSON Lines.
type list struct {
	name, path, item, usage, about string
	epochs, miner                  bool // takes --epoch, --miner
	table                          func(items []json.RawMessage) ([][]string, error)
}

// column is one column of a table.
type column[T any] struct {
	name string
	cell func(*T) string
}

// tableOf makes the table of items of type T.
func tableOf[T any](columns []column[T]) func([]json.RawMessage) ([][]string, error) {
	return func(items []json.RawMessage) ([][]string, error) {
		head := make([]string, len(columns))
		for i, c := range columns {
			head[i] = c.name
		}
		rows := [][]string{head}
		for _, raw := range items {
			var v T
			if err := json.Unmarshal(raw, &v); err != nil {
				return nil, fmt.Errorf("an item that is none: %w", err)
			}
			row := make([]string, len(columns))
			for i, c := range columns {
				row[i] = c.cell(&v)
			}
			rows = append(rows, row)
		}
		return rows, nil
	}
}

func num[N ~uint16 | ~uint32 | ~uint64](n N) string { return strconv.FormatUint(uint64(n), 10) }

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "-"
}

func end(k protocol.PublicKey) string { return "…" + k.Short() }

// listFlags are the flags of a list.
func (l *list) flags() []cli.Flag {
	out := append(queryFlags(), &cli.Uint64Flag{Name: "limit", Usage: "show at most `N` items", DefaultText: "all"})
	if l.epochs {
		out = append(out, &cli.StringFlag{Name: "epoch", Usage: "one epoch `E`, or A..B with both ends (default: all that the node has)"})
	}
	if l.miner {
		out = append(out, &cli.StringFlag{Name: "miner", Usage: "`SEAT`: its uid, or the address of its hotkey (default: all)"})
	}
	return out
}

// queryFlags are the flags of every command that asks a node.
func queryFlags() []cli.Flag {
	return append(nodeFlags(),
		&cli.StringFlag{Name: "home", Usage: "ask the node of the home `DIR`; if it does not run, read its database"},
		&cli.BoolFlag{Name: "json", Usage: "print JSON", DisableDefaultText: true},
	)
}

func (l *list) command() *cli.Command {
	return &cli.Command{
		Name: l.name, Usage: l.usage,
		Description: l.about + `

--json prints JSON Lines: one object for each item and line, of all pages. Its
fields, with their units:

` + fields(l.item),
		Flags: l.flags(),
		Action: func(c *cli.Context) error {
			if _, err := arguments(c, 0, "no argument"); err != nil {
				return err
			}
			return withNode(c, func(n *client) error { return l.show(c, n) })
		},
	}
}

func (l *list) show(c *cli.Context, n *client) error {
	if c.Bool("json") {
		return l.pages(c, n, func(items []json.RawMessage) error {
			var b strings.Builder
			for _, it := range items {
				b.Write(it)
				b.WriteByte('\n')
			}
			_, err := io.WriteString(c.App.Writer, b.String())
			return err
		})
	}
	var all []json.RawMessage
	err := l.pages(c, n, func(items []json.RawMessage) error {
		all = append(all, items...)
		return nil
	})
	if err != nil {
		return err
	}
	if len(all) == 0 {
		note(c, "there are no %s", l.name)
		return nil
	}
	rows, err := l.table(all)
	if err != nil {
		return err
	}
	return printTable(c.App.Writer, rows)
}

// pages calls fn with one page after the other.
func (l *list) pages(c *cli.Context, n *client, fn func([]json.RawMessage) error) error {
	q := url.Values{}
	for _, name := range []string{"epoch", "miner"} {
		if v := c.String(name); v != "" {
			q.Set(name, v)
		}
	}
	begins := begun(c, l.name)
	left, limited := c.Uint64("limit"), c.IsSet("limit")
	if limited && left == 0 {
		return withHint(fmt.Errorf("--limit 0 shows nothing"), "leave it out to see all")
	}
	for {
		size := uint64(api.MaxLimit)
		if limited {
			size = min(size, left)
		}
		q.Set("limit", strconv.FormatUint(size, 10))
		page, err := l.page(c.Context, n, q)
		if err != nil {
			return err
		}
		if l.epochs {
			begins(page.OldestEpoch)
		}
		if err := fn(page.Items); err != nil {
			return err
		}
		left -= min(left, uint64(len(page.Items)))
		if page.Next == "" || limited && left == 0 {
			return nil
		}
		q.Set("cursor", page.Next)
	}
}

// begun returns what says, once, that a list begins later than it was asked to:
// without it, what is no longer kept looks like what never was.
func begun(c *cli.Context, what string) func(oldest protocol.Epoch) {
	from, _, _ := strings.Cut(c.String("epoch"), "..")
	first, _ := strconv.ParseUint(from, 10, 64) // the node refuses what is no number
	said := false
	return func(oldest protocol.Epoch) {
		if said || uint64(oldest) <= first {
			return
		}
		said = true
		note(c, "the %s begin at epoch %d: of the epochs before, this node has none", what, oldest)
	}
}

func (l *list) page(ctx context.Context, n *client, q url.Values) (*api.Page[json.RawMessage], error) {
	var page api.Page[json.RawMessage]
	if err := n.get(ctx, l.path+"?"+q.Encode(), &page); err != nil {
		return nil, fmt.Errorf("%s: %w", l.name, err)
	}
	if page.Next != "" && page.Next == q.Get("cursor") {
		return nil, fmt.Errorf("%s: %s repeats a page", l.name, n.url)
	}
	return &page, nil
}

// printTable writes rows in aligned columns, numbers to the right.
func printTable(out io.Writer, rows [][]string) error {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, row := range rows {
		_, _ = fmt.Fprintln(w, strings.Join(row, "\t")+"\t") // into memory
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := io.WriteString(out, b.String())
	return err
}
