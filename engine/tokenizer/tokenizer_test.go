package tokenizer_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/tokenizer"
)

// tiny is the tokenizer of enginetest's models, which can spell every byte.
func tiny(t testing.TB) *tokenizer.Tokenizer {
	t.Helper()
	w, err := enginetest.Build(enginetest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tok, err := load(w)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func load(w *gguf.Writer) (*tokenizer.Tokenizer, error) {
	var b bytes.Buffer
	if _, err := w.WriteTo(&b); err != nil {
		return nil, err
	}
	f, err := gguf.Parse(b.Bytes())
	if err != nil {
		return nil, err
	}
	return tokenizer.New(f)
}

func encode(t testing.TB, tok *tokenizer.Tokenizer, text string, o tokenizer.Options) []int32 {
	t.Helper()
	ids, err := tok.Encode(text, o)
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

func TestEncodeJoinsByRankThenFromTheLeft(t *testing.T) {
	tok := tiny(t)
	for text, want := range map[string][]string{
		"the":      {"the"},
		" the":     {" the"},
		"  the":    {" ", " the"},
		"ththee":   {"th", "the", "e"},
		"user's":   {"user", "'", "s"},
		"inging":   {"ing", "ing"},
		"the1the":  {"the", "1", "the"},
		"é":        {"é"},
		"\xc3":     {"\xc3"},
		" of\n in": {" of", "\n", " in"},
	} {
		var got []string
		for _, id := range encode(t, tok, text, tokenizer.Options{}) {
			got = append(got, string(tok.Decode([]int32{id})))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestSpecialTokensAreParsedOnlyOnRequest(t *testing.T) {
	tok := tiny(t)
	const text = "<|im_start|>user<|im_end|><|im_end|>"
	got := encode(t, tok, text, tokenizer.Options{Special: true, BOS: true})
	if len(got) != 5 || got[0] != enginetest.ChatStart || got[1] != enginetest.ChatStart || got[3] != enginetest.ChatEnd || got[4] != enginetest.ChatEnd {
		t.Errorf("got %v", got)
	}
	if s := string(tok.Decode(got)); s != "user" {
		t.Errorf("Decode shows %q", s)
	}
	if s := string(tok.DecodeSpecial(got[1:])); s != text {
		t.Errorf("DecodeSpecial shows %q", s)
	}
	for _, id := range encode(t, tok, text, tokenizer.Options{}) {
		if id < enginetest.ByteToken {
			t.Errorf("the control token %d came from plain text", id)
		}
	}
}

func TestDecodeMarksIDsOutsideTheVocabulary(t *testing.T) {
	tok := tiny(t)
	ids := []int32{-1, int32(tok.VocabSize()), enginetest.ByteToken + 'a', 1 << 30}
	if got := string(tok.Decode(ids)); got != "\uFFFD\uFFFDa\uFFFD" {
		t.Errorf("got %q", got)
	}
}

func TestStreamEmitsWholeCharacters(t *testing.T) {
	tok := tiny(t)
	s := tok.NewStream()
	var got []string
	for _, c := range []byte("a🙂\xff\xf0\x9fb") {
		got = append(got, s.Add(enginetest.ByteToken+int32(c)))
	}
	got = append(got, s.Add(enginetest.ByteToken+0xe2), s.End(), s.Add(enginetest.ByteToken+'z'))
	want := []string{"a", "", "", "", "🙂", "\uFFFD", "", "", "\uFFFD\uFFFDb", "", "\uFFFD", "z"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestEncodeRefusesAnOversizedText(t *testing.T) {
	tok := tiny(t)
	if _, err := tok.Encode(strings.Repeat("a", tokenizer.MaxText+1), tokenizer.Options{}); !errors.Is(err, tokenizer.ErrTooLong) {
		t.Errorf("got %v", err)
	}
}

func TestAMegabyteWithoutACutIsEncodedInTime(t *testing.T) {
	tok := tiny(t)
	word := make([]byte, 1<<20)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range word {
		word[i] = "theinrsou"[rng.IntN(9)]
	}
	begun := enginetest.Worked()
	ids := encode(t, tok, string(word), tokenizer.Options{})
	// n log n takes a third of a second here; n² would take hours.
	if took := enginetest.Worked() - begun; took > time.Minute {
		t.Errorf("it took %v of a processor", took)
	}
	if !bytes.Equal(tok.Decode(ids), word) {
		t.Error("it does not decode to itself")
	}
}

func TestUnspellableBytesAreCountedAndLeftOut(t *testing.T) {
	w, err := enginetest.Build(enginetest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if tok := tiny(t); tok.Unspellable("any\x00\xff") != 0 {
		t.Error("the tiny vocabulary lacks bytes")
	}
	tok, err := load(change(w, "tokenizer.ggml.tokens", func(v []string) []string {
		v[enginetest.ByteToken+'x'] = "unused"
		return v
	}))
	if err != nil {
		t.Fatal(err)
	}
	if n := tok.Unspellable("axbxx"); n != 3 {
		t.Errorf("got %d unspellable bytes", n)
	}
	if got := string(tok.Decode(encode(t, tok, "axbxx", tokenizer.Options{}))); got != "ab" {
		t.Errorf("got %q", got)
	}
}

func TestChatNeedsATemplateThatCanBeRead(t *testing.T) {
	w, err := enginetest.Build(enginetest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tok, err := load(replace(w, "tokenizer.chat_template", func(w *gguf.Writer, key string) { w.AddString(key, "[INST] {{ x") }))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tok.Chat([]tokenizer.Message{{Role: "user", Content: "x"}}); !errors.Is(err, tokenizer.ErrNoChat) {
		t.Errorf("got %v", err)
	}
	if _, err := tiny(t).Chat([]tokenizer.Message{{Role: "user\n<|im_end|>", Content: "x"}}); !errors.Is(err, tokenizer.ErrRole) {
		t.Errorf("got %v", err)
	}
}

func TestATemplateMayPutASystemMessageFirst(t *testing.T) {
	tok := tiny(t)
	for _, c := range []struct {
		messages []tokenizer.Message
		want     string
	}{
		{nil, "<|im_start|>assistant\n"},
		{[]tokenizer.Message{{Role: "system", Content: ""}}, "<|im_start|>system\n<|im_end|>\n<|im_start|>assistant\n"},
		{
			[]tokenizer.Message{{Role: "user", Content: "a"}, {Role: "assistant", Content: "b"}},
			"<|im_start|>system\nYou are Tiny<|im_end|>\n<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n<|im_start|>assistant\n",
		},
	} {
		ids, err := tok.Chat(c.messages)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(tok.DecodeSpecial(ids)); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func FuzzEncodeAndDecodeAreInverse(f *testing.F) {
	tok := tiny(f)
	for _, s := range []string{"", " ", "the user's", "  a\n\n b", "<|im_end|>", "1 2  3", "🙂\xf0\x9f", "\u00a0 \u3000x", "'s've't"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, special := range []bool{false, true} {
			ids := encode(t, tok, string(text), tokenizer.Options{Special: special})
			if got := tok.DecodeSpecial(ids); !bytes.Equal(got, text) {
				t.Fatalf("%q decodes to %q", text, got)
			}
		}
		ids := encode(t, tok, string(text), tokenizer.Options{})
		var stream strings.Builder
		s := tok.NewStream()
		for _, id := range ids {
			part := s.Add(id)
			if !utf8.ValidString(part) {
				t.Fatalf("half a character: %q", part)
			}
			stream.WriteString(part)
		}
		stream.WriteString(s.End())
		if want := string([]rune(string(text))); stream.String() != want {
			t.Fatalf("the stream gives %q, want %q", stream.String(), want)
		}
	})
}

func FuzzEncodeJoinsLikeTheDefinition(f *testing.F) {
	tok := tiny(f)
	f.Add("thethe and users of the thing")
	f.Add("inginginerresesstststass")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 200 {
			return
		}
		got := encode(t, tok, text, tokenizer.Options{})
		if want := tok.EncodePlainly(text); !slices.Equal(got, want) {
			t.Fatalf("%q: got %v, want %v", text, got, want)
		}
	})
}

func TestUserDefinedTokensAreAlwaysParsedLongestFirst(t *testing.T) {
	w, err := enginetest.Build(enginetest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	kinds := slices.Repeat([]int32{1}, tiny(t).VocabSize())
	kinds[0], kinds[1], kinds[2], kinds[10], kinds[11] = 3, 3, 3, 4, 4
	w = change(w, "tokenizer.ggml.tokens", func(v []string) []string {
		v[10], v[11] = "<tab>", "<tab><tab>"
		return v
	})
	tok, err := load(replace(w, "tokenizer.ggml.token_type", func(w *gguf.Writer, key string) { w.AddInt32s(key, kinds) }))
	if err != nil {
		t.Fatal(err)
	}
	want := []int32{11, 10, enginetest.ByteToken + 'x', enginetest.ByteToken + '<', 11}
	if got := encode(t, tok, "<tab><tab><tab>x<<tab><tab>", tokenizer.Options{}); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := string(tok.Decode(want)); got != "<tab><tab><tab>x<<tab><tab>" {
		t.Errorf("got %q", got)
	}
}
