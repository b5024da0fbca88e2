package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/export"
	"github.com/assaynet/assay/cmd/internal/progress"
	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/api"
)

func datasetExportCommand() *cli.Command {
	var abouts []string
	for _, k := range dataKinds() {
		abouts = append(abouts, k.help)
	}
	return &cli.Command{
		Name:  "export",
		Usage: "write what the network made as JSON Lines and Parquet, with a card",
		Description: `Asks a node for the answers of some epochs, checks each against the commitment
that the ledger has, and writes them to DIR: an epoch a file, in both forms, with
README.md as Hugging Face's data sets have it, and manifest.json with the SHA-256
of every file. Epochs that are there already are not asked for again: the same
command goes on with an export that was ended, and adds new epochs to one.

   assay dataset export --kind inference --epochs 3..9 --out data
   assay dataset export --kind inference --out data --verify
   assay dataset export --request ID --out mine

` + strings.Join(abouts, "\n\n") + `

--request writes the records that one request for data paid, as soon as it is
settled; the network keeps it for some epochs more.

An epoch is exported when it and the one after it have ended: then nothing of it
changes. --verify writes nothing: it compares files and manifest, both forms with
each other, and all rows with what the node still keeps, and exits 1 where
something differs, 2 where nothing could be found out; --files leaves the node out.

JSON fields: dir, kind, chain_id, from, to, known (epochs that were there), written
(rows of this run), rows, dropped (left out, as the card says), bytes, seconds. With
--verify: epochs, rows, bytes, ledger (epochs that were compared with the node's),
gone (epochs that it does not keep any more), wrong (file, line, what); with exit
status 2: equal, which is null; error.`,
		Flags: append(queryFlags(),
			kindFlag(),
			requestFlag(),
			&cli.StringFlag{Name: "epochs", Usage: "one epoch `E`, or A..B with both ends (default: all that the node has)"},
			&cli.StringFlag{Name: "out", Usage: "write to `DIR`", DefaultText: "assay-KIND or assay-request-ID"},
			&cli.StringSliceFlag{Name: "model", Usage: "inference: write the text of this model's tokens, from `FILE`; may be repeated"},
			&cli.BoolFlag{Name: "verify", Usage: "check what is there, and write nothing", DisableDefaultText: true},
			&cli.BoolFlag{Name: "files", Usage: "with --verify: ask no node", DisableDefaultText: true},
		),
		Action: exportData,
	}
}

func kindFlag() cli.Flag {
	var names []string
	for _, k := range dataKinds() {
		names = append(names, k.name)
	}
	return &cli.StringFlag{Name: "kind", Usage: "`KIND` of data: " + strings.Join(names, ", ")}
}

func requestFlag() cli.Flag {
	return &cli.StringFlag{Name: "request", Usage: "instead of --kind: what was made for the request `ID`"}
}

// dataKindOf returns the kind that --kind or --request names.
func dataKindOf(c *cli.Context) (*dataKind, error) {
	if id := c.String("request"); id != "" {
		return dataKindOfRequest(c, id)
	}
	var names []string
	kinds := dataKinds()
	for i := range kinds {
		if kinds[i].name == c.String("kind") {
			return &kinds[i], nil
		}
		names = append(names, "--kind "+kinds[i].name)
	}
	hint := "give " + strings.Join(names, " or ")
	if c.String("kind") == "" {
		return nil, usage.Mistake(withHint(errors.New("no kind of data is given"), hint))
	}
	return nil, usage.Mistake(withHint(fmt.Errorf("there is no data of the kind %q", abridge(c.String("kind"))), hint))
}

func exportData(c *cli.Context) error {
	if _, err := arguments(c, 0, "no argument"); err != nil {
		return err
	}
	k, err := dataKindOf(c)
	if err != nil {
		return err
	}
	if text := c.String("epochs"); text != "" { // whatever the node says
		if _, _, err := parseEpochs(text); err != nil {
			return usage.Mistake(err)
		}
	}
	dir := cmp.Or(c.String("out"), "assay-"+k.dir())
	if c.Bool("files") && !c.Bool("verify") {
		return usage.Mistake(withHint(errors.New("--files is a way to check"), "give --verify, too"))
	}
	if c.Bool("verify") {
		return couldNotCheck(c, verifyData(c, k, dir))
	}
	return withAsked(c, func(a *asked) error {
		cfg, err := exportConfig(c, a, k, dir)
		if err != nil {
			return err
		}
		begun, total := time.Now(), cfg.To-cfg.From+1
		stop := progress.Start(c.App.ErrWriter, func() string {
			return fmt.Sprintf("%d of %d epochs, %d rows", cfg.Epochs.Load(), total, cfg.Rows.Load())
		})
		sum, err := k.write(c.Context, cfg, a)
		stop()
		if err != nil {
			return exportHint(err)
		}
		return printExport(c, cfg, sum, time.Since(begun))
	})
}

// exportConfig asks which network it is, and which epochs there are.
func exportConfig(c *cli.Context, a *asked, k *dataKind, dir string) (export.Config, error) {
	cfg := export.Config{Dir: dir, Kind: k.name, Card: export.Card(k.about()), Rows: new(atomic.Int64), Epochs: new(atomic.Int64)}
	var s api.Status
	if err := a.n.get(c.Context, "/v1/status", &s); err != nil {
		return cfg, err
	}
	cfg.ChainID, a.chain = s.ChainID, s.Chain
	if k.request != nil {
		return requestConfig(c.Context, a, k.request, cfg)
	}
	if err := paidKind(c.Context, a, k); err != nil {
		return cfg, err
	}
	var page api.Page[struct{}]
	// What was paid stays for good, and answers and cards do not.
	if err := a.n.get(c.Context, "/v1/tasks?limit=1", &page); err != nil {
		return cfg, err
	}
	if s.Epoch < 2 {
		return cfg, withHint(&tooEarly{s.Epoch}, "wait until epoch 2 begins")
	}
	cfg.From, cfg.To = page.OldestEpoch, s.Epoch-2
	text := c.String("epochs")
	if text == "" {
		return cfg, nil
	}
	from, to, err := parseEpochs(text)
	if err != nil {
		return cfg, usage.Mistake(err)
	}
	if to > cfg.To {
		return cfg, withHint(fmt.Errorf("epoch %d has not settled yet: the network is in epoch %d", to, s.Epoch), fmt.Sprintf("give epochs up to %d", cfg.To))
	}
	if from < cfg.From {
		return cfg, withHint(fmt.Errorf("answers and cards are kept from epoch %d on", cfg.From), "give later epochs, or ask a node that keeps more")
	}
	cfg.From, cfg.To = from, to
	return cfg, nil
}

// paidKind says that a network does not have a kind, so that there will never be
// data of it.
func paidKind(ctx context.Context, a *asked, k *dataKind) error {
	var n api.Network
	if err := a.n.get(ctx, "/v1/network", &n); err != nil {
		return err
	}
	var has []string
	for i := range n.Kinds {
		if string(n.Kinds[i].Kind) == k.name {
			return nil
		}
		has = append(has, printable(string(n.Kinds[i].Kind)))
	}
	return withHint(fmt.Errorf("the network %s does not have the kind %s", protocol.ShortChainID(a.chain), k.name), "it has "+strings.Join(has, ", ")+": give --kind one of them, or ask a node of another network")
}

// tooEarly says that there is no data of any kind yet.
type tooEarly struct{ now protocol.Epoch }

func (e *tooEarly) Error() string {
	return fmt.Sprintf("the network is in epoch %d, and no epoch has settled yet", e.now)
}

// parseEpochs reads E or A..B.
func parseEpochs(text string) (from, to protocol.Epoch, err error) {
	a, b, isRange := strings.Cut(text, "..")
	if !isRange {
		b = a
	}
	x, errA := strconv.ParseUint(a, 10, 63)
	y, errB := strconv.ParseUint(b, 10, 63)
	if errA != nil || errB != nil || x > y {
		return 0, 0, withHint(fmt.Errorf("--epochs %q is no epoch and no range", abridge(text)), "give --epochs 7 or --epochs 3..7")
	}
	return protocol.Epoch(x), protocol.Epoch(y), nil
}

// exportHint says what to do about an export that ended.
func exportHint(err error) error {
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, export.ErrOther):
		return withHint(err, "give another directory with --out")
	case errors.Is(err, export.ErrBusy):
		return withHint(err, "wait for it, or give another directory with --out")
	case errors.Is(err, export.ErrManifest):
		return withHint(err, "give the directory of an export, or another one with --out")
	case errors.Is(err, export.ErrGone):
		return withHint(err, "give later epochs, or ask a node that keeps more")
	case errors.Is(err, os.ErrPermission):
		return withHint(err, "--out takes a directory that can be written")
	}
	return withHint(err, "the same command goes on where this one ended")
}

func printExport(c *cli.Context, cfg export.Config, sum *export.Summary, took time.Duration) error {
	m := &sum.Manifest
	if c.Bool("json") {
		return printJSON(c, struct {
			Dir     string         `json:"dir"`
			Kind    string         `json:"kind"`
			ChainID string         `json:"chain_id"`
			From    protocol.Epoch `json:"from"`
			To      protocol.Epoch `json:"to"`
			Known   int            `json:"known"`
			Written int64          `json:"written"`
			Rows    int64          `json:"rows"`
			Dropped int64          `json:"dropped"`
			Bytes   int64          `json:"bytes"`
			Seconds float64        `json:"seconds"`
		}{cfg.Dir, cfg.Kind, cfg.ChainID, cfg.From, cfg.To, sum.Known, sum.Written, m.Rows(), m.Dropped(), m.Bytes(), took.Seconds()})
	}
	_, err := fmt.Fprintf(c.App.Writer, "wrote %d rows of the epochs %d to %d to %s, where %d of them were known\n%s holds %d rows of %d epochs in %d bytes; %d are left out, as its README.md says\n",
		sum.Written, cfg.From, cfg.To, cfg.Dir, sum.Known, cfg.Dir, m.Rows(), len(m.Epochs), m.Bytes(), m.Dropped())
	return err
}

// errDataDiffers ends --verify with exit status 1 after it has said what differs.
var errDataDiffers = errors.New("the data set differs")

func verifyData(c *cli.Context, k *dataKind, dir string) error {
	m, err := manifestOf(dir, k)
	if err != nil {
		return err
	}
	var rows atomic.Int64
	total := m.Rows()
	stop := progress.Start(c.App.ErrWriter, func() string { return fmt.Sprintf("%d of %d rows", rows.Load(), total) })
	defer stop()
	if c.Bool("files") {
		r, err := k.verify(c.Context, dir, m, nil, &rows)
		if err != nil {
			return err
		}
		stop()
		return printReport(c, r)
	}
	return withAsked(c, func(a *asked) error {
		var s api.Status
		if err := a.n.get(c.Context, "/v1/status", &s); err != nil {
			return err
		}
		if a.chain = s.Chain; s.ChainID != m.ChainID {
			return withHint(fmt.Errorf("%s is of the network %s, and the node of %s", dir, m.ChainID, s.ChainID), "ask a node of that network, or give --files to compare the files alone")
		}
		r, err := k.verify(c.Context, dir, m, a, &rows)
		if err != nil {
			return err
		}
		stop()
		return printReport(c, r)
	})
}

// manifestOf reads the manifest of a data set of a kind.
func manifestOf(dir string, k *dataKind) (*export.Manifest, error) {
	m, err := export.ReadManifest(dir)
	if err != nil {
		return nil, exportHint(err)
	}
	if k != nil && m.Kind != k.name {
		return nil, withHint(fmt.Errorf("%s holds data of the kind %s", dir, m.Kind), "give --kind "+m.Kind)
	}
	return m, nil
}

func printReport(c *cli.Context, r *export.Report) error {
	var err error
	if c.Bool("json") {
		err = printJSON(c, r)
	} else {
		var b strings.Builder
		fmt.Fprintf(&b, "%d rows of %d epochs in %d bytes; %d epochs compared with what the node keeps\n", r.Rows, r.Epochs, r.Bytes, r.Ledger)
		if len(r.Gone) > 0 {
			fmt.Fprintf(&b, "%d epochs are not kept any more, %d the last of them: of those only the files were compared\n", len(r.Gone), r.Gone[len(r.Gone)-1])
		}
		for _, w := range r.Wrong {
			fmt.Fprintf(&b, "%s, line %d: %s\n", w.File, w.Line, w.What)
		}
		_, err = c.App.Writer.Write([]byte(b.String()))
	}
	if err == nil && len(r.Wrong) > 0 {
		return errDataDiffers
	}
	return err
}
