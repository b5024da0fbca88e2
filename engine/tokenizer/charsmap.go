package tokenizer

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/assaynet/assay/engine/gguf"
)

// The rules of normalisation that SentencePiece compiles into a vocabulary:
// pieces of text and what replaces each, such as a full-width A by an A. They
// are a trie in a double array (darts-clone) and the replacements, each ended
// by a zero byte:
//
//	size of the array in bytes, 4 · array, 4 an entry · replacements
//
// An entry holds the byte that leads to it (bits 0 … 7), whether something ends
// there (bit 8), and the offset to its children, relative to its own place
// (bits 10 … 30, shifted by 8 more where bit 9 is set); that of an end holds
// where the replacement begins (bits 0 … 30, bit 31 set). All numbers are
// little-endian. The array comes from a file, so every index is checked.

// maxRule bounds the bytes of a piece that is looked up; NFKC's are below 32.
// Without it a hostile array, which may lead in circles, would make each place
// of a text cost the rest of the text.
const maxRule = 256

// charsmap is such a set of rules.
type charsmap struct {
	array        []uint32
	replacements string
}

// loadCharsmap reads the file's rules; nil means that there are none.
func loadCharsmap(f *gguf.File) (*charsmap, error) {
	const key = "tokenizer.ggml.precompiled_charsmap"
	kv, ok := f.Lookup(key)
	if !ok {
		return nil, nil
	}
	const head = 4 + 8 // type and number of an array's elements
	if kv.Type != gguf.Array || len(kv.Raw) < head {
		return nil, fmt.Errorf("%w: %s is no array", ErrData, key)
	}
	if kind := gguf.ValueType(binary.LittleEndian.Uint32(kv.Raw)); kind != gguf.Uint8 && kind != gguf.Int8 {
		return nil, fmt.Errorf("%w: %s is an array of %v, not of bytes", ErrData, key, kind)
	}
	data := kv.Raw[head:]
	if len(data) == 0 {
		return nil, nil
	}
	if len(data) < 4 {
		return nil, fmt.Errorf("%w: %s has %d bytes", ErrData, key, len(data))
	}
	size := binary.LittleEndian.Uint32(data)
	if data = data[4:]; size%4 != 0 || size < 4 || uint64(size) >= uint64(len(data)) {
		return nil, fmt.Errorf("%w: %s has an array of %d bytes in %d", ErrData, key, size, len(data))
	}
	m := &charsmap{array: make([]uint32, size/4), replacements: string(data[size:])}
	for i := range m.array {
		m.array[i] = binary.LittleEndian.Uint32(data[4*i:])
	}
	if !strings.HasSuffix(m.replacements, "\x00") {
		return nil, fmt.Errorf("%w: the last replacement in %s has no end", ErrData, key)
	}
	return m, nil
}

// normalise replaces, from the left, the longest piece of text that has a rule;
// bytes that are no UTF-8 become U+FFFD. Rules end where the result grows
// beyond any text: a hostile rule may make megabytes of a byte.
func (m *charsmap) normalise(text string) string {
	var b strings.Builder
	for len(text) > 0 {
		if b.Len() > MaxText {
			b.WriteString(text)
			break
		}
		replacement, n := m.longest(text)
		if n == 0 {
			var r rune
			r, n = utf8.DecodeRuneInString(text)
			replacement = string(r)
		}
		b.WriteString(replacement)
		text = text[n:]
	}
	return b.String()
}

// longest returns what replaces the longest beginning of text that has a rule,
// and its length.
func (m *charsmap) longest(text string) (replacement string, n int) {
	at := children(m.array[0])
	for i := range min(len(text), maxRule) {
		at ^= uint32(text[i])
		// A zero byte marks the ends of pieces, it is in none.
		if text[i] == 0 || uint64(at) >= uint64(len(m.array)) || m.array[at]&(1<<31|0xff) != uint32(text[i]) {
			break
		}
		e := m.array[at]
		at ^= children(e)
		if e>>8&1 == 0 {
			continue
		}
		if uint64(at) >= uint64(len(m.array)) {
			break
		}
		if value := m.array[at] & (1<<31 - 1); uint64(value) < uint64(len(m.replacements)) {
			replacement, _, _ = strings.Cut(m.replacements[value:], "\x00")
			n = i + 1
		}
	}
	return replacement, n
}

// children is the offset to the children of an entry.
func children(e uint32) uint32 { return e >> 10 << (e >> 6 & 8) }
