package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/runfile"
)

// citySchema has few values, so that a model without sense comes to an end.
const citySchema = `{"type":"object","properties":{"zone":{"enum":["north","south-east"]},"rank":{"type":"integer","minimum":-9,"maximum":99},` +
	`"tags":{"type":"array","items":{"type":"string","pattern":"^[a-f]{1,3}$"},"maxItems":2},"old":{"type":["boolean","null"]}},` +
	`"required":["zone","rank","tags"],"additionalProperties":false}`

func held(kind, text string, seed byte) engine.Request {
	r := request(tinyPrompt(9, int(seed)), 400)
	r.Settings.Grammar = engine.Grammar{Kind: kind, Text: text}
	r.Settings.Seed[0] = seed
	return r
}

func TestAnAnswerIsHeldToItsSchemaWhateverTheModelLikes(t *testing.T) {
	m := open(t, enginetest.Tiny(t, enginetest.Options{}), engine.Config{Threads: 2})
	for seed := range byte(8) {
		r := held(engine.GrammarJSONSchema, citySchema, seed)
		if seed == 0 {
			r.Settings.Temperature = 0
		}
		run := generate(t, m, r)
		text := m.Tokenizer().Decode(run.Output)
		var city struct {
			Zone string
			Rank *int
			Tags []string
		}
		if err := json.Unmarshal(text, &city); err != nil || run.Finish != engine.FinishStop {
			t.Fatalf("seed %d: %q ends by %q: %v", seed, text, run.Finish, err)
		}
		if !slices.Contains([]string{"north", "south-east"}, city.Zone) || city.Rank == nil || *city.Rank < -9 || *city.Rank > 99 || len(city.Tags) > 2 {
			t.Errorf("seed %d: %s", seed, text)
		}
		report, err := m.Verify(context.Background(), run)
		if err != nil || !report.Equal {
			t.Errorf("seed %d: %+v, %v", seed, report, err)
		}
	}
}

// TestWhatStandsBetweenMarksIsHeld, and the rest is free: each open mark that the
// model comes upon has one of the two values behind it.
func TestWhatStandsBetweenMarksIsHeld(t *testing.T) {
	m := open(t, enginetest.Tiny(t, enginetest.Options{}), engine.Config{Threads: 2})
	whole := regexp.MustCompile(`^(?s:[^a]|a[ \n]?("x"|7)[ \n]?b)*$`)
	marks, free := 0, 0
	for seed := range byte(4) {
		r := held(engine.GrammarMarked, `{"open":"a","close":"b","schema":{"enum":["x",7]}}`, seed)
		r.Settings.Biases = []engine.Bias{{Token: 0, Add: -100}, {Token: enginetest.ChatEnd, Add: -100}, {Token: enginetest.ByteToken + 'a', Add: 2}}
		run := generate(t, m, r)
		text := string(m.Tokenizer().Decode(run.Output))
		if at := strings.LastIndex(text, "a"); run.Finish == engine.FinishLength && at >= 0 {
			text = text[:at] // it may end within a value
		}
		if !whole.MatchString(text) {
			t.Errorf("seed %d: %q", seed, text)
		}
		marks, free = marks+strings.Count(text, "a"), free+len(text)
		report, err := m.Verify(context.Background(), run)
		if err != nil || !report.Equal {
			t.Errorf("seed %d: %+v, %v", seed, report, err)
		}
	}
	if marks < 4 || free < 20*marks {
		t.Errorf("%d marks in %d bytes", marks, free)
	}
}

func TestAGrammarIsPartOfTheRun(t *testing.T) {
	m := open(t, enginetest.Tiny(t, enginetest.Options{}), engine.Config{Threads: 1})
	run := generate(t, m, held(engine.GrammarJSONSchema, citySchema, 3))
	data, err := json.Marshal(runfile.Of(m.ID(), m.Tokenizer(), run))
	if err != nil {
		t.Fatal(err)
	}
	_, read, err := runfile.Parse(data)
	if err != nil || read.Settings.Grammar != run.Settings.Grammar {
		t.Fatalf("%+v, %v", read.Settings.Grammar, err)
	}
	if report, err := m.Verify(context.Background(), read); err != nil || !report.Equal {
		t.Errorf("what was read again: %+v, %v", report, err)
	}
	for name, change := range map[string]func(*engine.Run){
		"without it":      func(r *engine.Run) { r.Settings.Grammar = engine.Grammar{} },
		"by another":      func(r *engine.Run) { r.Settings.Grammar.Text = `{"type":"array"}` },
		"of another kind": func(r *engine.Run) { r.Settings.Grammar = engine.Grammar{Kind: engine.GrammarRegexp, Text: "[a-z]+"} },
	} {
		other := read
		change(&other)
		if report, err := m.Verify(context.Background(), other); err != nil || report.Kind != engine.KindToken || report.Position != 0 {
			t.Errorf("%s: %+v, %v", name, report, err)
		}
	}
	later := read
	later.Output = slices.Clone(read.Output)
	later.Output[2] = enginetest.ByteToken + '}'
	if report, err := m.Verify(context.Background(), later); err != nil || report.Kind != engine.KindToken || report.Position != 2 {
		t.Errorf("with another token: %+v, %v", report, err)
	}
}

func TestGrammarsInCompanyChangeNoToken(t *testing.T) {
	m := open(t, enginetest.Tiny(t, enginetest.Options{}), engine.Config{Threads: 2})
	requests := []engine.Request{
		held(engine.GrammarJSONSchema, citySchema, 1), held(engine.GrammarJSONSchema, citySchema, 2), held(engine.GrammarRegexp, "(ab|[0-9]){4,9}é", 3),
		held(engine.GrammarGBNF, "root ::= \"(\" root \")\" | [x-z]{3}", 4), request(tinyPrompt(9, 5), 40),
	}
	alone := make([]engine.Run, len(requests))
	for i, r := range requests {
		alone[i] = generate(t, m, r)
	}
	var group sync.WaitGroup
	together := make([]engine.Run, len(requests))
	for i, r := range requests {
		group.Go(func() { together[i], _ = m.Generate(context.Background(), r, func(engine.Token) {}) })
	}
	group.Wait()
	for i := range requests {
		if !slices.Equal(alone[i].Output, together[i].Output) || alone[i].Fingerprint != together[i].Fingerprint {
			t.Errorf("request %d: %v alone, %v in company", i, alone[i].Output, together[i].Output)
		}
	}
}

func TestAGrammarThatCannotBeIsRefusedBeforeTheFirstToken(t *testing.T) {
	m := open(t, enginetest.Tiny(t, enginetest.Options{}), engine.Config{Threads: 1})
	for _, g := range []engine.Grammar{
		{Kind: engine.GrammarJSONSchema, Text: `{"typ":"object"}`},
		{Kind: engine.GrammarJSONSchema, Text: `false`},
		{Kind: engine.GrammarRegexp, Text: "("},
		{Kind: engine.GrammarGBNF, Text: "root ::= root"},
		{Kind: "xml", Text: "<a>"},
	} {
		r := held(g.Kind, g.Text, 0)
		if _, err := m.Generate(context.Background(), r, nil); !errors.Is(err, engine.ErrGrammar) {
			t.Errorf("%+v: got %v", g, err)
		}
		if err := m.CheckGrammar(g); !errors.Is(err, engine.ErrGrammar) {
			t.Errorf("%+v: check got %v", g, err)
		}
	}
}
