package tokenizer

import (
	"fmt"
	"slices"

	"github.com/assaynet/assay/engine/gguf"
)

// MaxText is the longest text that is encoded, in bytes. A piece without a
// cut needs about 40 bytes of memory for each of its own, so this costs 160 MiB at worst.
const MaxText = 4 << 20

// Tokenizer encodes and decodes for one model. It does not change after [New]
// and keeps nothing of the file; its methods are safe for concurrent use.
type Tokenizer struct {
	split   splitter
	vocab   vocabulary
	merges  map[pair]merge
	special specials
	chat    *chatML // nil: the model has no known chat format

	bos    int32 // -1: none
	addBOS bool
	stop   []int32 // ascending
}

// New reads the tokenizer of f. Errors wrap [ErrUnsupported] or [ErrData].
func New(f *gguf.File) (*Tokenizer, error) {
	model, ok := f.String("tokenizer.ggml.model")
	if !ok {
		return nil, fmt.Errorf("%w: the file has no tokenizer.ggml.model", ErrData)
	}
	if model != "gpt2" {
		return nil, fmt.Errorf("%w model %q: only byte-level BPE (\"gpt2\") is read", ErrUnsupported, model)
	}
	pre, ok := f.String("tokenizer.ggml.pre")
	if !ok {
		return nil, fmt.Errorf("%w: the file has no tokenizer.ggml.pre, which names how text is split", ErrData)
	}
	split, ok := splitters[pre]
	if !ok {
		return nil, fmt.Errorf("%w splitter %q (tokenizer.ggml.pre)", ErrUnsupported, pre)
	}
	t := &Tokenizer{split: split, bos: -1}
	var err error
	if t.vocab, err = loadVocabulary(f); err != nil {
		return nil, err
	}
	if t.merges, err = loadMerges(f, &t.vocab); err != nil {
		return nil, err
	}
	t.special = newSpecials(&t.vocab)
	if err := t.loadMarks(f); err != nil {
		return nil, err
	}
	t.chat = newChatML(f, t)
	return t, nil
}

// loadMarks reads the ids of the tokens that begin and end a text.
func (t *Tokenizer) loadMarks(f *gguf.File) error {
	bos, ok, err := t.vocab.markedID(f, "tokenizer.ggml.bos_token_id")
	if err != nil {
		return err
	}
	if ok {
		t.bos = bos
	}
	if kv, ok := f.Lookup("tokenizer.ggml.add_bos_token"); ok {
		if t.addBOS, ok = f.Bool(kv.Key); !ok {
			return fmt.Errorf("%w: %s is a %v, not a bool", ErrData, kv.Key, kv.Type)
		}
	}
	if t.addBOS && t.bos < 0 {
		return fmt.Errorf("%w: add_bos_token is set, but there is no bos_token_id", ErrData)
	}
	for _, key := range []string{"eos", "eot", "eom"} {
		id, ok, err := t.vocab.markedID(f, "tokenizer.ggml."+key+"_token_id")
		if err != nil {
			return err
		}
		if ok && !slices.Contains(t.stop, id) {
			t.stop = append(t.stop, id)
		}
	}
	slices.Sort(t.stop)
	return nil
}

// VocabSize returns the number of tokens; ids are 0 … VocabSize−1.
func (t *Tokenizer) VocabSize() int { return len(t.vocab.tokens) }

// BOS returns the id of the token that begins a text; ok is false where the
// model has none.
func (t *Tokenizer) BOS() (id int32, ok bool) { return t.bos, t.bos >= 0 }

// AddBOS reports whether the model wants BOS before a prompt (add_bos_token).
func (t *Tokenizer) AddBOS() bool { return t.addBOS }

// StopTokens returns the ids that end an answer, ascending: the file's end of
// sequence, of turn and of message, and no others. The caller owns the slice.
func (t *Tokenizer) StopTokens() []int32 { return slices.Clone(t.stop) }

// Options say how a text becomes ids. The zero value encodes the text alone.
type Options struct {
	// Special makes the names of control tokens in the text ("<|im_end|>")
	// those tokens. Never set it for text from outside: it would let the text
	// pretend to be another's turn.
	Special bool
	// BOS puts the token that begins a text first, where the model has one.
	BOS bool
}

// Encode returns the ids of text, which need not be valid UTF-8. The only
// error is [ErrTooLong].
func (t *Tokenizer) Encode(text string, o Options) ([]int32, error) {
	if len(text) > MaxText {
		return nil, fmt.Errorf("%w: %d bytes, at most %d are encoded", ErrTooLong, len(text), MaxText)
	}
	ids := make([]int32, 0, len(text)/3+1) // English has about four bytes a token
	if o.BOS && t.bos >= 0 {
		ids = append(ids, t.bos)
	}
	w := &worker{t: t}
	for len(text) > 0 {
		plain, id, size := t.special.next(text, o.Special)
		for rest := text[:plain]; len(rest) > 0; {
			n := t.split(rest)
			ids = w.encode(ids, rest[:n])
			rest = rest[n:]
		}
		if size > 0 {
			ids = append(ids, id)
		}
		text = text[plain+size:]
	}
	return ids, nil
}

// Unspellable returns how many bytes of text the vocabulary has no token for.
// [Tokenizer.Encode] leaves them out.
func (t *Tokenizer) Unspellable(text string) int {
	n := 0
	for i := range len(text) {
		if t.vocab.bytes[text[i]] < 0 {
			n++
		}
	}
	return n
}
