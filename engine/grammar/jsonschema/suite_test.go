package jsonschema_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/grammar"
	"github.com/assaynet/assay/engine/grammar/jsonschema"
)

// group is a schema of the suite with what is to be said of some values.
type group struct {
	Description string          `json:"description"`
	Schema      json.RawMessage `json:"schema"`
	Tests       []struct {
		Description string          `json:"description"`
		Data        json.RawMessage `json:"data"`
		Valid       bool            `json:"valid"`
	} `json:"tests"`
}

func TestNoInvalidValueOfTheSuiteIsAccepted(t *testing.T) {
	files, err := filepath.Glob("testdata/suite/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no suite: %v", err)
	}
	all, same, refused, narrower := 0, 0, 0, 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var groups []group
		if err := json.Unmarshal(data, &groups); err != nil {
			t.Fatal(err)
		}
		n, ok := 0, 0
		for _, g := range groups {
			n += len(g.Tests)
			a, err := jsonschema.Compile(g.Schema)
			if err != nil && !errors.Is(err, grammar.ErrEmpty) {
				refused += len(g.Tests)
				t.Logf("refused, %s: %q: %v", filepath.Base(file), g.Description, err)
				continue
			}
			for _, c := range g.Tests {
				got := a != nil && accepted(t, a, c.Data)
				switch {
				case got == c.Valid:
					ok++
				case got:
					t.Errorf("accepts an invalid value, %s: %q: %q: %s", filepath.Base(file), g.Description, c.Description, c.Data)
				default:
					narrower++
					t.Logf("does not accept, %s: %q: %q: %s", filepath.Base(file), g.Description, c.Description, c.Data)
				}
			}
		}
		all, same = all+n, same+ok
	}
	t.Logf("of %d tests %d are supported, %.1f %%; %d have a schema that is refused, %d a valid value that is not written so",
		all, same, 100*float64(same)/float64(all), refused, narrower)
	if 100*same < 85*all {
		t.Errorf("%d of %d tests are supported, less than 85 %%", same, all)
	}
}

// accepted reports whether some order of the properties of a value is accepted:
// the automaton wants the schema's.
func accepted(t *testing.T, a *grammar.Automaton, data []byte) bool {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	for _, text := range spellings(v) {
		whole, _, err := a.Match([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if whole {
			return true
		}
	}
	return false
}

// spellings are the texts of a value, with its properties in every order.
func spellings(v any) []string {
	switch v := v.(type) {
	case []any:
		lists := make([][]string, len(v))
		for i := range v {
			lists[i] = spellings(v[i])
		}
		return wrapped("[", joined(lists), "]")
	case map[string]any:
		var out []string
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, order := range orders(names) {
			lists := make([][]string, len(order))
			for i, name := range order {
				key, _ := json.Marshal(name)
				lists[i] = wrapped(spelled(string(key))+":", spellings(v[name]), "")
			}
			out = append(out, wrapped("{", joined(lists), "}")...)
		}
		return out
	}
	text, _ := json.Marshal(v)
	return []string{spelled(string(text))}
}

// spelled undoes what Go's encoder escapes for browsers.
func spelled(text string) string {
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&", `\u2028`, "\u2028", `\u2029`, "\u2029").Replace(text)
}

func wrapped(before string, texts []string, after string) []string {
	out := make([]string, len(texts))
	for i, text := range texts {
		out[i] = before + text + after
	}
	return out
}

func joined(lists [][]string) []string {
	out := []string{""}
	for i, list := range lists {
		var next []string
		for _, a := range out {
			for _, b := range list {
				if i > 0 {
					b = "," + b
				}
				next = append(next, a+b)
			}
		}
		out = next
	}
	return out
}

// orders are all orders of up to five names, and else the one they have.
func orders(names []string) [][]string {
	if len(names) < 2 || len(names) > 5 {
		return [][]string{names}
	}
	var out [][]string
	for i, first := range names {
		for _, rest := range orders(slices.Delete(slices.Clone(names), i, i+1)) {
			out = append(out, append([]string{first}, rest...))
		}
	}
	return out
}
