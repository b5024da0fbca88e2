package chattemplate_test

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

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
