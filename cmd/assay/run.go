package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/cmd/internal/input"
	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/tokenizer"
)

func runCommand() *cli.Command {
	return &cli.Command{
		Name:      "run",
		Usage:     "ask a model, or talk with it",
		ArgsUsage: "MODEL [PROMPT]",
		Description: `MODEL is a GGUF file, or a name that "assay model list" shows. With a prompt it prints
the answer as it comes; "assay model generate" has more to set, and makes a record
that can be verified:

   assay run SmolLM2-135M-Instruct.Q4_1 "Name three rivers."

Without one, on a terminal, it is a conversation. A line ends with Enter; one that
ends with a backslash goes on in the next, and lines between """ and """ are one.
Arrow keys bring earlier lines back. Ctrl-C stops the answer, /new begins again, and
Ctrl-D or /bye ends it. Otherwise the prompt is read from standard input.`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "system", Usage: "`TEXT` that stands before the conversation"},
			&cli.IntFlag{Name: "max-tokens", Usage: "`N` tokens at most in an answer", DefaultText: "what the context leaves"},
			&cli.StringFlag{Name: "temperature", Value: "0", Usage: "0 takes the likeliest token; above, tokens are drawn"},
			&cli.StringFlag{Name: "seed", Value: "0", Usage: "of the draws: 64 hex digits, or a decimal `NUMBER`"},
			threadsFlag(), deviceFlag(), backendFlag(), weightsFlag(), draftsFlag(), draftModelFlag(),
		},
		Action: runModel,
	}
}

// maxPrompt bounds a prompt from standard input, in bytes.
const maxPrompt = 4 << 20

func runModel(c *cli.Context) error {
	args, err := anyArguments(c)
	if err != nil {
		return err
	}
	if len(args) < 1 || len(args) > 2 {
		return withHint(fmt.Errorf("assay run takes a model and a prompt, not %d arguments", len(args)), "put the prompt in quotes; assay run --help says more")
	}
	t := &conversation{c: c}
	if t.settings, err = talkSettings(c); err != nil {
		return err
	}
	path, err := findModel(args[0])
	if err != nil {
		return err
	}
	terminal := input.Terminal(c.App.Reader)
	prompt := ""
	switch {
	case len(args) == 2:
		prompt = args[1]
	case terminal == nil:
		text, err := readText(c, "-", "a prompt", maxPrompt)
		if err != nil {
			return err
		}
		prompt = strings.TrimRight(string(text), "\n")
	}
	if prompt == "" && (len(args) == 2 || terminal == nil) {
		return errors.New("the prompt is empty")
	}
	m, err := engine.Open(c.Context, path, engineConfig(c, 0))
	if err != nil {
		return modelHint(err)
	}
	t.model = m
	if system := c.String("system"); system != "" {
		t.first = []tokenizer.Message{{Role: "system", Content: system}}
	}
	t.reset()
	if prompt != "" {
		err = t.answerOnce(prompt)
	} else {
		err = t.talk(terminal)
	}
	return errors.Join(runHint(err), m.Close())
}

func talkSettings(c *cli.Context) (s engine.Settings, err error) {
	s = engine.Settings{TopK: 40, TopP: 65536}
	if s.Temperature, err = parseTemperature(c.String("temperature")); err != nil {
		return s, err
	}
	if s.Seed, err = parseSeed(c.String("seed")); err != nil {
		return s, err
	}
	if c.IsSet("max-tokens") {
		if s.MaxTokens = c.Int("max-tokens"); s.MaxTokens < 1 {
			return s, fmt.Errorf("max-tokens must be at least 1, not %d", s.MaxTokens)
		}
	}
	return s, nil
}
