package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/runfile"
	"github.com/assaynet/assay/engine/tokenizer"
)

// defaultMaxTokens is the length of an answer where none is given; it is cut
// to what the context leaves.
const defaultMaxTokens = 128

func modelGenerateCommand() *cli.Command {
	return &cli.Command{
		Name:  "generate",
		Usage: "answer a prompt",
		Description: `Prints the answer as it comes, or with --json one object with the answer, its
fingerprint and all that "assay model verify" needs to check them:

   assay model generate --chat "Name three rivers." --max-tokens 40
   assay model generate --prompt "Once upon" --temperature 0.8 --seed 7 --json

Give one of --prompt, --chat and --ids. --chat writes a conversation of the one
message as the chat template in the model's file does, with the system message
that the template has of its own, if any. Some templates write the day; it is
that of --date, and never this machine's, for a prompt must not change
overnight: without --date they write what they have for such a case, or it is
an error.

--schema, --regex and --grammar let the model say nothing but what they allow:
the answer is one of theirs when it ends by itself ("stop"), and the beginning
of one where --max-tokens cuts it off. The run says by which it was made, and
"assay model verify" holds it to that.

   assay model generate --chat "Describe Oslo." --schema city.json

JSON fields: model_id, prompt_ids, ids, text, finish ("stop" or "length"),
fingerprint, leaves (one for each id), binding, settings (temperature_bits is
the binary32, top_p counts 65536ths, seed is hex), timings (seconds).`,
		Flags: modelFlags("print one JSON object instead of streaming the text",
			&cli.StringFlag{Name: "prompt", Usage: "`TEXT` to go on from; a BOS is added where the model asks for it"},
			&cli.StringFlag{Name: "chat", Usage: "`TEXT` that a user says"},
			&cli.StringFlag{Name: "date", Usage: "the day, as `YYYY-MM-DD`, for a chat template that writes it", DefaultText: "none"},
			&cli.StringFlag{Name: "ids", Usage: "`FILE` with a JSON array of the prompt's token ids; - is standard input"},
			&cli.IntFlag{Name: "max-tokens", Usage: "`N` tokens at most, the end token included", DefaultText: "128, or what the context leaves"},
			&cli.StringFlag{Name: "temperature", Value: "0", Usage: "0 takes the likeliest token; above, tokens are drawn"},
			&cli.UintFlag{Name: "top-k", Value: 40, Usage: "draw among the `K` likeliest, 1 to 256"},
			&cli.Float64Flag{Name: "top-p", Value: 1, Usage: "draw among the likeliest that have the share `P` together"},
			&cli.StringFlag{Name: "seed", Value: "0", Usage: "of the draws: 64 hex digits, or a decimal `NUMBER` for its 32 bytes, little-endian"},
			&cli.StringFlag{Name: "schema", Usage: "`FILE` with a JSON schema that the answer is to fulfil; - is standard input"},
			&cli.StringFlag{Name: "regex", Usage: "regular `EXPRESSION` that the answer is to match as a whole"},
			&cli.StringFlag{Name: "grammar", Usage: "`FILE` with a grammar (GBNF) of the answer; - is standard input"},
			&cli.StringFlag{Name: "binding", Value: strings.Repeat("0", 130), DefaultText: "zeros", Usage: "hotkey and task id, 65 bytes in `HEX`, that enter each leaf"},
			threadsFlag(), deviceFlag(), backendFlag(), weightsFlag(), draftsFlag(), draftModelFlag(),
		),
		Action: func(c *cli.Context) error {
			settings, binding, err := runFlags(c)
			if err != nil {
				return err
			}
			if settings.Grammar, err = grammarFlags(c); err != nil {
				return err
			}
			return withModel(c, engineConfig(c, 0), func(m *engine.Model) error {
				return generate(c, m, engine.Request{Settings: settings, Binding: binding})
			})
		},
	}
}

// runFlags reads the settings and the binding; MaxTokens stays 0 where no flag
// gives it.
func runFlags(c *cli.Context) (s engine.Settings, b engine.Binding, err error) {
	if s.Temperature, err = parseTemperature(c.String("temperature")); err != nil {
		return s, b, err
	}
	if s.TopP, err = parseTopP(c.Float64("top-p")); err != nil {
		return s, b, err
	}
	if s.Seed, err = parseSeed(c.String("seed")); err != nil {
		return s, b, err
	}
	if b, err = runfile.ParseBinding(c.String("binding")); err != nil {
		return s, b, err
	}
	if k := c.Uint("top-k"); k < 1 || k > 256 {
		return s, b, fmt.Errorf("top-k must be 1 to 256, not %d", k)
	}
	s.TopK = uint32(c.Uint("top-k"))
	if c.IsSet("max-tokens") {
		if s.MaxTokens = c.Int("max-tokens"); s.MaxTokens < 1 {
			return s, b, fmt.Errorf("max-tokens must be at least 1, not %d", s.MaxTokens)
		}
	}
	return s, b, nil
}

// maxGrammarFile bounds a schema's or grammar's file, in bytes.
const maxGrammarFile = 256 << 10

// grammarFlags reads what the answer is held to.
func grammarFlags(c *cli.Context) (g engine.Grammar, err error) {
	given := 0
	for name, kind := range map[string]string{
		"schema": engine.GrammarJSONSchema, "regex": engine.GrammarRegexp, "grammar": engine.GrammarGBNF,
	} {
		if c.IsSet(name) {
			given++
			g = engine.Grammar{Kind: kind, Text: c.String(name)}
		}
	}
	switch {
	case given > 1:
		return g, withHint(errors.New("an answer is held to one thing"), "give one of --schema, --regex and --grammar")
	case given == 0 || g.Kind == engine.GrammarRegexp:
		return g, nil
	}
	what := "a JSON schema"
	if g.Kind == engine.GrammarGBNF {
		what = "a grammar"
	}
	text, err := readText(c, g.Text, what, maxGrammarFile)
	g.Text = string(text)
	return g, err
}

// promptIDs reads the prompt from the one flag that gives it.
func promptIDs(c *cli.Context, t *tokenizer.Tokenizer) ([]engine.Token, error) {
	given := 0
	for _, name := range []string{"prompt", "chat", "ids"} {
		if c.IsSet(name) {
			given++
		}
	}
	if given != 1 {
		return nil, withHint(fmt.Errorf("%d prompts are given", given), "give one of --prompt, --chat and --ids")
	}
	if c.IsSet("date") && !c.IsSet("chat") {
		return nil, withHint(errors.New("--date is for --chat alone"), "leave it out, or write the day into the prompt")
	}
	switch {
	case c.IsSet("chat"):
		return chatIDs(c, t)
	case c.IsSet("ids"):
		return readIDs(c, c.String("ids"))
	}
	warnUnspellable(c, t, c.String("prompt"))
	return t.Encode(c.String("prompt"), tokenizer.Options{BOS: t.AddBOS()})
}

// chatIDs writes the conversation of --chat on the day of --date.
func chatIDs(c *cli.Context, t *tokenizer.Tokenizer) ([]engine.Token, error) {
	var day time.Time
	if c.IsSet("date") {
		var err error
		if day, err = time.Parse(time.DateOnly, c.String("date")); err != nil || day.IsZero() {
			return nil, withHint(fmt.Errorf("%q is no date", c.String("date")), "give --date YYYY-MM-DD, such as --date 2026-07-26")
		}
	}
	warnUnspellable(c, t, c.String("chat"))
	ids, err := t.ChatOn(day, []tokenizer.Message{{Role: "user", Content: c.String("chat")}})
	switch {
	case errors.Is(err, tokenizer.ErrDay):
		return nil, withHint(err, "give it with --date YYYY-MM-DD")
	case errors.Is(err, tokenizer.ErrNoChat), errors.Is(err, tokenizer.ErrTemplate):
		return nil, withHint(err, "use --prompt with a text as the model was trained on, or --ids")
	}
	return ids, err
}

// generate runs the request that the flags describe and prints the answer.
func generate(c *cli.Context, m *engine.Model, r engine.Request) error {
	sayDevice(c, m)
	t := m.Tokenizer()
	var err error
	if r.Prompt, err = promptIDs(c, t); err != nil {
		return err
	}
	if len(r.Prompt) == 0 {
		return errors.New("the prompt is empty; give at least one token")
	}
	if err := m.CheckGrammar(r.Settings.Grammar); err != nil {
		return withHint(err, "ask for less, or write it otherwise: each error says what of it is not read")
	}
	if r.Settings.MaxTokens == 0 {
		r.Settings.MaxTokens = max(1, min(defaultMaxTokens, m.Info().Context-len(r.Prompt)+1))
	}
	stream := t.NewStream()
	var first time.Time
	var failed error
	show := func(s string) {
		if !c.Bool("json") && failed == nil {
			_, failed = fmt.Fprint(c.App.Writer, s)
		}
	}
	start := time.Now()
	run, err := m.Generate(c.Context, r, func(id engine.Token) {
		if first.IsZero() {
			first = time.Now()
		}
		show(stream.Add(id))
	})
	end := time.Now()
	if err != nil {
		return err
	}
	out := runfile.Of(m.ID(), t, run)
	out.Timings = timings(m.Info().Load, first.Sub(start), end.Sub(first), len(run.Output))
	if c.Bool("json") {
		return printJSON(c, out)
	}
	show(stream.End() + "\n")
	note(c, "%d tokens, %s, %.1f tokens/s, fingerprint %s",
		len(run.Output), run.Finish, out.Timings.TokensPerSecond, out.Fingerprint)
	return failed
}

func timings(load, prefill, decode time.Duration, tokens int) *runfile.Timings {
	t := &runfile.Timings{LoadSeconds: load.Seconds(), PrefillSeconds: prefill.Seconds(), DecodeSeconds: decode.Seconds()}
	if decode > 0 && tokens > 1 {
		t.TokensPerSecond = float64(tokens-1) / decode.Seconds()
	}
	return t
}
