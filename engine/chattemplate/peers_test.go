package chattemplate_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/assaynet/assay/engine/chattemplate"
)

// load reads a JSON file of testdata.
func load[T any](t testing.TB, name string) (out T) {
	t.Helper()
	if err := json.Unmarshal([]byte(read(t, name)), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// message makes a message of one in JSON: all but its role are further fields.
func message(t testing.TB, raw json.RawMessage) (m chattemplate.Message) {
	t.Helper()
	if err := json.Unmarshal(raw, &m); err != nil && m.Role == "" { // a content may be no string
		t.Fatal(err)
	}
	m.Content = ""
	role := fmt.Appendf(nil, `"role": %q, `, m.Role)
	if !bytes.Contains(raw, role) {
		t.Fatalf("%s does not begin with its role", raw)
	}
	m.Extra = bytes.Replace(raw, role, nil, 1)
	return m
}

func messages(t testing.TB, raw []json.RawMessage) (out []chattemplate.Message) {
	t.Helper()
	for _, m := range raw {
		out = append(out, message(t, m))
	}
	return out
}

// conversation is one of testdata/conversations.json.
type conversation struct {
	Name     string
	Messages []json.RawMessage
	Tools    json.RawMessage
}

func (c conversation) input(t testing.TB) chattemplate.Input {
	return chattemplate.Input{
		Messages: messages(t, c.Messages), Tools: c.Tools, BOS: "<s>", EOS: "</s>", Today: time.Date(2024, 7, 9, 0, 0, 0, 0, time.UTC),
	}
}

// sources returns the sources of the templates of testdata, and of a folder
// that ASSAY_TEMPLATES names.
func sources(t testing.TB) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, dir := range []string{"testdata", os.Getenv("ASSAY_TEMPLATES")} {
		paths, err := filepath.Glob(filepath.Join(dir, "*.jinja"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			source, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			out[filepath.Base(path)] = string(source)
		}
	}
	return out
}

// TestTemplatesOfPeersAreRenderedAsPythonDoes renders every conversation with
// the templates of testdata and, under `make templates`, with those that other
// programs ship: tools, calls, thoughts, empty turns, disorder. What Python
// makes of them is known by its hash.
func TestTemplatesOfPeersAreRenderedAsPythonDoes(t *testing.T) {
	want := load[map[string]map[string]string](t, "peers.json")
	all := sources(t)
	templates, equal, refused := 0, 0, 0
	for name, source := range all {
		cases, ok := want[name]
		if !ok || cases["sha256"] != fmt.Sprintf("%x", sha256.Sum256([]byte(source))) {
			t.Errorf("%s is not the template that peers.json knows: run make peers", name)
			continue
		}
		templates++
		tmpl := parse(t, source)
		for _, c := range load[[]conversation](t, "conversations.json") {
			got, err := tmpl.Render(c.input(t))
			said := "error"
			if err == nil {
				sum := sha256.Sum256([]byte(got.String()))
				said = fmt.Sprintf("%d %x", got.Len(), sum[:8])
			}
			switch {
			case said != cases[c.Name]:
				t.Errorf("%s, %s: got %s (%v), want %s", name, c.Name, said, err, cases[c.Name])
			case err != nil:
				refused++
			default:
				equal++
			}
		}
	}
	if os.Getenv("ASSAY_TEMPLATES") != "" && templates != len(want) {
		t.Errorf("%d templates, peers.json knows %d", templates, len(want))
	}
	t.Logf("%d templates: %d prompts equal to Python's, %d conversations refused by both", templates, equal, refused)
}

// TestRandomTemplatesMeanWhatTheyDoInPython renders templates that a generator
// made of all of the language.
func TestRandomTemplatesMeanWhatTheyDoInPython(t *testing.T) {
	in := chattemplate.Input{Messages: messages(t, load[[]json.RawMessage](t, "random-messages.json")), BOS: "<s>", EOS: "</s>"}
	all := load[[]struct {
		Source, Error string
		Text          *string
	}](t, "random.json")
	for _, c := range all {
		tmpl, err := chattemplate.Parse(c.Source)
		var got chattemplate.Text
		if err == nil {
			got, err = tmpl.Render(in)
		}
		switch {
		case c.Text == nil && err == nil:
			t.Errorf("%s: got %q, Python says %s", c.Source, got, c.Error)
		case c.Text != nil && err != nil:
			t.Errorf("%s: %v", c.Source, err)
		case c.Text != nil && got.String() != *c.Text:
			t.Errorf("%s:\ngot  %q\nwant %q", c.Source, got.String(), *c.Text)
		}
	}
	if len(all) < 500 {
		t.Errorf("only %d cases", len(all))
	}
}

// reports are small templates on which other readers of Jinja have failed, with
// what Python makes of them.
var reports = []struct{ source, content, want string }{
	{"{{ messages[0].content | int + 1 }}", "3.7", "4"},
	{"{% if messages | selectattr('role', 'equalto', 'tool') %}tools{% else %}plain{% endif %}", "", "tools"},
	{"a {% raw %}\nb{% endraw %}", "", "a \nb"},
	{`{{ 'a\vb\fc' | length }}`, "", "5"},
	{"{{ 1 is sameas true }},{{ 0 is sameas false }},{{ true is sameas true }}", "", "False,False,True"},
	{"{% for a in [1] %}{% for b in [1] %}{{ loop.depth }}{{ loop.depth0 }}{% endfor %}{% endfor %}", "", "10"},
	{"{{ messages[0] | tojson(ensure_ascii=False) }}", "ü", `{"role": "user", "content": "ü"}`},
	{"{{ messages[0].content.split(None, 1)[1] }}", "one two three", "two three"},
	{"{{ [1] == (1,) }} {{ (1, 2) }}", "", "False (1, 2)"},
}

func TestTemplatesThatOthersFailedOn(t *testing.T) {
	for _, r := range reports {
		got, err := parse(t, r.source).Render(chattemplate.Input{Messages: []chattemplate.Message{{Role: "user", Content: r.content}}})
		if err != nil || got.String() != r.want {
			t.Errorf("%s: got %q, %v, want %q", r.source, got, err, r.want)
		}
	}
}

// TestWhereWeDifferFromPythonWeSaySo is the list of doc.go.
func TestWhereWeDifferFromPythonWeSaySo(t *testing.T) {
	for source, want := range map[string]error{
		"{{ 9223372036854775807 + 1 }}": chattemplate.ErrLimit, "{{ 1e20 | int }}": chattemplate.ErrLimit, "{{ '9223372036854775808' | int }}": chattemplate.ErrLimit,
		"{{ [1] | map('string') }}": chattemplate.ErrRun, "{{ range }}": chattemplate.ErrRun, "{{ (-2) ** 0.5 }}": chattemplate.ErrRun,
		"{% autoescape true %}{% endautoescape %}": chattemplate.ErrRun, "{% include 'a' %}": chattemplate.ErrRun, "{% import 'a' as b %}": chattemplate.ErrRun,
		"{{ lipsum() }}": chattemplate.ErrRun, "{{ lipsum }}": chattemplate.ErrRun, "{{ [1] | random }}": chattemplate.ErrRun, "{{ 'a' | wordwrap }}": chattemplate.ErrRun, "{{ 'a' | striptags }}": chattemplate.ErrRun,
		"{{ self.a() }}{% block a %}{% endblock %}": chattemplate.ErrRun,
	} {
		if _, err := parse(t, source).Render(chattemplate.Input{}); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", source, err, want)
		}
	}
	got, err := parse(t, "{% if false %}{{ 1 | nothing }}{{ 1 is nothing }}{% endif %}a").Render(chattemplate.Input{})
	if err != nil || got.String() != "a" {
		t.Errorf("what is not reached: got %q, %v", got, err)
	}
}

// BenchmarkParse reads templates of our own, made as long as the longest in use.
func BenchmarkParse(b *testing.B) {
	source := read(b, "thoughtful.jinja")
	source = strings.Repeat(source+"\n", 25<<10/len(source))
	b.SetBytes(int64(len(source)))
	for b.Loop() {
		if _, err := chattemplate.Parse(source); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRender renders conversations of some turns.
func BenchmarkRender(b *testing.B) {
	for _, turns := range []int{1, 21} {
		in := chattemplate.Input{BOS: "<s>", EOS: "</s>"}
		for i := range turns {
			in.Messages = append(in.Messages, chattemplate.Message{Role: []string{"user", "assistant"}[i%2], Content: strings.Repeat("some words ", 20)})
		}
		for _, name := range []string{"chatml.jinja", "command.jinja", "llama3.jinja"} {
			tmpl := parse(b, read(b, name))
			b.Run(fmt.Sprintf("%s/%d", name, turns), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := tmpl.Render(in); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
