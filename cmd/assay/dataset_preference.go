package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/input"
	"github.com/assaynet/assay/cmd/internal/progress"
	"github.com/assaynet/assay/cmd/internal/ratings"
	"github.com/assaynet/assay/scoring/fixed"
	"github.com/assaynet/assay/scoring/preference"
)

func preferenceScorer() scorer {
	return scorer{kind: "preference", flags: preferenceFlags(), score: scorePreference, about: `preference: a line is a pair of responses with its answers,

   {"pair": "p1", "stratum": [1, -1], "gold": null, "cell": 0, "setter": "s1",
    "answers": [["r1", 1], ["r2", 0], ["r3", null]], "epoch": 7}

stratum is the sign of the difference in length and the engine's preference
(each -1, 0 or 1); gold is the right side of a gold, -1 or 1, and null or 0 of an
ordinary pair; cell is 0 for a gold on which the engine is right, else 1; an
answer is -1, 0 or 1, and null of a rater that was asked and is silent. Ids are
strings or numbers. Epochs are scored one after the other; the rows are what the
last one pays. In memory a pair takes less than 100 bytes and an answer 8,
however long the lines are; at most 2^27 pairs of 2^16 raters.

JSON fields, one object for each rater, all in 65536ths: rater (as in the file),
pay, q (agreement of its voice with others), gate (how surely it tells golds
apart), done (pairs; one that r raters of a voice answered counts 1/r), w (weight in
others' agreement), voice (raters that are one with it, itself included).`}
}

// preferenceFlags are the flags of score that the kind preference alone has.
func preferenceFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "carry", Usage: "preference: begin with the sums of earlier epochs, from `FILE`"},
		&cli.StringFlag{Name: "carry-out", Usage: "preference: write the sums after the last epoch to `FILE`"},
	}
}

func scorePreference(c *cli.Context, file string) error {
	book, err := preference.New(preference.Default())
	if err != nil {
		return err
	}
	if from := c.String("carry"); from != "" {
		if err := restore(c, book, from); err != nil {
			return err
		}
	}
	if err := readPairs(c, book, file); err != nil {
		return err
	}
	rows, err := book.Score()
	if err != nil {
		return pairHint(err)
	}
	if to := c.String("carry-out"); to != "" {
		if err := writeFile(to, func(w io.Writer) error { return ratings.WriteCarry(w, book.Carry()) }); err != nil {
			return withHint(err, "--carry-out takes a path that can be written")
		}
	}
	if c.Bool("json") {
		return ratings.WriteRows(c.App.Writer, rows)
	}
	return printTable(c.App.Writer, preferenceTable(rows))
}

// restore reads carried sums into an empty book.
func restore(c *cli.Context, book *preference.Book, from string) error {
	const hint = "--carry takes what --carry-out wrote"
	data, err := readInput(c, from, "carried sums", ratings.MaxCarry)
	if err != nil {
		return readHint(err, hint)
	}
	carry, err := ratings.ReadCarry(data)
	if err == nil {
		err = book.Restore(carry)
	}
	if err != nil {
		return withHint(fmt.Errorf("read %s: %w", inputName(from), err), hint)
	}
	return nil
}

// readPairs adds all pairs of a file to a book.
func readPairs(c *cli.Context, book *preference.Book, file string) error {
	if file == "-" && input.Terminal(c.App.Reader) != nil {
		note(c, "waiting for pairs, one a line; end it with Enter and Ctrl-D")
	}
	var pairs atomic.Uint64
	stop := progress.Start(c.App.ErrWriter, func() string { return fmt.Sprintf("%d pairs", pairs.Load()) })
	defer stop()
	err := input.Stream(c.Context, c.App.Reader, file, func(r io.Reader) error {
		return ratings.Read(r, func(p *preference.Pair) error {
			pairs.Add(1)
			return book.Add(p)
		})
	})
	switch {
	case err == nil && pairs.Load() == 0:
		return withHint(fmt.Errorf("there are no pairs in %s", inputName(file)), "give JSON Lines, one pair a line; assay dataset score --help shows one")
	case err == nil, errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, os.ErrNotExist):
		return withHint(err, "give a FILE of JSON Lines, or - for standard input")
	}
	return pairHint(fmt.Errorf("read %s: %w", inputName(file), err))
}

// pairHint says what to do about pairs that are refused.
func pairHint(err error) error {
	switch {
	case errors.Is(err, ratings.ErrLine), errors.Is(err, preference.ErrPair):
		return withHint(err, "assay dataset score --help shows a pair")
	case errors.Is(err, ratings.ErrLong):
		return withHint(err, "a line holds one pair, of at most 64 answers")
	case errors.Is(err, preference.ErrTwice):
		return withHint(err, "give each pair once in an epoch, with all its answers")
	case errors.Is(err, preference.ErrEpoch):
		return withHint(err, "give only later epochs with these carried sums")
	case errors.Is(err, preference.ErrLimit):
		return withHint(err, "score fewer epochs at a time, with --carry and --carry-out")
	}
	return err
}

// writeFile writes a file whole or not at all.
func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".assay-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone after the rename
	if err := errors.Join(write(f), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

func preferenceTable(rows []preference.Row) [][]string {
	share := func(v int64) string { return strconv.FormatFloat(float64(v)/fixed.Whole, 'f', 3, 64) }
	table := [][]string{{"rater", "pay", "q", "gate", "done", "w", "voice"}}
	for _, r := range rows {
		table = append(table, []string{
			r.Rater, share(int64(r.Pay)), share(r.Q), share(int64(r.Gate)),
			share(int64(r.Done)), share(int64(r.W)), num(r.Voice / fixed.Whole),
		})
	}
	return table
}
