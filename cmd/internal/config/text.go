package config

import (
	"bytes"
	"errors"
)

// Text returns what a file holds that a person may have edited: UTF-8, without
// the byte order mark that some editors put before it. UTF-16, which some write,
// is refused with a word: what would read it says something else.
func Text(b []byte) ([]byte, error) {
	for _, m := range []string{"\xff\xfe", "\xfe\xff"} {
		if bytes.HasPrefix(b, []byte(m)) {
			return nil, errUTF16
		}
	}
	if len(b) >= 2 && (b[0] == 0) != (b[1] == 0) { // without a mark: one byte of each letter of ASCII is zero
		return nil, errUTF16
	}
	return bytes.TrimPrefix(b, []byte(mark)), nil
}

// mark is the byte order mark in UTF-8.
const mark = "\xef\xbb\xbf"

var errUTF16 = errors.New("the file is UTF-16: save it as UTF-8")
