package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/input"
	"github.com/assaynet/assay/cmd/internal/progress"
	"github.com/assaynet/assay/cmd/internal/records"
	"github.com/assaynet/assay/scoring/synthetic"
	"github.com/assaynet/assay/scoring/synthetic/gramset"
	"github.com/assaynet/assay/scoring/synthetic/index"
	"github.com/assaynet/assay/scoring/synthetic/sandbox"
)

func syntheticScorer() scorer {
	return scorer{kind: "synthetic", flags: syntheticFlags(), score: scoreSynthetic, about: `synthetic: one line is the specification of a request,

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
order of their blocks, and within a block by the beacon. However long the file is,
memory holds some 300 bytes a record and a bit for each run of words that comes
twice; ten bytes for each run of words go to files in TMPDIR while it runs.

JSON fields, one object for each record in that order: record, maker, block,
failed (the gates that it did not pass), words, distinct, commonest, overlap,
private, alike, novelty, skeleton, diversity, pay (base units), reason (why it is
not paid; full: the request had all it asked for), checks. Shares are in 65536ths.`}
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
	// What is kept of a large file holds no pointers: to collect often costs little,
	// and there is never much more memory than what is in use.
	defer debug.SetGCPercent(debug.SetGCPercent(25))
	config := synthetic.Config{Rules: synthetic.Default(), Sets: sets}
	window, closeWindow, err := openWindow(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeWindow()) }()
	if window != nil {
		config.Window = window
	}
	box := &programs{ctx: c.Context}
	defer func() { err = errors.Join(err, box.close()) }()
	config.Run = box.run
	f, name, remove, err := seekable(c, file)
	if err != nil {
		return withHint(err, "give a FILE of JSON Lines, or - for standard input")
	}
	defer remove()
	judged, err := judgeFile(c, config, f)
	if err != nil {
		return judgeError(name, err)
	}
	defer func() { err = errors.Join(err, judged.bulk.Close()) }()
	if err := judged.print(c, box); err != nil || !c.Bool("remember") {
		return err
	}
	return judged.remember(f, window)
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

// programs runs programs in a sandbox, which it opens when one comes.
type programs struct {
	ctx context.Context //nolint:containedctx // it lives as long as one command
	box *sandbox.Sandbox
	err error
}

// run runs a program for gates and checks. Where the sandbox fails, which says
// nothing of the program, it says so by failed.
func (p *programs) run(program string) (output string, ok bool) {
	if p.err != nil {
		return "", false
	}
	if p.box == nil {
		box, err := sandbox.New(p.ctx, sandbox.Compiler, sandbox.Fuel)
		if err != nil {
			p.err = err
			return "", false
		}
		p.box = box
	}
	output, ok, p.err = p.box.Passes(p.ctx, program)
	return output, ok
}

// failed returns the error of the sandbox that was the first: what was found since
// then is not to be used.
func (p *programs) failed() error { return p.err }

// close frees the sandbox.
func (p *programs) close() error {
	if p.box == nil {
		return nil
	}
	return p.box.Close(p.ctx)
}

// judgedFile is a file of records, judged.
type judgedFile struct {
	scan *records.File
	bulk *synthetic.Bulk
}

// judgeFile scans a file and judges its records.
func judgeFile(c *cli.Context, config synthetic.Config, f *os.File) (*judgedFile, error) {
	var judged, scanned atomic.Uint64
	stop := progress.Start(c.App.ErrWriter, func() string {
		return fmt.Sprintf("%d lines read, %d records judged", scanned.Load(), judged.Load())
	})
	defer stop()
	scan, err := records.Scan(stopped{c.Context, f}, func() { scanned.Add(1) })
	if err != nil {
		return nil, err
	}
	config.Specification = scan.Specification
	b, err := synthetic.NewBulk(config, "", synthetic.BulkMemory)
	if err != nil {
		return nil, err
	}
	err = scan.Each(f, func(r *synthetic.Record) error {
		judged.Add(1)
		return errors.Join(c.Err(), b.Judge(r))
	})
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return &judgedFile{scan, b}, nil
}

// judgeError says what is wrong with a file that cannot be judged, or the disk.
func judgeError(name string, err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return recordHint(fmt.Errorf("read %s: %w", name, err))
}

// remember adds the records that are paid to a window, some at a time.
func (j *judgedFile) remember(f *os.File, window *index.Disk) error {
	const most = 1 << 20 // grams at a time: what the window holds of them in memory
	var part []index.Entry
	grams := 0
	err := j.scan.Each(f, func(r *synthetic.Record) error {
		e, err := j.bulk.Remember(r)
		if err != nil || e == nil {
			return err
		}
		part, grams = append(part, *e), grams+len(e.Grams)
		if grams < most {
			return nil
		}
		err = window.Add(part)
		part, grams = part[:0], 0
		return err
	})
	if err != nil {
		return err
	}
	return window.Add(part)
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
	case errors.Is(err, syscall.ENOSPC):
		return withHint(err, "name a directory on a larger disk with TMPDIR")
	case errors.Is(err, synthetic.ErrSet):
		return withHint(err, "give the file of each set that the specification names, with --set")
	case errors.Is(err, records.ErrLong):
		return withHint(err, "a line holds one record, of at most 32 KiB of text, or the specification")
	}
	return withHint(err, "assay dataset score --help shows the lines")
}

// print decides, and prints what became of each record, or of each maker.
func (j *judgedFile) print(c *cli.Context, box *programs) error {
	out := bufio.NewWriter(c.App.Writer)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	sums := map[uint32]*makerSum{}
	total, err := j.bulk.Finish(c.Context, func(m *synthetic.Judgement) error {
		if c.Bool("json") {
			return errors.Join(box.failed(), enc.Encode(m))
		}
		if sums[m.Maker] == nil {
			sums[m.Maker] = &makerSum{}
		}
		sums[m.Maker].add(m)
		return box.failed()
	})
	if err != nil {
		return err
	}
	if !c.Bool("json") {
		if err := printSums(out, sums, &total); err != nil {
			return err
		}
	}
	return out.Flush()
}

// makerSum is what the records of one maker come to.
type makerSum struct {
	records, paid int
	units         uint64
}

func (s *makerSum) add(m *synthetic.Judgement) {
	s.records++
	s.units += m.Pay
	if m.Reason == "" {
		s.paid++
	}
}

func printSums(w io.Writer, sums map[uint32]*makerSum, total *synthetic.Total) error {
	table := [][]string{{"MAKER", "RECORDS", "PAID", "BASE UNITS"}}
	for _, k := range slices.Sorted(maps.Keys(sums)) {
		s := sums[k]
		table = append(table, []string{strconv.FormatUint(uint64(k), 10), strconv.Itoa(s.records), strconv.Itoa(s.paid), strconv.FormatUint(s.units, 10)})
	}
	if err := printTable(w, table); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%d of %d records are paid %d base units; %d go back to the requester\n", total.Accepted, total.Records, total.Paid, total.Returned)
	for _, g := range synthetic.Gates() {
		if n := total.Failed[g]; err == nil && n > 0 {
			_, err = fmt.Fprintf(w, "%6d not paid: %s\n", n, g)
		}
	}
	return err
}
