package server

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"net/http"
	"slices"
	"strings"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/form"
	"github.com/assaynet/assay/engine/server/toolcall"
)

// Limits of what can be asked for.
const (
	maxChoices = 16 // of all prompts together
	maxStops   = 16
	maxStop    = 256 // bytes
)

// asked is a request for an answer, in whichever API it came.
type asked struct {
	name     string          // of the model, as the client says it
	settings engine.Settings // MaxTokens 0: as many as the context leaves
	choices  int             // of each prompt
	many     int             // prompts
	stops    []string
	context  int // positions that are wanted of the model's, or 0
	stream   bool
	usage    bool // of a stream, too
	running  bool // of each of its parts, as far as it is

	logProbs bool
	top      int  // of how many of the likeliest tokens
	ids      bool // parts of a stream have the ids of their tokens
	echo     bool // the prompt is part of the answer
	none     bool // no token is to be made
	counted  bool // no more than the length of the prompt is wanted
	endless  bool // the tokens that end an answer are not to be drawn

	talk *talk // a conversation, or nil
	// write makes the prompt of a text; nil for a conversation.
	write     func(m *engine.Model) ([]engine.Token, error)
	field     string // that the prompt is made of
	reader    toolcall.Config
	single    bool   // at most one call of a tool
	noThought string // the field that says that the model is not to think, or empty
	held      string // the field that says what the answer is held to

	written string // the prompt of a conversation, in words

	model  *engine.Model // once it is there
	prompt []engine.Token
	more   [][]engine.Token // further prompts, where there are several
}

// answers is how many are asked for: those of the first prompt, then of the next.
func (a *asked) answers() int { return a.choices * a.many }

// promptOf is what an answer goes on from.
func (a *asked) promptOf(answer int) []engine.Token {
	if at := answer / a.choices; at > 0 {
		return a.more[at-1]
	}
	return a.prompt
}

// newAsked returns what is asked for where nothing is said.
func newAsked() *asked {
	return &asked{choices: 1, many: 1, settings: engine.Settings{TopK: defaultTopK, TopP: form.TopPOne}}
}

// efforts are how long a model is to think, as clients say it. It decides that
// itself here, so they change nothing, but for none.
var efforts = []string{"minimal", "low", "medium", "high", "xhigh", "max"}

// takeEffort takes a field that says how long the model is to think.
func (a *asked) takeEffort(b body, name, field string) error {
	var effort string
	given, err := b.take(name, &effort)
	switch {
	case err != nil || given && effort != "none" && !slices.Contains(efforts, effort):
		return refuse(field, "%s is none, %s", field, strings.Join(efforts, ", "))
	case effort == "none":
		a.noThought = field
	}
	return nil
}

// takeThinking takes whether the model is to think: not at all, or as it decides
// itself, which it does. A number of tokens for it is not done.
func (a *asked) takeThinking(b body) error {
	var thinking body
	given, err := b.take("thinking", &thinking)
	if err != nil || !given {
		return err
	}
	var kind string
	if err := thinking.takeAll(want{"type", &kind}); err != nil {
		return err
	}
	switch kind {
	case "disabled":
		a.noThought = "thinking"
	case "adaptive":
	default:
		return refuse("thinking", "thinking is of the type disabled or adaptive: how long to think is the model's own decision")
	}
	return thinking.only("thinking", "thinking")
}

// restOfStream refuses what stream_options have beside what was taken: here
// nothing is added to parts of a stream to hide how long they are.
func (b body) restOfStream() error {
	var obfuscation bool
	if err := b.takeAll(want{"include_obfuscation", &obfuscation}); err != nil {
		return err
	}
	if obfuscation {
		return refuse("stream_options", "include_obfuscation is not done by this server; leave it out")
	}
	return b.only("stream_options", "stream_options")
}

// takeCommon takes what OpenAI's requests for an answer have in common.
func (a *asked) takeCommon(b body) error {
	var options body
	if err := b.takeAll(want{"model", &a.name}, want{"stream", &a.stream}, want{"stream_options", &options}, want{"n", &a.choices}); err != nil {
		return err
	}
	if err := options.takeAll(want{"include_usage", &a.usage}, want{"continuous_usage_stats", &a.running}); err != nil {
		return err
	}
	if err := options.restOfStream(); err != nil {
		return err
	}
	if a.choices < 1 || a.choices > maxChoices {
		return refuse("n", "n is 1 to %d", maxChoices)
	}
	if err := a.takeLlama(b); err != nil {
		return err
	}
	if err := a.takeLength(b, "max_tokens", "max_completion_tokens", "n_predict"); err != nil {
		return err
	}
	if err := a.takeStops(b, "stop"); err != nil {
		return err
	}
	if err := a.takeFormat(b); err != nil {
		return err
	}
	return a.takeSampling(b)
}

// settingsOf returns the settings of an answer: each choice of a prompt draws by a
// seed of its own, the first by the one that was asked for.
func (a *asked) settingsOf(answer int) engine.Settings {
	s := a.settings
	if choice := answer % a.choices; choice > 0 {
		s.Seed = sha256.Sum256(binary.LittleEndian.AppendUint32(s.Seed[:], uint32(choice)))
	}
	if left := a.model.Info().Context - len(a.promptOf(answer)) + 1; s.MaxTokens == 0 || s.MaxTokens > left {
		s.MaxTokens = left // the last token of an answer takes no place
	}
	return s
}

// fit sees that the context has room for each prompt and an answer. A prompt that
// leaves none is refused with both numbers, and never cut.
func (a *asked) fit() error {
	most := a.model.Info().Context
	if err := checkContext(a.context, most); err != nil {
		return err
	}
	for i := range a.many {
		switch n := len(a.promptOf(i * a.choices)); {
		case n == 0:
			return refuse(a.field, "the prompt is empty")
		case n > most:
			return tooLong(a.field, n, most)
		}
	}
	return nil
}

// prepare borrows the model and makes the prompt. The caller gives both back by
// done, whatever comes of it.
func (s *Server) prepare(ctx context.Context, a *asked) (done func(), err error) {
	leave, err := s.gate.enter(callerOf(ctx), a.answers())
	if err != nil {
		return func() {}, err
	}
	m, back, err := s.take(ctx, a.name)
	if err != nil {
		return leave, err
	}
	done = func() { back(); leave() }
	a.name, a.model = m.Name, m.Engine
	if err := s.gate.encode(ctx, func() error { return a.encode() }); err != nil {
		return done, err
	}
	switch {
	case a.counted && len(a.prompt) > 0: // whoever counts wants to know whether it fits
		return done, nil
	case a.none && len(a.prompt) == 0 && !a.echo: // it was asked for a model to be there
		return done, nil
	}
	return done, a.fit()
}

// encode makes the prompt, and the masks of a grammar.
func (a *asked) encode() (err error) {
	if err := a.force(); err != nil {
		return err
	}
	if err := a.checkGrammar(); err != nil {
		return err
	}
	if a.talk != nil {
		err = a.converse()
	} else {
		a.prompt, err = a.write(a.model)
		a.write = nil // and with it what the request says
	}
	if err != nil {
		return err
	}
	return a.goOn(a.model.Tokenizer())
}

// missing is what is said of a model that is not there.
func missing() *problem {
	code, param := "model_not_found", "model"
	return &problem{
		status: http.StatusNotFound, Type: typeMissing, Code: &code, Param: &param,
		Message: "there is no model of that name here; GET /v1/models lists them",
	}
}
