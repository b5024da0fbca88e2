package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/export"
	"github.com/assaynet/assay/cmd/internal/progress"
	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/scoring/fixed"
)

// reading is where rows are read: a data set, or a node.
type reading struct {
	dir      string
	manifest *export.Manifest // nil: of the node
	asked    *asked
	from, to protocol.Epoch
}

// looking says how a data set is looked at.
type looking struct {
	seed    uint64
	samples int
	rows    *atomic.Int64
}

// readRows calls each with all rows.
func readRows[T any](ctx context.Context, r reading, source func(*asked) export.Source[T], rows *atomic.Int64, each func(*T) error) error {
	if r.manifest != nil {
		return export.Read(ctx, r.dir, r.manifest, rows, each)
	}
	s := source(r.asked)
	for e := r.from; e <= r.to; e++ {
		_, err := s(ctx, e, func(row *T) error {
			rows.Add(1)
			return errors.Join(ctx.Err(), each(row))
		})
		if err != nil {
			return fmt.Errorf("epoch %d: %w", e, err)
		}
	}
	return nil
}

func datasetListCommand() *cli.Command {
	return &cli.Command{
		Name: "list", ArgsUsage: "[DIR...]",
		Usage: "list data sets: those in directories, or what a node has",
		Description: `With directories, lists the data sets that assay dataset export wrote to them, or
to directories in them. Without, asks a node what it has of each kind of data that
the network makes, epoch by epoch, and the requests for more, which people pay by
escrow: how many records are wanted and accepted, what is spent of the most that may
be, and until when records are sealed.

JSON fields, a line each: of a directory dir, kind, chain_id, from, to, epochs,
rows, dropped, bytes; of a node kind, epoch, rows, dropped; and request, topic,
count, accepted, sealed, opened, spent, maximum, deadline, state (sealing, opening,
judging, settling, settled, returned), blocks_left.`,
		Flags: append(queryFlags(),
			&cli.StringFlag{Name: "epochs", Usage: "of a node: one epoch `E`, or A..B with both ends (default: all that it has)"},
		),
		Action: listData,
	}
}

func listData(c *cli.Context) error {
	dirs, err := anyArguments(c)
	if err != nil {
		return err
	}
	if len(dirs) == 0 {
		return withAsked(c, func(a *asked) error { return listNode(c, a) })
	}
	var found []string
	for _, dir := range dirs {
		inner, err := filepath.Glob(filepath.Join(dir, "*", "manifest.json"))
		if err != nil {
			return err
		}
		if _, err := os.Stat(filepath.Join(dir, "manifest.json")); err == nil {
			found = append(found, dir)
		}
		for _, path := range inner {
			found = append(found, filepath.Dir(path))
		}
	}
	if len(found) == 0 {
		return withHint(fmt.Errorf("there is no data set in %s", strings.Join(dirs, ", ")), "assay dataset export writes one")
	}
	table := [][]string{{"kind", "network", "epochs", "rows", "left out", "bytes", "directory"}}
	for _, dir := range found {
		m, err := manifestOf(dir, nil)
		if err != nil {
			return err
		}
		row := listed{Dir: dir, Kind: m.Kind, ChainID: m.ChainID, Epochs: len(m.Epochs), Rows: m.Rows(), Dropped: m.Dropped(), Bytes: m.Bytes()}
		if len(m.Epochs) > 0 {
			row.From, row.To = m.Epochs[0].Epoch, m.Epochs[len(m.Epochs)-1].Epoch
		}
		if c.Bool("json") {
			if err := printJSON(c, row); err != nil {
				return err
			}
			continue
		}
		table = append(table, []string{
			row.Kind, row.ChainID, fmt.Sprintf("%d..%d (%d)", row.From, row.To, row.Epochs), fmt.Sprint(row.Rows), fmt.Sprint(row.Dropped), fmt.Sprint(row.Bytes), row.Dir,
		})
	}
	if c.Bool("json") {
		return nil
	}
	return printTable(c.App.Writer, table)
}

// listed is a line of list --json.
type listed struct {
	Dir     string         `json:"dir"`
	Kind    string         `json:"kind"`
	ChainID string         `json:"chain_id"`
	From    protocol.Epoch `json:"from"`
	To      protocol.Epoch `json:"to"`
	Epochs  int            `json:"epochs"`
	Rows    int64          `json:"rows"`
	Dropped int64          `json:"dropped"`
	Bytes   int64          `json:"bytes"`
}

// listNode lists what a node has, and what it is asked for.
func listNode(c *cli.Context, a *asked) error {
	missing := listKinds(c, a)
	early, problem := (*tooEarly)(nil), (*api.Problem)(nil)
	if missing != nil && !errors.As(missing, &early) && !errors.As(missing, &problem) {
		return missing
	}
	listed, err := listRequests(c, a)
	if listed == 0 || err != nil {
		return errors.Join(missing, err)
	}
	if missing != nil { // the ledger has requests from the first block on, and every node has it
		note(c, "what the network made is not listed: %s", missing)
	}
	return nil
}

// listKinds lists the data of the kinds of the network, epoch by epoch.
func listKinds(c *cli.Context, a *asked) error {
	table := [][]string{{"kind", "epoch", "rows", "left out"}}
	var rows atomic.Int64
	stop := progress.Start(c.App.ErrWriter, func() string { return fmt.Sprintf("%d rows", rows.Load()) })
	defer stop()
	var network api.Network
	if err := a.n.get(c.Context, "/v1/network", &network); err != nil {
		return err
	}
	for _, k := range dataKinds() {
		if !slices.ContainsFunc(network.Kinds, func(n api.NetworkKind) bool { return string(n.Kind) == k.name }) {
			continue
		}
		cfg, err := exportConfig(c, a, &k, "")
		if err != nil {
			return err
		}
		for e := cfg.From; e <= cfg.To; e++ {
			count, dropped, err := k.count(c.Context, a, e, &rows)
			if err != nil {
				return err
			}
			if c.Bool("json") {
				stop()
				err = printJSON(c, struct {
					Kind    string         `json:"kind"`
					Epoch   protocol.Epoch `json:"epoch"`
					Rows    int64          `json:"rows"`
					Dropped int64          `json:"dropped"`
				}{k.name, e, count, dropped})
			}
			if err != nil {
				return err
			}
			table = append(table, []string{k.name, num(e), fmt.Sprint(count), fmt.Sprint(dropped)})
		}
	}
	stop()
	if c.Bool("json") {
		return nil
	}
	return printTable(c.App.Writer, table)
}

func datasetInspectCommand() *cli.Command {
	return &cli.Command{
		Name: "inspect", ArgsUsage: "[DIR]",
		Usage: "show what is in a data set: counts, lengths, diversity, duplicates, samples",
		Description: `Reads the data set in DIR, or with --kind asks a node for that kind of data, and
shows how many rows there are, how long the responses are in words, how many rows
are the same as one before, and of 1024 rows that are drawn, as which share of
different ones they count (by MinHash) and how many are much like another. Then it
shows some of the drawn rows. With --request it shows a request for data, and the
rows are all records that were opened for it, those that were not paid, too.

   assay dataset inspect data
   assay dataset inspect --kind inference --epochs 3..9
   assay dataset inspect --request ID

JSON fields: rows, words (least, p10, p50, p90, most), same, sampled, diversity (in
65536ths), alike; sample (rows, as the data set has them); with --request also
request (as /v1/requests/{id} has it), state and blocks_left.`,
		Flags: append(queryFlags(),
			kindFlag(),
			requestFlag(),
			&cli.StringFlag{Name: "epochs", Usage: "of a node: one epoch `E`, or A..B with both ends (default: all that it has)"},
			&cli.StringSliceFlag{Name: "model", Usage: "inference, of a node: show the text of this model's tokens, from `FILE`; may be repeated"},
			&cli.IntFlag{Name: "samples", Value: 3, Usage: "show `N` rows, 0 to 1024"},
			&cli.Uint64Flag{Name: "seed", Usage: "draw the rows by the seed `N`"},
		),
		Action: inspectData,
	}
}

func inspectData(c *cli.Context) error {
	args, err := anyArguments(c)
	if err != nil {
		return err
	}
	l := looking{seed: c.Uint64("seed"), samples: c.Int("samples"), rows: new(atomic.Int64)}
	if l.samples < 0 || l.samples > 1024 {
		return usage.Mistake(withHint(fmt.Errorf("%d samples cannot be shown", l.samples), "give --samples 0 to --samples 1024"))
	}
	if len(args) > 1 {
		return usage.Mistake(withHint(fmt.Errorf("assay dataset inspect takes one DIR, not %d arguments", len(args)), "assay dataset inspect --help says more"))
	}
	if len(args) == 1 {
		m, err := manifestOf(args[0], nil)
		if err != nil {
			return err
		}
		for _, k := range append(dataKinds(), anyRequest(m.Kind)) {
			if k.name == m.Kind {
				return showSight(c, &k, reading{dir: args[0], manifest: m}, &l)
			}
		}
		return withHint(fmt.Errorf("%s holds data of the kind %q, which this program does not have", args[0], abridge(m.Kind)), "take a newer one")
	}
	if id := c.String("request"); id != "" {
		return inspectRequest(c, id, &l)
	}
	k, err := dataKindOf(c)
	if err != nil {
		return err
	}
	return withAsked(c, func(a *asked) error {
		cfg, err := exportConfig(c, a, k, "")
		if err != nil {
			return err
		}
		return showSight(c, k, reading{asked: a, from: cfg.From, to: cfg.To}, &l)
	})
}

func showSight(c *cli.Context, k *dataKind, from reading, l *looking) error {
	stop := progress.Start(c.App.ErrWriter, func() string { return fmt.Sprintf("%d rows", l.rows.Load()) })
	sight, sample, err := k.look(c.Context, from, l)
	stop()
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(c, struct {
			*export.Sight
			Sample []json.RawMessage `json:"sample"`
		}{sight, sample})
	}
	return printSight(c, sight, sample)
}

func printSight(c *cli.Context, sight *export.Sight, sample []json.RawMessage) error {
	err := printPairs(c.App.Writer, []pair{
		{"rows", fmt.Sprint(sight.Rows)},
		{"words", fmt.Sprintf("%d to %d; 10 %% below %d, half below %d, 90 %% below %d", sight.Words.Least, sight.Words.Most, sight.Words.P10, sight.Words.P50, sight.Words.P90)},
		{"duplicates", fmt.Sprintf("%d rows are the same as one before", sight.Same)},
		{"diversity", fmt.Sprintf("%.3f of %d rows that were drawn; %d are much like another", float64(sight.Diversity)/fixed.Whole, sight.Sampled, sight.Alike)},
	})
	for i := 0; err == nil && i < len(sample); i++ {
		_, err = fmt.Fprintf(c.App.Writer, "\n%s\n", printable(string(sample[i])))
	}
	return err
}
