package tokenizer_test

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/tokenizer"
)

// smallSet is what an independent program made of awkward texts with a small
// vocabulary (testdata/README.md).
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
			if s.Special || strings.HasPrefix(s.File, "small-unigram") && s.File != "small-unigram-bytes.gguf" {
				continue // names of control tokens are not shown; what has no token, or is normalised, is lost
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

// spelling are the small vocabularies that have a token for each byte.
var spelling = []smallSet{
	{File: "small-bpe.gguf", Pre: "gpt-2"},
	{File: "small-bpe.gguf", Pre: "smollm"},
	{File: "small-bpe.gguf", Pre: "llama-bpe"},
	{File: "small-bpe.gguf", Pre: "qwen2"},
	{File: "small-sentence.gguf"},
	{File: "small-sentence-bare.gguf"},
	{File: "small-unigram-bytes.gguf"},
}

// FuzzSmall encodes any bytes with each splitter and model, and decodes them
// again, at once and one by one.
func FuzzSmall(f *testing.F) {
	for _, s := range []string{"", " ", "  a \n\n b", "we'LL 12345 \r\n!?", "[[x]] [[x]]", "\xff\xe2\x96", "привет 世界 🙂", "\x00</s><0x41>"} {
		f.Add(s)
	}
	toks := make([]*tokenizer.Tokenizer, len(spelling))
	for i, s := range spelling {
		toks[i] = s.tokenizer(f)
	}
	f.Fuzz(func(t *testing.T, text string) {
		text = strings.ReplaceAll(text, "\u2581", "_") // what SentencePiece takes for a space
		for i, tok := range toks {
			ids, err := tok.Encode(text, tokenizer.Options{})
			if err != nil {
				return // too long
			}
			if got := string(tok.Decode(ids)); got != text {
				t.Fatalf("%v: %q decodes to %q", spelling[i], text, got)
			}
			s := tok.NewStream()
			var b strings.Builder
			for _, id := range ids {
				b.WriteString(s.Add(id))
			}
			b.WriteString(s.End())
			if got, want := b.String(), string([]rune(text)); got != want { // each wrong byte becomes U+FFFD
				t.Fatalf("%v: %q streams as %q, want %q", spelling[i], text, got, want)
			}
		}
	})
}

// TestLongTextsWithoutACutTakeNoQuadraticTime would take hours if it did.
func TestLongTextsWithoutACutTakeNoQuadraticTime(t *testing.T) {
	for _, s := range spelling {
		tok := s.tokenizer(t)
		for _, text := range []string{strings.Repeat("a", 1<<19), strings.Repeat("the", 1<<17), strings.Repeat(" ", 1<<19), strings.Repeat("é", 1<<17)} {
			if got := string(tok.Decode(encode(t, tok, text, tokenizer.Options{}))); got != text {
				t.Errorf("%v: %.3q… of %d bytes does not come back", s, text, len(text))
			}
		}
	}
}

// TestMergesThatMeetAgainEnd joins by merges that undo each other's work as far
// as merges can: each join makes one symbol of two, so any list of merges ends.
func TestMergesThatMeetAgainEnd(t *testing.T) {
	w := &gguf.Writer{}
	w.AddString("tokenizer.ggml.model", "gpt2")
	w.AddString("tokenizer.ggml.pre", "gpt-2")
	w.AddStrings("tokenizer.ggml.tokens", []string{"a", "b", "ab", "ba", "aba", "bab", "abab", "baba"})
	w.AddStrings("tokenizer.ggml.merges", []string{"a b", "b a", "ab a", "a ba", "b ab", "ba b", "ab" + " ab", "ba" + " ba", "aba b", "a bab", "bab a", "b aba"})
	tok, err := load(w)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 40 {
		text := strings.Repeat("ab", n) + strings.Repeat("ba", n)
		if got := string(tok.Decode(encode(t, tok, text, tokenizer.Options{}))); got != text {
			t.Errorf("%q decodes to %q", text, got)
		}
	}
}

func TestNewRefusesWrongScores(t *testing.T) {
	for name, change := range map[string]func(*gguf.Writer){
		"none":     func(*gguf.Writer) {},
		"too few":  func(w *gguf.Writer) { w.AddFloat32s("tokenizer.ggml.scores", []float32{1, 2}) },
		"NaN":      func(w *gguf.Writer) { w.AddFloat32s("tokenizer.ggml.scores", []float32{1, 2, float32(math.NaN()), 0}) },
		"integers": func(w *gguf.Writer) { w.AddInt32s("tokenizer.ggml.scores", []int32{1, 2, 3, 4}) },
		"unknown": func(w *gguf.Writer) {
			w.AddFloat32s("tokenizer.ggml.scores", make([]float32, 4))
			w.AddUint32("tokenizer.ggml.unknown_token_id", 4)
		},
		"prefix": func(w *gguf.Writer) {
			w.AddFloat32s("tokenizer.ggml.scores", make([]float32, 4))
			w.AddUint32("tokenizer.ggml.add_space_prefix", 1)
		},
		"byte name": func(w *gguf.Writer) {
			w.AddFloat32s("tokenizer.ggml.scores", make([]float32, 4))
			w.AddInt32s("tokenizer.ggml.token_type", []int32{1, 1, 1, 6})
		},
	} {
		for _, model := range []string{"llama", "t5"} {
			w := &gguf.Writer{}
			w.AddString("tokenizer.ggml.model", model)
			w.AddStrings("tokenizer.ggml.tokens", []string{"<unk>", "▁", "a", "<0x4>"})
			change(w)
			if _, err := load(w); !errors.Is(err, tokenizer.ErrData) {
				t.Errorf("%s, %s: got %v, want %v", model, name, err, tokenizer.ErrData)
			}
		}
	}
}
