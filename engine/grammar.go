package engine

import (
	"fmt"
	"slices"
	"sync"

	"github.com/assaynet/assay/engine/grammar"
	"github.com/assaynet/assay/engine/grammar/gbnf"
	"github.com/assaynet/assay/engine/grammar/jsonschema"
	"github.com/assaynet/assay/engine/grammar/marked"
	"github.com/assaynet/assay/engine/grammar/regex"
	"github.com/assaynet/assay/engine/tokenizer"
)

// The languages in which a Grammar is written.
const (
	GrammarJSONSchema = "json_schema" // package jsonschema
	GrammarRegexp     = "regex"       // package regex, of the whole answer
	GrammarGBNF       = "gbnf"        // package gbnf
	GrammarMarked     = "marked"      // package marked
)

// GrammarRules is the version of the rules by which a Grammar becomes the tokens
// that an answer can have; they are in package grammar. Another version is
// another choice.
const GrammarRules = grammar.Rules

// Grammar is what the text of an answer must be. The zero value lets it be
// anything.
type Grammar struct {
	Kind string // GrammarJSONSchema, GrammarRegexp, GrammarGBNF or GrammarMarked; empty for no grammar
	Text string
}

// compile makes the automaton of a grammar.
func (g Grammar) compile() (*grammar.Automaton, error) {
	switch g.Kind {
	case GrammarJSONSchema:
		return jsonschema.Compile([]byte(g.Text))
	case GrammarRegexp:
		return regex.Compile(g.Text)
	case GrammarGBNF:
		return gbnf.Compile(g.Text)
	case GrammarMarked:
		return marked.Compile([]byte(g.Text))
	}
	return nil, fmt.Errorf("there is no language of grammars %.40q", g.Kind)
}

// keptGrammars is how many grammars a model keeps compiled.
const keptGrammars = 16

// grammars are those that a model was lately asked for.
type grammars struct {
	vocabulary func() (*grammar.Vocabulary, error)

	mu    sync.Mutex
	order []Grammar // guarded by mu, the oldest first
	kept  map[Grammar]*grammar.Program
}

func newGrammars(t *tokenizer.Tokenizer) *grammars {
	return &grammars{kept: map[Grammar]*grammar.Program{}, vocabulary: sync.OnceValues(func() (*grammar.Vocabulary, error) {
		texts := make([]string, t.VocabSize())
		for id := range texts {
			texts[id] = t.Spelling(Token(id))
		}
		return grammar.NewVocabulary(texts, t.StopTokens(), t.HidesFirstSpace())
	})}
}

// program returns a grammar over the model's vocabulary, nil where there is none.
func (k *grammars) program(g Grammar) (*grammar.Program, error) {
	if g == (Grammar{}) {
		return nil, nil
	}
	k.mu.Lock()
	p, ok := k.kept[g]
	k.mu.Unlock()
	if ok {
		return p, nil
	}
	v, err := k.vocabulary()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrGrammar, err)
	}
	a, err := g.compile()
	if err == nil {
		p, err = grammar.NewProgram(a, v)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrGrammar, err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, ok := k.kept[g]; !ok {
		k.kept[g] = p
		k.order = append(k.order, g)
	}
	if len(k.order) > keptGrammars {
		delete(k.kept, k.order[0])
		k.order = slices.Delete(k.order, 0, 1)
	}
	return p, nil
}

// CheckGrammar reports whether the model can answer by a grammar, before it is
// asked to. The error is ErrGrammar.
func (m *Model) CheckGrammar(g Grammar) error {
	_, err := m.grammars.program(g)
	return err
}

// noToken is the choice where a grammar leaves none.
const noToken Token = -1

// follower is how far an answer is in its grammar.
type follower struct {
	program *grammar.Program // nil: any token
	at      grammar.Position
	left    bool // the answer is none of the grammar's any more
}

func newFollower(p *grammar.Program) follower {
	f := follower{program: p}
	if p != nil {
		f.at = p.Start()
	}
	return f
}

// mask returns the tokens that can come next, nil for any. Errors are those of
// grammar.Program.Allowed.
func (f *follower) mask() (*grammar.Mask, error) {
	switch {
	case f.program == nil:
		return nil, nil
	case f.left:
		return nil, grammar.ErrNoToken
	}
	return f.program.Allowed(f.at)
}

// accept goes on behind a token.
func (f *follower) accept(id Token) {
	if f.program != nil && !f.left {
		var ok bool
		f.at, ok = f.program.Advance(f.at, id)
		f.left = !ok
	}
}

// followersOf are before each token of an answer that is there already.
func followersOf(p *grammar.Program, output []Token) []follower {
	out := make([]follower, len(output))
	f := newFollower(p)
	for i, id := range output {
		out[i] = f
		f.accept(id)
	}
	return out
}

// errGrammar says what a grammar made of a run.
func errGrammar(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrGrammar, err)
}
