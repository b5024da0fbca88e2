package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
)

// list is a command that shows a list: as a table, or as JSON Lines.
type list struct {
	name, path, item, usage, about string
	epochs                         bool     // takes --epoch, and shows the newest with --limit
	filters                        []string // flags that go to the node under the same name
	wide                           []string // columns that a narrow terminal does without, the first before others
	table                          func(items []json.RawMessage) ([][]string, error)
	csv                            func(items []json.RawMessage, head bool) ([]byte, error)
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

// filterUsage says what a filter takes.
var filterUsage = map[string]string{
	"miner":     "`SEAT`: its uid, the address of its hotkey, or the last letters of that (default: all)",
	"seat":      "`SEAT`: its uid, the address of its hotkey, or the last letters of that (default: all)",
	"validator": "those of a `SEAT`: its uid, or its hotkey (default: all)",
	"kind":      "those of a `KIND` of tasks (default: all)",
	"finding":   "those about which a card says `WHAT`: passed, false or malformed (default: all)",
}

// flags are the flags of a list.
func (l *list) flags() []cli.Flag {
	limit := "show at most `N` items"
	if l.epochs {
		limit = "show the newest `N` items, the newest first"
	}
	out := append(queryFlags(), &cli.Uint64Flag{Name: "limit", Usage: limit, DefaultText: "all, the oldest first"})
	if len(l.wide) > 0 {
		out = append(out, &cli.BoolFlag{Name: "wide", Usage: "show all columns, also where they do not fit the terminal", DisableDefaultText: true})
	}
	if l.csv != nil {
		out = append(out, &cli.BoolFlag{Name: "csv", Usage: "print CSV, with a line of names", DisableDefaultText: true})
	}
	if l.epochs {
		out = append(out, &cli.StringFlag{Name: "epoch", Usage: "one epoch `E`, or A..B with both ends, of which one may be left out; latest, or -3.. for the last three (default: all that the node has)"})
	}
	for _, name := range l.filters {
		out = append(out, &cli.StringFlag{Name: name, Usage: filterUsage[name]})
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
	switch {
	case c.Bool("json") && l.csv != nil && c.Bool("csv"):
		return usage.Mistake(errors.New("--json and --csv are two forms; give one"))
	case l.csv != nil && c.Bool("csv"):
		head := true
		return l.pages(c, n, func(items []json.RawMessage) error {
			b, err := l.csv(items, head)
			head = false
			if err == nil {
				_, err = c.App.Writer.Write(b)
			}
			return err
		})
	case c.Bool("json"):
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
	if columns := terminalColumns(c.App.Writer); columns > 0 && !c.Bool("wide") {
		var left []string
		if rows, left = fitting(rows, l.wide, columns); len(left) > 0 {
			defer note(c, "the terminal is too narrow for: %s; --wide shows them, too", strings.Join(left, ", "))
		}
	}
	return printTable(c.App.Writer, rows)
}

// readItems reads the items of a page.
func readItems[T any](items []json.RawMessage) ([]T, error) {
	out := make([]T, len(items))
	for i, raw := range items {
		if err := json.Unmarshal(raw, &out[i]); err != nil {
			return nil, fmt.Errorf("an item that is none: %w", err)
		}
	}
	return out, nil
}

// pages calls fn with one page after the other.
func (l *list) pages(c *cli.Context, n *client, fn func([]json.RawMessage) error) error {
	q := url.Values{}
	for _, name := range l.filters {
		if v := c.String(name); v != "" {
			q.Set(name, v)
		}
	}
	begins := func(protocol.Epoch) {}
	if l.epochs {
		begins = begun(c, l.name)
		if v := c.String("epoch"); v != "" {
			q.Set("epoch", v)
		}
	}
	left, limited := c.Uint64("limit"), c.IsSet("limit")
	if limited && left == 0 {
		return withHint(fmt.Errorf("--limit 0 shows nothing"), "leave it out to see all")
	}
	if limited && l.epochs {
		q.Set("order", "newest")
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
		if !limited {
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
	first, err := strconv.ParseUint(from, 10, 64)
	if err != nil && from != "" { // counted from the end: what there is
		return func(protocol.Epoch) {}
	}
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
