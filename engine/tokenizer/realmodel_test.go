package tokenizer_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/tokenizer"
)

// realTokenizer is that of the model that `make model` fetches.
func realTokenizer(t testing.TB) *tokenizer.Tokenizer {
	t.Helper()
	path := os.Getenv("ASSAY_MODEL")
	if path == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			t.Fatal(err)
		}
		path = filepath.Join(dir, "assay", "models", "SmolLM2-135M-Instruct.Q4_1.gguf")
	}
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatalf("%v (hint: run `make model`, which fetches it)", err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	tok, err := tokenizer.New(f)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func TestEncodeGivesLlamaCppsIDs(t *testing.T) {
	data, err := os.ReadFile("testdata/tokenize-smollm2-135m-q4_1.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			Text string
			IDs  []int32
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) < 100 {
		t.Fatalf("only %d cases", len(file.Cases))
	}
	tok := realTokenizer(t)
	for _, c := range file.Cases {
		got, err := tok.Encode(c.Text, tokenizer.Options{})
		if err != nil || !slices.Equal(got, c.IDs) {
			t.Errorf("%q: got %v, %v, want %v", c.Text, got, err, c.IDs)
		}
		if back := string(tok.Decode(got)); back != c.Text {
			t.Errorf("%q decodes to %q", c.Text, back)
		}
	}
}

func TestRealModelKnowsItsMarks(t *testing.T) {
	tok := realTokenizer(t)
	if bos, ok := tok.BOS(); bos != 1 || !ok || tok.AddBOS() {
		t.Errorf("got BOS %d, %v, add %v", bos, ok, tok.AddBOS())
	}
	if got := tok.StopTokens(); !slices.Equal(got, []int32{2}) {
		t.Errorf("got stop tokens %v", got)
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
