package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"
	"golang.org/x/sync/errgroup"

	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
)

// list is a command that shows a list: as a table, or as JSON Lines.
type list struct {
	name, path, item, usage, about string
	epochs                         bool     // takes --epoch, and shows the newest with --limit
	long                           bool     // may have more than anybody reads, as those with epochs may
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
	"miner":     "the older name of --seat",
	"seat":      "`SEAT`: its uid, the address of its hotkey, or six of its last letters or more (default: all)",
	"validator": "those of a `SEAT`: its uid, or its hotkey (default: all)",
	"kind":      "those of a `KIND` of tasks (default: all)",
	"epoch":     "those that the end of an epoch `E` left; latest, or -2 for the one before (default: latest)",
	"finding":   "those about which a card says `WHAT`: passed, false or malformed (default: all)",
}

// tableRows is how many items of a long list a table has where nobody says how
// many: a screen of them. A network of 256 seats has 24,576 weights at a time.
const tableRows = 50

// flags are the flags of a list.
func (l *list) flags() []cli.Flag {
	limit, otherwise := "show at most `N` items", "all"
	switch {
	case l.epochs:
		limit = "show the newest `N` items, the newest first"
		otherwise = fmt.Sprintf("all, the oldest first; a table without --epoch ends with the newest, and has %d", tableRows)
	case l.long:
		otherwise = fmt.Sprintf("all; a table has %d", tableRows)
	}
	out := append(queryFlags(), &cli.Uint64Flag{Name: "limit", Usage: limit, DefaultText: otherwise})
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
		return l.pages(c, n, l.asked(c), func(items []json.RawMessage) error {
			b, err := l.csv(items, head)
			head = false
			if err == nil {
				_, err = c.App.Writer.Write(b)
			}
			return err
		})
	case c.Bool("json"):
		return l.pages(c, n, l.asked(c), func(items []json.RawMessage) error {
			var b strings.Builder
			for _, it := range items {
				b.Write(it)
				b.WriteByte('\n')
			}
			_, err := io.WriteString(c.App.Writer, b.String())
			return err
		})
	}
	rows, err := l.shown(c, n)
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		note(c, "there are no %s", l.name)
		return nil
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

// stretch is how much of a list is asked for.
type stretch struct {
	limited bool
	limit   uint64 // where limited
	newest  bool   // the newest first
}

// asked is the stretch that --limit names.
func (l *list) asked(c *cli.Context) stretch {
	limited := c.IsSet("limit")
	return stretch{limited, c.Uint64("limit"), limited && l.epochs}
}

// shown returns the rows of a table with their head, none where there is nothing:
// where nobody says how many, the last ones of a long list, in its order, and it is
// said that there are more. Pages are read while the node is asked for the next.
func (l *list) shown(c *cli.Context, n *client) (rows [][]string, err error) {
	want := l.asked(c)
	bounded := (l.epochs || l.long) && !want.limited && c.String("epoch") == ""
	if bounded {
		want = stretch{true, tableRows + 1, l.epochs} // one more tells that there are more
	}
	var reading errgroup.Group
	reading.SetLimit(runtime.GOMAXPROCS(0))
	var parts []*[][]string
	seen := 0
	err = l.pages(c, n, want, func(items []json.RawMessage) error {
		if seen += len(items); seen > maxItems {
			return tooMany(n, l.name)
		}
		part := new([][]string)
		parts = append(parts, part)
		reading.Go(func() (err error) {
			*part, err = l.table(items)
			return err
		})
		return nil
	})
	if unread := reading.Wait(); err == nil {
		err = unread
	}
	if err != nil || seen == 0 {
		return nil, err
	}
	rows = (*parts[0])[:1] // the head, which each part has
	for _, part := range parts {
		rows = append(rows, (*part)[1:]...)
	}
	if !bounded {
		return rows, nil
	}
	which, more := "first", "--limit N shows more"
	if l.epochs {
		which, more = "newest", "--limit N and --epoch A..B show more"
	}
	if len(rows) > 1+tableRows {
		rows = rows[:1+tableRows]
		note(c, "the %s %d %s are shown; %s, and --json has all", which, tableRows, l.name, more)
	}
	if l.epochs {
		slices.Reverse(rows[1:])
	}
	return rows, nil
}

// pages calls fn with one page after the other.
func (l *list) pages(c *cli.Context, n *client, want stretch, fn func([]json.RawMessage) error) error {
	q := url.Values{}
	for _, name := range l.filters {
		if c.IsSet(name) { // also one that is empty, as of a variable without a value
			q.Set(name, c.String(name))
		}
	}
	begins := func(protocol.Epoch) {}
	if l.epochs {
		begins = begun(c, l.name)
		if c.IsSet("epoch") {
			q.Set("epoch", c.String("epoch"))
		}
	}
	left := want.limit
	if want.limited && left == 0 {
		return usage.Mistake(withHint(errors.New("--limit 0 shows nothing"), "leave it out to see all"))
	}
	if want.newest {
		q.Set("order", "newest")
	}
	var empty emptyPages
	for {
		size := uint64(api.MaxLimit)
		if want.limited {
			size = min(size, left)
		}
		q.Set("limit", strconv.FormatUint(size, 10))
		page, err := l.page(c.Context, n, q)
		if err != nil {
			return err
		}
		if err := empty.count(n, l.name, len(page.Items)); err != nil {
			return err
		}
		if page.Next == "" && !c.IsSet("limit") || !want.limited {
			begins(page.OldestEpoch)
		}
		if err := fn(page.Items); err != nil {
			return err
		}
		left -= min(left, uint64(len(page.Items)))
		if page.Next == "" || want.limited && left == 0 {
			return nil
		}
		q.Set("cursor", page.Next)
	}
}

// maxEmptyPages is how many pages in a row may have nothing. A page has nothing
// where a node looked at 20,000 records, or 1,000 epochs, without one that was
// asked for: so many pages stand for 80 million records, or 4 million epochs.
const maxEmptyPages = 1 << 12

// emptyPages counts pages that have nothing, in a row: without a bound, a node that
// says each time that it goes on keeps who asks for ever.
type emptyPages int

func (e *emptyPages) count(n *client, name string, items int) error {
	if items > 0 {
		*e = 0
		return nil
	}
	if *e++; *e > maxEmptyPages {
		return withHint(fmt.Errorf("%s gives more than %d pages in a row with nothing of %s", n.url, maxEmptyPages, name), "ask for fewer epochs, or another node")
	}
	return nil
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
	return pageOf[json.RawMessage](ctx, n, l.name, l.path, q)
}

// pageOf returns a page of a list that goes by a name.
func pageOf[T any](ctx context.Context, n *client, name, path string, q url.Values) (*api.Page[T], error) {
	var page api.Page[T]
	if err := n.get(ctx, path+"?"+q.Encode(), &page); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if page.Next != "" && page.Next == q.Get("cursor") {
		return nil, fmt.Errorf("%s: %s repeats a page", name, n.url)
	}
	return &page, nil
}

// printTable writes rows in aligned columns, numbers to the right: each cell in as
// many characters as the widest of its column has, behind two spaces.
func printTable(out io.Writer, rows [][]string) error {
	var widths []int
	for _, row := range rows {
		widths = append(widths, make([]int, max(0, len(row)-len(widths)))...)
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b []byte
	for _, row := range rows {
		for i, cell := range row {
			for range 2 + widths[i] - utf8.RuneCountInString(cell) {
				b = append(b, ' ')
			}
			b = append(b, cell...)
		}
		b = append(b, '\n')
	}
	_, err := out.Write(b)
	return err
}
