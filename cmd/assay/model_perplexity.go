package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/arith"
	"github.com/assaynet/assay/engine/tokenizer"
)

func modelPerplexityCommand() *cli.Command {
	return &cli.Command{
		Name:  "perplexity",
		Usage: "score how well the model foresees a text",
		Description: `Cuts the text's tokens into windows, runs each from an empty cache and scores
every next token inside it. Where the model asks for a BOS, each window begins
with one. Lower is better; it compares models of one vocabulary.

--exact tells the same by integers alone: binary logarithms of the probabilities in
65536ths of a bit, which are the same on every machine.

JSON fields: tokens (of the text), scored, nll (mean negative natural
logarithm), perplexity (its exponential), top1 (the likeliest id at each place).
With --exact: tokens, scored, logprob (of the whole text), logprobs (at each place).`,
		Flags: modelFlags("print one JSON object",
			&cli.StringFlag{Name: "file", Usage: "`FILE` with the text; - is standard input"},
			&cli.IntFlag{Name: "window", Value: 256, Usage: "`N` input tokens in a window"},
			&cli.BoolFlag{Name: "exact", Usage: "tell log-probabilities as integers, the same on every machine", DisableDefaultText: true},
			threadsFlag(), deviceFlag(), backendFlag(), weightsFlag()),
		Action: func(c *cli.Context) error {
			if c.String("file") == "" {
				return fmt.Errorf("no text is given; give --file FILE")
			}
			return withModel(c, engineConfig(c, -1), func(m *engine.Model) error { return perplexity(c, m) })
		},
	}
}

func perplexity(c *cli.Context, m *engine.Model) error {
	sayDevice(c, m)
	text, err := readInput(c, c.String("file"), "a text", tokenizer.MaxText)
	if err != nil {
		return readHint(err, "--file takes a text")
	}
	t := m.Tokenizer()
	ids, err := t.Encode(string(text), tokenizer.Options{})
	if err != nil {
		return err
	}
	warnUnspellable(c, t, string(text))
	if len(ids) < 2 {
		return fmt.Errorf("a text of %d tokens cannot be scored; give a longer one", len(ids))
	}
	if window := c.Int("window"); window < 2 || window > m.Info().Context {
		return fmt.Errorf("the window must be 2 to %d tokens, not %d", m.Info().Context, window)
	}
	bos := engine.Token(-1)
	if id, ok := t.BOS(); ok && t.AddBOS() {
		bos = id
	}
	if c.Bool("exact") {
		return exactPerplexity(c, m, ids, bos)
	}
	p, err := m.Perplexity(c.Context, ids, c.Int("window"), bos)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(c, p)
	}
	_, err = fmt.Fprintf(c.App.Writer, "perplexity %.4f (nll %.6f) over %d of %d tokens\n", p.Perplexity, p.NLL, p.Scored, p.Tokens)
	return err
}

func exactPerplexity(c *cli.Context, m *engine.Model, ids []engine.Token, bos engine.Token) error {
	p, err := m.ExactPerplexity(c.Context, ids, c.Int("window"), bos)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(c, p)
	}
	bits := float64(p.LogProb) / arith.LogProbOne
	_, err = fmt.Fprintf(c.App.Writer, "log-probability %d in 65536ths of a bit, %.4f bits a token, over %d of %d tokens\n", p.LogProb, bits/float64(p.Scored), p.Scored, p.Tokens)
	return err
}
