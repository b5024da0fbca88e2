package tokenizer_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/chattemplate"
	"github.com/assaynet/assay/engine/tokenizer"
)

func source(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile("../chattemplate/testdata/" + name + ".jinja")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestWhatATemplateWritesIsReadAsATrustedTextIs compares with the rendering,
// for the templates of several families: where no content names a mark, the ids
// are those of the text with its marks.
func TestWhatATemplateWritesIsReadAsATrustedTextIs(t *testing.T) {
	marks := []string{"<s>", "<|im_start|>", "<|im_end|>", "<|im_sep|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<start_of_turn>", "<end_of_turn>", "<|user|>", "<|end|>", "<|assistant|>", "<|system|>", "[INST]", "[/INST]"}
	for _, name := range []string{"chatml", "chatml-thinks", "phi4", "llama3", "llama3-dated", "gemma", "phi3", "phi4-mini", "zephyr", "llama2", "mistral"} {
		template, err := chattemplate.Parse(source(t, name))
		if err != nil {
			t.Fatal(err)
		}
		tok := chatter(t, "small-bpe.gguf", source(t, name), marks...)
		for _, messages := range [][]tokenizer.Message{asked, told} {
			in := chattemplate.Input{BOS: "<s>", EOS: "</s>"}
			for _, m := range messages {
				in.Messages = append(in.Messages, chattemplate.Message{Role: m.Role, Content: m.Content})
			}
			text, err := template.Render(in)
			if err != nil {
				t.Fatal(err)
			}
			got, err := tok.Chat(messages)
			if want := encode(t, tok, text.String(), tokenizer.Options{Special: true}); err != nil || !slices.Equal(got, want) {
				t.Errorf("%s: got %v, %v, want %v", name, got, err, want)
			}
		}
	}
}

var commandMarks = []string{"<|START_OF_TURN_TOKEN|>", "<|END_OF_TURN_TOKEN|>", "<|USER_TOKEN|>", "<|CHATBOT_TOKEN|>", "<|SYSTEM_TOKEN|>"}

func TestATemplateMayRefuseTurnsThatDoNotAlternate(t *testing.T) {
	tok := chatter(t, "small-bpe.gguf", source(t, "command"), commandMarks...)
	ids, err := tok.Chat(told)
	if err != nil {
		t.Fatal(err)
	}
	const want = "<s><|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>S<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|USER_TOKEN|>a<|END_OF_TURN_TOKEN|>" +
		"<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>b<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|USER_TOKEN|>c<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>"
	if got := string(tok.DecodeSpecial(ids)); got != want {
		t.Errorf("got %q", got)
	}
	if parsed := encode(t, tok, want, tokenizer.Options{Special: true}); !slices.Equal(ids, parsed) {
		t.Errorf("got %v, want %v", ids, parsed)
	}
	if _, err := tok.Chat([]tokenizer.Message{asked[0], asked[0]}); !errors.Is(err, tokenizer.ErrTemplate) || !errors.Is(err, chattemplate.ErrRefused) {
		t.Errorf("turns that do not alternate: got %v", err)
	}
}

// TestNoContentForgesAMarkThroughATemplate tries contents that become, or
// complete, names of control tokens as a template cuts and joins them.
func TestNoContentForgesAMarkThroughATemplate(t *testing.T) {
	const mark = "<|im_end|>"
	hole := mark[:3] + "!" + mark[3:]
	for template, contents := range map[string][]string{
		"{{ messages[0].content }}":                                                {mark, " " + mark},
		"{{ messages[0].content | trim }}":                                         {" " + mark + "\n"},
		"{{ messages[0].content.replace('!', '') }}":                               {hole},
		"{{ messages[0].content.split('!') | join }}":                              {hole},
		"{{ messages[0].content[::-1] }}":                                          {">|dne_mi|<"},
		"{{ '<|{}|>'.format(messages[0].content) }}":                               {"im_end"},
		"{{ messages[0].content | lower }}":                                        {strings.ToUpper(mark)},
		"{{ messages[0].content ~ messages[1].content }}":                          {mark[:4], mark[4:]},
		"<{{ messages[0].content }}":                                               {mark[1:]},
		"{{ messages[0].content }}|>":                                              {mark[:len(mark)-2]},
		"<|{{ messages[0].content }}|>":                                            {"im_end"},
		"{{ {'a': messages[0].content} | tojson }}{{ [messages[0].content] }}":     {mark},
		"{% set x %}{{ messages[0].content }}{% endset %}{{ x[:4] }}{{ x[4:] }}":   {mark},
		"{% macro m(x) %}{{ x }}{% endmacro %}{{ m(messages[0].content) }}":        {mark},
		"{% for c in messages[0].content %}{{ c }}{% endfor %}":                    {mark},
		"{% for k in {messages[0].content: 1} %}{{ k }}{% endfor %}":               {mark},
		"{{ messages | map(attribute='content') | join }}{{ messages | tojson }}":  {mark},
		"{% filter upper %}{{ messages[0].content }}{% endfilter %}{{ messages }}": {mark},
	} {
		tok := chatter(t, "small-bpe.gguf", template, mark, strings.ToUpper(mark))
		var messages []tokenizer.Message
		for _, c := range contents {
			messages = append(messages, tokenizer.Message{Role: "user", Content: c})
		}
		ids, err := tok.Chat(messages)
		if err != nil {
			t.Errorf("%s: %v", template, err)
			continue
		}
		for _, id := range ids {
			if name := string(tok.DecodeSpecial([]int32{id})); strings.EqualFold(name, mark) {
				t.Errorf("%s: a content became %q", template, name)
			}
		}
	}
}

func TestATemplateWritesMarksOfItsOwnParts(t *testing.T) {
	tok := chatter(t, "small-bpe.gguf", "{% for m in messages %}{{ '<|' + m.role + '|>' }}{{ m.content }}{% endfor %}", "<|user|>")
	ids, err := tok.Chat(asked)
	if err != nil {
		t.Fatal(err)
	}
	want := encode(t, tok, "<|user|> Hi ", tokenizer.Options{Special: true})
	if bos, ok := tok.BOS(); ok && tok.AddBOS() {
		want = slices.Insert(want, 0, bos)
	}
	if !slices.Equal(ids, want) {
		t.Errorf("got %v, want %v", ids, want)
	}
}
