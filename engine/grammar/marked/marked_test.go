package marked_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/grammar/jsonschema"
	"github.com/assaynet/assay/engine/grammar/marked"
)

const form = `{"open":"<c>","close":"</c>","schema":{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"],"additionalProperties":false}}`

func TestWhatIsSaidIsFreeAndWhatIsCalledIsNot(t *testing.T) {
	a, err := marked.Compile([]byte(form))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{
		"":                                     true,
		"anything, {\"n\":true} and \xff, too": true,
		`<c>{"n":1}</c>`:                       true,
		"first <c>\n{\"n\": -20}\n</c> then":   true,
		`<c>{"n":1}</c><c>{"n":2}</c>`:         true,
		`<<c>{"n":1}</c>`:                      true, // the mark begins at its second letter
		`<c<c>{"n":1}</c>`:                     true,
		"</c> closes nothing":                  true,
		"<c":                                   true,
		"<c>":                                  false,
		"<c>text</c>":                          false,
		`<c>{"n":1}`:                           false,
		`<c>{"n":"1"}</c>`:                     false,
		`<c>{"m":1}</c>`:                       false,
		`a <c> b`:                              false,
		`<c>{"n":1}</c> <c>{"n":1.5}</c>`:      false,
	} {
		if whole, _, err := a.Match([]byte(text)); err != nil || whole != want {
			t.Errorf("%q: %v, %v", text, whole, err)
		}
	}
}

// TestMarksOfMoreThanOneByteALetter: DeepSeek's marks are not of ASCII, and what is
// said may stop within one of their letters.
func TestMarksOfMoreThanOneByteALetter(t *testing.T) {
	a, err := marked.Compile([]byte(`{"open":"<｜▁call｜>","close":"<｜end｜>","schema":{"type":"integer"}}`))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{
		"":                             true,
		"free｜text▁, and ｜ again":      true,
		"<｜▁call｜>12<｜end｜>":           true,
		"a <｜▁call｜> 12\n<｜end｜> then": true,
		"<｜<｜▁call｜>1<｜end｜>":          true,
		"<｜▁call｜>1<｜end｜><｜▁call｜>x":  false,
		"<｜▁call｜>x<｜end｜>":            false,
		"<｜▁call｜>":                    false,
		"<｜▁cal":                       true,
		"<\xef\xbd":                    true, // two of three bytes
		"<\xef\xbd<｜▁call｜>1<｜end｜>":   true,
		"<\xef\xbd<｜▁call｜>1.5<｜end｜>": false,
	} {
		if whole, _, err := a.Match([]byte(text)); err != nil || whole != want {
			t.Errorf("%q: %v, %v", text, whole, err)
		}
	}
}

func TestWhatIsNoFormIsRefused(t *testing.T) {
	for text, want := range map[string]error{
		``: marked.ErrForm, `[]`: marked.ErrForm, `{}`: marked.ErrForm,
		`{"open":"<c>","close":"</c>"}`:                                         marked.ErrForm,
		`{"open":"","close":"</c>","schema":{}}`:                                marked.ErrForm,
		`{"open":"<c>","close":"","schema":{}}`:                                 marked.ErrForm,
		`{"open":"` + strings.Repeat("a", 65) + `","close":"</c>","schema":{}}`: marked.ErrForm,
		form + form: marked.ErrForm,
		form + "}":  marked.ErrForm,
		`{"open":"<c>","close":"</c>","schema":{},"more":1}`:      marked.ErrForm,
		`{"open":"<c>","close":"</c>","schema":{"typ":"object"}}`: jsonschema.ErrUnsupported,
	} {
		if _, err := marked.Compile([]byte(text)); !errors.Is(err, want) {
			t.Errorf("%.80s: %v", text, err)
		}
	}
}

// FuzzCompile: whatever compiles lets text without a mark pass, and no open mark at
// its end.
func FuzzCompile(f *testing.F) {
	f.Add([]byte(form))
	f.Add([]byte(`{"open":"aab","close":"b","schema":true}`))
	f.Add([]byte(`{"open":"<c>","close":"</c>","schema":{"enum":[1]}}`))
	f.Add([]byte(`{"open":"<｜▁c｜>","close":"｜","schema":true}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := marked.Compile(text)
		if err != nil {
			return
		}
		var form marked.Form
		if err := json.Unmarshal(text, &form); err != nil {
			t.Fatal(err)
		}
		if whole, _, err := a.Match([]byte(form.Open[:len(form.Open)-1])); err != nil || !whole {
			t.Errorf("what is no whole mark is not said: %v", err)
		}
		if whole, _, err := a.Match([]byte(form.Open)); err == nil && whole {
			t.Error("an answer ends in an open mark")
		}
	})
}
