package tokenizer

import (
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/assaynet/assay/engine/gguf"
)

// Which tokens end an answer. Files name one end of a sequence, and seldom the
// end of a turn, which is what a model says when it has answered: many declare
// <|endoftext|> and write turns that end with <|end|>. So an end is what the
// file names, and what bears a name that is an end in every vocabulary known to
// have it. The names and the exceptions are llama.cpp's (its set of
// end-of-generation tokens, 2026), but for </s> beside <eos>, which in Gemma's
// vocabularies is the tag of struck-out text.

// endNames are the names of ends.
var endNames = []string{
	"<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>", "<|calls|>", "<end_of_turn>", "<|endoftext|>",
	"</s>", "<|eom_id|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]", "<|end_of_text|>", "<end_of_utterance>", "<eos>", "<turn|>",
	"<|tool_response>", "<｜end▁of▁sentence｜>", "[e~[",
}

// fillers are the marks between the parts of a repository that models of code
// are trained on. An answer that comes to one has left its file. Where the file
// names the token by a key, the names do not count; of several names the first
// there is.
var fillers = []struct {
	key   string
	names []string
}{
	{"fim_pad", []string{"<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"}},
	{"fim_rep", []string{"<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>"}},
	{"fim_sep", []string{"<|file_sep|>"}},
}

// knownEnds are the names of both.
var knownEnds = func() map[string]bool {
	names := map[string]bool{}
	for _, name := range endNames {
		names[name] = true
	}
	for _, filler := range fillers {
		for _, name := range filler.names {
			names[name] = true
		}
	}
	return names
}()

// marked reads tokenizer.ggml.<name>_token_id, or −1 where the file has none.
func (t *Tokenizer) marked(f *gguf.File, name string) (int32, error) {
	id, ok, err := t.vocab.markedID(f, "tokenizer.ggml."+name+"_token_id")
	if !ok || err != nil {
		return -1, err
	}
	return id, nil
}

// loadEnds reads the tokens that begin a text and those that end an answer.
func (t *Tokenizer) loadEnds(f *gguf.File) (err error) {
	if t.bos, err = t.marked(f, "bos"); err != nil {
		return err
	}
	if t.eos, err = t.marked(f, "eos"); err != nil {
		return err
	}
	if t.stop, err = t.declaredEnds(f); err != nil {
		return err
	}
	named := map[string]int32{}
	for id, tok := range t.vocab.tokens {
		if knownEnds[tok.text] {
			named[tok.text] = int32(id)
		}
	}
	for _, filler := range fillers {
		id, err := t.marked(f, filler.key)
		for _, name := range filler.names {
			if other, ok := named[name]; ok && id < 0 {
				id = other
			}
			delete(named, name)
		}
		if err != nil {
			return err
		}
		if id >= 0 {
			t.stop = append(t.stop, id)
		}
	}
	dropFalseEnds(named, t.name(t.eos))
	t.stop = slices.AppendSeq(t.stop, maps.Values(named))
	slices.Sort(t.stop)
	t.stop = slices.Compact(t.stop)
	return nil
}

// declaredEnds reads the ends that the file names by their ids.
func (t *Tokenizer) declaredEnds(f *gguf.File) (ids []int32, err error) {
	for _, name := range []string{"eos", "eot", "eom"} {
		id, err := t.marked(f, name)
		if err != nil {
			return nil, err
		}
		if id >= 0 {
			ids = append(ids, id)
		}
	}
	const key = "tokenizer.ggml.eos_token_ids"
	if _, there := f.Lookup(key); !there {
		return ids, nil
	}
	list, ok := f.Int32s(key)
	if !ok {
		return nil, fmt.Errorf("%w: %s is no array of int32", ErrData, key)
	}
	for _, id := range list {
		if id < 0 || int(id) >= len(t.vocab.tokens) {
			return nil, fmt.Errorf("%w: %s has %d, the vocabulary has %d tokens", ErrData, key, id, len(t.vocab.tokens))
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// dropFalseEnds takes out of the named tokens those that are no ends beside the
// others; eos is the name of the end of sequence.
func dropFalseEnds(named map[string]int32, eos string) {
	has := func(name string) bool { _, ok := named[name]; return ok }
	if (has("<|return|>") || has("<|flush|>")) && (has("<|call|>") || has("<|calls|>")) {
		delete(named, "<|end|>") // of a message; a turn ends with the others
	}
	if has("<eos>") || has("<|tool_response>") || eos == "<|plamo:eos|>" {
		delete(named, "</s>")
	}
}

// hideEnds makes the ends control tokens, whatever type the file gives them: no
// text is read as one, and none is shown. What text cannot be written without
// stays what it is: bytes, and single characters.
func (t *Tokenizer) hideEnds() {
	for _, id := range append(slices.Clone(t.stop), t.bos) {
		if id < 0 {
			continue
		}
		tok := &t.vocab.tokens[id]
		literal := tok.kind == kindNormal || tok.kind == kindUnused || tok.kind == kindUser
		if literal && utf8.RuneCountInString(tok.text) > 1 && len(tok.text) <= maxSpecial {
			tok.kind = kindControl
		}
	}
}
