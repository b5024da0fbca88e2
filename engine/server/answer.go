package server

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/fingerprint"
	"github.com/assaynet/assay/engine/runfile"
	"github.com/assaynet/assay/engine/server/toolcall"
	"github.com/assaynet/assay/engine/tokenizer"
)

// The reasons for which an answer ends, as clients know them.
const (
	finishStop   = "stop"
	finishLength = "length"
	finishCalls  = "tool_calls"
)

// errCut ends a run whose text has a stop sequence, or the one call that was
// asked for.
var errCut = errors.New("server: a stop sequence")

// delta is the next part of an answer, of one sort.
type delta struct {
	text, reasoning string
	call            *call
	tokens          []tokenProb    // those since the last part, where they are asked for
	ids             []engine.Token // the same, as ids
	count           int            // of the choice's tokens, this part's included
}

// call is a call of a tool.
type call struct {
	index     int
	id, name  string
	arguments string // a JSON object
}

// tokenProb is a token as clients are told of its probability.
type tokenProb struct {
	id      engine.Token
	text    string
	bytes   []byte
	logProb *float64 // nil for the first token of a prompt
	top     []tokenProb
}

// answer is one choice.
type answer struct {
	run       engine.Run
	text      string // what is said, without thoughts and calls
	reasoning string
	calls     []call
	finish    string
	stopped   string // the stop sequence that ended it, or empty
	tokens    []tokenProb
	thought   int // tokens of thoughts
	// How long the prompt took, and the rest.
	prefill, decode time.Duration
}

// listener makes an answer of tokens as they come.
type listener struct {
	a      *asked
	choice int
	id     string // of the whole answer
	give   func(delta)

	stream *tokenizer.Stream
	cuts   cutter
	reader *toolcall.Reader // nil: all is text
	answer *answer
	since  []tokenProb    // tokens that no part has told yet
	ids    []engine.Token // the same, as ids
	count  int            // tokens taken
	cut    bool           // what follows is not part of the answer
	began  time.Time
	text   strings.Builder
	think  strings.Builder
}

func (a *asked) listener(id string, choice int, give func(delta)) *listener {
	t := a.model.Tokenizer()
	l := &listener{a: a, choice: choice, id: id, give: give, stream: t.NewStream(), cuts: cutter{stops: a.stops}, answer: &answer{}, began: time.Now()}
	if a.talk != nil && (a.reader.Thinks || len(a.reader.Tools) > 0) {
		l.stream, l.reader = t.NewWholeStream(), toolcall.NewReader(a.reader)
	}
	return l
}

// probs is told of a token before token is.
func (l *listener) probs(p engine.LogProbs) {
	if l.cut {
		return
	}
	x := tokenProbOf(l.a.model.Tokenizer(), p.LogProb)
	for _, top := range p.Top {
		x.top = append(x.top, tokenProbOf(l.a.model.Tokenizer(), top))
	}
	l.since, l.answer.tokens = append(l.since, x), append(l.answer.tokens, x)
}

// leastLogProb stands for all that is less: clients read no infinities.
const leastLogProb = -9999

func tokenProbOf(t *tokenizer.Tokenizer, p engine.LogProb) tokenProb {
	text := t.DecodeSpecial([]engine.Token{p.Token})
	log := math.Max(leastLogProb, p.LogProb)
	return tokenProb{id: p.Token, text: strings.ToValidUTF8(string(text), "\ufffd"), bytes: text, logProb: &log}
}

// token takes the next one.
func (l *listener) token(id engine.Token) {
	if l.count++; l.count == 1 {
		l.answer.prefill = time.Since(l.began)
	}
	if l.a.ids {
		l.ids = append(l.ids, id)
	}
	if l.reader != nil && l.reader.Thinking() {
		l.answer.thought++
	}
	l.take(l.cuts.add(l.stream.Add(id)))
	l.cut = l.cut || l.cuts.cut
}

// take passes text on.
func (l *listener) take(text string) {
	if l.reader == nil {
		l.piece(toolcall.Piece{Text: text})
		return
	}
	if text != "" {
		l.pieces(l.reader.Add(text))
	}
}

func (l *listener) pieces(list []toolcall.Piece) {
	for _, p := range list {
		l.piece(p)
	}
}

func (l *listener) piece(p toolcall.Piece) {
	d := delta{text: p.Text, reasoning: p.Reasoning}
	switch {
	case l.cut:
		return
	case p.Call != nil:
		n := len(l.answer.calls)
		c := call{index: n, id: fmt.Sprintf("call_%.20s%02d%03d", l.id, l.choice, n), name: p.Call.Name, arguments: p.Call.Arguments}
		l.answer.calls, d.call = append(l.answer.calls, c), &c
		l.cut = l.a.single
	case p.Text == "" && p.Reasoning == "":
		return
	}
	l.text.WriteString(p.Text)
	l.think.WriteString(p.Reasoning)
	l.tell(d)
}

// tell gives a part with the tokens since the last one.
func (l *listener) tell(d delta) {
	d.tokens, d.ids, d.count = l.since, l.ids, l.count
	l.since, l.ids = nil, nil
	l.give(d)
}

// end takes what was held, when no more tokens come. What the reader still holds
// stood before a stop sequence, and is part of the answer; behind the one call
// that was asked for nothing is.
func (l *listener) end() {
	l.cut = l.a.single && len(l.answer.calls) > 0
	if !l.cuts.cut {
		l.take(l.cuts.add(l.stream.End()))
		l.take(l.cuts.end())
	}
	if l.reader != nil {
		l.pieces(l.reader.End())
	}
	if len(l.since) > 0 || len(l.ids) > 0 {
		l.tell(delta{})
	}
	l.answer.text, l.answer.reasoning = l.text.String(), l.think.String()
}

// generate runs one choice; give is told of its parts from this goroutine.
// Where a stop sequence cuts the text, the run ends with the token that
// completes it: what is verified is what was shown.
func (a *asked) generate(ctx context.Context, id string, choice int, give func(delta)) (*answer, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	l := a.listener(id, choice, give)
	request := engine.Request{Prompt: a.promptOf(choice), Settings: a.settingsOf(choice), LogProbs: a.logProbs, TopLogProbs: a.top, OnLogProbs: l.probs}
	run, err := a.model.Generate(ctx, request, func(id engine.Token) {
		if l.cut {
			return
		}
		if l.token(id); l.cut {
			cancel(errCut)
		}
	})
	if err != nil && !errors.Is(err, errCut) {
		return nil, err
	}
	cut := l.cut
	l.end()
	out := l.answer
	out.run, out.stopped, out.decode = run, l.cuts.stop, time.Since(l.began)-out.prefill
	if out.finish = finishStop; !cut && run.Finish == engine.FinishLength {
		out.finish = finishLength
	}
	if len(out.calls) > 0 && out.finish == finishStop {
		out.finish = finishCalls
	}
	if cut {
		a.shorten(&out.run, l.count)
	}
	return out, nil
}

// shorten makes a run of the first n tokens of one.
func (a *asked) shorten(run *engine.Run, n int) {
	run.Output, run.Leaves = run.Output[:n], run.Leaves[:n]
	run.Settings.MaxTokens, run.Finish = n, engine.FinishLength
	if a.model.IsStop(run.Output[n-1]) {
		run.Finish = engine.FinishStop
	}
	run.Fingerprint = fingerprint.Root(run.Leaves)
}

// echoed is a prompt as a part of the answer.
func (a *asked) echoed(ctx context.Context, prompt []engine.Token) (delta, error) {
	t := a.model.Tokenizer()
	d := delta{text: strings.ToValidUTF8(string(t.Decode(prompt)), "\ufffd")}
	if !a.logProbs {
		return d, nil
	}
	scores, err := a.model.Score(ctx, []engine.ScoreRequest{{Prompt: prompt[:1], Continuation: prompt[1:], TopLogProbs: a.top}})
	if err != nil {
		return d, err
	}
	if scores[0].Failed != nil {
		return d, scores[0].Failed
	}
	first := tokenProbOf(t, engine.LogProb{Token: prompt[0]})
	first.logProb = nil
	d.tokens = []tokenProb{first}
	for i, id := range prompt[1:] {
		x := tokenProbOf(t, engine.LogProb{Token: id, LogProb: scores[0].LogProbs[i]})
		if a.top > 0 {
			for _, top := range scores[0].Top[i] {
				x.top = append(x.top, tokenProbOf(t, top))
			}
		}
		d.tokens = append(d.tokens, x)
	}
	return d, nil
}

// usage counts tokens.
type usage struct {
	Prompt     int `json:"prompt_tokens"`
	Completion int `json:"completion_tokens"`
	Total      int `json:"total_tokens"`
}

func (a *asked) usageOf(answers []*answer) usage {
	var u usage
	for i := range a.many {
		u.Prompt += len(a.promptOf(i * a.choices))
	}
	for _, x := range answers {
		u.Completion += len(x.run.Output)
	}
	u.Total = u.Prompt + u.Completion
	return u
}

// files are the receipts of answers, signed where there is a key.
func (s *Server) files(m *engine.Model, answers []*answer) ([]runfile.File, error) {
	var out []runfile.File
	for _, a := range answers {
		if len(a.run.Output) == 0 {
			continue
		}
		file := runfile.Of(m.ID(), m.Tokenizer(), a.run)
		if s.cfg.Sign != nil {
			signature, err := s.cfg.Sign(file.Statement())
			if err != nil {
				return nil, fmt.Errorf("sign a receipt: %w", err)
			}
			file.Signature = &signature
		}
		out = append(out, file)
	}
	return out, nil
}
