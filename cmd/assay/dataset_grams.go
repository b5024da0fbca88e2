package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/input"
	"github.com/assaynet/assay/cmd/internal/usage"
	"github.com/assaynet/assay/protocol/task/synthetic/text"
	"github.com/assaynet/assay/scoring/synthetic/gramset"
)

func datasetGramsCommand() *cli.Command {
	return &cli.Command{
		Name: "grams", ArgsUsage: "FILE...",
		Usage: "make the hash file of an evaluation set, or of public data",
		Description: `Reads every FILE as text, one text a line; - is standard input. Hashes the runs
of words of each line, and writes them to --out: a file that shows nothing of the
texts, and whose SHA-256, which is printed, is its name in specifications.

--size 13 is for evaluation sets: a record may not share any run of 13 words.
--size 5 is for public data: runs of 5 words, with numbers and names masked,
count as not new.

JSON fields: set (SHA-256 of the file), size, grams, bytes.`,
		Flags: []cli.Flag{
			&cli.IntFlag{Name: "size", Value: text.OverlapGram, Usage: "`WORDS` of a run, 13 or 5"},
			&cli.StringFlag{Name: "out", Usage: "write to `FILE`"},
			&cli.BoolFlag{Name: "json", Usage: "print one JSON object", DisableDefaultText: true},
		},
		Action: makeGrams,
	}
}

func makeGrams(c *cli.Context) error {
	size, out := c.Int("size"), c.String("out")
	switch {
	case size != text.OverlapGram && size != text.NovelGram:
		return usage.Mistake(withHint(fmt.Errorf("runs of %d words are not used", size), "give --size 13 or --size 5"))
	case out == "":
		return usage.Mistake(withHint(errors.New("no file to write is given"), "give --out FILE"))
	case c.Args().Len() == 0:
		return usage.Mistake(withHint(errors.New("no text is given"), "give one FILE or more, or - for standard input"))
	}
	var grams []uint64
	for _, path := range c.Args().Slice() {
		err := input.Stream(c.Context, c.App.Reader, path, func(r io.Reader) error {
			var err error
			grams, err = addGrams(grams, r, size)
			return err
		})
		if err != nil {
			return withHint(fmt.Errorf("read %s: %w", inputName(path), err), "give files of UTF-8, one text a line")
		}
	}
	if len(grams) == 0 {
		return withHint(fmt.Errorf("no line has %d words", size), "give longer texts, one a line")
	}
	set := gramset.Of(size, grams)
	var written int64
	err := writeFile(out, func(w io.Writer) (err error) {
		written, err = set.WriteTo(w)
		return err
	})
	if err != nil {
		return withHint(err, "--out takes a path that can be written")
	}
	if c.Bool("json") {
		return printJSON(c, struct {
			Set   string `json:"set"`
			Size  int    `json:"size"`
			Grams int    `json:"grams"`
			Bytes int64  `json:"bytes"`
		}{set.Name().String(), size, set.Len(), written})
	}
	_, err = fmt.Fprintf(c.App.Writer, "%s\n%d runs of %d words, %d bytes\n", set.Name(), set.Len(), size, written)
	return err
}

// addGrams adds those of every line of r.
func addGrams(grams []uint64, r io.Reader, size int) ([]uint64, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for number := 1; lines.Scan(); number++ {
		if !utf8.Valid(lines.Bytes()) {
			return nil, fmt.Errorf("line %d: invalid UTF-8", number)
		}
		words := text.Words(lines.Text())
		more := text.Novel(words)
		if size == text.OverlapGram {
			more = text.Grams(text.Plain(words), size)
		}
		if grams = append(grams, more...); len(grams) > gramset.MaxGrams {
			return nil, fmt.Errorf("line %d: more than %d runs of words", number, gramset.MaxGrams)
		}
	}
	return grams, lines.Err()
}
