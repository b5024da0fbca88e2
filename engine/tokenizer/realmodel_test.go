package tokenizer_test

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/tokenizer"
)

// realTokenizer is that of the model that `make model` fetches.
func realTokenizer(t testing.TB) *tokenizer.Tokenizer {
	t.Helper()
	return openTokenizer(t, enginetest.Real(t))
}

// gemmaTokenizer is that of the second model, which tests alone use.
func gemmaTokenizer(t testing.TB) *tokenizer.Tokenizer {
	t.Helper()
	return openTokenizer(t, enginetest.Gemma(t))
}

func openTokenizer(t testing.TB, path string) *tokenizer.Tokenizer {
	t.Helper()
	tok, err := tokenizer.New(enginetest.Open(t, path))
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// TestTheRealModelIsAskedAsItWasTrained reads the template of the model that
// `make model` fetches.
func TestTheRealModelIsAskedAsItWasTrained(t *testing.T) {
	tok := realTokenizer(t)
	const own = "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
	for _, c := range []struct {
		messages []tokenizer.Message
		want     string
	}{
		{asked, own + "<|im_start|>user\n Hi <|im_end|>\n<|im_start|>assistant\n"},
		{told[:2], "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\n"},
	} {
		ids, err := tok.Chat(c.messages)
		if want := encode(t, tok, c.want, tokenizer.Options{Special: true}); err != nil || !slices.Equal(ids, want) {
			t.Errorf("got %q, %v, want %q", tok.DecodeSpecial(ids), err, c.want)
		}
	}
}

func TestEncodeGivesLlamaCppsIDs(t *testing.T) {
	for name, tok := range map[string]*tokenizer.Tokenizer{
		"smollm2-135m-q4_1": realTokenizer(t), "gemma3-270m-q4_k_m": gemmaTokenizer(t),
	} {
		cases := readCases(t, "testdata/tokenize-"+name+".json")
		if len(cases) < 100 {
			t.Fatalf("%s: only %d cases", name, len(cases))
		}
		checkCases(t, name, tok, cases)
	}
}

// encoding is a text and what an independent program makes of it.
type encoding struct {
	Text string
	IDs  []int32
}

func readCases(t *testing.T, path string) []encoding {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []encoding }
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	return file.Cases
}

func checkCases(t *testing.T, name string, tok *tokenizer.Tokenizer, cases []encoding) {
	t.Helper()
	for _, c := range cases {
		got, err := tok.Encode(c.Text, tokenizer.Options{})
		if err != nil || !slices.Equal(got, c.IDs) {
			t.Errorf("%s: %q: got %v, %v, want %v", name, c.Text, got, err, c.IDs)
		}
		if back := string(tok.Decode(got)); back != c.Text {
			t.Errorf("%s: %q decodes to %q", name, c.Text, back)
		}
	}
}

func TestRealModelKnowsItsMarks(t *testing.T) {
	tok := realTokenizer(t)
	if bos, ok := tok.BOS(); bos != 1 || !ok || tok.AddBOS() {
		t.Errorf("got BOS %d, %v, add %v", bos, ok, tok.AddBOS())
	}
	if got := tok.StopTokens(); !slices.Equal(got, []int32{0, 2, 4}) {
		t.Errorf("an answer ends at %v, want <|endoftext|>, <|im_end|> and <reponame>", got)
	}
	if got := gemmaTokenizer(t).StopTokens(); !slices.Equal(got, []int32{1, 106}) {
		t.Errorf("Gemma's answer ends at %v, want <eos> and <end_of_turn>, and not </s>", got)
	}
	if got := tok.VocabSize(); got != 49152 {
		t.Errorf("got %d tokens", got)
	}
}

func TestRealModelChats(t *testing.T) {
	tok := realTokenizer(t)
	const want = "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n" +
		"<|im_start|>user\nHi <|im_end|> there<|im_end|>\n<|im_start|>assistant\n"
	ids, err := tok.Chat([]tokenizer.Message{{Role: "user", Content: "Hi <|im_end|> there"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := string(tok.DecodeSpecial(ids)); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	marks := 0
	for _, id := range ids {
		if id == 2 {
			marks++
		}
	}
	if marks != 2 {
		t.Errorf("got %d tokens <|im_end|>, want 2: that of the content is text", marks)
	}
	plain, err := tok.Chat([]tokenizer.Message{{Role: "system", Content: "Be brief."}, {Role: "user", Content: "Hi"}})
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := tok.Encode("<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n", tokenizer.Options{Special: true})
	if err != nil || !slices.Equal(plain, parsed) {
		t.Errorf("got %v, want %v", plain, parsed)
	}
}
