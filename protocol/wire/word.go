package wire

import "errors"

// words are under what name metrics count bytes that were refused.
var words = []struct {
	err  error
	word string
}{
	{ErrTooLarge, "too_large"},
	{ErrNotCanonical, "not_canonical"},
	{ErrMalformed, "malformed"},
	{ErrLimit, "limit"},
	{ErrSignature, "signature"},
	{ErrChain, "chain"},
	{ErrUnknown, "unknown_type"},
	{ErrOtherCard, "other_card"},
}

// Word returns the word under which all metrics count an error that blames
// whoever made the bytes, and false for any other error.
func Word(err error) (string, bool) {
	for _, w := range words {
		if errors.Is(err, w.err) {
			return w.word, true
		}
	}
	return "", false
}
