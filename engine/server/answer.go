package server

import (
	"context"
	"errors"
	"strings"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/fingerprint"
	"github.com/assaynet/assay/engine/runfile"
	"github.com/assaynet/assay/engine/tokenizer"
)

// The reasons for which an answer ends, as clients know them.
const (
	finishStop   = "stop"
	finishLength = "length"
)

// cutter passes a text on as far as no stop sequence can begin in it.
type cutter struct {
	stops []string
	held  string // may be the beginning of a stop sequence
	cut   bool   // a stop sequence was there
}

// add takes more of the text and returns what can be passed on.
func (c *cutter) add(text string) string {
	if c.cut {
		return ""
	}
	c.held += text
	first := -1
	for _, stop := range c.stops {
		if i := strings.Index(c.held, stop); i >= 0 && (first < 0 || i < first) {
			first = i
		}
	}
	if first >= 0 {
		c.cut = true
		out := c.held[:first]
		c.held = ""
		return out
	}
	keep := 0
	for _, stop := range c.stops {
		for n := min(len(stop)-1, len(c.held)); n > keep; n-- {
			if strings.HasSuffix(c.held, stop[:n]) {
				keep = n
				break
			}
		}
	}
	out := c.held[:len(c.held)-keep]
	c.held = c.held[len(c.held)-keep:]
	return out
}

// end returns what was held, when nothing follows.
func (c *cutter) end() string {
	out := c.held
	c.held = ""
	return out
}

// errCut ends a run whose text has a stop sequence.
var errCut = errors.New("server: a stop sequence")

// answer is one choice.
type answer struct {
	run    engine.Run
	text   string
	finish string
}

// generate runs a choice; piece is given its text as it comes. A run that a stop
// sequence cuts off is that of as many tokens, for each token depends on nothing
// behind it: its receipt is verified like any other.
func (a *asked) generate(ctx context.Context, prompt []engine.Token, choice int, piece func(string)) (*answer, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stream, cuts := a.model.Engine.Tokenizer().NewStream(), cutter{stops: a.stops}
	var text strings.Builder
	tokens := 0
	give := func(s string) {
		if s != "" {
			text.WriteString(s)
			piece(s)
		}
	}
	run, err := a.model.Engine.Generate(ctx, engine.Request{Prompt: prompt, Settings: a.settingsOf(choice)}, func(id engine.Token) {
		if cuts.cut {
			return
		}
		tokens++
		if give(cuts.add(stream.Add(id))); cuts.cut {
			cancel(errCut)
		}
	})
	if err != nil && !errors.Is(err, errCut) {
		return nil, err
	}
	if !cuts.cut {
		give(cuts.add(stream.End()))
		give(cuts.end())
		finish := finishLength
		if run.Finish == engine.FinishStop {
			finish = finishStop
		}
		return &answer{run: run, text: text.String(), finish: finish}, nil
	}
	run.Output, run.Leaves = run.Output[:tokens], run.Leaves[:tokens]
	run.Settings.MaxTokens, run.Finish = tokens, engine.FinishLength
	if a.model.Engine.IsStop(run.Output[tokens-1]) {
		run.Finish = engine.FinishStop
	}
	run.Fingerprint = fingerprint.Root(run.Leaves)
	return &answer{run: run, text: text.String(), finish: finishStop}, nil
}

// usage counts tokens.
type usage struct {
	Prompt     int `json:"prompt_tokens"`
	Completion int `json:"completion_tokens"`
	Total      int `json:"total_tokens"`
}

func usageOf(prompt []engine.Token, answers []*answer) usage {
	u := usage{Prompt: len(prompt)}
	for _, a := range answers {
		u.Completion += len(a.run.Output)
	}
	u.Total = u.Prompt + u.Completion
	return u
}

// files are the receipts of answers.
func files(m *engine.Model, t *tokenizer.Tokenizer, answers []*answer) []runfile.File {
	out := make([]runfile.File, len(answers))
	for i, a := range answers {
		out[i] = runfile.Of(m.ID(), t, a.run)
	}
	return out
}
