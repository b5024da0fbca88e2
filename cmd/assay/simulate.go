package main

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
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
	"github.com/assaynet/assay/protocol/params"
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
way that pays them best; the part of honest raters that are paid; the
correlation of their skill and pay; and the part of its dividend that the duty to
set pairs leaves to a setter that withholds or inverts, in the demo's network.
Then, what is remembered from epoch to epoch. Scenario, seed and number of worlds decide the table; the seed is printed.
The exit status is 1 where a demand of the scenario does not hold.

   assay simulate-raters --print-scenario > scenario.toml
   assay simulate-raters --scenario scenario.toml --svg plot.svg

JSON fields: seed, worlds, rows (a case each: case, seats, raters, auc, pay, paid,
correlation, setter, cheat and noise that pay best, tried, demand, holds), memory (keep
rates, and of each epoch paid, correlation, clique, sleepers).`,
		Flags:  simulationFlags(),
		Action: simulateRaters,
	}
}

// simulationFlags are the flags of every simulation.
func simulationFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "scenario", Usage: "TOML `FILE` of the scenario (default: the one that ships)"},
		&cli.BoolFlag{Name: "print-scenario", Usage: "print the scenario that ships, and do nothing else", DisableDefaultText: true},
		&cli.Uint64Flag{Name: "seed", Usage: "begin with the seed `N`", DefaultText: "drawn, and printed"},
		&cli.IntFlag{Name: "worlds", Value: 200, Usage: "`N` worlds of each case and way to cheat"},
		&cli.IntFlag{Name: "threads", Usage: "`N` threads; they change no result", DefaultText: "one for each processor"},
		&cli.StringFlag{Name: "svg", Usage: "write the plot to `FILE`, too"},
		&cli.BoolFlag{Name: "json", Usage: "print one JSON object", DisableDefaultText: true},
	}
}

func simulateRaters(c *cli.Context) error {
	return simulate(c, raters.Shipped(), func(s *simulation, text []byte) (report, error) {
		cfg := raters.Config{Params: preference.Default(), Kinds: params.Demo().Kinds, Seed: s.seed, Worlds: s.worlds, Threads: s.threads, Done: new(atomic.Int64)}
		var err error
		if cfg.Scenario, err = raters.Read(text); err != nil {
			return nil, err
		}
		defer s.progress(c, cfg.Done, cfg.Count())()
		return raters.Run(c.Context, cfg)
	})
}

// report is what a simulation comes to.
type report interface {
	Tables() [][][]string // each with its head first
	SVG() ([]byte, error) // nil where there is nothing to plot
	Text(colours bool) string
	Failed() int  // demands that do not hold
	Demands() int // all
}

// simulation is what the flags of one say.
type simulation struct {
	seed            uint64
	worlds, threads int
}

// simulate reads the flags, runs a simulation of the scenario's text, and shows
// what came of it.
func simulate(c *cli.Context, shipped []byte, run func(s *simulation, text []byte) (report, error)) error {
	if _, err := arguments(c, 0, "no argument"); err != nil {
		return err
	}
	if c.Bool("print-scenario") {
		_, err := c.App.Writer.Write(shipped)
		return err
	}
	s, err := simulationOf(c)
	if err != nil {
		return err
	}
	text, name := shipped, "the scenario that ships"
	if file := c.String("scenario"); file != "" {
		if text, err = readText(c, file, "a scenario", maxScenario); err != nil {
			return readHint(err, "--scenario takes a TOML file; --print-scenario prints one")
		}
		name = inputName(file)
	}
	r, err := run(s, text)
	switch {
	case errors.Is(err, raters.ErrScenario):
		return withHint(fmt.Errorf("read %s: %w", name, err), "--print-scenario prints one that says what its fields mean")
	case err != nil:
		return err
	}
	if err := showReport(c, s, r); err != nil {
		return err
	}
	if n := r.Failed(); n > 0 {
		return withHint(fmt.Errorf("%d of %d demands do not hold", n, r.Demands()), "they are marked FAILS in the table, and have holds false in JSON")
	}
	return nil
}

// simulationOf reads the flags.
func simulationOf(c *cli.Context) (*simulation, error) {
	const most = 1 << 20
	s := &simulation{seed: c.Uint64("seed"), worlds: c.Int("worlds"), threads: c.Int("threads")}
	if s.worlds < 1 || s.worlds > most || s.threads < 0 {
		return nil, fmt.Errorf("worlds are 1 to %d, and threads 1 or more", most)
	}
	if s.threads == 0 {
		s.threads = runtime.GOMAXPROCS(0)
	}
	if !c.IsSet("seed") {
		var b [4]byte // short enough to write down
		_, _ = rand.Read(b[:])
		s.seed = uint64(binary.BigEndian.Uint32(b[:]))
	}
	return s, nil
}

// progress shows how many worlds are made.
func (*simulation) progress(c *cli.Context, done *atomic.Int64, total int) (stop func()) {
	return progress.Start(c.App.ErrWriter, func() string { return fmt.Sprintf("%d of %d worlds", done.Load(), total) })
}

func showReport(c *cli.Context, s *simulation, r report) error {
	if file := c.String("svg"); file != "" {
		svg, err := r.SVG()
		if err != nil {
			return err
		}
		if svg == nil {
			return withHint(fmt.Errorf("there is nothing to plot"), "the plot shows the cases of the scenario that try several shares")
		}
		if err := writeFile(file, func(w io.Writer) error { _, err := w.Write(svg); return err }); err != nil {
			return withHint(err, "--svg takes a path that can be written")
		}
	}
	if c.Bool("json") {
		return printJSON(c, r)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "seed %d, %d worlds of each case\n", s.seed, s.worlds)
	for _, t := range r.Tables() {
		b.WriteString("\n")
		leftTable(&b, t)
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
