package keystore

import (
	"bytes"
	"unicode/utf8"
)

// byteOrderMark begins a file that some editors save as UTF-8. It is not seen.
const byteOrderMark = "\ufeff"

// What is wrong with bytes that were to be text, as the rest of a sentence.
const (
	faultMark  = "begins with a byte order mark, which is not seen; save it as UTF-8 without one"
	faultUTF16 = "is UTF-16; save it as UTF-8"
	faultNUL   = "has a byte that is zero, as UTF-16 has; save it as UTF-8"
	faultUTF8  = "is not UTF-8; save it as that"
)

// fault returns what is wrong with b as a text of UTF-8, "" for nothing.
func fault(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte(byteOrderMark)):
		return faultMark
	case bytes.HasPrefix(b, []byte{0xff, 0xfe}), bytes.HasPrefix(b, []byte{0xfe, 0xff}):
		return faultUTF16
	case bytes.IndexByte(b, 0) >= 0:
		return faultNUL
	case !utf8.Valid(b):
		return faultUTF8
	}
	return ""
}
