package tokenizer_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/chattemplate"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/tokenizer"
)

// chatter is a small tokenizer with control tokens of the given names and a chat template. </s> ends a text, <s> begins one.
func chatter(t testing.TB, file, template string, marks ...string) *tokenizer.Tokenizer {
	t.Helper()
	data, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	f, err := gguf.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	tokens, _ := f.Strings("tokenizer.ggml.tokens")
	kinds, _ := f.Int32s("tokenizer.ggml.token_type")
	scores, _ := f.Float32s("tokenizer.ggml.scores")
	for _, m := range append(marks, "</s>") {
		if !slices.Contains(tokens, m) {
			tokens, kinds, scores = append(tokens, m), append(kinds, 3), append(scores, 0)
		}
	}
	w := &gguf.Writer{}
	for _, kv := range f.Metadata() {
		switch kv.Key {
		case "tokenizer.ggml.tokens":
			w.AddStrings(kv.Key, tokens)
		case "tokenizer.ggml.token_type":
			w.AddInt32s(kv.Key, kinds)
		case "tokenizer.ggml.scores":
			w.AddFloat32s(kv.Key, scores)
		case "tokenizer.ggml.eos_token_id":
			w.AddUint32(kv.Key, uint32(slices.Index(tokens, "</s>")))
		default:
			w.AddRaw(kv.Key, kv.Type, kv.Raw)
		}
	}
	w.AddString("tokenizer.chat_template", template)
	tok, err := load(w)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

var (
	asked = []tokenizer.Message{{Role: "user", Content: " Hi "}}
	told  = []tokenizer.Message{{Role: "system", Content: "S"}, {Role: "user", Content: "a"}, {Role: "assistant", Content: "b"}, {Role: "user", Content: "c"}}
)

// chatCases are templates reduced to what tells their family, and what the families' full templates make of asked and told.
var chatCases = []struct {
	family, template string
	marks            []string
	asked, told      string
}{
	{
		"chatml", "'<|im_start|>system\\nHelp.<|im_end|>\\n' '<|im_start|>' + m.role + '\\n' + '<|im_end|>' '<|im_start|>assistant\\n'",
		[]string{"<|im_start|>", "<|im_end|>"},
		"<|im_start|>system\nHelp.<|im_end|>\n<|im_start|>user\n Hi <|im_end|>\n<|im_start|>assistant\n",
		"<|im_start|>system\nS<|im_end|>\n<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n<|im_start|>user\nc<|im_end|>\n<|im_start|>assistant\n",
	},
	{
		"chatml", "'<|im_start|>' + m.role + '\\n' + '<|im_end|>' '<|im_start|>assistant\\n<think>\\n' </think>",
		[]string{"<|im_start|>", "<|im_end|>"},
		"<|im_start|>user\n Hi <|im_end|>\n<|im_start|>assistant\n<think>\n",
		"<|im_start|>system\nS<|im_end|>\n<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n<|im_start|>user\nc<|im_end|>\n<|im_start|>assistant\n<think>\n",
	},
	{
		"phi4", "'<|im_start|>user<|im_sep|>' '<|im_end|>'",
		[]string{"<|im_start|>", "<|im_sep|>", "<|im_end|>"},
		"<|im_start|>user<|im_sep|> Hi <|im_end|><|im_start|>assistant<|im_sep|>",
		"<|im_start|>system<|im_sep|>S<|im_end|><|im_start|>user<|im_sep|>a<|im_end|><|im_start|>assistant<|im_sep|>b<|im_end|><|im_start|>user<|im_sep|>c<|im_end|><|im_start|>assistant<|im_sep|>",
	},
	{
		"llama3", "bos_token '<|start_header_id|>' '<|end_header_id|>' '<|eot_id|>'",
		[]string{"<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"},
		"<s><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
		"<s><|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|><|start_header_id|>user<|end_header_id|>\n\na<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nb<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nc<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
	},
	{
		"llama3", "bos_token '<|start_header_id|>' '<|end_header_id|>' 'Cutting Knowledge Date: December 2023\\n' '<|eot_id|>'",
		[]string{"<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"},
		"<s><|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
		"<s><|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\nS<|eot_id|><|start_header_id|>user<|end_header_id|>\n\na<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nb<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nc<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
	},
	{
		"gemma", "bos_token '<start_of_turn>' '<end_of_turn>'",
		[]string{"<start_of_turn>", "<end_of_turn>"},
		"<s><start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\n",
		"<s><start_of_turn>user\nS\n\na<end_of_turn>\n<start_of_turn>model\nb<end_of_turn>\n<start_of_turn>user\nc<end_of_turn>\n<start_of_turn>model\n",
	},
	{
		"phi3", "'<|user|>\\n' '<|end|>\\n' '<|assistant|>\\n'",
		[]string{"<|user|>", "<|end|>", "<|assistant|>", "<|system|>"},
		"<|user|>\n Hi <|end|>\n<|assistant|>\n",
		"<|system|>\nS<|end|>\n<|user|>\na<|end|>\n<|assistant|>\nb<|end|>\n<|user|>\nc<|end|>\n<|assistant|>\n",
	},
	{
		"phi4-mini", "'<|' + message['role'] + '|>' + message['content'] + '<|end|>'",
		[]string{"<|user|>", "<|end|>", "<|assistant|>", "<|system|>"},
		"<|user|> Hi <|end|><|assistant|>",
		"<|system|>S<|end|><|user|>a<|end|><|assistant|>b<|end|><|user|>c<|end|><|assistant|>",
	},
	{
		"zephyr", "'<|user|>\\n' + eos_token '<|assistant|>'", nil,
		"<|user|>\n Hi </s>\n<|assistant|>\n",
		"<|system|>\nS</s>\n<|user|>\na</s>\n<|assistant|>\nb</s>\n<|user|>\nc</s>\n<|assistant|>\n",
	},
	{
		"llama2", "bos_token + '[INST] ' + '<<SYS>>' + ' [/INST]' + eos_token", nil,
		"<s>[INST] Hi [/INST]",
		"<s>[INST] <<SYS>>\nS\n<</SYS>>\n\na [/INST] b </s><s>[INST] c [/INST]",
	},
	{
		"mistral", "bos_token + '[INST] ' + ' [/INST]' + eos_token", nil,
		"<s>[INST]  Hi  [/INST]",
		"<s>[INST] a [/INST]b</s>[INST] S\n\nc [/INST]",
	},
	{
		"mistral", "bos_token + '[INST]' + '[/INST]' + ' ' + message + eos_token loop.first and system_message",
		[]string{"[INST]", "[/INST]"},
		"<s>[INST] Hi [/INST]",
		"<s>[INST]S\n\na[/INST] b</s>[INST]c[/INST]",
	},
}

func TestChatsAreWrittenAsTheirFamilyDoes(t *testing.T) {
	for _, c := range chatCases {
		tok := chatter(t, "small-bpe.gguf", c.template, c.marks...)
		if got := tok.ChatFormat(); got != c.family {
			t.Errorf("%q is taken for %q, want %s", c.template, got, c.family)
			continue
		}
		for want, messages := range map[string][]tokenizer.Message{c.asked: asked, c.told: told} {
			ids, err := tok.Chat(messages)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(tok.DecodeSpecial(ids)); got != want {
				t.Errorf("%s: got %q, want %q", c.family, got, want)
			}
			parsed := encode(t, tok, want, tokenizer.Options{Special: true})
			if !slices.Equal(ids, parsed) {
				t.Errorf("%s: got %v, want the ids of the written text, %v", c.family, ids, parsed)
			}
		}
	}
}

func TestNamesOfMarksInAContentAreText(t *testing.T) {
	for _, c := range chatCases {
		if c.marks == nil {
			continue
		}
		tok := chatter(t, "small-bpe.gguf", c.template, c.marks...)
		plain, err := tok.Chat([]tokenizer.Message{{Role: "user", Content: "x"}})
		if err != nil {
			t.Fatal(err)
		}
		forged, err := tok.Chat([]tokenizer.Message{{Role: "user", Content: strings.Join(append(c.marks, "</s><s>"), "x")}})
		if err != nil {
			t.Fatal(err)
		}
		special := func(ids []int32) (n int) {
			for _, id := range ids {
				if len(tok.Decode([]int32{id})) == 0 {
					n++
				}
			}
			return n
		}
		if special(forged) != special(plain) {
			t.Errorf("%s: a content made %d marks of %d", c.family, special(forged), special(plain))
		}
	}
}

func TestPhi3sSentencePieceTakesWhiteSpaceAfterItsMarks(t *testing.T) {
	tok := chatter(t, "small-sentence.gguf", "'<|user|>\n' '<|end|>\n' '<|assistant|>\n'", "<|user|>", "<|end|>", "<|assistant|>")
	ids, err := tok.Chat([]tokenizer.Message{{Role: "user", Content: "\n the chain"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := string(tok.DecodeSpecial(ids)); got != "<s><|user|>the chain<|end|><|assistant|>" {
		t.Errorf("got %q", got)
	}
}

func TestPastThoughtsAreLeftOut(t *testing.T) {
	tok := chatter(t, "small-bpe.gguf", "<|im_start|> <|im_end|> </think>", "<|im_start|>", "<|im_end|>")
	ids, err := tok.Chat([]tokenizer.Message{
		{Role: "user", Content: "</think>u"}, {Role: "assistant", Content: "<think>\nhm\n</think>\n\nYes."}, {Role: "user", Content: "v"},
	})
	if err != nil {
		t.Fatal(err)
	}
	const want = "<|im_start|>user\n</think>u<|im_end|>\n<|im_start|>assistant\nYes.<|im_end|>\n<|im_start|>user\nv<|im_end|>\n<|im_start|>assistant\n"
	if got := string(tok.DecodeSpecial(ids)); got != want {
		t.Errorf("got %q", got)
	}
}

func TestATemplateThatCannotBeReadIsRefused(t *testing.T) {
	for _, template := range []string{"{% if %}", "{{ 'a", "{% nothing %}", strings.Repeat("a", chattemplate.MaxSource+1)} {
		tok := chatter(t, "small-bpe.gguf", template)
		if _, err := tok.Chat(asked); !errors.Is(err, tokenizer.ErrNoChat) || tok.ChatFormat() != "" {
			t.Errorf("%.20q: got %v and format %q", template, err, tok.ChatFormat())
		}
	}
}

func TestAConversationHasALimit(t *testing.T) {
	tok := chatter(t, "small-bpe.gguf", chatCases[0].template, chatCases[0].marks...)
	half := tokenizer.Message{Role: "user", Content: strings.Repeat("a ", tokenizer.MaxText/4+1)}
	if _, err := tok.Chat([]tokenizer.Message{half, half}); !errors.Is(err, tokenizer.ErrTooLong) {
		t.Errorf("got %v, want %v", err, tokenizer.ErrTooLong)
	}
	if _, err := tok.Chat([]tokenizer.Message{{Role: "tool", Content: "x"}}); !errors.Is(err, tokenizer.ErrRole) {
		t.Errorf("got %v, want %v", err, tokenizer.ErrRole)
	}
}

// FuzzChat reads any template and writes any conversation with it: ids within the vocabulary, or an error.
func FuzzChat(f *testing.F) {
	for _, c := range chatCases {
		f.Add(c.template, "user", " Hi ", "b</think>")
	}
	for _, name := range []string{"command", "thoughtful", "blocks", "chatml-thinks", "gemma"} {
		f.Add(source(f, name), "user", " Hi ", "b</think>")
	}
	f.Fuzz(func(t *testing.T, template, role, first, second string) {
		tok := chatter(t, "small-sentence.gguf", template, "<|im_start|>", "<|im_end|>", "<|end|>", "<|user|>", "<start_of_turn>", "<end_of_turn>",
			"<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")
		ids, err := tok.Chat([]tokenizer.Message{{Role: role, Content: first}, {Role: "assistant", Content: second}, {Role: "user", Content: first}})
		if err != nil {
			if !errors.Is(err, tokenizer.ErrNoChat) && !errors.Is(err, tokenizer.ErrTemplate) && !errors.Is(err, tokenizer.ErrRole) && !errors.Is(err, tokenizer.ErrTooLong) {
				t.Fatal(err)
			}
			return
		}
		for _, id := range ids {
			if id < 0 || int(id) >= tok.VocabSize() {
				t.Fatalf("the id %d of %d tokens", id, tok.VocabSize())
			}
		}
	})
}
