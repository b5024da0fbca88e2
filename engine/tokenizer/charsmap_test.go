package tokenizer_test

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/tokenizer"
)

// withRules is a unigram vocabulary with rules of normalisation.
func withRules(rules []byte) (*tokenizer.Tokenizer, error) {
	w := &gguf.Writer{}
	w.AddString("tokenizer.ggml.model", "t5")
	w.AddStrings("tokenizer.ggml.tokens", []string{"<unk>", "▁", "a", "b"})
	w.AddInt32s("tokenizer.ggml.token_type", []int32{2, 1, 1, 1})
	w.AddFloat32s("tokenizer.ggml.scores", []float32{0, -1, -2, -3})
	w.AddUint32("tokenizer.ggml.unknown_token_id", 0)
	raw := binary.LittleEndian.AppendUint32(nil, uint32(gguf.Uint8))
	raw = binary.LittleEndian.AppendUint64(raw, uint64(len(rules)))
	w.AddRaw("tokenizer.ggml.precompiled_charsmap", gguf.Array, append(raw, rules...))
	return load(w)
}

// rules returns a set of rules of these entries and replacements.
func rules(replacements string, entries ...uint32) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(4*len(entries)))
	for _, e := range entries {
		b = binary.LittleEndian.AppendUint32(b, e)
	}
	return append(b, replacements...)
}

func TestWrongRulesAreRefused(t *testing.T) {
	for name, data := range map[string][]byte{
		"three bytes":     {1, 2, 3},
		"no array":        rules("b\x00"),
		"no replacements": rules("", 0),
		"no end":          rules("b", 0),
		"half an entry":   append([]byte{6, 0, 0, 0}, 0, 0, 0, 0, 0, 0, 0),
		"array too long":  append([]byte{0, 0, 0, 0xf0}, 0, 0, 0, 0, 0),
	} {
		if _, err := withRules(data); !errors.Is(err, tokenizer.ErrData) {
			t.Errorf("%s: got %v, want %v", name, err, tokenizer.ErrData)
		}
	}
}

func TestRulesThatLeadOutOfTheArrayDoNothing(t *testing.T) {
	for name, data := range map[string][]byte{
		"children far away": rules("b\x00", 0xffffffff>>1),
		"an end far away":   rules("b\x00", 0, 1<<31, 0, 0),
	} {
		tok, err := withRules(data)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := string(tok.Decode(encode(t, tok, "a b", tokenizer.Options{}))); got != "a b" {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

// TestHostileRulesTakeNeitherTimeNorMemory has an array that leads every byte
// on, and a rule that makes a megabyte of a byte.
func TestHostileRulesTakeNeitherTimeNorMemory(t *testing.T) {
	tree := make([]uint32, 256)
	for b := range tree {
		tree[b] = uint32(b) | 1<<8
	}
	for name, data := range map[string][]byte{
		"everywhere": rules("b\x00", tree...),
		"megabyte":   rules(strings.Repeat("b", 1<<20)+"\x00", func() []uint32 { s := make([]uint32, 256); s['a'] = 'a' | 1<<8 | 1<<10; s['a'^1] = 1 << 31; return s }()...),
	} {
		tok, err := withRules(data)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if n := len(encode(t, tok, strings.Repeat("a", 1<<16), tokenizer.Options{})); n > 2*tokenizer.MaxText {
			t.Errorf("%s: %d ids", name, n)
		}
	}
}

// FuzzRules normalises any text by any rules.
func FuzzRules(f *testing.F) {
	f.Add(rules("b\x00", 0, 0, 0), "a")
	tree := make([]uint32, 256) // 'a' leads to an end, whose replacement begins at 0
	tree['a'] = 'a' | 1<<8 | 1<<10
	tree['a'^1] = 1 << 31
	f.Add(rules("b\x00", tree...), "aab a")
	f.Fuzz(func(t *testing.T, data []byte, text string) {
		tok, err := withRules(data)
		if err != nil {
			return
		}
		ids, err := tok.Encode(text, tokenizer.Options{})
		if err != nil {
			return
		}
		for _, id := range ids {
			if id < 0 || int(id) >= tok.VocabSize() {
				t.Fatalf("the id %d of %d tokens", id, tok.VocabSize())
			}
		}
	})
}

func TestARuleReplacesItsText(t *testing.T) {
	tree := make([]uint32, 256)
	tree['a'] = 'a' | 1<<8 | 1<<10
	tree['a'^1] = 1 << 31
	tok, err := withRules(rules("b\x00", tree...))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(tok.Decode(encode(t, tok, "ab a", tokenizer.Options{}))); got != "bb b" {
		t.Errorf("got %q", got)
	}
}
