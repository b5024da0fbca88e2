package tokenizer_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/tokenizer"
)

// replace returns w's metadata with the pair under key written by add, which
// may write nothing; a key that was absent comes last.
func replace(w *gguf.Writer, key string, add func(w *gguf.Writer, key string)) *gguf.Writer {
	var b bytes.Buffer
	if _, err := w.WriteTo(&b); err != nil {
		panic(err)
	}
	f, err := gguf.Parse(b.Bytes())
	if err != nil {
		panic(err)
	}
	out := &gguf.Writer{}
	for _, kv := range f.Metadata() {
		if kv.Key != key {
			out.AddRaw(kv.Key, kv.Type, kv.Raw)
		}
	}
	add(out, key)
	return out
}

// change returns w's metadata with the strings under key changed.
func change(w *gguf.Writer, key string, edit func([]string) []string) *gguf.Writer {
	var b bytes.Buffer
	if _, err := w.WriteTo(&b); err != nil {
		panic(err)
	}
	f, err := gguf.Parse(b.Bytes())
	if err != nil {
		panic(err)
	}
	values, _ := f.Strings(key)
	return replace(w, key, func(w *gguf.Writer, key string) { w.AddStrings(key, edit(values)) })
}

func TestNewRefusesWrongTokenizerData(t *testing.T) {
	const prefix = "tokenizer.ggml."
	set := func(i int, s string) func([]string) []string {
		return func(v []string) []string { v[i] = s; return v }
	}
	str := func(s string) func(*gguf.Writer, string) {
		return func(w *gguf.Writer, key string) { w.AddString(key, s) }
	}
	num := func(n uint32) func(*gguf.Writer, string) {
		return func(w *gguf.Writer, key string) { w.AddUint32(key, n) }
	}
	kinds := func(n int, kind int32) func(*gguf.Writer, string) {
		return func(w *gguf.Writer, key string) { w.AddInt32s(key, slices.Repeat([]int32{kind}, n)) }
	}
	gone := func(*gguf.Writer, string) {}
	size := tiny(t).VocabSize()
	for name, c := range map[string]struct {
		key  string
		add  func(*gguf.Writer, string)
		edit func([]string) []string
		want error
		says string
	}{
		"no model":                {"model", gone, nil, tokenizer.ErrData, "tokenizer.ggml.model"},
		"another model":           {"model", str("bert"), nil, tokenizer.ErrUnsupported, `"bert"`},
		"model of a wrong type":   {"model", num(1), nil, tokenizer.ErrData, "tokenizer.ggml.model"},
		"no splitter":             {"pre", gone, nil, tokenizer.ErrData, "tokenizer.ggml.pre"},
		"unknown splitter":        {"pre", str("qwen9"), nil, tokenizer.ErrUnsupported, `"qwen9"`},
		"no tokens":               {"tokens", gone, nil, tokenizer.ErrData, "tokens"},
		"tokens of a wrong type":  {"tokens", kinds(size, 1), nil, tokenizer.ErrData, "tokens"},
		"empty vocabulary":        {"tokens", nil, func([]string) []string { return nil }, tokenizer.ErrData, "empty"},
		"repeated token":          {"tokens", nil, set(100, "the"), tokenizer.ErrData, `both "the"`},
		"token outside alphabet":  {"tokens", nil, set(259, "a b"), tokenizer.ErrData, "alphabet"},
		"token of broken UTF-8":   {"tokens", nil, set(259, "\xff"), tokenizer.ErrData, "alphabet"},
		"empty control token":     {"tokens", nil, set(0, ""), tokenizer.ErrData, "empty"},
		"endless control token":   {"tokens", nil, set(0, strings.Repeat("<", 257)), tokenizer.ErrData, "257 bytes"},
		"too few kinds":           {"token_type", kinds(size-1, 1), nil, tokenizer.ErrData, "entries"},
		"too many kinds":          {"token_type", kinds(size+1, 1), nil, tokenizer.ErrData, "entries"},
		"kind 0":                  {"token_type", kinds(size, 0), nil, tokenizer.ErrData, "kind 0"},
		"kind 7":                  {"token_type", kinds(size, 7), nil, tokenizer.ErrData, "kind 7"},
		"kinds of a wrong type":   {"token_type", str("x"), nil, tokenizer.ErrData, "token_type"},
		"no merges":               {"merges", gone, nil, tokenizer.ErrData, "merges"},
		"merges of a wrong type":  {"merges", num(3), nil, tokenizer.ErrData, "merges"},
		"merge of one token":      {"merges", nil, set(0, "th"), tokenizer.ErrData, `"th"`},
		"merge of three tokens":   {"merges", nil, set(0, "t h e"), tokenizer.ErrData, `"t h e"`},
		"merge with an empty end": {"merges", nil, set(0, "t "), tokenizer.ErrData, `"t "`},
		"merge of unknown tokens": {"merges", nil, set(0, "zz h"), tokenizer.ErrData, `no token "zz"`},
		"merge to unknown token":  {"merges", nil, set(0, "z z"), tokenizer.ErrData, `no token "zz"`},
		"repeated merge":          {"merges", nil, set(1, "t h"), tokenizer.ErrData, "both"},
		"merge with two spaces":   {"merges", nil, func(v []string) []string { return append(v, "th  e") }, tokenizer.ErrData, "merge"},
		"BOS out of range":        {"bos_token_id", num(uint32(size)), nil, tokenizer.ErrData, "bos_token_id"},
		"EOS out of range":        {"eos_token_id", num(1 << 31), nil, tokenizer.ErrData, "eos_token_id"},
		"EOT out of range":        {"eot_token_id", num(99999), nil, tokenizer.ErrData, "eot_token_id"},
		"EOM of a wrong type":     {"eom_token_id", str("2"), nil, tokenizer.ErrData, "eom_token_id"},
		"ends of a wrong type":    {"eos_token_ids", num(2), nil, tokenizer.ErrData, "eos_token_ids"},
		"an end below 0":          {"eos_token_ids", kinds(1, -1), nil, tokenizer.ErrData, "eos_token_ids has -1"},
		"an end out of range":     {"eos_token_ids", kinds(2, 1<<20), nil, tokenizer.ErrData, "eos_token_ids has 1048576"},
		"filler out of range":     {"fim_pad_token_id", num(99999), nil, tokenizer.ErrData, "fim_pad_token_id"},
		"add_bos of a wrong type": {"add_bos_token", num(1), nil, tokenizer.ErrData, "add_bos_token"},
	} {
		w, err := enginetest.Build(enginetest.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if c.edit != nil {
			w = change(w, prefix+c.key, c.edit)
		} else {
			w = replace(w, prefix+c.key, c.add)
		}
		_, err = load(w)
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want %v with %s", name, err, c.want, c.says)
		}
	}
}

func TestAddBOSNeedsABOS(t *testing.T) {
	w, err := enginetest.Build(enginetest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w = replace(w, "tokenizer.ggml.add_bos_token", func(w *gguf.Writer, key string) { w.AddBool(key, true) })
	if tok, err := load(w); err != nil || !tok.AddBOS() {
		t.Errorf("got %v", err)
	}
	w = replace(w, "tokenizer.ggml.bos_token_id", func(*gguf.Writer, string) {})
	if _, err := load(w); !errors.Is(err, tokenizer.ErrData) {
		t.Errorf("got %v, want %v", err, tokenizer.ErrData)
	}
}

func TestSmolLMSplitsLikeItsExpressions(t *testing.T) {
	for text, want := range map[string][]string{
		"we've  got 12 it's": {"we", "'ve", " ", " got", " ", "1", "2", " it", "'s"},
		"  ":                 {"  "},
		"  1":                {"  ", "1"},
		"  a":                {" ", " a"},
		" \n\na":             {" \n", "\n", "a"},
		"a\u00a0b":           {"a", "\u00a0", "b"},
		"\u3000\u3000!":      {"\u3000", "\u3000", "!"},
		"!?a 's":             {"!?", "a", " '", "s"},
		"'S've":              {"'", "S", "'ve"},
		"don't'":             {"don", "'t", "'"},
		"½²٣":                {"½", "²", "٣"},
		"\xff\xfea":          {"\xff\xfe", "a"},
		"é́x":                {"é", "\u0301", "x"},
	} {
		if got := tokenizer.Split("smollm", text); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// FuzzNew reads tokenizers out of files of arbitrary bytes: an error, or a
// tokenizer that works.
func FuzzNew(f *testing.F) {
	w := &gguf.Writer{} // small, so that mutations hit the structure
	w.AddString("tokenizer.ggml.model", "gpt2")
	w.AddString("tokenizer.ggml.pre", "smollm")
	w.AddStrings("tokenizer.ggml.tokens", []string{"<|im_start|>", "<|im_end|>", "t", "h", "th", "Ġ"})
	w.AddInt32s("tokenizer.ggml.token_type", []int32{3, 3, 1, 1, 1, 1})
	w.AddStrings("tokenizer.ggml.merges", []string{"t h"})
	w.AddUint32("tokenizer.ggml.bos_token_id", 0)
	w.AddUint32("tokenizer.ggml.eos_token_id", 1)
	w.AddBool("tokenizer.ggml.add_bos_token", true)
	w.AddString("tokenizer.chat_template", "<|im_start|>system\nx<|im_end|>")
	var b bytes.Buffer
	if _, err := w.WriteTo(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	for _, model := range []string{"llama", "t5"} {
		w := &gguf.Writer{}
		w.AddString("tokenizer.ggml.model", model)
		w.AddStrings("tokenizer.ggml.tokens", []string{"<unk>", "<s>", "▁", "t", "▁t", "he", "<0x68>", "é", "[[x]]"})
		w.AddInt32s("tokenizer.ggml.token_type", []int32{2, 3, 1, 1, 1, 1, 6, 1, 4})
		w.AddFloat32s("tokenizer.ggml.scores", []float32{0, 0, -1, -2, -3.5, -4, 0, -0.25, 1e30})
		w.AddUint32("tokenizer.ggml.bos_token_id", 1)
		w.AddUint32("tokenizer.ggml.unknown_token_id", 0)
		w.AddBool("tokenizer.ggml.remove_extra_whitespaces", true)
		b.Reset()
		if _, err := w.WriteTo(&b); err != nil {
			f.Fatal(err)
		}
		f.Add(bytes.Clone(b.Bytes()))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := gguf.Parse(data)
		if err != nil {
			return
		}
		tok, err := tokenizer.New(file)
		if err != nil {
			return
		}
		ids := encode(t, tok, "the <|im_end|> user's  é [[x]]\xff", tokenizer.Options{Special: true, BOS: true})
		for _, id := range append(ids, tok.StopTokens()...) {
			if id < 0 || int(id) >= tok.VocabSize() {
				t.Fatalf("the id %d of %d tokens", id, tok.VocabSize())
			}
		}
		if _, err := tok.Chat([]tokenizer.Message{{Role: "user", Content: "x"}}); err != nil && !errors.Is(err, tokenizer.ErrNoChat) && !errors.Is(err, tokenizer.ErrTemplate) {
			t.Fatal(err)
		}
	})
}
