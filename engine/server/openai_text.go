package server

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/tokenizer"
)

// maxTextTop is of how many of the likeliest tokens /v1/completions tells.
const maxTextTop = 5

// complete goes on from a text or from token ids, as they are, or from each of
// several, by OpenAI's /v1/completions. Choices are those of the first prompt, then
// of the next.
func (s *Server) complete(w http.ResponseWriter, r *http.Request) error {
	return s.answer(w, r, func(b body, a *asked) (dialect, error) {
		var raw json.RawMessage
		if err := b.takeAll(want{"prompt", &raw}, want{"echo", &a.echo}); err != nil {
			return nil, err
		}
		if err := a.takeCommon(b); err != nil {
			return nil, err
		}
		var top int
		there := string(b["logprobs"]) != "false"
		if !there {
			delete(b, "logprobs")
		} else {
			var err error
			if there, err = b.take("logprobs", &top); err != nil {
				return nil, err
			}
		}
		if top < 0 || top > maxTextTop {
			return nil, refuse("logprobs", "logprobs is 0 to %d", maxTextTop)
		}
		a.logProbs, a.top = there, top
		return textDialect{}, a.takePrompts(raw, textPrompt)
	})
}

// textPrompt is a prompt of /v1/completions: a text, or token ids as they
// are.
func textPrompt(raw json.RawMessage, m *engine.Model) ([]engine.Token, error) {
	t := m.Tokenizer()
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return t.Encode(text, tokenizer.Options{BOS: t.AddBOS()})
	}
	var given []*engine.Token
	if json.Unmarshal(raw, &given) == nil && !slices.Contains(given, nil) {
		return idsOf(given), nil
	}
	return nil, refuse("prompt", "a prompt is one text, or a list of token ids")
}

func idsOf(given []*engine.Token) []engine.Token {
	ids := make([]engine.Token, len(given))
	for i, id := range given {
		ids[i] = *id
	}
	return ids
}

// textDialect is /v1/completions.
type textDialect struct{}

func (textDialect) lines() bool            { return false }
func (textDialect) problem(p *problem) any { return envelope{p} }

// textProbs are tokens with their probabilities, as lists of one length.
type textProbs struct {
	Tokens []string              `json:"tokens"`
	Logs   []*float64            `json:"token_logprobs"`
	Top    []map[string]*float64 `json:"top_logprobs"`
	Offset []int                 `json:"text_offset"` // in characters
}

// textProbs begins at an offset of the text.
func (a *asked) textProbs(tokens []tokenProb, offset int) *textProbs {
	if !a.logProbs {
		return nil
	}
	out := &textProbs{Tokens: []string{}, Logs: []*float64{}, Offset: []int{}}
	for _, x := range tokens {
		out.Tokens, out.Logs, out.Offset = append(out.Tokens, x.text), append(out.Logs, x.logProb), append(out.Offset, offset)
		offset += len([]rune(x.text))
		var top map[string]*float64
		if a.top > 0 && x.logProb != nil {
			top = map[string]*float64{}
			for _, y := range x.top {
				if _, twice := top[y.text]; !twice { // the likelier of two that read alike
					top[y.text] = y.logProb
				}
			}
		}
		out.Top = append(out.Top, top)
	}
	return out
}

type textChoice struct {
	Index    int        `json:"index"`
	Text     string     `json:"text"`
	Logprobs *textProbs `json:"logprobs"`
	Finish   *string    `json:"finish_reason"`
}

type textAnswer struct {
	openHead
	Choices []textChoice `json:"choices"`
	Usage   *usage       `json:"usage,omitempty"`
}

func textHeadOf(h head) openHead { return openHeadOf(h, "cmpl-", "text_completion") }

func (textDialect) whole(h head, answers []*answer, u usage) any {
	out := textAnswer{openHead: textHeadOf(h), Usage: &u}
	for i, a := range answers {
		out.Choices = append(out.Choices, textChoice{i, a.text, h.asked.textProbs(a.tokens, 0), &a.finish})
	}
	return out
}

// textWriter writes text_completion.
type textWriter struct {
	h      head
	e      *events
	offset []int // of each choice, in characters
	tally  *tally
}

func (textDialect) open(h head, e *events) writer {
	return &textWriter{h, e, make([]int, h.asked.answers()), newTally(h.asked)}
}

func (w *textWriter) begin() {}

func (w *textWriter) part(choice int, d delta) {
	c := textChoice{Index: choice, Text: d.text}
	if len(d.tokens) > 0 {
		c.Logprobs = w.h.asked.textProbs(d.tokens, w.offset[choice])
		for _, x := range d.tokens {
			w.offset[choice] += len([]rune(x.text))
		}
	}
	w.e.data("", textAnswer{openHead: textHeadOf(w.h), Choices: []textChoice{c}, Usage: w.tally.at(choice, d.count)})
}

func (w *textWriter) end(answers []*answer, u usage) {
	for i, a := range answers {
		w.e.data("", textAnswer{openHead: textHeadOf(w.h), Choices: []textChoice{{Index: i, Finish: &a.finish}}, Usage: w.tally.at(i, len(a.run.Output))})
	}
	if w.h.asked.usage {
		w.e.data("", textAnswer{openHead: textHeadOf(w.h), Choices: []textChoice{}, Usage: &u})
	}
	w.e.send("data: [DONE]\n\n")
}
