package grammar

import (
	"fmt"
	"slices"
	"sort"
	"unicode/utf8"
)

// Limits of a vocabulary.
const (
	// MaxTokens bounds the tokens. The largest vocabularies known have 262,144.
	MaxTokens = 1 << 20
	// maxRun is how many characters a token has at most that is looked up by its
	// length instead of read byte by byte; longer ones are few.
	maxRun = 16
)

// Vocabulary is the tokens of a model, as a trie over their bytes. It does not
// change and is safe for concurrent use.
type Vocabulary struct {
	size  int
	ends  []int32
	space bool
	texts []string // by token; "" for those that stand for no text
	all   trie
	rest  trie // without the tokens of easy characters
	easy  Mask // tokens of at most maxRun characters that a JSON string has as they are
}

// trie is tokens by their bytes, its nodes in the order in which a walk comes to
// them: a node's subtree is the nodes up to its skip.
type trie struct {
	bytes  []byte
	skip   []int32 // the first node behind the subtree
	from   []int32 // of ids: those of node i are ids[from[i]:from[i+1]]
	ids    []int32
	spaces int32 // the node of one space, or -1
}

// NewVocabulary makes a vocabulary. texts are what tokens stand for, "" for those
// that stand for no text, such as names of control tokens; ends are the tokens
// that end an answer, whatever their texts. space tells that a space with which an
// answer begins is not shown. The error is [ErrLimit].
func NewVocabulary(texts []string, ends []int32, space bool) (*Vocabulary, error) {
	if len(texts) > MaxTokens {
		return nil, fmt.Errorf("%w: %d tokens, at most %d", ErrLimit, len(texts), MaxTokens)
	}
	v := &Vocabulary{size: len(texts), ends: slices.Clone(ends), space: space, texts: slices.Clone(texts)}
	for _, id := range ends {
		if id < 0 || int(id) >= v.size {
			return nil, fmt.Errorf("%w: token %d ends an answer, of %d", ErrLimit, id, v.size)
		}
		v.texts[id] = ""
	}
	v.easy = newMask(v.size)
	var all, rest []int32
	for id, text := range v.texts {
		if text == "" {
			continue
		}
		all = append(all, int32(id))
		if easy(text) {
			v.easy.set(int32(id))
		} else {
			rest = append(rest, int32(id))
		}
	}
	v.all, v.rest = newTrie(v.texts, all), newTrie(v.texts, rest)
	return v, nil
}

// easy reports whether a text is a few whole characters that a JSON string has
// as they are.
func easy(text string) bool {
	if !utf8.ValidString(text) || utf8.RuneCountInString(text) > maxRun {
		return false
	}
	for i := range len(text) {
		if text[i] < ' ' || text[i] == '"' || text[i] == '\\' {
			return false
		}
	}
	return true
}

// Size is how many tokens there are.
func (v *Vocabulary) Size() int { return v.size }

func newTrie(texts []string, ids []int32) trie {
	sort.SliceStable(ids, func(i, j int) bool { return texts[ids[i]] < texts[ids[j]] })
	t := trie{spaces: -1}
	var open []int32 // the nodes on the way to the last one
	last := ""
	for _, id := range ids {
		text := texts[id]
		common := 0
		for common < len(last) && common < len(text) && last[common] == text[common] {
			common++
		}
		for len(open) > common {
			t.skip[open[len(open)-1]] = int32(len(t.bytes))
			open = open[:len(open)-1]
		}
		for _, b := range []byte(text[common:]) {
			n := int32(len(t.bytes))
			if len(open) == 0 && b == ' ' {
				t.spaces = n
			}
			t.bytes, t.skip, t.from = append(t.bytes, b), append(t.skip, 0), append(t.from, int32(len(t.ids)))
			open = append(open, n)
		}
		t.ids = append(t.ids, id)
		last = text
	}
	for _, n := range open {
		t.skip[n] = int32(len(t.bytes))
	}
	t.from = append(t.from, int32(len(t.ids)))
	return t
}

// at are the tokens that end in a node. Those of a node follow its parent's and
// come before those of its children, for the shorter text goes first.
func (t *trie) at(n int32) []int32 { return t.ids[t.from[n]:t.from[n+1]] }
