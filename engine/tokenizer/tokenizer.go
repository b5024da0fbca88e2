package tokenizer

import (
	"fmt"
	"slices"

	"github.com/assaynet/assay/engine/gguf"
)

// MaxText is the longest text that is encoded, in bytes. A piece without a cut
// needs about 40 bytes of memory for each of its own, so this costs 160 MiB at
// worst.
const MaxText = 4 << 20

// Tokenizer encodes and decodes for one model. It does not change after [New]
// and keeps nothing of the file; its methods are safe for concurrent use.
type Tokenizer struct {
	model   model
	vocab   vocabulary
	special specials
	chat    chat
	// prefix tells that a space goes before each text that begins a prompt or
	// follows a special token, and that the first one is not shown.
	prefix bool

	bos    int32 // -1: none
	eos    int32 // -1: none
	addBOS bool
	stop   []int32 // the ends of an answer, ascending
}

// model is a way to make ids of a text without special tokens.
type model interface {
	// encode appends the ids of text, which is not empty.
	encode(ids []int32, text string) []int32
	// spells reports whether some token stands for byte b by itself.
	spells(b byte) bool
}

// kinds are the tokenizers known, by tokenizer.ggml.model.
var kinds = map[string]struct {
	alphabet bool // tokens are written in GPT-2's alphabet, otherwise with ▁ for spaces
	load     func(f *gguf.File, t *Tokenizer) error
}{
	"gpt2":  {true, loadByteBPE},
	"llama": {false, loadSentenceBPE},
	"t5":    {false, loadUnigram},
}

// New reads the tokenizer of f. Errors wrap [ErrUnsupported] or [ErrData].
func New(f *gguf.File) (*Tokenizer, error) {
	name, ok := f.String("tokenizer.ggml.model")
	if !ok {
		return nil, fmt.Errorf("%w: the file has no tokenizer.ggml.model", ErrData)
	}
	kind, ok := kinds[name]
	if !ok {
		return nil, fmt.Errorf("%w model %q: \"gpt2\", \"llama\" and \"t5\" are read", ErrUnsupported, name)
	}
	t := &Tokenizer{bos: -1, eos: -1}
	var err error
	if t.vocab, err = loadVocabulary(f, kind.alphabet); err != nil {
		return nil, err
	}
	if err := t.loadEnds(f); err != nil {
		return nil, err
	}
	t.hideEnds()
	t.chat = newChat(f)
	t.findMarks(t.vocab.joins(f, name))
	if !kind.alphabet {
		t.vocab.forgetGuarded()
	}
	if err := kind.load(f, t); err != nil {
		return nil, err
	}
	t.special = newSpecials(&t.vocab)
	if err := t.loadAddBOS(f); err != nil {
		return nil, err
	}
	return t, nil
}

// flag reads a bool into v; v stays as it is where the file has none.
func flag(f *gguf.File, key string, v *bool) error {
	kv, ok := f.Lookup(key)
	if !ok {
		return nil
	}
	b, ok := f.Bool(key)
	if !ok {
		return fmt.Errorf("%w: %s is a %v, not a bool", ErrData, key, kv.Type)
	}
	*v = b
	return nil
}

// loadAddBOS reads whether a text begins with a BOS; what the model's kind says
// stands where the file does not.
func (t *Tokenizer) loadAddBOS(f *gguf.File) error {
	if t.bos < 0 {
		t.addBOS = false
	}
	if err := flag(f, "tokenizer.ggml.add_bos_token", &t.addBOS); err != nil {
		return err
	}
	if t.addBOS && t.bos < 0 {
		return fmt.Errorf("%w: add_bos_token is set, but there is no bos_token_id", ErrData)
	}
	return nil
}

// VocabSize returns the number of tokens; ids are 0 … VocabSize−1.
func (t *Tokenizer) VocabSize() int { return len(t.vocab.tokens) }

// BOS returns the id of the token that begins a text; ok is false where the
// model has none.
func (t *Tokenizer) BOS() (id int32, ok bool) { return t.bos, t.bos >= 0 }

// AddBOS reports whether the model wants BOS before a prompt (add_bos_token).
func (t *Tokenizer) AddBOS() bool { return t.addBOS }

// StopTokens returns the ids that end an answer, ascending: those that the file
// names, and those whose names are ends in every vocabulary known (ends.go).
// The caller owns the slice.
func (t *Tokenizer) StopTokens() []int32 { return slices.Clone(t.stop) }

// Options say how a text becomes ids. The zero value encodes the text alone.
type Options struct {
	// Special makes the names of control tokens and marks in the text
	// ("<|im_end|>") those tokens. Never set it for text from outside: it would
	// let the text pretend to be another's turn.
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
	if o.Special {
		return t.encode(ids, text, always), nil
	}
	return t.encode(ids, text, nil), nil
}

// encode appends the ids of text; trusted says where guarded tokens count, see
// [specials.next].
func (t *Tokenizer) encode(ids []int32, text string, trusted func(i, j int) bool) []int32 {
	for at := 0; at < len(text); {
		plain, id, size := t.special.next(text, at, trusted)
		if plain > 0 && t.prefix {
			ids = t.model.encode(ids, " "+text[at:at+plain])
		} else if plain > 0 {
			ids = t.model.encode(ids, text[at:at+plain])
		}
		if size > 0 {
			ids = append(ids, id)
		}
		at += plain + size
	}
	return ids
}

// Unspellable returns how many bytes of text the vocabulary has no token for.
// [Tokenizer.Encode] leaves them out, or writes the token for what is unknown.
func (t *Tokenizer) Unspellable(text string) int {
	n := 0
	for i := range len(text) {
		if !t.model.spells(text[i]) {
			n++
		}
	}
	return n
}
