package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"sync/atomic"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/input"
	"github.com/assaynet/assay/cmd/internal/progress"
	"github.com/assaynet/assay/cmd/internal/records"
	families "github.com/assaynet/assay/protocol/task/synthetic"
	"github.com/assaynet/assay/scoring/synthetic"
	"github.com/assaynet/assay/scoring/synthetic/gramset"
	"github.com/assaynet/assay/scoring/synthetic/index"
	"github.com/assaynet/assay/scoring/synthetic/sandbox"
)

func syntheticScorer() scorer {
	return scorer{kind: "synthetic", score: scoreSynthetic, about: `synthetic: one line is the specification of a request,

   {"specification": {"count": 100, "price": 5000, "maximum": 500000, "beacon": "64 hex digits",
    "topic": "...", "schema": {...}, "run": ["code", "tests"], "sets": ["..."], "examples": ["..."]}}

and every other a record that was committed to for it:

   {"record": "64 hex digits", "maker": 3, "block": 812, "text": "...", "seed": "64 hex digits"}

price and maximum are in base units; all after beacon may be left out. With a
schema (JSON Schema 2020-12, no references beyond itself, none in a circle) a
record's text is JSON; run names fields that make a Python program, which must
end without an error in the sandbox. Instead of a schema, family is arithmetic,
extraction, code, instruction or dialogue: the text answers the prompt of the
record's seed. sets are SHA-256 of files that --set gives. Records count in the
order of their blocks, and within a block by the beacon.

JSON fields, one object for each record in that order: record, maker, block,
failed (the gates that it did not pass), words, distinct, commonest, overlap,
private, alike, novelty, diversity, pay (base units), reason (why it is not paid;
full: the request had all it asked for), checks. Shares are in 65536ths.`}
}

// syntheticFlags are the flags of score that the kind synthetic alone has.
func syntheticFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "set", Usage: "synthetic: a set that the specification names, from `FILE` (assay dataset grams makes one); may be repeated"},
		&cli.StringFlag{Name: "window", Usage: "synthetic: what stands in the index in `DIR` is not new"},
		&cli.BoolFlag{Name: "remember", Usage: "synthetic: add the records that are paid to the index of --window", DisableDefaultText: true},
	}
}

func scoreSynthetic(c *cli.Context, file string) (err error) {
	sets, err := readSets(c)
	if err != nil {
		return err
	}
	config := synthetic.Config{Rules: synthetic.Default(), Sets: sets}
	window, closeWindow, err := openWindow(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeWindow()) }()
	var accepted []index.Entry
	if window != nil {
		config.Window = window
	}
	if c.Bool("remember") {
		config.Accepted = func(e index.Entry) { accepted = append(accepted, e) }
	}
	run, closeSandbox := runner(c.Context)
	defer func() { err = errors.Join(err, closeSandbox()) }()
	config.Run = run
	list, total, err := judgeFile(c, config, file)
	if err != nil {
		return err
	}
	if err := printJudgements(c, list, total); err != nil || window == nil {
		return err
	}
	for part := range slices.Chunk(accepted, 4096) {
		if err := window.Add(part); err != nil {
			return err
		}
	}
	return nil
}

// readSets reads the sets of --set.
func readSets(c *cli.Context) ([]*gramset.Set, error) {
	var sets []*gramset.Set
	for _, path := range c.StringSlice("set") {
		var s *gramset.Set
		err := input.Stream(c.Context, c.App.Reader, path, func(r io.Reader) (err error) {
			s, err = gramset.Read(r)
			return err
		})
		if err != nil {
			return nil, withHint(fmt.Errorf("read %s: %w", inputName(path), err), "--set takes a file that assay dataset grams wrote")
		}
		sets = append(sets, s)
	}
	return sets, nil
}

// openWindow opens the index of --window; nil without one.
func openWindow(c *cli.Context) (*index.Disk, func() error, error) {
	dir := c.String("window")
	if dir == "" {
		if c.Bool("remember") {
			return nil, nil, withHint(errors.New("there is nothing to remember in"), "give --window DIR")
		}
		return nil, func() error { return nil }, nil
	}
	db, d, err := index.Open(dir, "synthetic")
	if err != nil {
		return nil, nil, withHint(err, "--window takes a directory of its own, which no other program uses")
	}
	return d, db.Close, nil
}

// runner returns what runs programs, which opens the sandbox when one comes.
func runner(ctx context.Context) (families.Runner, func() error) {
	var box *sandbox.Sandbox
	run := func(program string) (string, bool) {
		if box == nil {
			var err error
			if box, err = sandbox.New(ctx, sandbox.Compiler, sandbox.Fuel); err != nil {
				panic(err) // the interpreter is a constant
			}
		}
		output, ok, err := box.Passes(ctx, program)
		if err != nil {
			panic(err) // a mistake of the sandbox, not of the program
		}
		return output, ok
	}
	return run, func() error {
		if box == nil {
			return nil
		}
		return box.Close(ctx)
	}
}

// judgeFile scans a file and judges its records. Standard input is kept in a file
// meanwhile, for it is read twice.
func judgeFile(c *cli.Context, config synthetic.Config, file string) ([]synthetic.Judgement, synthetic.Total, error) {
	var judged, scanned atomic.Uint64
	stop := progress.Start(c.App.ErrWriter, func() string {
		return fmt.Sprintf("%d lines read, %d records judged", scanned.Load(), judged.Load())
	})
	defer stop()
	f, name, remove, err := seekable(c, file)
	if err != nil {
		return nil, synthetic.Total{}, withHint(err, "give a FILE of JSON Lines, or - for standard input")
	}
	defer remove()
	wrong := func(err error) ([]synthetic.Judgement, synthetic.Total, error) {
		if errors.Is(err, context.Canceled) {
			return nil, synthetic.Total{}, err
		}
		return nil, synthetic.Total{}, recordHint(fmt.Errorf("read %s: %w", name, err))
	}
	scan, err := records.Scan(stopped{c.Context, f}, func() { scanned.Add(1) })
	if err != nil {
		return wrong(err)
	}
	config.Specification = scan.Specification
	j, err := synthetic.NewJudge(config)
	if err != nil {
		return wrong(err)
	}
	err = scan.Each(f, func(r *synthetic.Record) error {
		judged.Add(1)
		return errors.Join(c.Err(), j.Judge(r))
	})
	if err != nil {
		return wrong(err)
	}
	list, total := j.Finish()
	return list, total, nil
}

// stopped is a reader that ends with its context.
type stopped struct {
	ctx context.Context //nolint:containedctx // it lives as long as one call
	r   io.Reader
}

func (s stopped) Read(b []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.r.Read(b)
}

// seekable opens a file, or copies what is none into one that is gone afterwards.
func seekable(c *cli.Context, path string) (f *os.File, name string, remove func(), err error) {
	if path != "-" {
		if info, err := os.Stat(path); err != nil || info.Mode().IsRegular() {
			f, err := os.Open(path)
			return f, inputName(path), func() { _ = f.Close() }, err
		}
	}
	f, err = os.CreateTemp("", "assay-records-*")
	if err != nil {
		return nil, "", nil, err
	}
	remove = func() { _, _ = f.Close(), os.Remove(f.Name()) }
	err = input.Stream(c.Context, c.App.Reader, path, func(r io.Reader) error {
		_, err := io.Copy(f, r)
		return err
	})
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		remove()
	}
	return f, inputName(path), remove, err
}

// recordHint says what to do about a file that is refused.
func recordHint(err error) error {
	switch {
	case errors.Is(err, synthetic.ErrSet):
		return withHint(err, "give the file of each set that the specification names, with --set")
	case errors.Is(err, records.ErrLong):
		return withHint(err, "a line holds one record, of at most 32 KiB of text, or the specification")
	}
	return withHint(err, "assay dataset score --help shows the lines")
}

func printJudgements(c *cli.Context, list []synthetic.Judgement, total synthetic.Total) error {
	if c.Bool("json") {
		e := json.NewEncoder(c.App.Writer)
		e.SetEscapeHTML(false)
		for i := range list {
			if err := e.Encode(&list[i]); err != nil {
				return err
			}
		}
		return nil
	}
	table := [][]string{{"MAKER", "RECORDS", "PAID", "BASE UNITS"}}
	type sum struct {
		records, paid int
		units         uint64
	}
	sums := map[uint32]*sum{}
	var makers []uint32
	for i := range list {
		m := &list[i]
		if sums[m.Maker] == nil {
			sums[m.Maker] = &sum{}
			makers = append(makers, m.Maker)
		}
		s := sums[m.Maker]
		s.records++
		s.units += m.Pay
		if m.Reason == "" {
			s.paid++
		}
	}
	slices.Sort(makers)
	for _, k := range makers {
		s := sums[k]
		table = append(table, []string{strconv.FormatUint(uint64(k), 10), strconv.Itoa(s.records), strconv.Itoa(s.paid), strconv.FormatUint(s.units, 10)})
	}
	if err := printTable(c.App.Writer, table); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.App.Writer, "%d of %d records are paid %d base units; %d go back to the requester\n", total.Accepted, total.Records, total.Paid, total.Returned)
	for _, g := range synthetic.Gates() {
		if n := total.Failed[g]; err == nil && n > 0 {
			_, err = fmt.Fprintf(c.App.Writer, "%6d not paid: %s\n", n, g)
		}
	}
	return err
}
