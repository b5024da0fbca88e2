package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/export"
	"github.com/assaynet/assay/cmd/internal/history"
	"github.com/assaynet/assay/cmd/internal/progress"
	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
)

func exportCommand() *cli.Command {
	return &cli.Command{
		Name:  "export",
		Usage: "write a network's history as Parquet and JSON Lines, for DuckDB and pandas",
		Description: `Asks a node for what it keeps of some epochs, and writes it to DIR as tables, an epoch
a file, in both forms:

   payments   what each epoch paid to each seat
   weights    each entry of the rows that validators opened
   scores     what the asked validator counted, and made of it
   tasks      what seats were asked and answered, and who was drawn to judge it
   answers    the answers, with the bytes that miners signed
   cards      what judges found, with the bytes that they signed

   assay export --epoch 3..9 --out history
   duckdb -c "SELECT uid, sum(total) FROM 'history/payments/data/*.parquet' GROUP BY uid"
   python3 -c "import pandas; print(pandas.read_parquet('history/scores/data/epoch-00000003.parquet'))"

Epochs that are there already are not asked for again: the same command goes on with an
export that was ended, and adds new epochs to one. Tables begin where the node's records
do, which is said. The payments of an epoch must add up to what the ledger's record of
it says. manifest.json has the SHA-256 of each table's manifest, which has those of its
files, the block and state hash that the node had, and for each epoch the block after
which nothing of it changes, and the hash of the state there.

An epoch is exported when it and the one after it have ended: then nothing of it
changes. --verify writes nothing: it compares files and manifests, both forms with each
other, and all rows with what the node still keeps, and exits 1 where something
differs, 2 where nothing could be found out; --files leaves the node out.

With --audit it believes no node: it carries out all blocks of a file again, and compares
the rows with the ledger that comes out. Payments, weights and tasks are compared whole,
but for times, which no state has; answers and cards by their signatures and by what the
ledger has of them; of scores whose seats they are, and whose opened weights. What the
ledger does not have is said. That the blocks are those of the network that you know
shows the hash of a state: of a block between the end of the epoch behind an exported one
and the end of the retention, from a node that you trust (GET /v1/state-hash?height=N),
or all at once from the node that --node names.

   assay audit export network.audit
   assay export --out history --verify --audit network.audit --node http://trusted:9660

JSON fields: dir, chain_id, checkpoint, app_hash, written (rows of this run), seconds,
tables (table, from, to, rows, bytes, sha256). With --verify: rows, bytes, ledger (epochs
of tables that were compared with the node's), gone, wrong (file, line, what); with exit
status 2: equal, which is null; error. With --audit: dir, chain_id, blocks, state (hash
after the last), final (epoch, height, app_hash), trusted (height, app_hash, by: flag or
node), unbound (epochs that none of these binds), rows, bytes, tables (table, epochs, rows,
proven, missing, beyond: epochs that are final behind the file's last block, gaps: epochs
that are not there, open: columns that no state has, by: validators whose weights the
scores have), wrong, audit (hash of the file), seconds.`,
		Flags: append(queryFlags(),
			&cli.StringFlag{Name: "epoch", Usage: "one epoch `E`, or A..B, latest, -20.. for the last twenty (default: all that the node has)"},
			&cli.StringFlag{Name: "out", Value: "assay-history", Usage: "write to `DIR`"},
			&cli.StringSliceFlag{Name: "table", Usage: "only this `TABLE`; may be repeated", DefaultText: "all"},
			&cli.BoolFlag{Name: "verify", Usage: "check what is there, and write nothing", DisableDefaultText: true},
			&cli.BoolFlag{Name: "files", Usage: "with --verify: ask no node", DisableDefaultText: true},
			&cli.StringFlag{Name: "audit", Usage: "with --verify: compare with the blocks in `FILE`, which assay audit export wrote; - is standard input"},
			&cli.StringSliceFlag{Name: "state-hash", Usage: "with --audit: `HASH` of a state that the blocks must come to; may be repeated", DefaultText: "none"},
		),
		Action: exportHistory,
	}
}

func exportHistory(c *cli.Context) error {
	if _, err := arguments(c, 0, "no argument"); err != nil {
		return err
	}
	tables, err := tablesOf(c.StringSlice("table"))
	if err != nil {
		return usage.Mistake(err)
	}
	switch {
	case c.Bool("files") && !c.Bool("verify"):
		return usage.Mistake(withHint(errors.New("--files is a way to check"), "give --verify, too"))
	case c.String("audit") != "" && !c.Bool("verify"):
		return usage.Mistake(withHint(errors.New("--audit is a way to check"), "give --verify, too"))
	case c.IsSet("state-hash") && c.String("audit") == "":
		return usage.Mistake(withHint(errors.New("--state-hash is of blocks"), "give --audit FILE, too"))
	case c.String("audit") != "":
		return couldNotCheck(c, proveHistory(c, tables))
	case c.Bool("files"):
		return couldNotCheck(c, verifyHistory(c, tables, nil))
	case c.Bool("verify"):
		return couldNotCheck(c, withNode(c, func(n *client) error { return verifyHistory(c, tables, n) }))
	}
	return withNode(c, func(n *client) error { return writeHistory(c, tables, n) })
}

// tablesOf returns the tables of these names, or all.
func tablesOf(names []string) ([]history.Table, error) {
	all := history.Tables()
	if len(names) == 0 {
		return all, nil
	}
	var known []string
	for _, t := range all {
		known = append(known, t.Name)
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, withHint(fmt.Errorf("there is no table %q", abridge(name)), "there are "+strings.Join(known, ", "))
		}
	}
	return slices.DeleteFunc(all, func(t history.Table) bool { return !slices.Contains(names, t.Name) }), nil
}

// writeHistory writes the tables, one after the other.
func writeHistory(c *cli.Context, tables []history.Table, n *client) error {
	var s api.Status
	if err := n.get(c.Context, "/v1/status", &s); err != nil {
		return err
	}
	if s.Epoch < 2 {
		return withHint(&tooEarly{s.Epoch}, "wait until epoch 2 begins")
	}
	cfg := export.Config{Dir: c.String("out"), ChainID: s.ChainID, Rows: new(atomic.Int64), Epochs: new(atomic.Int64)}
	if err := os.MkdirAll(cfg.Dir, 0o755); err != nil {
		return exportHint(err)
	}
	if err := history.Fits(cfg.Dir, s.ChainID); err != nil {
		return exportHint(err)
	}
	begun := time.Now()
	var written int64
	var total atomic.Int64
	stop := progress.Start(c.App.ErrWriter, func() string {
		return fmt.Sprintf("%d of %d epochs of tables, %d rows", cfg.Epochs.Load(), total.Load(), cfg.Rows.Load())
	})
	defer stop()
	var err error
	for i := range tables {
		one := cfg
		why, err := tableSpan(c, n, &tables[i], s.Epoch-2, &one)
		if err != nil {
			return err
		}
		if why != "" {
			stop()
			note(c, "%s", why)
			continue
		}
		total.Add(int64(one.To-one.From) + 1)
		sum, err := tables[i].Write(c.Context, one, &lists{n})
		if err != nil {
			stop()
			return exportHint(fmt.Errorf("%s: %w", tables[i].Name, err))
		}
		written += sum.Written
	}
	m := &history.Manifest{ChainID: s.ChainID, Checkpoint: s.Checkpoint.String(), Height: s.Height, StateHash: s.AppHash}
	if m.States, err = finalStates(c, n, cfg.Dir, s.ChainID); err != nil {
		return exportHint(err)
	}
	stop()
	if err := history.WriteManifest(cfg.Dir, m); err != nil {
		return exportHint(err)
	}
	return printHistory(c, m, written, time.Since(begun))
}

// listOf is the list that a table is made of, and its name for a person.
func listOf(table string) (path string) {
	switch table {
	case "payments":
		return "/v1/emissions"
	case "weights", "scores":
		return "/v1/" + table
	}
	return "/v1/tasks"
}

// tableSpan finds the epochs of a table that there are and that are wanted; why
// says that there are none.
func tableSpan(c *cli.Context, n *client, t *history.Table, last protocol.Epoch, cfg *export.Config) (why string, err error) {
	q := url.Values{"limit": {"1"}}
	var page api.Page[struct{}]
	err = n.get(c.Context, listOf(t.Name)+"?"+q.Encode(), &page)
	if p, ok := errors.AsType[*api.Problem](err); ok && p.Name() == api.ProblemNotKept {
		return fmt.Sprintf("%s are left out: %s", t.Name, p.Error()), nil
	}
	if err != nil {
		return "", err
	}
	cfg.From, cfg.To = page.OldestEpoch, last
	if text := c.String("epoch"); text != "" {
		var list api.Page[api.Epoch]
		first, newest := url.Values{"epoch": {text}, "limit": {"1"}}, url.Values{"epoch": {text}, "limit": {"1"}, "order": {"newest"}}
		for _, q := range []url.Values{first, newest} {
			if err := n.get(c.Context, "/v1/epochs?"+q.Encode(), &list); err != nil {
				return "", fmt.Errorf("--epoch: %w", err)
			}
			if len(list.Items) == 0 {
				return "", usage.Mistake(withHint(fmt.Errorf("there is no epoch %q yet", abridge(text)), "assay epochs lists those that there are"))
			}
			if q.Get("order") == "" {
				cfg.From = max(cfg.From, list.Items[0].Epoch)
				if list.Items[0].Epoch < page.OldestEpoch {
					note(c, "the %s begin at epoch %d: of the epochs before, this node has none", t.Name, page.OldestEpoch)
				}
			} else {
				cfg.To = min(last, list.Items[0].Epoch)
			}
		}
	}
	if cfg.From > cfg.To {
		return fmt.Sprintf("%s are left out: none of these epochs has settled and is kept; the last settled one is %d", t.Name, last), nil
	}
	return "", nil
}

// lists implements [history.Node].
type lists struct{ n *client }

func (l *lists) Tasks(ctx context.Context, e protocol.Epoch, yield func(*api.Task) error) error {
	return pages(ctx, l.n, "/v1/tasks", url.Values{}, e, yield)
}

func (l *lists) Scores(ctx context.Context, e protocol.Epoch, yield func(*api.Score) error) error {
	return pages(ctx, l.n, "/v1/scores", url.Values{}, e, yield)
}

func (l *lists) Weights(ctx context.Context, e protocol.Epoch, yield func(*api.Weight) error) error {
	return pages(ctx, l.n, "/v1/weights", url.Values{}, e, yield)
}

func (l *lists) Payments(ctx context.Context, e protocol.Epoch, yield func(*api.Emission) error) error {
	return pages(ctx, l.n, "/v1/emissions", url.Values{}, e, yield)
}

func (l *lists) Epoch(ctx context.Context, e protocol.Epoch) (*api.Epoch, error) {
	var out *api.Epoch
	err := pages(ctx, l.n, "/v1/epochs", url.Values{}, e, func(x *api.Epoch) error {
		out = x
		return nil
	})
	if err == nil && out == nil {
		err = fmt.Errorf("%s has no record of epoch %d", l.n.url, e)
	}
	return out, err
}

func printHistory(c *cli.Context, m *history.Manifest, written int64, took time.Duration) error {
	dir := c.String("out")
	if c.Bool("json") {
		return printJSON(c, struct {
			Dir        string          `json:"dir"`
			ChainID    string          `json:"chain_id"`
			Checkpoint string          `json:"checkpoint"`
			StateHash  protocol.Hash   `json:"app_hash"`
			Written    int64           `json:"written"`
			Seconds    float64         `json:"seconds"`
			Tables     []history.Entry `json:"tables"`
		}{dir, m.ChainID, m.Checkpoint, m.StateHash, written, took.Seconds(), m.Tables})
	}
	rows := [][]string{{"table", "epochs", "rows", "bytes"}}
	for _, t := range m.Tables {
		rows = append(rows, []string{t.Table, num(t.From) + ".." + num(t.To), fmt.Sprint(t.Rows), fmt.Sprint(t.Bytes)})
	}
	if err := printTable(c.App.Writer, rows); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.App.Writer, "wrote %d rows to %s\n", written, dir)
	return err
}

// verifyHistory reads the tables again; nil asks no node.
func verifyHistory(c *cli.Context, tables []history.Table, n *client) error {
	dir := c.String("out")
	m, err := history.ReadManifest(dir)
	if err != nil {
		return withHint(err, "give the directory of an export with --out")
	}
	var from history.Node
	if n != nil {
		var s api.Status
		if err := n.get(c.Context, "/v1/status", &s); err != nil {
			return err
		}
		if s.ChainID != m.ChainID {
			return withHint(fmt.Errorf("%s is of the network %s, and the node of %s", dir, m.ChainID, s.ChainID), "ask a node of that network, or give --files to compare the files alone")
		}
		from = &lists{n}
	}
	all := &export.Report{Gone: []protocol.Epoch{}, Wrong: []export.Wrong{}}
	differs, err := m.Differs(dir)
	if err != nil {
		return err
	}
	for _, what := range differs {
		all.Wrong = append(all.Wrong, export.Wrong{File: "manifest.json", What: what})
	}
	var rows atomic.Int64
	stop := progress.Start(c.App.ErrWriter, func() string { return fmt.Sprintf("%d rows", rows.Load()) })
	defer stop()
	for i := range tables {
		if !slices.ContainsFunc(m.Tables, func(e history.Entry) bool { return e.Table == tables[i].Name }) {
			continue
		}
		r, err := tables[i].Verify(c.Context, dir, from, &rows)
		if err != nil {
			return exportHint(fmt.Errorf("%s: %w", tables[i].Name, err))
		}
		all.Epochs, all.Rows, all.Bytes, all.Ledger = all.Epochs+r.Epochs, all.Rows+r.Rows, all.Bytes+r.Bytes, all.Ledger+r.Ledger
		all.Gone = append(all.Gone, r.Gone...)
		for _, w := range r.Wrong {
			w.File = tables[i].Name + "/" + w.File
			all.Wrong = append(all.Wrong, w)
		}
	}
	stop()
	return printReport(c, all)
}
