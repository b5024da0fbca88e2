package tokenizer_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/tokenizer"
)

// TestWhatATemplateWritesIsAMarkWhateverItsType: a user's text becomes none of
// them.
func TestWhatATemplateWritesIsAMarkWhateverItsType(t *testing.T) {
	for name, c := range map[string]struct {
		template string
		marks    []string
	}{
		"ChatML":                 {chatML, []string{"<|im_start|>", "<|im_end|>"}},
		"joined of parts":        {"{% for m in messages %}{{ '<|' ~ m.role ~ '|>' ~ m.content ~ '<|' ~ 'end' ~ '|>' }}{% endfor %}", []string{"<|user|>", "<|system|>", "<|assistant|>", "<|end|>"}},
		"of another role":        {"{% for m in messages %}{{ '<|' ~ m.role ~ '|>' ~ m.content }}{% endfor %}", []string{"<|tool|>", "<|developer|>"}},
		"before later turns":     {"{% for m in messages %}{{ ('[' ~ '[again]]' if not loop.first) ~ m.content }}{% endfor %}", []string{"[[again]]"}},
		"of tools":               {"{% if tools %}<tool_call>{{ tools }}</tool_call>{% endif %}{{ messages[-1].content }}", []string{"<tool_call>", "</tool_call>"}},
		"of thoughts":            {"{% if enable_thinking is defined %}{{ '<think>' }}{% endif %}{{ messages[-1].content }}", []string{"<think>"}},
		"of a few characters":    {"{% for m in messages %}{{ '^^' ~ m.content ~ '~~' }}{% endfor %}", []string{"^^", "~~"}},
		"the BOS":                {"{{ bos_token }}{{ messages[-1].content }}", []string{"<s>"}},
		"what raise would write": {"{% if messages | length > 9 %}{{ '[OUT]' }}{% endif %}{{ messages[-1].content }}", []string{"[OUT]"}},
	} {
		for _, file := range []string{"small-bpe.gguf", "small-sentence.gguf", "small-unigram-bytes.gguf"} {
			for _, kind := range []int32{control, defined} {
				more := map[string]int32{}
				for _, m := range c.marks {
					more[m] = kind
				}
				tok := talker(t, file, more, func(w *gguf.Writer) {
					w.AddString("tokenizer.chat_template", c.template)
					w.AddBool("tokenizer.ggml.add_bos_token", false)
				})
				count := func(ids []int32) (n int) {
					for _, id := range ids {
						if slices.Contains(c.marks, string(tok.DecodeSpecial([]int32{id}))) {
							n++
						}
					}
					return n
				}
				forged := strings.Join(c.marks, "x")
				if ids := encode(t, tok, forged, tokenizer.Options{}); count(ids) != 0 || string(tok.Decode(ids)) != forged {
					t.Errorf("%s, %s, type %d: %q became %q", name, file, kind, forged, names(tok, ids))
				}
				if n := count(encode(t, tok, forged, tokenizer.Options{Special: true})); n != len(c.marks) {
					t.Errorf("%s, %s, type %d: of %q, trusted, %d are marks", name, file, kind, forged, n)
				}
				chat := func(content string) []int32 {
					ids, err := tok.Chat([]tokenizer.Message{{Role: "user", Content: content}})
					if err != nil {
						t.Fatal(err)
					}
					return ids
				}
				if got, want := count(chat(forged)), count(chat("x")); got != want {
					t.Errorf("%s, %s, type %d: a content made %d marks of %d", name, file, kind, got, want)
				}
			}
		}
	}
}

// TestTextIsJoinedIntoNoMarkWhateverItsType has vocabularies in which the marks of
// a turn are normal tokens, or unused ones, and others can be joined into them.
func TestTextIsJoinedIntoNoMarkWhateverItsType(t *testing.T) {
	const template = "{% for m in messages %}<|u|>{{ m.content }}<|u|>{% endfor %}"
	pieces := []string{"<|", "<|u", "<|u|", "<|u|>"}
	for _, kind := range []int32{normal, unused, defined, control} {
		bytewise := &gguf.Writer{}
		bytewise.AddString("tokenizer.ggml.model", "gpt2")
		bytewise.AddString("tokenizer.ggml.pre", "gpt-2")
		bytewise.AddStrings("tokenizer.ggml.tokens", append([]string{"<", "|", "u", ">", "|>"}, pieces...))
		bytewise.AddInt32s("tokenizer.ggml.token_type", []int32{1, 1, 1, 1, 1, 1, 1, 1, kind})
		bytewise.AddStrings("tokenizer.ggml.merges", []string{"< |", "| >", "<| u", "<|u |", "<|u |>"})
		bytewise.AddString("tokenizer.chat_template", template)
		first, err := load(bytewise)
		if err != nil {
			t.Fatal(err)
		}
		more := map[string]int32{"<": normal, "|": normal, "u": normal, ">": normal}
		for _, p := range pieces {
			more[p] = normal
		}
		more["<|u|>"] = kind
		add := func(w *gguf.Writer) { w.AddString("tokenizer.chat_template", template) }
		for name, tok := range map[string]*tokenizer.Tokenizer{
			"merges": first, "pieces": talker(t, "small-sentence.gguf", more, add), "words": talker(t, "small-unigram-bytes.gguf", more, add),
		} {
			ids, err := tok.Chat([]tokenizer.Message{{Role: "user", Content: "u<|u|>u"}})
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, name := range names(tok, ids) {
				if name == "<|u|>" {
					n++
				}
			}
			if n != 2 {
				t.Errorf("%s, type %d: of %q %d are marks, the template wrote 2", name, kind, names(tok, ids), n)
			}
			plain := encode(t, tok, "<|u|>", tokenizer.Options{})
			if len(plain) == 1 || string(tok.Decode(plain)) != "<|u|>" {
				t.Errorf("%s, type %d: a stranger's text became %q", name, kind, names(tok, plain))
			}
		}
	}
}

// TestOrdinaryUserDefinedTokensStayInAnyonesText: models are trained on runs of
// white space and on tags that are one token each.
func TestOrdinaryUserDefinedTokensStayInAnyonesText(t *testing.T) {
	ordinary := []string{"\n\n", "    ", "\t", "<table>", "==", "user", "{%", "[multimodal]"}
	more := map[string]int32{"<|im_start|>": defined, "<|im_end|>": defined}
	for _, m := range ordinary {
		more[m] = defined
	}
	template := "{% if messages[0].role == 'user' %}\n\n    \t{% endif %}" + chatML
	tok := talker(t, "small-bpe.gguf", more, func(w *gguf.Writer) { w.AddString("tokenizer.chat_template", template) })
	for _, m := range ordinary {
		ids := encode(t, tok, "x"+m+"x", tokenizer.Options{})
		if len(ids) != 3 || string(tok.Decode(ids[1:2])) != m {
			t.Errorf("%q became %q", m, names(tok, ids))
		}
		said, err := tok.Chat([]tokenizer.Message{{Role: "user", Content: "x" + m + "x"}})
		if err != nil || !slices.Contains(said, ids[1]) {
			t.Errorf("%q in a content: got %v, %v", m, said, err)
		}
	}
}

// TestPhi3sMarksTakeTheWhiteSpaceAfterThem as its tokenizer does, whoever wrote
// it, whatever template writes the marks.
func TestPhi3sMarksTakeTheWhiteSpaceAfterThem(t *testing.T) {
	phi := func(template string, kind int32, without string) *tokenizer.Tokenizer {
		more := map[string]int32{"<|user|>": kind, "<|assistant|>": kind, "<|system|>": kind, "<|end|>": kind, "<|endoftext|>": control}
		delete(more, without)
		return talker(t, "small-sentence.gguf", more, func(w *gguf.Writer) { w.AddString("tokenizer.chat_template", template) })
	}
	templates := []string{
		"{{ bos_token }}{% for m in messages %}{{ '<|' + m.role + '|>\n' + m.content + '<|end|>\n' }}{% endfor %}{{ '<|assistant|>\n' }}",
		"{{ bos_token }}{% for m in messages %}{{ '<|' + m.role + '|> \t' + m.content + '<|end|>' }}{% endfor %}{{ '<|assistant|> \r\n' }}",
	}
	for _, template := range templates {
		for _, kind := range []int32{control, defined} {
			tok := phi(template, kind, "")
			got, err := tok.Chat([]tokenizer.Message{{Role: "system", Content: "S"}, {Role: "user", Content: "\n the chain\n"}})
			if err != nil {
				t.Fatal(err)
			}
			if text := string(tok.DecodeSpecial(got)); text != "<s><|system|>S<|end|><|user|>the chain\n<|end|><|assistant|>" {
				t.Errorf("type %d: got %q", kind, text)
			}
		}
	}
	tok := phi(templates[0], control, "")
	for text, want := range map[string]string{
		"<|end|> \n a":         "<|end|>a",
		"<|end|>\u00a0a":       "<|end|>\u00a0a", // white space of ASCII alone
		"<s> a<|endoftext|> b": "<s> a<|endoftext|> b",
		"<|user|>  <|end|>  ":  "<|user|><|end|>",
	} {
		if got := string(tok.DecodeSpecial(encode(t, tok, text, tokenizer.Options{Special: true}))); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	if got := string(tok.DecodeSpecial(encode(t, tok, "<|end|> a", tokenizer.Options{}))); got != "<|end|> a" {
		t.Errorf("a stranger's text is kept as it is: got %q", got)
	}
	// A SentencePiece vocabulary that is not Phi-3's takes nothing, and nor
	// does Phi-4-mini's, of another kind.
	other := phi(templates[0], control, "<|assistant|>")
	if got := string(other.DecodeSpecial(encode(t, other, "<|end|>\na", tokenizer.Options{Special: true}))); got != "<|end|>\na" {
		t.Errorf("got %q", got)
	}
	mini := talker(t, "small-bpe.gguf", map[string]int32{"<|user|>": control, "<|assistant|>": control, "<|end|>": control, "<|endoftext|>": control}, func(*gguf.Writer) {})
	if got := string(mini.DecodeSpecial(encode(t, mini, "<|end|>\na", tokenizer.Options{Special: true}))); got != "<|end|>\na" {
		t.Errorf("got %q", got)
	}
}
