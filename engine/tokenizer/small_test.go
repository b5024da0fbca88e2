package tokenizer_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/tokenizer"
)

// smallSet is what an independent program made of awkward texts with a small vocabulary (testdata/README.md).
type smallSet struct {
	File    string
	Pre     string // replaces tokenizer.ggml.pre where it is not empty
	Special bool
	Cases   []encoding
}

func readSmall(t testing.TB) []smallSet {
	t.Helper()
	data, err := os.ReadFile("testdata/small-cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Sets []smallSet }
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	return file.Sets
}

// tokenizer loads the set's vocabulary under its splitter.
func (s smallSet) tokenizer(t testing.TB) *tokenizer.Tokenizer {
	t.Helper()
	data, err := os.ReadFile("testdata/" + s.File)
	if err != nil {
		t.Fatal(err)
	}
	f, err := gguf.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	w := &gguf.Writer{}
	for _, kv := range f.Metadata() {
		if s.Pre == "" || kv.Key != "tokenizer.ggml.pre" {
			w.AddRaw(kv.Key, kv.Type, kv.Raw)
		}
	}
	if s.Pre != "" {
		w.AddString("tokenizer.ggml.pre", s.Pre)
	}
	tok, err := load(w)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func TestSmallVocabulariesGiveOtherProgramsIDs(t *testing.T) {
	for _, s := range readSmall(t) {
		tok := s.tokenizer(t)
		bad := 0
		for _, c := range s.Cases {
			got, err := tok.Encode(c.Text, tokenizer.Options{Special: s.Special})
			if err != nil || !slices.Equal(got, c.IDs) {
				if bad++; bad < 4 {
					t.Errorf("%s %s, special %v: %q: got %v, %v, want %v", s.File, s.Pre, s.Special, c.Text, got, err, c.IDs)
				}
				continue
			}
			if s.Special || strings.Contains(s.File, "unigram.gguf") {
				continue // names of control tokens are not shown; what has no token is lost
			}
			if back := string(tok.Decode(got)); back != c.Text {
				t.Errorf("%s: %q decodes to %q", s.File, c.Text, back)
			}
		}
		if bad > 0 {
			t.Errorf("%s %s, special %v: %d of %d cases are wrong", s.File, s.Pre, s.Special, bad, len(s.Cases))
		}
	}
}
