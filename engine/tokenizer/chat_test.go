package tokenizer_test

import (
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assaynet/assay/engine/chattemplate"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/tokenizer"
)

// chatter is a small tokenizer with control tokens of the given names and a
// chat template. </s> ends a text, <s> begins one.
func chatter(t testing.TB, file, template string, marks ...string) *tokenizer.Tokenizer {
	t.Helper()
	kinds := map[string]int32{}
	for _, m := range append(marks, "</s>") {
		kinds[m] = control
	}
	return talker(t, file, kinds, func(w *gguf.Writer) { w.AddString("tokenizer.chat_template", template) })
}

// The types of tokens in a file.
const (
	normal  int32 = 1
	unknown int32 = 2
	control int32 = 3
	defined int32 = 4 // by users
	unused  int32 = 5
)

// talker is a small tokenizer of a file in testdata with further tokens of the
// given types, and what add writes. </s> is the end of a sequence where it is
// there, and no <eos>.
func talker(t testing.TB, file string, more map[string]int32, add func(w *gguf.Writer)) *tokenizer.Tokenizer {
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
	for _, m := range slices.Sorted(maps.Keys(more)) {
		if i := slices.Index(tokens, m); i >= 0 {
			kinds[i] = more[m]
			continue
		}
		tokens, kinds, scores = append(tokens, m), append(kinds, more[m]), append(scores, 0)
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
			if i := slices.Index(tokens, "</s>"); i >= 0 && !slices.Contains(tokens, "<eos>") {
				w.AddUint32(kv.Key, uint32(i))
			}
		default:
			w.AddRaw(kv.Key, kv.Type, kv.Raw)
		}
	}
	add(w)
	tok, err := load(w)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// said is what Chat makes of a conversation, with all tokens written out.
func said(t testing.TB, tok *tokenizer.Tokenizer, messages []tokenizer.Message) string {
	t.Helper()
	ids, err := tok.Chat(messages)
	if err != nil {
		t.Fatal(err)
	}
	return string(tok.DecodeSpecial(ids))
}

var (
	asked = []tokenizer.Message{{Role: "user", Content: " Hi "}}
	told  = []tokenizer.Message{{Role: "system", Content: "S"}, {Role: "user", Content: "a"}, {Role: "assistant", Content: "b"}, {Role: "user", Content: "c"}}
)

const chatML = "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}{{ '<|im_start|>assistant\n' }}"

// TestTheFilesOwnTemplateIsRun has templates that differ in what is easily
// taken for one: a space, a line feed, a trim, a system message of the model's
// own, thoughts. The marks are those of well-known families.
func TestTheFilesOwnTemplateIsRun(t *testing.T) {
	thought := []tokenizer.Message{{Role: "user", Content: "u"}, {Role: "assistant", Content: "<think>\nhm\n</think>\n\nYes."}, {Role: "user", Content: "v"}}
	im, inst := []string{"<|im_start|>", "<|im_end|>"}, []string{"[INST]", "[/INST]"}
	for name, c := range map[string]struct {
		template string
		marks    []string
		messages []tokenizer.Message
		want     string
	}{
		"ChatML":                 {chatML, im, asked, "<|im_start|>user\n Hi <|im_end|>\n<|im_start|>assistant\n"},
		"without a line feed":    {"{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>' }}{% endfor %}", im, asked, "<|im_start|>user\n Hi <|im_end|>"},
		"trimmed":                {"{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content | trim + '<|im_end|>\n' }}{% endfor %}", im, asked, "<|im_start|>user\nHi<|im_end|>\n"},
		"thoughts stay":          {chatML + "{# </think> #}", im, thought, "<|im_start|>user\nu<|im_end|>\n<|im_start|>assistant\n<think>\nhm\n</think>\n\nYes.<|im_end|>\n<|im_start|>user\nv<|im_end|>\n<|im_start|>assistant\n"},
		"thoughts go":            {"{% for m in messages %}{{ '<|im_start|>' + m.content.split('</think>')[-1] + '<|im_end|>' }}{% endfor %}", im, thought, "<|im_start|>u<|im_end|><|im_start|>\n\nYes.<|im_end|><|im_start|>v<|im_end|>"},
		"a thought begun":        {`{% for m in messages %}{{ "<|im_start|>" + m.content + "<|im_end|>" }}{% endfor %}{{ "<|im_start|>assistant\n<think>\n" }}`, im, asked, "<|im_start|> Hi <|im_end|><|im_start|>assistant\n<think>\n"},
		"its own system message": {`{% if messages[0].role != 'system' %}{% set s = "I'm \"it\"." %}{{ '<|im_start|>system\n' + s + '<|im_end|>' }}{% endif %}{{ messages[-1].content }}`, im, asked, "<|im_start|>system\nI'm \"it\".<|im_end|> Hi "},
		"a space on one side":    {"{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}{{ '[INST] ' + m.content + '[/INST]' }}{% endif %}{% endfor %}", inst, asked, "<s>[INST]  Hi [/INST]"},
		"empty turns":            {chatML, im, []tokenizer.Message{{Role: "system"}, {Role: "user", Content: "q"}}, "<|im_start|>system\n<|im_end|>\n<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\n"},
		"two system messages":    {chatML, im, []tokenizer.Message{{Role: "system", Content: "a"}, {Role: "system", Content: "b"}}, "<|im_start|>system\na<|im_end|>\n<|im_start|>system\nb<|im_end|>\n<|im_start|>assistant\n"},
	} {
		tok := chatter(t, "small-bpe.gguf", c.template, c.marks...)
		if got := tok.ChatFormat(); got != "template" {
			t.Errorf("%s: the format is %q", name, got)
		}
		if got := said(t, tok, c.messages); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
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

// TestWhatATemplateCannotDoIsAnError and never another prompt.
func TestWhatATemplateCannotDoIsAnError(t *testing.T) {
	for name, c := range map[string]struct {
		template string
		kind     error
		says     string
	}{
		"refuses a role":   {"{% if messages[0].role == 'system' %}{{ raise_exception('no system turn here') }}{% endif %}{{ messages[-1].content }}", chattemplate.ErrRefused, "no system turn here"},
		"asks for the day": {"{{ strftime_now('%d') }}{{ messages[-1].content }}", tokenizer.ErrDay, "asks for the day"},
		"asks for parts":   {"{% for m in messages %}{{ '<|im_start|>' }}{% for c in m.content %}{{ c.text }}{% endfor %}{{ '<|im_end|>' }}{% endfor %}", tokenizer.ErrTemplate, "contents in parts"},
		"asks for tools":   {"{{ tools[0].name }}{{ messages[-1].content }}", chattemplate.ErrRun, ""},
	} {
		tok := chatter(t, "small-bpe.gguf", c.template, "<|im_start|>", "<|im_end|>")
		ids, err := tok.Chat(told)
		if !errors.Is(err, tokenizer.ErrTemplate) || !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) || ids != nil {
			t.Errorf("%s: got %v, %v", name, ids, err)
		}
	}
}

// TestATemplateNeedNotWriteWhatIsSaid where it makes something else of it: only
// one that would write parts is told from that.
func TestATemplateNeedNotWriteWhatIsSaid(t *testing.T) {
	for template, want := range map[string]string{
		"Hello.":                                             "Hello.",
		"{{ messages[0].content | int + 1 }}":                "4",
		"{{ messages[0].content | length }}":                 "3",
		"{{ 'a' if messages[0].content == '3.7' else 'b' }}": "a",
	} {
		tok := chatter(t, "small-bpe.gguf", template)
		if got := said(t, tok, []tokenizer.Message{{Role: "user", Content: "3.7"}}); got != want {
			t.Errorf("%s: got %q, want %q", template, got, want)
		}
	}
}

// TestADayIsWrittenWhereOneIsGiven and the clock never is.
func TestADayIsWrittenWhereOneIsGiven(t *testing.T) {
	day := time.Date(2026, 11, 3, 23, 59, 0, 0, time.FixedZone("", 3600))
	for name, c := range map[string]struct {
		template, without, on string // "" is an error
		use                   tokenizer.DayUse
	}{
		"needed":          {"{{ strftime_now('%d %B %Y') }}:{{ messages[0].content }}", "", "03 November 2026: Hi ", tokenizer.DayNeeded},
		"used":            {"{% if strftime_now is defined %}{{ strftime_now('%F') }}{% else %}never{% endif %}:{{ messages[0].content }}", "never: Hi ", "2026-11-03: Hi ", tokenizer.DayUsed},
		"used by systems": {"{% if messages[0].role == 'system' %}{{ strftime_now('%F') }}{% endif %}:{{ messages[0].content }}", ": Hi ", ": Hi ", tokenizer.DayNeeded},
		"refused without": {"{% if strftime_now is not defined %}{{ raise_exception('no clock') }}{% endif %}{{ messages[0].content }}", "", " Hi ", tokenizer.DayNeeded},
		"the time of day": {"{{ strftime_now('%H:%M') if strftime_now is defined }}{{ messages[0].content }}", " Hi ", "00:00 Hi ", tokenizer.DayUnused},
		"unused":          {"{{ messages[0].content }}", " Hi ", " Hi ", tokenizer.DayUnused},
		"broken":          {"{{ nothing.at.all }}", "", "", tokenizer.DayUnused},
	} {
		tok := chatter(t, "small-bpe.gguf", c.template)
		for want, on := range map[string]time.Time{"without " + c.without: {}, "on " + c.on: day} {
			ids, err := tok.ChatOn(on, asked)
			_, want, _ = strings.Cut(want, " ")
			if got := string(tok.DecodeSpecial(ids)); got != want || (err == nil) != (want != "") {
				t.Errorf("%s, %v: got %q, %v, want %q", name, on, got, err, want)
			}
			if errors.Is(err, tokenizer.ErrDay) != (err != nil && c.on != "") {
				t.Errorf("%s, %v: got %v", name, on, err)
			}
		}
		if got := tok.ChatDay(); got != c.use {
			t.Errorf("%s: the day is %s, want %s", name, got, c.use)
		}
	}
	none := talker(t, "small-bpe.gguf", nil, func(*gguf.Writer) {})
	if _, err := none.ChatOn(day, asked); !errors.Is(err, tokenizer.ErrNoChat) || none.ChatDay() != tokenizer.DayUnused {
		t.Errorf("without a template: got %v, %s", err, none.ChatDay())
	}
}

func TestOneOfSeveralTemplatesIsForPlainConversations(t *testing.T) {
	const key = "tokenizer.chat_template"
	plain, other := "plain {{ messages[0].content }}", "other {{ messages[0].content }}"
	for name, c := range map[string]struct {
		add  func(w *gguf.Writer)
		want string // of what is said, or of the error
	}{
		"one":             {func(w *gguf.Writer) { w.AddString(key, plain) }, "plain  Hi "},
		"named, too":      {func(w *gguf.Writer) { w.AddString(key+".tool_use", other); w.AddString(key, plain) }, "plain  Hi "},
		"the default":     {func(w *gguf.Writer) { w.AddString(key+".rag", other); w.AddString(key+".default", plain) }, "plain  Hi "},
		"an empty first":  {func(w *gguf.Writer) { w.AddString(key, " \n"); w.AddString(key+".default", plain) }, "plain  Hi "},
		"none":            {func(*gguf.Writer) {}, "the file has no chat template"},
		"an empty one":    {func(w *gguf.Writer) { w.AddString(key, "") }, "the file's chat template is empty"},
		"white space":     {func(w *gguf.Writer) { w.AddString(key, " \t\n") }, "the file's chat template is empty"},
		"others alone":    {func(w *gguf.Writer) { w.AddString(key+".rag", other); w.AddString(key+".tool_use", other) }, "the file has chat templates for rag, tool_use, but none for plain conversations"},
		"of another type": {func(w *gguf.Writer) { w.AddStrings(key, []string{plain}) }, "the file's chat template is no text"},
	} {
		tok := talker(t, "small-bpe.gguf", nil, c.add)
		if ids, err := tok.Chat(asked); err == nil {
			if got := string(tok.DecodeSpecial(ids)); got != c.want {
				t.Errorf("%s: got %q, want %q", name, got, c.want)
			}
		} else if !errors.Is(err, tokenizer.ErrNoChat) || !strings.HasSuffix(err.Error(), c.want) || tok.ChatFormat() != "" {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}

// TestABOSIsWrittenOnce by the template, or by the tokenizer where the file
// asks for one and the template writes none.
func TestABOSIsWrittenOnce(t *testing.T) {
	for _, c := range []struct {
		template string
		add      bool
		want     string
	}{
		{"{{ bos_token }}{{ messages[0].content }}", true, "<s> Hi "},
		{"{{ bos_token }}{{ messages[0].content }}", false, "<s> Hi "},
		{"{{ '<s>' }}{{ messages[0].content }}", true, "<s> Hi "},
		{"{{ messages[0].content }}", true, "<s> Hi "},
		{"{{ messages[0].content }}", false, " Hi "},
	} {
		tok := talker(t, "small-bpe.gguf", nil, func(w *gguf.Writer) {
			w.AddString("tokenizer.chat_template", c.template)
			w.AddBool("tokenizer.ggml.add_bos_token", c.add)
		})
		if got := said(t, tok, asked); got != c.want {
			t.Errorf("%s, add_bos_token %v: got %q, want %q", c.template, c.add, got, c.want)
		}
	}
}

func TestAConversationHasALimit(t *testing.T) {
	tok := chatter(t, "small-bpe.gguf", chatML, "<|im_start|>", "<|im_end|>")
	half := tokenizer.Message{Role: "user", Content: strings.Repeat("a ", tokenizer.MaxText/4+1)}
	if _, err := tok.Chat([]tokenizer.Message{half, half}); !errors.Is(err, tokenizer.ErrTooLong) {
		t.Errorf("got %v, want %v", err, tokenizer.ErrTooLong)
	}
	if _, err := tok.Chat([]tokenizer.Message{{Role: "tool", Content: "x"}}); !errors.Is(err, tokenizer.ErrRole) {
		t.Errorf("got %v, want %v", err, tokenizer.ErrRole)
	}
}

// FuzzChat reads any template and writes any conversation with it: ids within
// the vocabulary, or an error.
func FuzzChat(f *testing.F) {
	f.Add(chatML, "user", " Hi ", "b</think>")
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
