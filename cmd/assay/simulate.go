package main

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync/atomic"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/input"
	"github.com/assaynet/assay/cmd/internal/progress"
	"github.com/assaynet/assay/cmd/internal/raters"
	"github.com/assaynet/assay/scoring/preference"
)

// maxScenario bounds a scenario's file.
const maxScenario = 1 << 20

func simulateRatersCommand() *cli.Command {
	return &cli.Command{
		Name:  "simulate-raters",
		Usage: "show what the score of preference data pays to honest people and to cheats",
		Description: `Makes worlds of raters, scores each as the network does, and shows for every
case, on average over its worlds: AUC, how often an honest rater is paid more
than a cheat; pay/work, the cheats' share of pay by their share of work, in the
way that pays them best; the part of honest raters that are paid; and the
correlation of their skill and pay. Then, what is remembered from epoch to
epoch. Scenario, seed and number of worlds decide the table; the seed is printed.
The exit status is 1 where a demand of the scenario does not hold.

   assay simulate-raters --print-scenario > scenario.toml
   assay simulate-raters --scenario scenario.toml --svg plot.svg

JSON fields: seed, worlds, rows (a case each: case, seats, raters, auc, pay, paid,
correlation, cheat and noise that pay best, tried, demand, holds), memory (keep
rates, and of each epoch paid, correlation, clique, sleepers).`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "scenario", Usage: "TOML `FILE` of the scenario (default: the one that ships)"},
			&cli.BoolFlag{Name: "print-scenario", Usage: "print the scenario that ships, and do nothing else", DisableDefaultText: true},
			&cli.Uint64Flag{Name: "seed", Usage: "begin with the seed `N`", DefaultText: "drawn, and printed"},
			&cli.IntFlag{Name: "worlds", Value: 200, Usage: "`N` worlds of each case and way to cheat"},
			&cli.IntFlag{Name: "threads", Usage: "`N` threads; they change no result", DefaultText: "one for each processor"},
			&cli.StringFlag{Name: "svg", Usage: "write the plot to `FILE`, too"},
			&cli.BoolFlag{Name: "json", Usage: "print one JSON object", DisableDefaultText: true},
		},
		Action: simulateRaters,
	}
}

func simulateRaters(c *cli.Context) error {
	if _, err := arguments(c, 0, "no argument"); err != nil {
		return err
	}
	if c.Bool("print-scenario") {
		_, err := c.App.Writer.Write(raters.Shipped())
		return err
	}
	cfg, err := simulation(c)
	if err != nil {
		return err
	}
	total := cfg.Count()
	stop := progress.Start(c.App.ErrWriter, func() string { return fmt.Sprintf("%d of %d worlds", cfg.Done.Load(), total) })
	report, err := raters.Run(c.Context, cfg)
	stop()
	if err != nil {
		return err
	}
	if err := showReport(c, report); err != nil {
		return err
	}
	if n := report.Failed(); n > 0 {
		return withHint(fmt.Errorf("%d of %d demands do not hold", n, demands(report)), "they are marked FAILS in the table, and have holds false in JSON")
	}
	return nil
}

func demands(r *raters.Report) (n int) {
	for i := range r.Rows {
		if r.Rows[i].Demand != "" {
			n++
		}
	}
	return n
}

// simulation reads the flags.
func simulation(c *cli.Context) (raters.Config, error) {
	const most = 1 << 20
	cfg := raters.Config{
		Params: preference.Default(), Seed: c.Uint64("seed"), Worlds: c.Int("worlds"), Threads: c.Int("threads"), Done: new(atomic.Int64),
	}
	if cfg.Worlds < 1 || cfg.Worlds > most || cfg.Threads < 0 {
		return cfg, fmt.Errorf("worlds are 1 to %d, and threads 1 or more", most)
	}
	if cfg.Threads == 0 {
		cfg.Threads = runtime.GOMAXPROCS(0)
	}
	if !c.IsSet("seed") {
		var b [4]byte // short enough to write down
		_, _ = rand.Read(b[:])
		cfg.Seed = uint64(binary.BigEndian.Uint32(b[:]))
	}
	text, name := raters.Shipped(), "the scenario that ships"
	if file := c.String("scenario"); file != "" {
		var err error
		if text, err = readText(c, file, "a scenario", maxScenario); err != nil {
			return cfg, readHint(err, "--scenario takes a TOML file; --print-scenario prints one")
		}
		name = inputName(file)
	}
	var err error
	if cfg.Scenario, err = raters.Read(text); err != nil {
		return cfg, withHint(fmt.Errorf("read %s: %w", name, err), "--print-scenario prints one that says what its fields mean")
	}
	return cfg, nil
}

func showReport(c *cli.Context, r *raters.Report) error {
	if file := c.String("svg"); file != "" {
		svg, err := r.SVG()
		if err != nil {
			return err
		}
		if svg == nil {
			return withHint(fmt.Errorf("there is nothing to plot"), "the plot shows the cases of the scenario that try noise")
		}
		if err := writeFile(file, func(w io.Writer) error { _, err := w.Write(svg); return err }); err != nil {
			return withHint(err, "--svg takes a path that can be written")
		}
	}
	if c.Bool("json") {
		return printJSON(c, r)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "seed %d, %d worlds of each case\n\n", r.Seed, r.Worlds)
	leftTable(&b, r.Table())
	if m := r.MemoryTable(); m != nil {
		b.WriteString("\n")
		leftTable(&b, m)
	}
	w, _ := c.App.Writer.(io.Reader)
	if plot := r.Text(w != nil && input.Terminal(w) != nil); plot != "" {
		b.WriteString("\n" + plot + "\n")
	}
	_, err := c.App.Writer.Write(b.Bytes())
	return err
}

// leftTable writes rows in columns that begin at the left, as words want.
func leftTable(b *bytes.Buffer, rows [][]string) {
	var text bytes.Buffer
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		_, _ = fmt.Fprintln(w, strings.Join(row, "\t")) // into memory
	}
	_ = w.Flush()
	for line := range strings.Lines(text.String()) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
}
