package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
)

func blocksCommand() *cli.Command {
	return &cli.Command{
		Name:  "blocks",
		Usage: "show the newest blocks, the newest first",
		Description: `Shows height, time, proposer and transactions of blocks, from --height down, or up
with --up. assay audit replay carries them out again.

   assay blocks --height -100.. --csv

--json prints JSON Lines. Its fields, with their units:

` + fields("Block"),
		Flags: append(queryFlags(),
			&cli.StringFlag{Name: "height", Usage: "begin at block `H`, or show A..B with both ends, of which one may be left out; latest, or -3.. for the last three", DefaultText: "the newest"},
			&cli.Uint64Flag{Name: "limit", Usage: "show `N` blocks, 1,000 at most", DefaultText: "10; of a stretch 1,000"},
			&cli.BoolFlag{Name: "csv", Usage: "print CSV, with a line of names", DisableDefaultText: true},
			&cli.BoolFlag{Name: "up", Usage: "go to newer blocks", DisableDefaultText: true},
		),
		Action: func(c *cli.Context) error {
			if _, err := arguments(c, 0, "no argument"); err != nil {
				return err
			}
			if n := c.Uint64("limit"); c.IsSet("limit") && (n == 0 || n > api.MaxLimit) {
				return usage.Mistake(fmt.Errorf("--limit is 1 to %d, not %d", api.MaxLimit, n))
			}
			if c.Bool("json") && c.Bool("csv") {
				return usage.Mistake(errors.New("--json and --csv are two forms; give one"))
			}
			return withNode(c, func(n *client) error { return showBlocks(c, n) })
		},
	}
}

// shownBlocks is how many blocks are shown where nobody says how many.
const shownBlocks = 10

func showBlocks(c *cli.Context, n *client) error {
	limit, stretch := uint64(shownBlocks), strings.Contains(c.String("height"), "..")
	switch {
	case c.IsSet("limit"):
		limit = c.Uint64("limit")
	case stretch:
		limit = api.MaxLimit
	}
	q := url.Values{"record": {"0"}, "order": {"newest"}, "limit": {strconv.FormatUint(limit, 10)}}
	if c.Bool("up") {
		q.Set("order", "oldest")
	}
	if c.IsSet("height") {
		q.Set("height", c.String("height"))
	}
	var page struct {
		Newest protocol.Height   `json:"newest"`
		Blocks []json.RawMessage `json:"blocks"`
	}
	if err := n.get(c.Context, "/v1/blocks?"+q.Encode(), &page); err != nil {
		return fmt.Errorf("blocks: %w", err)
	}
	if stretch && len(page.Blocks) == api.MaxLimit {
		note(c, "%d blocks are shown; --height and --limit say which", len(page.Blocks))
	}
	if c.Bool("csv") {
		b, err := api.CSV[api.Block](page.Blocks, true)
		if err == nil {
			_, err = c.App.Writer.Write(b)
		}
		return err
	}
	if c.Bool("json") {
		var b strings.Builder
		for _, raw := range page.Blocks {
			b.Write(raw)
			b.WriteByte('\n')
		}
		_, err := io.WriteString(c.App.Writer, b.String())
		return err
	}
	rows, err := tableOf([]column[api.Block]{
		{"height", func(b *api.Block) string { return num(b.Height) }},
		{"time", func(b *api.Block) string { return stamp(b.Time) }},
		{"proposer", func(b *api.Block) string { return end(b.Proposer) }},
		{"txs", func(b *api.Block) string { return num(b.Txs) }},
		{"state hash", func(b *api.Block) string { return b.StateHash.Short() }},
	})(page.Blocks)
	if err != nil {
		return err
	}
	return printTable(c.App.Writer, rows)
}
