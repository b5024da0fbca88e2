package tokenizer_test

import (
	"slices"
	"testing"

	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/tokenizer"
)

// names are the texts of tokens, sorted.
func names(tok *tokenizer.Tokenizer, ids []int32) []string {
	var out []string
	for _, id := range ids {
		out = append(out, string(tok.DecodeSpecial([]int32{id})))
	}
	slices.Sort(out)
	return out
}

// TestAnEndNeedNotBeDeclared has vocabularies as known models have them, whose
// files name one end or none; what llama.cpp takes for ends of them is what an
// answer ends at.
func TestAnEndNeedNotBeDeclared(t *testing.T) {
	for name, c := range map[string]struct {
		tokens, want []string
	}{
		"Phi-3":          {[]string{"<|endoftext|>", "<|user|>", "<|assistant|>", "<|end|>"}, []string{"<|end|>", "<|endoftext|>"}},
		"Llama 3":        {[]string{"<|end_of_text|>", "<|eot_id|>", "<|eom_id|>", "<|start_header_id|>", "<|python_tag|>"}, []string{"<|end_of_text|>", "<|eom_id|>", "<|eot_id|>"}},
		"Gemma":          {[]string{"<eos>", "<bos>", "<start_of_turn>", "<end_of_turn>", "</s>", "</b>"}, []string{"<end_of_turn>", "<eos>"}},
		"Gemma 4":        {[]string{"<eos>", "<turn|>", "<|turn>", "<|tool_response>", "</s>"}, []string{"<eos>", "<turn|>", "<|tool_response>"}},
		"ChatML":         {[]string{"<|im_start|>", "<|im_end|>", "<|endoftext|>"}, []string{"<|endoftext|>", "<|im_end|>"}},
		"Qwen Coder":     {[]string{"<|im_end|>", "<|fim_prefix|>", "<|fim_pad|>", "<|repo_name|>", "<|file_sep|>"}, []string{"<|file_sep|>", "<|fim_pad|>", "<|im_end|>", "<|repo_name|>"}},
		"two fillers":    {[]string{"<reponame>", "<|fim_repo|>", "[PAD]", "<PAD>"}, []string{"<PAD>", "<|fim_repo|>"}},
		"Harmony":        {[]string{"<|start|>", "<|end|>", "<|return|>", "<|call|>", "<|endoftext|>"}, []string{"<|call|>", "<|endoftext|>", "<|return|>"}},
		"Solar":          {[]string{"<|end|>", "<|flush|>", "<|calls|>"}, []string{"<|calls|>", "<|flush|>"}},
		"half a Harmony": {[]string{"<|end|>", "<|return|>"}, []string{"<|end|>", "<|return|>"}},
		"Mistral":        {[]string{"</s>", "[INST]", "[/INST]"}, []string{"</s>"}},
		"DeepSeek":       {[]string{"<｜end▁of▁sentence｜>", "<｜User｜>"}, []string{"<｜end▁of▁sentence｜>"}},
		"Kimi":           {[]string{"[EOS]", "[EOT]", "<|im_end|>"}, []string{"<|im_end|>", "[EOS]", "[EOT]"}},
		"SmolVLM":        {[]string{"<end_of_utterance>", "<image>"}, []string{"<end_of_utterance>"}},
		"others":         {[]string{"<EOT>", "_<EOT>", "[e~[", "<|END_OF_TURN_TOKEN|>"}, []string{"<EOT>", "[e~[", "_<EOT>"}},
	} {
		want := slices.Clone(c.want)
		if !slices.Contains(c.tokens, "<|end|>") {
			want = append(want, "<|end|>") // which the file has
		}
		slices.Sort(want)
		for _, kind := range []int32{control, defined} {
			more := map[string]int32{}
			for _, m := range c.tokens {
				more[m] = kind
			}
			tok := talker(t, "small-bpe.gguf", more, func(*gguf.Writer) {})
			if got := names(tok, tok.StopTokens()); !slices.Equal(got, want) {
				t.Errorf("%s, tokens of type %d: an answer ends at %q, want %q", name, kind, got, want)
			}
		}
	}
}

func TestEndsThatTheFileNames(t *testing.T) {
	more := map[string]int32{"</s>": control, "<over>": control, "<out>": control, "<stop>": defined, "<cut>": control, "<|fim_pad|>": control}
	var ids map[string]uint32
	tok := talker(t, "small-bpe.gguf", more, func(w *gguf.Writer) {
		ids = map[string]uint32{}
		for i, m := range []string{"</s>", "<cut>", "<out>", "<over>", "<stop>", "<|fim_pad|>"} {
			ids[m] = uint32(706 + i) // after the 706 of the file, sorted
		}
		w.AddUint32("tokenizer.ggml.eot_token_id", ids["<over>"])
		w.AddUint32("tokenizer.ggml.eom_token_id", ids["<out>"])
		w.AddUint32("tokenizer.ggml.fim_pad_token_id", ids["<cut>"])
		w.AddUint32("tokenizer.ggml.padding_token_id", 7)
		w.AddInt32s("tokenizer.ggml.eos_token_ids", []int32{int32(ids["<stop>"]), int32(ids["</s>"])})
	})
	want := []string{"</s>", "<cut>", "<out>", "<over>", "<stop>", "<|end|>"}
	if got := names(tok, tok.StopTokens()); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if !slices.IsSorted(tok.StopTokens()) {
		t.Errorf("%v is not ascending", tok.StopTokens())
	}
}

// TestNoTextIsReadAsAnEndWhateverItsType has ends of each type, and a
// vocabulary that could join text into one.
func TestNoTextIsReadAsAnEndWhateverItsType(t *testing.T) {
	for _, file := range []string{"small-bpe.gguf", "small-sentence.gguf", "small-unigram-bytes.gguf"} {
		for _, kind := range []int32{normal, control, defined, unused} {
			tok := talker(t, file, map[string]int32{"</s>": kind, "<end_of_turn>": kind}, func(*gguf.Writer) {})
			const text = "a</s><end_of_turn>b"
			ids := encode(t, tok, text, tokenizer.Options{})
			if back := string(tok.Decode(ids)); back != text {
				t.Errorf("%s, type %d: %q comes back as %q", file, kind, text, back)
			}
			for _, stop := range tok.StopTokens() {
				if slices.Contains(ids, stop) {
					t.Errorf("%s, type %d: text became %q", file, kind, tok.DecodeSpecial([]int32{stop}))
				}
				if shown := tok.Decode([]int32{stop}); len(shown) != 0 {
					t.Errorf("%s, type %d: an end is shown as %q", file, kind, shown)
				}
			}
			trusted := names(tok, encode(t, tok, text, tokenizer.Options{Special: true}))
			if !slices.Contains(trusted, "</s>") || !slices.Contains(trusted, "<end_of_turn>") {
				t.Errorf("%s, type %d: a trusted text is %q", file, kind, trusted)
			}
		}
	}
}

// TestMergesMakeNoEnd has a file whose merges lead to one.
func TestMergesMakeNoEnd(t *testing.T) {
	for _, kind := range []int32{normal, unknown, control, defined, unused} {
		w := &gguf.Writer{}
		w.AddString("tokenizer.ggml.model", "gpt2")
		w.AddString("tokenizer.ggml.pre", "gpt-2")
		w.AddStrings("tokenizer.ggml.tokens", []string{"E", "O", "T", "<", ">", "EO", "EOT", "<EOT", "<EOT>"})
		w.AddInt32s("tokenizer.ggml.token_type", []int32{1, 1, 1, 1, 1, 1, 1, 1, kind})
		w.AddStrings("tokenizer.ggml.merges", []string{"E O", "EO T", "< EOT", "<EOT >"})
		tok, err := load(w)
		if err != nil {
			t.Fatal(err)
		}
		if got := encode(t, tok, "<EOT>", tokenizer.Options{}); slices.Contains(got, 8) {
			t.Errorf("type %d: got %v", kind, got)
		}
		if got := encode(t, tok, "<EOT>", tokenizer.Options{Special: true}); kind != unknown && !slices.Equal(got, []int32{8}) {
			t.Errorf("type %d: trusted, got %v", kind, got)
		}
	}
}

// TestWhatTextNeedsStaysTextThoughItEnds has a file that names the line feed as
// the end of a sequence, as small models do.
func TestWhatTextNeedsStaysTextThoughItEnds(t *testing.T) {
	w := &gguf.Writer{}
	w.AddString("tokenizer.ggml.model", "gpt2")
	w.AddString("tokenizer.ggml.pre", "gpt-2")
	w.AddStrings("tokenizer.ggml.tokens", []string{"a", "Ċ"})
	w.AddStrings("tokenizer.ggml.merges", nil)
	w.AddUint32("tokenizer.ggml.eos_token_id", 1)
	tok, err := load(w)
	if err != nil {
		t.Fatal(err)
	}
	if got := encode(t, tok, "a\na", tokenizer.Options{}); !slices.Equal(got, []int32{0, 1, 0}) || string(tok.Decode(got)) != "a\na" {
		t.Errorf("got %v", got)
	}
	if got := tok.StopTokens(); !slices.Equal(got, []int32{1}) {
		t.Errorf("an answer ends at %v", got)
	}
}
