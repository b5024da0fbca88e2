package chattemplate_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/assaynet/assay/engine/chattemplate"
)

// rendered are the cases of testdata/rendered.json.
type rendered struct {
	Template, Name string
	Messages       []chattemplate.Message
	Text, Refused  string
}

func cases(t testing.TB) (out []rendered) {
	t.Helper()
	data, err := os.ReadFile("testdata/rendered.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func parse(t testing.TB, source string) *chattemplate.Template {
	t.Helper()
	tmpl, err := chattemplate.Parse(source)
	if err != nil {
		t.Fatal(err)
	}
	return tmpl
}

func read(t testing.TB, name string) string {
	t.Helper()
	source, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(source)
}

func TestTemplatesAreRenderedAsPythonDoes(t *testing.T) {
	all := cases(t)
	for _, c := range all {
		got, err := parse(t, read(t, c.Template)).Render(chattemplate.Input{Messages: c.Messages, BOS: "<s>", EOS: "</s>"})
		switch {
		case c.Refused != "":
			if !errors.Is(err, chattemplate.ErrRefused) || !strings.Contains(err.Error(), c.Refused) {
				t.Errorf("%s, %s: got %v, want the refusal %q", c.Template, c.Name, err, c.Refused)
			}
		case err != nil:
			t.Errorf("%s, %s: %v", c.Template, c.Name, err)
		case got.String() != c.Text:
			t.Errorf("%s, %s:\ngot  %q\nwant %q", c.Template, c.Name, got.String(), c.Text)
		}
	}
	if len(all) < 80 {
		t.Errorf("only %d cases", len(all))
	}
}

// TestExpressionsMeanWhatTheyDoInPython compares small templates; where Python
// fails, so must we, or refuse what is not supported.
func TestExpressionsMeanWhatTheyDoInPython(t *testing.T) {
	data, err := os.ReadFile("testdata/expressions.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []struct{ Source, Text, Error string }
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		tmpl, err := chattemplate.Parse(c.Source)
		var got chattemplate.Text
		if err == nil {
			got, err = tmpl.Render(chattemplate.Input{BOS: "<s>", EOS: "</s>"})
		}
		switch {
		case c.Error != "" && err == nil:
			t.Errorf("%s: got %q, Python says %s", c.Source, got, c.Error)
		case c.Error == "" && err != nil:
			t.Errorf("%s: %v", c.Source, err)
		case c.Error == "" && got.String() != c.Text:
			t.Errorf("%s:\ngot  %q\nwant %q", c.Source, got.String(), c.Text)
		}
	}
}

// TestRenderingsRunSideBySide renders one template from many goroutines.
func TestRenderingsRunSideBySide(t *testing.T) {
	all := cases(t)
	tmpl := parse(t, read(t, "blocks.jinja"))
	var g errgroup.Group
	for _, c := range all {
		if c.Template != "blocks.jinja" {
			continue
		}
		for range 4 {
			g.Go(func() error {
				got, err := tmpl.Render(chattemplate.Input{Messages: c.Messages, BOS: "<s>", EOS: "</s>"})
				if err == nil && got.String() != c.Text {
					err = fmt.Errorf("%s: got %q", c.Name, got)
				}
				return err
			})
		}
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
}
